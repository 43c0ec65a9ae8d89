"""Sends records to Kafka: each is held until the broker has it, and sent again where that failed.

Shape: one lane per partition. A lane has one batch under way at a time, so a partition keeps the order in which its
records were put, also when a batch fails: aiokafka gives up a batch whose leader is unknown for long, and would let
the next one overtake it. While a batch is under way the next one gathers, so a slow broker gets larger batches.

Limits: `ROOM_RECORDS` and `ROOM_BYTES` are held at most; then `put` waits, which slows the source down.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from connectors.frame.outgoing import Outgoing
from streams import kafka, metrics
from streams.contract.topics import MIB
from streams.errors import HubError, Unavailable, shown
from streams.logs import Counted, get
from streams.settings import Settings

ROOM_RECORDS: Final = 20_000
"""About a second of a fast replay; enough to keep every partition's next batch full."""
ROOM_BYTES: Final = 32 << 20
BATCH_RECORDS: Final = 2_000
METADATA_S: Final = 15.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
LARGEST_BYTES: Final = MIB
"""No topic takes a larger record. Refused here, because one beyond the broker's own limit of a request would only cut
the connection, again and again."""
TOLD_REFUSALS: Final = 20
"""So many refused records are named one by one; further ones are counted only."""
CLOSE_S: Final = 5.0
"""How long a closing producer may take once nothing is under way; then its connections are dropped."""

log = get(__name__)


class _Lane:
    """The records of one partition, in order."""

    __slots__ = ("alone", "partition", "task", "topic", "waiting")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic, self.partition = topic, partition
        self.waiting: deque[Outgoing] = deque()
        self.task: asyncio.Task[None] | None = None
        self.alone = 0  # so many of the next records go one by one: their batch was too large


