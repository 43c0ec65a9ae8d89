"""Many sensors, each with a random timeline of its own, in one run of the flow's stages and in the independent calculation.

One run of hundreds of sensors costs little more than one of a few: so ten thousand timelines can be compared, alert by
alert, in seconds. Each sensor speaks at its own interval and stays at a value for a while, near the thresholds; some
readings come late within the grace, some after it, some twice; sensors stop for a time; the hub is
restarted from its checkpoints in the middle.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import tomli_w

from deploy.acceptance.found import Found, FoundAlert
from deploy.oracle import Arrived, City, read_city
from deploy.oracle.alerts import Alerts, sensor_alerts
from deploy.oracle.fates import Timeline
from deploy.oracle.records import reading_of
from deploy.oracle.zones import Holding, zone_alerts
from deploy.rules.offline import Arrival, OfflineCity
from streams import registry, rulebook
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS, readings_topic
from streams.engine.outputs import Out
from streams.kafka import partition_of
from tests.support.small_city import CITY
from tests.support.storm_city import RANGES, write_in_its_zones

BEGIN_MS: Final = 1_662_390_000_000
"""2022-09-06T00:00 KST: a full hour, and a midnight."""
LONG_AFTER_MS: Final = 3 * 3_600_000
"""All that may still be open is closed by a reading of so much later."""
LAGS_MS: Final = (0,) * 22 + (20_000,) * 4 + (45_000, 59_000, 90_000, 900_000, 5_400_000)
"""How long a reading is under way: most not at all, some longer than the grace."""
CLOCK: Final = "weather-station"
"""The kind of a sensor that no rule watches."""
CUTS: Final = 12
"""The log is applied in so many pieces, and the hub restarted after some of them."""
RESTARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Speaking:
    """How the sensors of one city speak."""

    domain: str
    measure: str
    kinds: tuple[str, ...]
    """In turn: each rule watches one of them, so that each timeline is judged by one rule."""
    values: tuple[float, ...]
    """Near the thresholds of the rules that watch them."""
    every_s: int
    readings: int = 16
    """As many as each sensor has to say."""
    per_zone: int = 0
    """Sensors of a zone; 0 = all are in one."""
    gauge_levels: Mapping[str, float] | None = None


@dataclass(slots=True)
class Compared:
    """What came of one run, and what the calculation says."""

    engine: dict[str, FoundAlert]
    calculated: Alerts
    happened: Counter[str] = field(default_factory=Counter)
    """Transitions by kind, and how the readings came."""


class ManyTimelines:
    """A city of many sensors of one kind and the rules that watch them.

    Args:
        folder: where its seeds are written.
        speaking: how its sensors speak.
        rules: as they stand in a file.
        sensors: how many.
        partitions: of each topic.
    """

    def __init__(
        self, folder: Path, speaking: Speaking, rules: Sequence[Mapping[str, Any]], *, sensors: int, partitions: int = 1
    ) -> None:
        self._speaking, self._partitions = speaking, partitions
        self._names = [f"s-{number}" for number in range(sensors)]
        self._clocks = _one_for_each(partitions)
        entries = [
            *(_entry(speaking, n, i) for i, n in enumerate(self._names)),
            *(_clock(speaking, n) for n in self._clocks),
        ]
        seeds = write_in_its_zones(
            folder, CITY, tomli_w.dumps({"sensors": entries}), tomli_w.dumps({"rules": [dict(rule) for rule in rules]})
        )
        zones = [{"zone_id": zone, "name_ko": zone, "name_en": zone} for zone in {entry["zone"] for entry in entries}]
        features = [{"type": "Feature", "geometry": None, "properties": each} for each in zones]
        (seeds / "map" / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        self._known, self._rules, self._city = registry.load(seeds), rulebook.load(seeds), read_city(seeds)

    def compare(self, seed: int, exercise: str | None) -> Compared:
        """Run every sensor's timeline of this seed through both."""
        random, happened = Random(seed), Counter[str]()
        log = self._log(random, exercise, happened)
        engine = self._engine(random, log, exercise)
        happened.update(change.transition for alert in engine.values() for change in alert.changes)
        return Compared(engine, _calculated(log, self._city, self._speaking.domain, exercise), happened)

    def _log(self, random: Random, exercise: str | None, happened: Counter[str]) -> list[Arrived]:
        """Readings in the order of arrival."""
        arriving: list[tuple[int, float, str, dict[str, Any]]] = []
        for name in self._names:
            for at_ms, value in self._said(random, happened):
                lag_ms = random.choice(LAGS_MS)
                times = 2 if random.random() < 0.03 else 1
                happened["reordered"] += 0 < lag_ms < 60_000
                happened["after the grace"] += lag_ms > 60_000
                happened["repeated"] += times - 1
                reading = self._reading(name, at_ms, value, exercise)
                arriving += [(at_ms + lag_ms, random.random(), name, reading)] * times
        end_ms = max(arrival_ms for arrival_ms, *_ in arriving) + LONG_AFTER_MS
        arriving += [(end_ms, 0.0, name, self._reading(name, end_ms, 0, exercise)) for name in self._clocks]
        topic = readings_topic(self._speaking.domain)  # type: ignore[arg-type]
        return [
            Arrived(topic, partition_of(name.encode(), self._partitions), arrival_ms, json.dumps(reading).encode())
            for arrival_ms, _, name, reading in sorted(arriving, key=lambda each: each[:2])
        ]

    def _said(self, random: Random, happened: Counter[str]) -> list[tuple[int, float]]:
        """What one sensor says, and when: it stays at a value for a while, and stops now and then."""
        every_ms, said = self._speaking.every_s * 1000, list[tuple[int, float]]()
        at_ms, value = BEGIN_MS + random.randrange(every_ms), random.choice(self._speaking.values)
        for _ in range(self._speaking.readings):
            if random.random() < 0.35:
                value = random.choice(self._speaking.values)
            said.append((at_ms, value))
            is_gap = random.random() < 0.04
            happened["gap"] += is_gap
            at_ms += every_ms * (random.randint(3, 8) if is_gap else 1) + random.choice((0, 0, 0, -1000, 1000))
        return said

    def _reading(self, name: str, at_ms: int, value: float, exercise: str | None) -> dict[str, Any]:
        reading = {"sensor_id": name, "observed_at": format_ms(at_ms), self._speaking.measure: value}
        return reading if exercise is None else reading | {"exercise": exercise}

    def _engine(self, random: Random, log: Sequence[Arrived], exercise: str | None) -> dict[str, FoundAlert]:
        found = Found(exercise, frozenset())

        def published(topic: str, out: Out) -> None:
            if topic == ALERTS:
                found.take(topic, out.value, out.headers)

        city = OfflineCity(self._known, self._rules, partitions=self._partitions, published=published)
        arrivals = [Arrival(each.topic, None, each.value, each.arrival_ms, each.partition) for each in log]
        cuts = sorted(random.sample(range(1, len(arrivals)), min(CUTS, len(arrivals) - 1)))
        restarts = set(random.sample(cuts, min(RESTARTS, len(cuts))))
        for begin, end in zip([0, *cuts], [*cuts, len(arrivals)], strict=True):
            city.feed(arrivals[begin:end])
            if end in restarts:
                city.restart()
        city.pass_time(city.now_ms)  # what came last has its turn in the zones
        return found.alerts()


