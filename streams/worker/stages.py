"""The table of stages: which topics each reads, and the pure core of one of its partitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from streams import kafka, registry
from streams.contract.maintenance import Period
from streams.contract.rules import Rule
from streams.contract.topics import ALERT_EVENTS, BULLETINS, COMMANDS, READING_TOPICS, TOPICS, ZONE_INPUTS, domain_of
from streams.engine import alerts_stage, bulletins_stage, commands_stage, readings_stage, zones_stage
from streams.engine.event_partitions import EventPartitions
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.records import Record
from streams.engine.roster import roster
from streams.engine.zone_feed import ZoneFeed
from streams.engine.zone_rules import zone_rules
from streams.rule_watch import RuleSet
from streams.settings import Settings


class Core(Protocol):
    """One partition of a stage: a pure function of its log, and what the shell needs of it."""

    applied: int
    """The last offset applied, -1 before the first."""
    out: Outputs
    """What is to be sent; the shell takes it and puts an empty one in its place."""

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order."""
        ...

    def tick(self, now_ms: int) -> None:
        """Send what changed of open windows."""
        ...

    def caught_up(self, at_ms: int) -> None:
        """The input was read to its end: everything that arrived before this moment of the clock is applied."""
        ...

    def release_idle(self, now_ms: int) -> bool:
        """The input is at its end and has been silent for the idle time-out."""
        ...

    def resume_offset(self) -> int:
        """Where a restart must read from."""
        ...

    def snapshot(self) -> bytes:
        """The state, whole."""
        ...

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table."""

    name: str
    topics: tuple[str, ...]
    core: Callable[[str, int], Core]
    """The core of (topic, partition), new."""


def idle_s(settings: Settings) -> dict[str, float]:
    """How long a topic of readings must be silent until its windows close without it, seconds.

    Raises:
        WrongSeed: the city's data is wrong.
    """
    city = registry.load_city(settings.seeds)
    return {
        topic: city.domains[domain_of(topic)].idle_s for topic in READING_TOPICS if domain_of(topic) in city.domains
    }


class Flow(NamedTuple):
    """The stages by one set of rules."""

    stages: list[Stage]
    """In the order of the flow."""
    basis: str
    """What their results rest on beside the log."""


class Table:
    """The table of a city's stages by one set of rules after another; its registry is read once.

    Args:
        settings: where the city is, and how many partitions its topics have.

    Raises:
        WrongSeed: the city's registry is wrong.
    """

    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.partitions
        self._basis, self._known = registry.basis_of(settings.seeds), registry.load(settings.seeds)

    def by(self, rules: RuleSet) -> Flow:
        """The stages by these rules; seconds where there are many sensors."""
        stages = stages_of(self._known, rules.rules, self._partitions, rules.periods)
        return Flow(stages, f"{self._basis}:{rules.digest}")


def stages_of(
    known: registry.Registry, rules: list[Rule], per_topic: int, periods: Sequence[Period] = ()
) -> list[Stage]:
    """Every stage, in the order of the flow.

    Args:
        known: the city's registry.
        rules: what judges.
        per_topic: how many partitions the hub's topics have.
        periods: planned work on its sensors.
    """
    zone_names = {zone_id: zone.name for zone_id, zone in known.zones.items()}
    sensors = list(known.sensors.values())

    def home_of(sensor_id: str) -> int:
        return kafka.partition_of(sensor_id.encode(), per_topic)

    event_partitions = TOPICS[ALERT_EVENTS].partitions(per_topic)
    events = EventPartitions(lambda alert_id: kafka.partition_of(alert_id.encode(), event_partitions), event_partitions)

    def zone_partition(zone: str) -> int:
        return kafka.partition_of(zone.encode(), TOPICS[ZONE_INPUTS].partitions(per_topic))

    rosters = {topic: roster(domain_of(topic), sensors, known.city, zone_names, home_of) for topic in READING_TOPICS}
    watches = {topic: watch_of(rules, rosters[topic], periods) for topic in READING_TOPICS}
    on_zones = {topic: zone_rules(rules, rosters[topic]) for topic in READING_TOPICS}

    def readings(topic: str, partition: int) -> Core:
        mine, partitions = on_zones[topic], TOPICS[topic].partitions(per_topic)
        zones = ZoneFeed(mine, rosters[topic], partition, partitions, zone_partition) if mine else None
        return readings_stage.ReadingsStage(rosters[topic], watches[topic], partition, events, zones)

    of_domains = {domain_of(topic): mine for topic, mine in on_zones.items()}
    return [
        Stage(readings_stage.NAME, READING_TOPICS, readings),
        Stage(
            zones_stage.NAME,
            (ZONE_INPUTS,),
            lambda _, p: zones_stage.ZonesStage(of_domains, zone_names, p, events),
        ),
        Stage(
            bulletins_stage.NAME,
            (BULLETINS,),
            lambda _, p: bulletins_stage.BulletinsStage(rules, zone_names, p, events, known.city.centre),
        ),
        Stage(commands_stage.NAME, (COMMANDS,), lambda _, p: commands_stage.CommandsStage(p, events)),
        Stage(alerts_stage.NAME, (ALERT_EVENTS,), lambda _, p: alerts_stage.AlertsStage(p)),
    ]
