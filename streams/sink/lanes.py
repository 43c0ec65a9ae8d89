"""A lane: batches of some partitions, stored one after the other, and how far they are.

Two writes of one point must not overtake each other: a stale value that arrives last would stay. So a partition has one
lane, and a lane one write at a time; several lanes give several writes in flight.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import TopicPartition

from streams.clock import SYSTEM_CLOCK, Clock
from streams.contract.rejections import Rejection
from streams.sink.line_protocol import Point, Received, point

BATCH_POINTS: Final = 5_000
BATCH_BYTES: Final = 8 << 20
LINGER_S: Final = 0.2
"""How long the first record of a batch waits for others."""
ABANDON_S: Final = 3.0


@dataclass(slots=True)
class Batch:
    """Records that are stored together."""

    points: dict[tuple[bool, str, int], Point] = field(default_factory=dict)
    """By identity: of one point that was sent many times, only the newest."""
    refused: list[tuple[Received, Rejection]] = field(default_factory=list)
    first: dict[TopicPartition, int] = field(default_factory=dict)
    """The first offset of each partition in this batch."""
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    """The next offset of each partition once this batch is stored."""
    bytes: int = 0
    opened_s: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing more should be added."""
        return len(self.points) + len(self.refused) >= BATCH_POINTS or self.bytes >= BATCH_BYTES


class Lane:
    """Stores what it is given, in order.

    Args:
        store: stores one batch; returns when all of it is stored or refused.
        clock: tells the time.
    """

    def __init__(self, store: Callable[[Batch], Coroutine[Any, Any, None]], clock: Clock = SYSTEM_CLOCK) -> None:
        self._store, self._clock = store, clock
        self._open = Batch()
        self._whole: deque[Batch] = deque()
        self._in_flight: Batch | None = None
        self._wake = asyncio.Event()
        self._draining = False
        self._task: asyncio.Task[None] | None = None
        self._storing: asyncio.Task[None] | None = None
        self.stored: dict[TopicPartition, int] = {}
        """The next offset of each partition, up to which all is stored; the consumer takes it away to commit it."""

    @property
    def is_full(self) -> bool:
        """Whether it should be given nothing more for now."""
        return bool(self._whole)

    def start(self) -> asyncio.Task[None]:
        """Begin to store; the task ends by a failure, or when drained."""
        self._task = asyncio.create_task(self._run())
        return self._task

    def take(self, partition: TopicPartition, records: Sequence[Received]) -> None:
        """Add a partition's next records."""
        for record in records:
            batch = self._open
            if not batch.positions:
                batch.opened_s = self._clock.monotonic_s()
                self._wake.set()
            made = point(record)
            if isinstance(made, Rejection):
                batch.refused.append((record, made))
            elif made is not None:
                batch.points[made.is_exercise, made.series, made.time_ms] = made
            batch.bytes += len(record.value or b"")
            batch.first.setdefault(partition, record.offset)
            batch.positions[partition] = record.offset + 1
            if batch.is_whole:
                self._whole.append(batch)
                self._open = Batch()
                self._wake.set()

    def first_waiting(self, partition: TopicPartition) -> int | None:
        """The first offset of this partition that is not yet stored; None where all that was read is."""
        batches = [*([self._in_flight] if self._in_flight else []), *self._whole, self._open]
        return next((batch.first[partition] for batch in batches if partition in batch.first), None)

    async def drain(self) -> None:
        """Store what is left and end."""
        self._draining = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def cancel(self) -> None:
        """End at once; what is not stored stays in the log."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def abandon(self) -> None:
        """Forget all that is not stored, because the partitions get another owner; a write in flight may end, soon."""
        self._whole.clear()
        self._open = Batch()
        storing = self._storing
        if storing is not None:
            await asyncio.wait({storing}, timeout=ABANDON_S)
            storing.cancel()

    async def _run(self) -> None:
        while (batch := await self._next()) is not None:
            self._in_flight, self._storing = batch, asyncio.create_task(self._store(batch))
            try:
                await asyncio.wait({self._storing})
                if not self._storing.cancelled():
                    self._storing.result()
                    self.stored.update(batch.positions)
            finally:
                self._storing.cancel()
                self._in_flight = self._storing = None

    async def _next(self) -> Batch | None:
        """The next batch, once it is whole or old enough; None when drained."""
        while True:
            if self._whole:
                return self._whole.popleft()
            left_s: float | None = None
            if self._open.positions:
                left_s = self._open.opened_s + LINGER_S - self._clock.monotonic_s()
                if left_s <= 0 or self._draining:
                    batch, self._open = self._open, Batch()
                    return batch
            elif self._draining:
                return None
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