class Publisher:
    """An idempotent producer that loses nothing while its process lives.

    Args:
        settings: how the broker is reached.
        connector: its name in metrics and logs.
        acknowledged: is given the tags of each batch that the broker has, or has refused for good.
    """

    def __init__(
        self,
        settings: Settings,
        connector: str,
        acknowledged: Callable[[Sequence[int]], None] = lambda tags: None,
    ) -> None:
        self._settings, self._connector, self._acknowledged = settings, connector, acknowledged
        self._producer: Any = None
        self._generation = 0
        self._renewing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._partitions: dict[str, int] = {}
        self._held = self._held_bytes = 0
        self._room, self._empty = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._empty.set()
        self._failed: BaseException | None = None
        self._failures = Counted(log, "records_delayed")
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unavailable: no broker answers.
        """
        self._producer = self._new_producer()
        await kafka.start(self._producer, self._settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush when all is well, else drop what is held; close."""
        try:
            if kind is None:
                await self.flush()
        finally:
            self.drop()
            tasks = {lane.task for lane in self._lanes.values() if lane.task is not None} | self._closing
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await _closed(self._producer)

    @property
    def held(self) -> int:
        """Records put that the broker does not have yet."""
        return self._held

    @property
    def is_full(self) -> bool:
        """Whether the next `put` would wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Return when there is room for another record."""
        await self._room.wait()

    async def put(self, record: Outgoing) -> None:
        """Put one record as it is; waits while there is no room.

        Raises:
            Unavailable: the topic is not there, or the broker forbids writing to it.
        """
        if self._failed is not None:
            raise self._failed
        while self.is_full:
            await self.room()
            if self._failed is not None:
                raise self._failed
        count = self._partitions.get(record.topic) or await self._partition_count(record.topic)
        if len(record.value) > LARGEST_BYTES:
            self._refuse(record)
            self._acknowledged([record.tag])
            return
        # without a key its own bytes decide, so that it goes the same way when it is sent again
        partition = kafka.partition_of(record.value, count) if record.key is None else _partition(record.key, count)
        lane = self._lanes.get((record.topic, partition))
        if lane is None:
            lane = self._lanes[record.topic, partition] = _Lane(record.topic, partition)
        lane.waiting.append(record)
        self._held += 1
        self._held_bytes += len(record.value)
        self._empty.clear()
        if self._held >= ROOM_RECORDS or self._held_bytes >= ROOM_BYTES:
            self._room.clear()
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(lane), name=f"publish {record.topic}-{partition}")
            lane.task.add_done_callback(self._lane_ended)

    async def flush(self) -> None:
        """Return when the broker has everything that was put.

        Raises:
            Unavailable: the broker forbids writing.
        """
        await self._empty.wait()
        if self._failed is not None:
            raise self._failed

    def drop(self) -> int:
        """Give up what the broker does not have yet; returns how many records that were."""
        dropped, self._held, self._held_bytes = self._held, 0, 0
        for lane in self._lanes.values():
            if lane.task is not None:
                lane.task.cancel()
            lane.waiting.clear()
        self._empty.set()
        return dropped

    def _new_producer(self) -> Any:
        return kafka.producer(self._settings, f"{self._settings.application}-{self._connector}")

    async def _partition_count(self, topic: str) -> int:
        try:
            async with asyncio.timeout(METADATA_S):
                count = len(await self._producer.partitions_for(topic))
        except (TimeoutError, UnknownTopicOrPartitionError):
            count = 0
        if not count:
            raise Unavailable(
                "the topic is not on the broker", field="topic", value=topic, fix="Run urbanhub topics apply"
            )
        self._partitions[topic] = count
        return count

    async def _drain(self, lane: _Lane) -> None:
        """Send the lane empty, batch after batch."""
        pause_s = FIRST_PAUSE_S
        while lane.waiting:
            generation, producer = self._generation, self._producer
            batch = producer.create_batch()
            records = self._fill(batch, lane)
            try:
                await (await producer.send_batch(batch, lane.topic, partition=lane.partition))
            except (MessageSizeTooLargeError, RecordListTooLargeError):
                if len(records) == 1:
                    self._refuse(records[0])
                    self._release(lane, records)
                else:
                    lane.alone = len(records)
                await self._renew(generation)
                continue
            except TopicAuthorizationFailedError as e:
                raise Unavailable(
                    "the broker forbids writing", field="topic", value=lane.topic, fix="Give this user the right"
                ) from e
            except KafkaError as e:
                metrics.PUBLISH_FAILURES.labels(self._connector).inc(len(records))
                self._failures.warn(connector=self._connector, topic=lane.topic, held=self._held, why=repr(e))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                await self._renew(generation)
                continue
            pause_s = FIRST_PAUSE_S
            self.sent[lane.topic] += len(records)
            metrics.PUBLISHED.labels(self._connector, lane.topic).inc(len(records))
            self._release(lane, records)
        lane.task = None

    def _fill(self, batch: Any, lane: _Lane) -> list[Outgoing]:
        """The lane's next records, put into the batch; they stay in the lane until the broker has them."""
        most = 1 if lane.alone else BATCH_RECORDS
        taken: list[Outgoing] = []
        for record in lane.waiting:
            if len(taken) == most or batch.append(key=record.key, value=record.value, timestamp=None) is None:
                break
            taken.append(record)
        batch.close()  # it is not to linger for more
        return taken

    def _release(self, lane: _Lane, records: list[Outgoing]) -> None:
        for _ in records:
            lane.waiting.popleft()
        lane.alone = max(0, lane.alone - len(records))
        self._held -= len(records)
        self._held_bytes -= sum(len(record.value) for record in records)
        self._acknowledged([record.tag for record in records])
        if self._held < ROOM_RECORDS and self._held_bytes < ROOM_BYTES:
            self._room.set()
        if not self._held:
            self._empty.set()

    def _refuse(self, record: Outgoing) -> None:
        self.refused[record.topic] += 1
        metrics.PUBLISH_REFUSED.labels(self._connector, record.topic).inc()
        if (told := self.refused.total()) <= TOLD_REFUSALS:
            log.error(
                "record_refused",
                topic=record.topic,
                key=shown((record.key or b"").decode(errors="replace")),
                tag=record.tag,
                bytes=len(record.value),
                why="larger than the topic takes" if told < TOLD_REFUSALS else "further ones are counted only",
            )

    async def _renew(self, generation: int) -> None:
        """A new producer in place of the one that failed: its sequence numbers have a gap that brokers refuse."""
        async with self._renewing:
            if self._generation != generation:
                return
            old, pause_s = self._producer, FIRST_PAUSE_S
            while True:
                new = self._new_producer()
                try:
                    await kafka.start(new, self._settings)
                    break
                except HubError as e:
                    self._failures.warn(connector=self._connector, held=self._held, why=str(e))
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            self._producer, self._generation = new, generation + 1
        # other lanes may have batches under way in the old one: it ends when they have
        closing = asyncio.create_task(old.stop())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _lane_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        self._failed = task.exception()
        self._room.set()  # those who wait are told
        self._empty.set()


_partition = lru_cache(maxsize=1 << 16)(kafka.partition_of)  # aiokafka's murmur2 is plain Python: 8 µs for a sensor_id


async def _closed(producer: Any) -> None:
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(CLOSE_S):
            await producer.stop()
