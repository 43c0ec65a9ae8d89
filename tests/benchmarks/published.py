"""The windows that did come out: read from an output topic as a subscriber reads, committed records only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.benchmarks.expected import Windows, gathered

SILENT_S: Final = 20.0
"""A broker that gives nothing for this long before the end is taken for one that does not answer."""


class _Window(msgspec.Struct):
    """A window as every engine publishes it; the hub's records have more fields."""

    sensor_id: str
    measure: str
    start: str
    count: int
    sum: float
    mean: float
    min: float
    max: float
    last: float
    window_s: int = 60
    final: bool = True


async def records(
    bootstrap: str, begin: dict[TopicPartition, int], end: dict[TopicPartition, int]
) -> AsyncIterator[list[Any]]:
    """Committed records of some partitions between two offsets, batch by batch.

    Raises:
        TimeoutError: the broker stopped giving them.
    """
    wanted = [tp for tp, offset in end.items() if offset > begin.get(tp, 0)]
    if not wanted:  # a consumer that is stopped as soon as it is started leaks its own cancellation
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        consumer.assign(wanted)
        for tp in wanted:
            consumer.seek(tp, begin.get(tp, 0))
        moved_at = asyncio.get_running_loop().time()
        while wanted:
            for tp, some in (await consumer.getmany(timeout_ms=200)).items():
                moved_at = asyncio.get_running_loop().time()
                yield [r for r in some if r.offset < end[tp]]
            wanted = [tp for tp in wanted if await consumer.position(tp) < end[tp]]
            if asyncio.get_running_loop().time() - moved_at > SILENT_S:
                raise TimeoutError(f"the broker gave nothing for {SILENT_S:g} s before the end of {wanted}")
    finally:
        await consumer.stop()


async def windows(
    bootstrap: str, begin: dict[TopicPartition, int], end: dict[TopicPartition, int], lengths_s: Iterable[int]
) -> dict[int, Windows]:
    """The final windows published between two offsets, by length; one published twice stands twice."""
    parts: dict[int, list[Windows]] = {length: [] for length in lengths_s}
    decoder = msgspec.json.Decoder(_Window)
    async for some in records(bootstrap, begin, end):
        found = [w for w in map(decoder.decode, (r.value for r in some)) if w.final]
        for length, mine in parts.items():
            those = [w for w in found if w.window_s == length]
            if those:
                mine.append(_columns(those))
    return {length: gathered(mine) for length, mine in parts.items()}


def _columns(found: list[_Window]) -> Windows:
    start = np.array([w.start.removesuffix("Z") for w in found], "M8[ms]").astype(np.int64)
    numbers = np.array([(w.count, w.sum, w.mean, w.min, w.max, w.last) for w in found], np.float64)
    return Windows(np.array([w.sensor_id for w in found]), np.array([w.measure for w in found]), start, numbers)
