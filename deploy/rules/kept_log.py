"""What Kafka still keeps of one partition, read from its newest record back: as far as is needed, never beyond a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams import kafka
from streams.errors import Unavailable
from streams.settings import Settings

MOST_READ: Final = 1_000_000
"""Records of one partition that one question reads: some seconds. What lies before them is not looked at, and that is told."""
FIRST_CHUNK: Final = 2_000
LONGEST_CHUNK: Final = 100_000
"""Offsets that are read at a time: what is asked for mostly lies near the end, else the steps grow."""
POLL_MS: Final = 200
POLL_RECORDS: Final = 5_000
STALLED_S: Final = 30.0
"""A chunk that has not come within so long will not come."""

Test = Callable[[ConsumerRecord], bool]
Until = Literal["enough", "deleted", "limit"]
"""Why the reading ended: what was asked for was passed; Kafka has deleted what lies before; `MOST_READ` were read."""


class Kept(NamedTuple):
    """What was found of a partition."""

    records: list[ConsumerRecord]
    """Those that were wanted, oldest first."""
    until: Until


class KeptLog:
    """Reads partitions of the hub's topics; committed records only.

    Args:
        settings: how the broker is reached.
        most: records that one call reads.
    """

    def __init__(self, settings: Settings, most: int = MOST_READ) -> None:
        self._settings, self._most = settings, most
        self._consumer: AIOKafkaConsumer = kafka.reader(settings, f"{settings.application}-rules")

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unavailable: no broker answers.
        """
        await kafka.start(self._consumer, self._settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def back(
        self,
        topic: str,
        partition: int,
        wanted: Test,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        silence_ms: int | None = None,
        enough: Callable[[list[ConsumerRecord]], bool] = lambda _: False,
    ) -> Kept:
        """Read back from the end of a partition.

        Args:
            topic: one of the hub's.
            partition: number of its partition.
            wanted: which records are kept.
            since_ms: nothing that arrived before is read; epoch ms, None: from the oldest on.
            until_ms: nothing that arrived after is read; epoch ms, None: up to the end.
            silence_ms: nothing is read that lies so long before the oldest record wanted (arrival, ms); None: no bound.
            enough: of the wanted records of one chunk, oldest first: nothing that lies before is needed.

        Raises:
            Unavailable: the broker does not give what it says to keep.
        """
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        oldest: int = (await self._consumer.beginning_offsets([place]))[place]
        begin = oldest if since_ms is None else await self._offset_at(place, since_ms)
        end = await self._offset_at(place, None if until_ms is None else until_ms + 1)
        chunks: list[list[ConsumerRecord]] = []
        length, stop = FIRST_CHUNK, end - self._most
        newest_ms: int | None = None
        while end > max(begin, stop):
            low = max(begin, stop, end - length)
            first, found = await self._between(place, low, end, wanted)
            chunks.append(found)
            if found:
                newest_ms = found[0].timestamp
            elif newest_ms is None and first is not None:
                newest_ms = first.timestamp
            if enough(found) or _is_silent(first, newest_ms, silence_ms):
                break
            end, length = low, min(2 * length, LONGEST_CHUNK)
        else:
            until: Until = "limit" if end > begin else "deleted" if begin == oldest > 0 else "enough"
            return Kept(_joined(chunks), until)
        return Kept(_joined(chunks), "enough")

    async def _offset_at(self, place: TopicPartition, at_ms: int | None) -> int:
        """Offset of the first record that arrived then or later, else the end."""
        if at_ms is not None:
            found = (await self._consumer.offsets_for_times({place: max(at_ms, 0)})).get(place)
            if found is not None:
                return int(found.offset)
        return int((await self._consumer.end_offsets([place]))[place])

    async def _between(
        self, place: TopicPartition, begin: int, end: int, wanted: Test
    ) -> tuple[ConsumerRecord | None, list[ConsumerRecord]]:
        """The first record there, and those that are wanted."""
        first: ConsumerRecord | None = None
        found: list[ConsumerRecord] = []
        self._consumer.seek(place, begin)
        try:
            async with asyncio.timeout(STALLED_S):
                while await self._consumer.position(place) < end:
                    fetched = await self._consumer.getmany(place, timeout_ms=POLL_MS, max_records=POLL_RECORDS)
                    for record in fetched.get(place, ()):
                        first = first or record
                        if record.offset < end and wanted(record):
                            found.append(record)
        except TimeoutError:
            raise Unavailable(
                f"the broker gave nothing for {STALLED_S:.0f} s",
                field=f"{place.topic}-{place.partition}",
                fix="Look at the broker's log",
            ) from None
        return first, found


def _is_silent(first: ConsumerRecord | None, newest_ms: int | None, silence_ms: int | None) -> bool:
    """Whether a chunk reaches farther back than what is wanted can lie before what was found of it."""
    if first is None or newest_ms is None or silence_ms is None:
        return False
    return bool(first.timestamp < newest_ms - silence_ms)


def _joined(chunks: list[list[ConsumerRecord]]) -> list[ConsumerRecord]:
    return [record for chunk in reversed(chunks) for record in chunk]