def _calculated(log: Sequence[Arrived], city: City, domain: str, exercise: str | None) -> Alerts:
    timelines: dict[int, Timeline] = {}
    for record in log:
        reading = reading_of(record.value, RANGES[domain])  # type: ignore[index]
        timeline = timelines.setdefault(record.partition, Timeline(city.times[domain], exercise))
        timeline.take(reading, city.sensors[reading.sensor_id], record.arrival_ms)
    alerts: Alerts = {}
    for timeline in timelines.values():
        alerts |= sensor_alerts(city, domain, timeline)
    holdings = [Holding(partition, each, each.passed) for partition, each in timelines.items()]
    return alerts | zone_alerts(city, domain, holdings).alerts


def _one_for_each(partitions: int) -> list[str]:
    """A sensor for each partition that no rule watches, whose last reading closes what is open there."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        name = f"clock-{number}"
        found.setdefault(partition_of(name.encode(), partitions), name)
        number += 1
    return list(found.values())


def _entry(speaking: Speaking, name: str, number: int) -> dict[str, Any]:
    entry = {
        "sensor_id": name,
        "domain": speaking.domain,
        "kind": speaking.kinds[number % len(speaking.kinds)],
        "name": {"ko": name, "en": name},
        "zone": f"zone-{number // speaking.per_zone if speaking.per_zone else 0}",
        "place": {"lat": 36.0, "lon": 129.4, "source": "test", "certainty": "modelled"},
        "owner": "city",
        "measures": [speaking.measure],
        "interval_s": speaking.every_s,
        "source": "test",
    }
    if speaking.gauge_levels is not None:
        entry["gauge_levels"] = {**speaking.gauge_levels, "source": "test"}
    return entry


def _clock(speaking: Speaking, name: str) -> dict[str, Any]:
    return _entry(speaking, name, 0) | {"kind": CLOCK}
