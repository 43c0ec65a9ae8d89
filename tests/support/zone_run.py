"""Readings in several partitions through the readings and zones stages, whoever is sooner and whoever crashes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from deploy.acceptance.found import Found, FoundAlert
from deploy.oracle import Arrived
from streams import registry, rulebook
from streams.contract.readings import READINGS, Domain
from streams.contract.topics import ALERT_EVENTS, ZONE_INPUTS, domain_of
from streams.engine.alerts_stage import AlertsStage
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.roster import Roster, roster
from streams.engine.zone_feed import ZoneFeed
from streams.engine.zone_rules import zone_rules
from streams.engine.zones_stage import ZonesStage
from streams.kafka import partition_of

END_MS = 1 << 45
"""Later than any arrival: the clock by which every partition has been read to its end."""


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


Told = list[tuple[int, bytes]]
"""One transaction's records for `hub.zone-inputs`: partition there and value."""


class ZoneRun:
    """The stages of a city.

    Args:
        seeds: of the city.
        partitions: of each topic of readings.
        zone_partitions: of `hub.zone-inputs`.
    """

    def __init__(self, seeds: Path, partitions: int, zone_partitions: int = 2) -> None:
        known, self._rules = registry.load(seeds), rulebook.load(seeds)
        self._partitions, self._zone_partitions = partitions, zone_partitions
        self._names = {zone_id: zone.name for zone_id, zone in known.zones.items()}
        sensors = list(known.sensors.values())
        self.rosters: dict[Domain, Roster] = {
            d: roster(d, sensors, known.city, self._names, self.partition_of) for d in READINGS
        }
        self._on_zones = {d: zone_rules(self._rules, self.rosters[d]) for d in READINGS}

    def partition_of(self, sensor_id: str) -> int:
        """Where a sensor's readings lie."""
        return partition_of(sensor_id.encode(), self._partitions)

    def readings(self, topic: str, partition: int) -> ReadingsStage:
        """The readings stage of one partition, new."""
        domain = domain_of(topic)
        mine, where = self.rosters[domain], lambda zone: partition_of(zone.encode(), self._zone_partitions)
        feed = ZoneFeed(self._on_zones[domain], mine, partition, self._partitions, where)
        return ReadingsStage(mine, watch_of(self._rules, mine), partition, ONE, feed)

    def zones(self, partition: int) -> ZonesStage:
        """The zones stage of one partition, new."""
        return ZonesStage(self._on_zones, self._names, partition, ONE)

    def told(self, log: Sequence[Arrived], random: Random, crashes: int = 0) -> list[list[Told]]:
        """What each partition of readings tells, transaction by transaction; after a crash some of it again."""
        sources = [(topic, p) for topic in (f"readings.{d}" for d in READINGS) for p in range(self._partitions)]
        return [
            self._told_by(topic, p, [a for a in log if (a.topic, a.partition) == (topic, p)], random, crashes)
            for topic, p in sources
        ]

    def _told_by(self, topic: str, partition: int, mine: list[Arrived], random: Random, crashes: int) -> list[Told]:
        records = [Record(i, a.arrival_ms, None, a.value) for i, a in enumerate(mine)]
        stage, told, at, kept = self.readings(topic, partition), list[Told](), 0, None
        while at < len(records):
            end = min(len(records), at + random.choice([1, 1, 2, 5, 20, 200]))
            stage.step(records[at:end])
            told.append(taken(stage))
            at = end
            if random.random() < 0.3:
                kept = stage.snapshot()
            elif crashes and random.random() < 0.3:
                crashes -= 1
                stage, at = self.readings(topic, partition), 0
                if kept is not None:
                    stage.restore(kept)
                    at = stage.resume_offset()
        stage.caught_up(END_MS)
        told.append(taken(stage))
        return told

    def alerts(
        self, sources: Iterable[list[Told]], random: Random, exercise: str | None, restarts: int = 0
    ) -> dict[str, FoundAlert]:
        """What the zones make of it, told in any order that keeps each source's."""
        log = self.interleaved(sources, random)
        events: list[bytes] = []
        for partition, values in enumerate(log):
            stage, at = self.zones(partition), 0
            kept, kept_at = stage.snapshot(), 0
            records = [Record(i, 0, None, value) for i, value in enumerate(values)]
            while at < len(records):
                end = min(len(records), at + random.choice([1, 3, 30, 300]))
                stage.step(records[at:end])
                events += _events(stage.out)
                stage.out, at = Outputs(), end
                if random.random() < 0.2:
                    kept, kept_at = stage.snapshot(), at
                elif restarts and random.random() < 0.3:
                    restarts -= 1
                    stage, at = self.zones(partition), kept_at
                    stage.restore(kept)
        return alerts_of(events, exercise)

    def interleaved(self, sources: Iterable[list[Told]], random: Random) -> list[list[bytes]]:
        """The logs of `hub.zone-inputs` when these transactions come in a random order."""
        waiting = [list(transactions) for transactions in sources]
        log: list[list[bytes]] = [[] for _ in range(self._zone_partitions)]
        while some := [source for source in waiting if source]:
            source = random.choice(some)
            for _ in range(random.choice([1, 1, 5, 50])):
                for partition, value in source.pop(0) if source else []:
                    log[partition].append(value)
        return log


def taken(stage: ReadingsStage) -> Told:
    """Take what the stage has for the zones."""
    out, stage.out = stage.out, Outputs()
    return [
        (partition, record.value)
        for (topic, partition), records in out.records.items()
        if topic == ZONE_INPUTS
        for record in records
    ]


def alerts_of(events: Iterable[bytes], exercise: str | None) -> dict[str, FoundAlert]:
    """What subscribers hold after these events, by alert id without its exercise."""
    stage, found = AlertsStage(0), Found(exercise, frozenset())
    stage.step([Record(i, 0, None, event) for i, event in enumerate(events)])
    for (topic, _), records in stage.out.records.items():
        for record in records:
            found.take(topic, record.value, record.headers)
    return found.alerts()


def _events(out: Outputs) -> list[bytes]:
    return [record.value for (topic, _), records in out.records.items() if topic == ALERT_EVENTS for record in records]
