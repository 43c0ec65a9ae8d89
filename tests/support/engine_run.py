"""The engine's pure cores over a log, and what they publish gathered as a subscriber holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.acceptance.found import Found
from deploy.oracle import Arrived
from streams import registry, rulebook
from streams.contract.readings import READINGS, Domain
from streams.contract.topics import ALERT_EVENTS, BULLETINS, readings_topic
from streams.engine.alerts_stage import AlertsStage
from streams.engine.bulletins_stage import BulletinsStage
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.roster import Roster, roster
from streams.kafka import partition_of

NOW_MS = 1 << 52
"""Later than anything was sent last: every open window that changed is due."""


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class EngineAnswer(NamedTuple):
    values: Counter[str]
    found: Found


class Engine:
    """The cores of a city.

    Args:
        seeds: of the city.
        partitions: of each topic of readings.
    """

    def __init__(self, seeds: Path, partitions: int = 1) -> None:
        known = registry.load(seeds)
        self.rules, self.partitions = rulebook.load(seeds), partitions
        self.zone_names = {zone_id: zone.name for zone_id, zone in known.zones.items()}
        sensors = list(known.sensors.values())
        self.rosters: dict[Domain, Roster] = {
            d: roster(d, sensors, known.city, self.zone_names, lambda s: partition_of(s.encode(), partitions))
            for d in READINGS
        }

    def answer(
        self, log: Sequence[Arrived], exercise: str | None, raw: frozenset[bytes] = frozenset(), chunk: int = 1000
    ) -> EngineAnswer:
        """What the engine makes of a log cut into chunks."""
        found, values = Found(exercise, raw), Counter[str]()
        events: list[bytes] = []
        for domain in READINGS:
            watch = watch_of(self.rules, self.rosters[domain])
            for partition in range(self.partitions):
                topic = readings_topic(domain)
                mine = [a for a in log if (a.topic, a.partition) == (topic, partition)]
                stage = ReadingsStage(self.rosters[domain], watch, partition, lambda _: 0)
                self._run(stage, mine, chunk, found, events)
                for (_, outcome, _), n in stage.accounts.values.items():
                    values[outcome] += n
        bulletins = BulletinsStage(self.rules, self.zone_names, 0, lambda _: 0)
        self._run(bulletins, [a for a in log if a.topic == BULLETINS], chunk, found, events)
        alerts = AlertsStage(0)
        alerts.step([Record(i, 0, None, event) for i, event in enumerate(events)])
        _taken(alerts.out, found, events)
        return EngineAnswer(values, found)

    @staticmethod
    def _run(
        stage: ReadingsStage | BulletinsStage, mine: list[Arrived], chunk: int, found: Found, events: list[bytes]
    ) -> None:
        records = [Record(i, a.arrival_ms, None, a.value) for i, a in enumerate(mine)]
        for begin in range(0, len(records), chunk):
            stage.step(records[begin : begin + chunk])
        stage.tick(NOW_MS)
        _taken(stage.out, found, events)


def _taken(out: Outputs, found: Found, events: list[bytes]) -> None:
    for topic, _, record in out.each():
        if topic == ALERT_EVENTS:
            events.append(record.value)
        else:
            found.take(topic, record.value, record.headers)
