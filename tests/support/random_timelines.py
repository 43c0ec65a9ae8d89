"""Many sensors, each with a random timeline of its own, in one log.

A run of hundreds of sensors costs little more than one of a few: so ten thousand timelines can be compared, alert by alert,
in a minute (`side_by_side.py`). Each sensor speaks at its own interval and stays at a value for a while, near the thresholds;
some readings come late within the grace, some after it, some twice; sensors stop for a time; the hub is restarted from its
checkpoints in the middle.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import tomli_w

from deploy.oracle import Arrived
from streams.contract.times import format_ms
from streams.contract.topics import readings_topic
from streams.kafka import partition_of
from tests.support.side_by_side import SideBySide
from tests.support.small_city import CITY
from tests.support.storm_city import write_in_its_zones

BEGIN_MS: Final = 1_662_390_000_000
"""2022-09-06T00:00 KST: a full hour, and a midnight."""
LONG_AFTER_MS: Final = 3 * 3_600_000
"""All that may still be open is closed by a reading of so much later."""
LAGS_MS: Final = (0,) * 22 + (20_000,) * 4 + (45_000, 59_000, 90_000, 900_000, 5_400_000)
"""How long a reading is under way: most not at all, some longer than the grace."""
CLOCK: Final = "weather-station"
"""The kind of a sensor that no rule watches."""
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
        self._both = SideBySide(seeds, partitions)

    def differences(self, seed: int, exercise: str | None, seen: Counter[str]) -> list[str]:
        """Run every sensor's timeline of this seed through both; `seen` gains what happened."""
        random = Random(seed)
        log = self._log(random, exercise, seen)
        restarts = random.sample(range(1, len(log)), RESTARTS)
        return self._both.differences(log, exercise, restarts=restarts, seen=seen)

    def _log(self, random: Random, exercise: str | None, seen: Counter[str]) -> list[Arrived]:
        """Readings in the order of arrival."""
        arriving: list[tuple[int, float, str, dict[str, Any]]] = []
        for name in self._names:
            for at_ms, value in self._said(random, seen):
                lag_ms = random.choice(LAGS_MS)
                times = 2 if random.random() < 0.03 else 1
                seen["reordered"] += 0 < lag_ms < 60_000
                seen["late"] += lag_ms > 60_000
                seen["repeated"] += times - 1
                reading = self._reading(name, at_ms, value, exercise)
                arriving += [(at_ms + lag_ms, random.random(), name, reading)] * times
        end_ms = max(arrival_ms for arrival_ms, *_ in arriving) + LONG_AFTER_MS
        arriving += [(end_ms, 0.0, name, self._reading(name, end_ms, 0, exercise)) for name in self._clocks]
        topic = readings_topic(self._speaking.domain)  # type: ignore[arg-type]
        return [
            Arrived(topic, partition_of(name.encode(), self._partitions), arrival_ms, json.dumps(reading).encode())
            for arrival_ms, _, name, reading in sorted(arriving, key=lambda each: each[:2])
        ]

    def _said(self, random: Random, seen: Counter[str]) -> list[tuple[int, float]]:
        """What one sensor says, and when: it stays at a value for a while, and stops now and then."""
        every_ms, said = self._speaking.every_s * 1000, list[tuple[int, float]]()
        at_ms, value = BEGIN_MS + random.randrange(every_ms), random.choice(self._speaking.values)
        for _ in range(self._speaking.readings):
            if random.random() < 0.35:
                value = random.choice(self._speaking.values)
            said.append((at_ms, value))
            is_gap = random.random() < 0.04
            seen["gap"] += is_gap
            at_ms += every_ms * (random.randint(3, 8) if is_gap else 1) + random.choice((0, 0, 0, -1000, 1000))
        return said

    def _reading(self, name: str, at_ms: int, value: float, exercise: str | None) -> dict[str, Any]:
        reading = {"sensor_id": name, "observed_at": format_ms(at_ms), self._speaking.measure: value}
        return reading if exercise is None else reading | {"exercise": exercise}


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
