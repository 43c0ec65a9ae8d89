"""The broker that a workload stands on: Kafka as the hub embeds it, with the hub's topics."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.kafka import KafkaNode, fetch_jars, make_archive
from streams.kafka import apply_topics
from streams.settings import Settings, load


class Broker:
    """One Kafka node; stopped and started again it has the same records."""

    def __init__(self, node: KafkaNode) -> None:
        self.node = node
        self._admin: AIOKafkaAdminClient | None = None

    @classmethod
    async def new(cls, home: Path) -> Broker:
        """A node in a folder of its own, with the hub's topics."""
        jars = fetch_jars()
        await make_archive(jars)
        broker = cls(KafkaNode(home, jars))
        await broker.start()
        await apply_topics(broker.settings)
        return broker

    @property
    def settings(self) -> Settings:
        """The hub's settings with this broker."""
        return load(data_dir=self.node.home).model_copy(update={"kafka_bootstrap_servers": self.node.bootstrap})

    @property
    def pid(self) -> int:
        """Its process id while it runs, else 0."""
        return self.node.child.pid or 0

    async def start(self) -> None:
        """Start it where it does not run."""
        if not self.node.child.running:
            await self.node.start()
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self.node.bootstrap)
            await self._admin.start()

    async def stop(self) -> None:
        """Stop it in good order."""
        if self._admin is not None:
            await self._admin.close()
            self._admin = None
        await self.node.stop()

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The offsets that a group has committed; none while its coordinator is not known."""
        assert self._admin is not None
        try:
            found = await self._admin.list_consumer_group_offsets(group)
        except KafkaError:  # a group, or a broker, that has just begun
            return {}
        return {tp: meta.offset for tp, meta in found.items() if meta.offset >= 0}

    async def new_topic(self, name: str) -> None:
        """A topic of 4 partitions for a peer's windows."""
        assert self._admin is not None
        await self._admin.create_topics([NewTopic(name, 4, 1)])

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """The end of each partition of these topics."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.node.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            partitions = []
            for topic in topics:
                await consumer._client._wait_on_metadata(topic)
                partitions += [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            found: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
            return found
        finally:
            await consumer.stop()
