"""A topic compacted as hard as Kafka can: segments of a moment, cleaned at once, markers of transactions soon removed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.record.memory_records import MemoryRecords

from deploy.kafka import KafkaNode

TOPIC = {
    "cleanup.policy": "compact",
    "segment.ms": "300",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "300",
    "delete.retention.ms": "300",
}
BROKER = {"log.cleaner.backoff.ms": "100"}
"""How long the cleaner rests where nothing is to be cleaned; 15 s by default."""


async def compact_hard(node: KafkaNode, topic: str) -> None:
    """From now on this topic is compacted hard."""
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await admin.start()
    try:
        responses = await admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic, TOPIC),
                ConfigResource(ConfigResourceType.BROKER, "1", BROKER),
            ]
        )
        refused = [told for response in responses for told in response.resources if told[0]]
        assert not refused, refused
    finally:
        await admin.close()


def batches_of(node: KafkaNode, topic: str, partition: int) -> Counter[str]:
    """How many batches of each kind lie on the broker's disk: `records`, `marker`, and either of them `emptied …`."""
    found: Counter[str] = Counter()
    for path in sorted((node.home / "data" / f"{topic}-{partition}").glob("*.log")):
        records = MemoryRecords(_content(path))
        while records.has_next():
            batch = records.next_batch()
            kind = "marker" if batch.is_control_batch else "records"
            found[kind if next(batch, None) is not None else f"emptied {kind}"] += 1
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the cleaner has put another in its place meanwhile
        return b""
