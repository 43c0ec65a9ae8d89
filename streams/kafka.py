"""The one way to open Kafka clients, and to create and compare topics.

Two defects of aiokafka 0.14.0 are mended here, hence a pinned version: fetcher.PartitionRecords._contains_abort_marker and
AIOKafkaClient.send.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    TopicAlreadyExistsError,
    for_code,
)
from aiokafka.partitioner import murmur2
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.structs import OffsetAndMetadata

from streams.contract.topics import TOPICS, Topic
from streams.errors import StateRefused, Unavailable
from streams.settings import Settings

CONNECT_S: Final = 15.0
"""How long a command waits for a broker before it says that there is none."""
COORDINATOR_S: Final = 0.2
"""How often a broker without a coordinator for a group is asked again."""


def _contains_abort_marker(self: Any, batch: Any) -> bool:
    """Whether a control batch is the marker of an abort.

    One that compaction has emptied is no more: the broker names no aborted transaction for it either. aiokafka's own raises
    there, at every attempt anew, so its reader never comes past; Kafka's own client passes over it.
    """
    record = next(batch, None)
    return record is not None and bool(ControlRecord.parse(record.key) == ABORT_MARKER)


fetcher.PartitionRecords._contains_abort_marker = _contains_abort_marker
_send: Final = AIOKafkaClient.send


async def _send_and_look(self: Any, node_id: int, request: Any, **more: Any) -> Any:
    """Send a request; raises what stands for a whole answer of a group's offsets.

    A broker that has just begun, or lost and regained a group within its start, refuses them as a whole and names no partition.
    aiokafka looks at partitions only: it would say that nothing was committed, and everything would be told again.
    """
    answer = await _send(self, node_id, request, **more)
    if getattr(answer, "API_KEY", None) == OffsetFetchRequest.API_KEY and (code := getattr(answer, "error_code", 0)):
        raise for_code(code)
    return answer


AIOKafkaClient.send = _send_and_look


def client_options(settings: Settings, client_id: str) -> dict[str, Any]:
    """What every aiokafka client is opened with."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "client_id": client_id,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol != "PLAINTEXT":
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ssl_ca and str(settings.kafka_ssl_ca))
    if settings.kafka_security_protocol == "SASL_SSL":
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        }
    return options


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key by Kafka's standard partitioner (murmur2)."""
    return int((murmur2(key) & 0x7FFF_FFFF) % partitions)


def producer(settings: Settings, client_id: str, **more: Any) -> AIOKafkaProducer:
    """An idempotent producer that waits for all replicas; not started."""
    options = {"enable_idempotence": True, "acks": "all", "linger_ms": 5, "max_batch_size": 1 << 17} | more
    return AIOKafkaProducer(**client_options(settings, client_id), **options)


def reader(settings: Settings, client_id: str, **more: Any) -> AIOKafkaConsumer:
    """A consumer that sees committed records only and begins at the beginning; not started, no group unless given."""
    options = {
        "isolation_level": "read_committed",
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
    } | more
    return AIOKafkaConsumer(**client_options(settings, client_id), **options)


class Clients(NamedTuple):
    """How a worker opens its clients; a simulated cluster has others."""

    producer: Callable[..., Any]
    reader: Callable[..., Any]
    committed: Callable[[Settings, str, list[TopicPartition]], Awaitable[dict[TopicPartition, OffsetAndMetadata]]]


async def start(client: AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient, settings: Settings) -> None:
    """Start a client.

    Raises:
        Unavailable: no broker answered within `CONNECT_S`.
    """
    try:
        async with asyncio.timeout(CONNECT_S):
            await client.start()
    except (TimeoutError, OSError, KafkaError) as e:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
        raise Unavailable(
            "no Kafka broker answers",
            field="KAFKA_BOOTSTRAP_SERVERS",
            value=settings.bootstrap,
            fix=f"Start the broker or set the right address ({type(e).__name__})",
        ) from e


