"""Producers and readers of the simulated cluster, as far as `streams.worker` uses those of aiokafka."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.kafka import Clients
from streams.settings import Settings
from tests.simulation.cluster import Cluster, Fetched, Place
from tests.simulation.wire import Wire

FETCHED_ENTRIES: Final = 20
POLL_S: Final = 0.05


class _Batch:
    def __init__(self) -> None:
        self.records: list[tuple[Any, Any, Any]] = []

    def append(self, *, timestamp: None, key: Any, value: Any, headers: Any) -> object | None:
        if len(self.records) >= BATCH_RECORDS:
            return None
        self.records.append((key, value, headers))
        return self


BATCH_RECORDS: Final = 5
"""So that a transaction is several requests; any of them may be the last one before a crash."""


class Sent(NamedTuple):
    """Where a batch's first record stands."""

    offset: int


class Producer:
    """A transactional producer."""

    def __init__(self, cluster: Cluster, wire: Wire, name: str) -> None:
        self._cluster, self._wire, self._name = cluster, wire, name
        self._epoch = -1
        self._is_within = False
        """A transaction that failed stays open: aiokafka takes no other one after it."""
        self._sent: dict[Place, asyncio.Future[Any]] = {}
        self.client = self

    async def start(self) -> None:
        self._epoch = await self._wire.ask(lambda: self._cluster.begin_producer(self._name))

    async def begin_transaction(self) -> None:
        await asyncio.sleep(0)
        assert not self._is_within, "a transaction is begun within another"
        self._is_within = True

    def create_batch(self) -> _Batch:
        return _Batch()

    async def send_batch(self, batch: _Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        place = Place(topic, partition)
        await asyncio.sleep(0)
        before = self._sent.get(place)
        self._sent[place] = asyncio.ensure_future(self._produce(place, batch, before))
        return self._sent[place]

    async def _produce(self, place: Place, batch: _Batch, before: asyncio.Future[Any] | None) -> Any:
        """An idempotent producer keeps the order of each partition."""
        if before is not None:
            await before
        offset = await self._ask(lambda: self._cluster.produce(self._name, self._epoch, place, batch.records))
        return Sent(offset)

    async def send_offsets_to_transaction(self, offsets: dict[TopicPartition, OffsetAndMetadata], group: str) -> None:
        for (topic, partition), offset in offsets.items():
            await self._ask(
                lambda topic=topic, partition=partition, offset=offset: self._cluster.add_offset(
                    self._name, self._epoch, Place(topic, partition), offset
                )
            )

    async def commit_transaction(self) -> None:
        await self._ask(lambda: self._cluster.end_transaction(self._name, self._epoch, commit=True))
        self._is_within = False

    async def _ask(self, act: Any) -> Any:
        return await self._wire.ask(act, may_fail=True)

    async def stop(self) -> None:
        """What is open stays so; what is under way arrives, and nobody waits for it."""
        for each in self._sent.values():
            each.cancel()
        await asyncio.gather(*self._sent.values(), return_exceptions=True)

    async def close(self) -> None:
        """Nothing is held."""


class Reader:
    """A consumer of assigned partitions."""

    def __init__(self, cluster: Cluster, wire: Wire, isolation_level: str) -> None:
        self._cluster, self._wire, self._committed = cluster, wire, isolation_level == "read_committed"
        self._positions: dict[Place, int] = {}

    async def start(self) -> None:
        await self._wire.ask(lambda: None)

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._positions = {Place(*each): 0 for each in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[Place(*partition)] = offset

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where a reader of its kind may read to: aiokafka asks with its isolation level."""
        name = "stable_end" if self._committed else "end"
        return await self._wire.ask(lambda: {p: getattr(self._cluster.logs[Place(*p)], name) for p in partitions})

    async def position(self, partition: TopicPartition) -> int:
        await asyncio.sleep(0)
        return self._positions[Place(*partition)]

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Fetched]]:
        def read() -> dict[Place, tuple[list[Fetched], int]]:
            return {
                place: self._cluster.fetch(place, at, FETCHED_ENTRIES, committed=self._committed)
                for place, at in self._positions.items()
            }

        answer = await self._wire.ask(read)
        found = {}
        for place, (records, position) in answer.items():
            self._positions[place] = position
            if records:
                found[TopicPartition(*place)] = records
        if not found:
            await asyncio.sleep(min(POLL_S, timeout_ms / 1000))
        return found

    async def stop(self) -> None:
        """Nothing is held."""


def clients_of(cluster: Cluster, wire: Wire) -> Clients:
    """How one process opens its clients."""

    def producer(settings: Settings, client_id: str, *, transactional_id: str, **_: Any) -> Producer:
        return Producer(cluster, wire, transactional_id)

    def reader(settings: Settings, client_id: str, *, isolation_level: str = "read_committed", **_: Any) -> Reader:
        return Reader(cluster, wire, isolation_level)

    async def committed(
        settings: Settings, group: str, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        none = OffsetAndMetadata(-1, "")
        return await wire.ask(lambda: {each: cluster.offsets.get(Place(*each), none) for each in partitions})

    return Clients(producer, reader, committed)
