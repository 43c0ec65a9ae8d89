"""Records in and out of a real broker, as a foreign client sees them: committed ones only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


class Kept(NamedTuple):
    """One committed record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: dict[str, str]
    arrived_ms: int = 0

    @property
    def json(self) -> Any:
        """Its value."""
        return json.loads(self.value)


async def send(
    bootstrap: str, topic: str, values: Iterable[bytes | dict[str, Any]], *, partition: int | None = None
) -> None:
    """Send records with a plain idempotent producer, keyed by `sensor_id` as gateways do."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=20, max_batch_size=1 << 18
    )
    await producer.start()
    try:
        sent = None
        for value in values:
            key = value["sensor_id"].encode() if isinstance(value, dict) and "sensor_id" in value else None
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            sent = await producer.send(topic, body, key=key, partition=partition)
        await producer.flush()
        if sent is not None:
            await sent
    finally:
        await producer.stop()


class Follower:
    """Reads topics from their beginning, as far as it is asked to."""

    def __init__(self, bootstrap: str, *topics: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=8 << 20,
        )
        self._topics = topics
        self.records: list[Kept] = []

    async def __aenter__(self) -> Follower:
        await self._consumer.start()
        partitions = []
        for topic in self._topics:
            partitions += [TopicPartition(topic, p) for p in await self._partitions(topic)]
        self._consumer.assign(partitions)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def _partitions(self, topic: str) -> list[int]:
        await self._consumer._client._wait_on_metadata(topic)
        return sorted(self._consumer.partitions_for_topic(topic) or ())

    async def more(self) -> list[Kept]:
        """What has come since, within a moment."""
        new = []
        for records in (await self._consumer.getmany(timeout_ms=100)).values():
            for r in records:
                headers = {name: value.decode() for name, value in r.headers}
                new.append(Kept(r.topic, r.partition, r.offset, r.key, r.value, headers, r.timestamp))
        self.records += new
        return new

    async def to_end(self) -> list[Kept]:
        """Read all that the broker holds at the call; everything read so far."""
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        while any([await self._consumer.position(tp) < end for tp, end in ends.items()]):
            await self.more()
        return self.records

    def of(self, topic: str) -> list[Kept]:
        """What was read of one topic, in its partitions' order."""
        return [record for record in self.records if record.topic == topic]
