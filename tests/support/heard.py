"""What a subscriber has heard of a hub, record by record, and the readings from which it all must follow.

Committed records only. Each record that a reader keeps has an identity: one that comes a second time is noted, and one
that says something else then is torn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.acceptance.found import Found
from deploy.oracle import Arrived
from streams.contract.times import parse_ms
from streams.contract.topics import ALERT_EVENTS, ALERTS, READING_TOPICS, REJECTED, WINDOW_TOPICS

OUTPUTS: Final = (*WINDOW_TOPICS, ALERTS, ALERT_EVENTS, REJECTED)
Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Letter(NamedTuple):
    """A dead letter."""

    reason: str
    value: bytes | None


class Happened(NamedTuple):
    """What an alert event says of an alert."""

    transition: str
    level: str | None
    at_ms: int
    value: float | None
    threshold: float | None


class Heard:
    """A subscriber of everything that the hub publishes of reality, from the beginning on; `async with` opens it.

    Args:
        bootstrap: the broker.
    """

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
        )
        self.found = Found(None, frozenset())
        """Windows and alerts as readers keep them."""
        self.events: dict[str, dict[int, Happened]] = {}
        """By alert id and step."""
        self.letters: dict[Place, Letter] = {}
        self.repeats: Counter[str] = Counter()
        """Records that came once more with the same bytes, by kind: window, alert, event, letter."""
        self.torn: list[str] = []
        """Records that came once more and said something else."""
        self.log: list[Arrived] = []
        """All readings as they arrived."""
        self.received: dict[Place, bytes | None] = {}
        """Their bytes by place."""
        self._said: dict[Hashable, int] = {}

    async def __aenter__(self) -> Heard:
        await self._consumer.start()
        partitions = []
        for topic in (*OUTPUTS, *READING_TOPICS):
            await self._consumer._client._wait_on_metadata(topic)
            partitions += [TopicPartition(topic, p) for p in self._consumer.partitions_for_topic(topic) or ()]
        self._consumer.assign(partitions)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def more(self) -> None:
        """Take in what has come since, within a moment."""
        for tp, records in (await self._consumer.getmany(timeout_ms=100)).items():
            for record in records:
                self._take(tp, record)

    async def to_end(self) -> None:
        """Take in all that the broker holds at the call."""
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        while any([await self._consumer.position(tp) < end for tp, end in ends.items()]):
            await self.more()

    def _take(self, tp: TopicPartition, record: Any) -> None:
        if tp.topic in READING_TOPICS:
            self.log.append(Arrived(tp.topic, tp.partition, record.timestamp, record.value))
            self.received[tp.topic, tp.partition, record.offset] = record.value
        elif tp.topic == REJECTED:
            self._letter(record)
        elif tp.topic == ALERT_EVENTS:
            self._event(record.value)
        else:
            self._state(tp.topic, record.value)

    def _state(self, topic: str, value: bytes) -> None:
        said = orjson.loads(value)
        if topic == ALERTS:
            self._identify("alert", (said["alert_id"], said["sequence"]), value)
        elif said["final"]:
            identity = tuple(said[name] for name in ("sensor_id", "measure", "window_s", "start", "revision"))
            self._identify("window", identity, value)
        self.found.take(topic, value, ())

    def _event(self, value: bytes) -> None:
        said = orjson.loads(value)
        if "cover" in said:  # what an alert covers is no step of its life
            return
        if self._identify("event", (said["alert_id"], said["origin"], said["step"]), value):
            self.events.setdefault(said["alert_id"], {})[said["step"]] = Happened(
                said["transition"], said.get("level"), parse_ms(said["at"]), said.get("value"), said.get("threshold")
            )

    def _letter(self, record: Any) -> None:
        headers = {name: text.decode() for name, text in record.headers}
        place = headers["topic"], int(headers["partition"]), int(headers["offset"])
        if self._identify("letter", place, repr((record.headers, record.value)).encode()):
            self.letters[place] = Letter(headers["reason"], record.value)

    def _identify(self, kind: str, identity: Hashable, value: bytes) -> bool:
        """Whether it is the first of its identity; of the bytes a hash is kept."""
        before = self._said.get((kind, identity))
        if before is None:
            self._said[kind, identity] = hash(value)
            return True
        if before == hash(value):
            self.repeats[kind] += 1
        else:
            self.torn.append(f"{kind} {identity}")
        return False