async def committed(
    settings: Settings, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """A group's committed offsets of these partitions, -1 where there is none.

    Raises:
        Unavailable: the broker does not tell within `CONNECT_S`.
    """
    admin = await _admin(settings)
    try:
        async with asyncio.timeout(CONNECT_S):
            while True:
                try:
                    found: dict[TopicPartition, OffsetAndMetadata]
                    found = await admin.list_consumer_group_offsets(group, partitions=partitions)
                    return found
                except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
                    await asyncio.sleep(COORDINATOR_S)  # a broker that has just begun
    except (TimeoutError, OSError, KafkaError) as e:
        raise Unavailable(
            f"the broker does not tell the group's offsets ({type(e).__name__})",
            field=group,
            fix="Look at the broker's log",
        ) from e
    finally:
        await admin.close()


CLIENTS: Final = Clients(producer, reader, committed)


class TopicDifference(NamedTuple):
    """What a topic lacks or has otherwise than the table says; empty texts where it fits."""

    topic: str
    exists: bool
    partitions: str
    settings: str

    @property
    def fits(self) -> bool:
        """Whether the topic is as the table says."""
        return self.exists and not self.partitions and not self.settings


async def _admin(settings: Settings) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(**client_options(settings, f"{settings.application}-admin"), request_timeout_ms=15_000)
    await start(admin, settings)
    return admin


async def _compared(admin: AIOKafkaAdminClient, settings: Settings) -> list[tuple[Topic, TopicDifference, int]]:
    described = {t["topic"]: t for t in await admin.describe_topics(list(TOPICS)) if not t["error_code"]}
    configs: dict[str, dict[str, str]] = {}
    if described:
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
        for response in await admin.describe_configs(wanted):
            for resource in response.resources:
                configs[resource[3]] = {entry[0]: entry[1] for entry in resource[4]}
    rows = []
    for name, topic in TOPICS.items():
        count = topic.partitions(settings.partitions)
        if name not in described:
            rows.append((topic, TopicDifference(name, False, f"0, not {count}", "missing"), 0))
            continue
        has = len(described[name]["partitions"])
        wrong = [f"{k}={configs[name].get(k)}, not {v}" for k, v in topic.config().items() if configs[name].get(k) != v]
        rows.append(
            (
                topic,
                TopicDifference(name, True, "" if has == count else f"{has}, not {count}", "; ".join(wrong)),
                has,
            )
        )
    return rows


async def compare_topics(settings: Settings) -> list[TopicDifference]:
    """Every topic of the table against the cluster.

    Raises:
        Unavailable: no broker answers.
    """
    admin = await _admin(settings)
    try:
        return [difference for _, difference, _ in await _compared(admin, settings)]
    finally:
        await admin.close()


async def apply_topics(settings: Settings) -> list[TopicDifference]:
    """Create what is missing and mend what differs; returns what had differed.

    Raises:
        Unavailable: no broker answers.
        StateRefused: a topic has another number of partitions than the setting; changing that would move every key.
    """
    admin = await _admin(settings)
    try:
        rows = await _compared(admin, settings)
        for topic, difference, has in rows:
            if difference.exists and difference.partitions:
                raise StateRefused(
                    "the topic has another number of partitions, and changing it would move every sensor",
                    field=topic.name,
                    value=has,
                    fix=f"Set URBANHUB_PARTITIONS={has}, or start with an empty cluster",
                )
        missing = [
            NewTopic(t.name, t.partitions(settings.partitions), settings.replication, topic_configs=t.config())
            for t, d, _ in rows
            if not d.exists
        ]
        if missing:
            await _create(admin, missing)
        changed = [(t, d) for t, d, _ in rows if d.exists and d.settings]
        if changed:
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, t.name, t.config()) for t, _ in changed]
            )
        return [d for _, d, _ in rows if not d.fits]
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, missing: list[NewTopic]) -> None:
    try:
        response = await admin.create_topics(missing, timeout_ms=15_000)
    except TopicAlreadyExistsError:
        return
    for topic, code, *message in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise Unavailable(
                "the broker refuses to create a topic",
                field=topic,
                value=message[0] if message else code,
                fix="Mend the broker's settings",
            )


async def end_offsets(consumer: AIOKafkaConsumer, topics: list[str]) -> dict[TopicPartition, int]:
    """The end offset of every partition of these topics."""
    partitions = [TopicPartition(t, p) for t in topics for p in sorted(consumer.partitions_for_topic(t) or ())]
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions) if partitions else {}
    return ends
