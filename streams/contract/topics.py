"""THE table of topics: name, key, what travels, partitions, how long it is kept, who writes.

A new domain is one reading model and one row of `_domain_topics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from streams.contract.alerts import Alert, AlertEvent, Command
from streams.contract.bulletins import Bulletin
from streams.contract.readings import READINGS, Domain
from streams.contract.times import DAY_MS
from streams.contract.windows import Window
from streams.contract.zone_inputs import ZoneInput

MIB: Final = 1 << 20
DEFAULT_PARTITIONS: Final = 4

BULLETINS: Final = "bulletins"
ALERTS: Final = "alerts"
COMMANDS: Final = "alerts.commands"
REJECTED: Final = "readings.rejected"
ZONE_INPUTS: Final = "hub.zone-inputs"
ALERT_EVENTS: Final = "hub.alert-events"
CHECKPOINTS: Final = "hub.checkpoints"


def readings_topic(domain: Domain) -> str:
    """Where a domain's readings arrive."""
    return f"readings.{domain}"


def windows_topic(domain: Domain) -> str:
    """Where a domain's windows are published."""
    return f"windows.{domain}"


def domain_of(topic: str) -> Domain:
    """The domain of a `readings.*` or `windows.*` topic."""
    name = topic.split(".", 1)[1]
    return next(domain for domain in READINGS if domain == name)


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table."""

    name: str
    key: str
    model: type[BaseModel] | None
    """What travels, or None for bytes as they were received or kept."""
    written_by: str
    retention_ms: int
    compacted: bool = False
    compaction_lag_ms: int = 0
    single_partition: bool = False
    max_message_bytes: int = MIB
    public: bool = True
    extra: tuple[tuple[str, str], ...] = ()
    read_by_hub: bool = False
    """Whether it is a way in: others write it, the hub reads it."""

    def partitions(self, per_topic: int) -> int:
        """How many partitions it has where the hub's topics have `per_topic`."""
        return 1 if self.single_partition else per_topic

    def config(self) -> dict[str, str]:
        """Its settings as Kafka names them."""
        settings = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        if self.compacted:
            settings["min.compaction.lag.ms"] = str(self.compaction_lag_ms)
        else:
            settings["retention.ms"] = str(self.retention_ms)
        return settings | dict(self.extra)


def _domain_topics() -> list[Topic]:
    readings = [
        Topic(readings_topic(d), "sensor_id", model, "gateways, connectors", 7 * DAY_MS, read_by_hub=True)
        for d, model in READINGS.items()
    ]
    windows = [Topic(windows_topic(d), "sensor_id", Window, "readings stage", 30 * DAY_MS) for d in READINGS]
    return readings + windows


TOPICS: Final[dict[str, Topic]] = {
    topic.name: topic
    for topic in [
        *_domain_topics(),
        Topic(BULLETINS, "bulletin_id", Bulletin, "connectors", 30 * DAY_MS, single_partition=True, read_by_hub=True),
        Topic(ALERTS, "alert_id", Alert, "alerts stage", -1, compacted=True, compaction_lag_ms=7 * DAY_MS),
        Topic(COMMANDS, "alert_id", Command, "room, API", 90 * DAY_MS, read_by_hub=True),
        Topic(
            REJECTED,
            "as received",
            None,
            "all who refuse",
            30 * DAY_MS,
            single_partition=True,
            # A dead letter is the record as received plus its headers; both limits are of the contract.
            max_message_bytes=MIB + 64 * 1024,
        ),
        Topic(ZONE_INPUTS, "zone", ZoneInput, "readings stage", 2 * DAY_MS, public=False),
        Topic(ALERT_EVENTS, "alert_id", AlertEvent, "stages", 90 * DAY_MS, public=False),
        Topic(
            CHECKPOINTS,
            "application, stage, topic, partition, slot",
            None,
            "workers",
            -1,
            compacted=True,
            public=False,
            # A restore reads what is not yet compacted: small segments and an early cleaner keep that to seconds.
            extra=(
                ("segment.bytes", str(16 * MIB)),
                ("min.cleanable.dirty.ratio", "0.05"),
                ("max.compaction.lag.ms", "30000"),
            ),
        ),
    ]
}
READING_TOPICS: Final[tuple[str, ...]] = tuple(readings_topic(d) for d in READINGS)
WINDOW_TOPICS: Final[tuple[str, ...]] = tuple(windows_topic(d) for d in READINGS)
