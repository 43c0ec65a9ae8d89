"""Records as they stand in the log that the room follows, and a city that they are applied to."""

from __future__ import annotations

import functools
import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Level
from streams.contract.rules import Rule
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS, BULLETINS, WINDOW_TOPICS
from streams.kafka import partition_of
from streams.registry import Registry, load
from streams.room.city import Change, City, Record
from streams.room.position import Log, Partition
from tests.support.small_city import write_seeds

NOW_MS = 1_764_000_000_000  # a full minute of 2025-11-24
MINUTE_MS = 60_000
EXERCISE = "typhoon-20251124T160000Z"
PARTITIONS: tuple[Partition, ...] = (
    *((ALERTS, number) for number in range(4)),
    (BULLETINS, 0),
    *((topic, number) for topic in WINDOW_TOPICS for number in range(4)),
)
LOG = Log("a-cluster", PARTITIONS)
SENSORS = {
    "rain-1": ("windows.disaster", "ocheon-eup", "rainfall_mm"),
    "river-1": ("windows.disaster", "ocheon-eup", "water_level_m"),
    "air-1": ("windows.air-quality", "daesong-myeon", "pm10_ugm3"),
    "road-1": ("windows.traffic", "daesong-myeon", "speed_kmh"),
}


def _rule(rule_id: str, domain: str, **when: Any) -> Rule:
    text = {"ko": "글", "en": "text"}
    says = {"severity": "Minor", "urgency": "Future", "certainty": "Observed", "headline": text, "instruction": text}
    level = {"level": "advisory", "raise": {"at_least": 1}, "clear": {"below": 1}, "source": "test", **says}
    return Rule.model_validate({"rule_id": rule_id, "domain": domain, "name": text, "when": when, "levels": [level]})


RULES = (
    _rule("river-level", "disaster", measure="water_level_m", window="reading"),
    _rule("rain-3h", "disaster", measure="rainfall_mm", window="sliding", window_s=10_800, aggregate="sum"),
    _rule("rain-1h", "disaster", measure="rainfall_mm", window="sliding", window_s=3600, aggregate="sum"),
    _rule("rain-mean", "disaster", measure="rainfall_mm", window="sliding", window_s=3600, aggregate="mean"),
    _rule("rain-rise", "disaster", measure="rainfall_mm", window="sliding", window_s=3600, aggregate="rise"),
    _rule("rain-rose", "disaster", measure="rainfall_mm", window="final", window_s=3600, aggregate="rise"),
    _rule("dust", "air-quality", measure="pm10_ugm3", window="final", window_s=3600, aggregate="mean"),
    _rule("rain-12h", "disaster", measure="rainfall_mm", window="sliding", window_s=43_200, aggregate="sum"),
    _rule("dust-day", "air-quality", measure="pm10_ugm3", window="final", window_s=86_400, aggregate="mean"),
    _rule("gust", "disaster", measure="rainfall_mm", window="final", window_s=60, aggregate="max"),
)
"""A rule of each kind."""


@functools.cache
def small_registry() -> Registry:
    """The registry of the small city."""
    with tempfile.TemporaryDirectory() as folder:
        return load(write_seeds(Path(folder)))


def window(sensor_id: str, start_ms: int, value: float = 1.0, **more: Any) -> dict[str, Any]:
    """A window record of the sensor's measure, of one reading."""
    _, zone, measure = SENSORS[sensor_id]
    length_s = more.get("window_s", 60)
    numbers = dict.fromkeys(("sum", "mean", "min", "max", "last"), value)
    return {
        "sensor_id": sensor_id,
        "zone": zone,
        "measure": measure,
        "window_s": length_s,
        "start": format_ms(start_ms),
        "end": format_ms(start_ms + length_s * 1000),
        "count": 1,
        **numbers,
        "final": True,
        "revision": 0,
        **more,
    }


def alert(
    alert_id: str,
    sequence: int,
    level: Level | None = "attention",
    *,
    onset_ms: int = NOW_MS,
    cleared_ms: int | None = None,
    exercise: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An alert's state, of `river-1` unless told otherwise."""
    text = {"ko": "글", "en": "text"}
    active = cleared_ms is None
    return {
        "alert_id": alert_id,
        "exercise": exercise,
        "status": "actual" if exercise is None else "exercise",
        "rule_id": "river-level",
        "domain": "disaster",
        "scope": {"sensor_id": "river-1"},
        "zone": "ocheon-eup",
        "measure": "water_level_m",
        "value": 1.5,
        "threshold": 1.0,
        "window_s": None,
        "level": level if active else None,
        "level_rank": LEVEL_RANKS[level] if active and level else None,
        "level_name": LEVEL_NAMES[level].model_dump() if active and level else None,
        "severity": "Minor",
        "urgency": "Future",
        "certainty": "Observed",
        "state": "active" if active else "cleared",
        "sequence": sequence,
        "headline": text,
        "instruction": text,
        "condition_since": format_ms(onset_ms),
        "onset": format_ms(onset_ms),
        "updated_at": format_ms(onset_ms if cleared_ms is None else cleared_ms),
        "cleared_at": None if cleared_ms is None else format_ms(cleared_ms),
        "sensors": ["river-1"],
        "area": ["ocheon-eup"],
        "source": "test",
        **more,
    }


def bulletin(bulletin_id: str, revision: int = 0, issued_ms: int = NOW_MS, **more: Any) -> dict[str, Any]:
    """An announcement."""
    said = {"bulletin_id": bulletin_id, "revision": revision, "kind": "earthquake", "issued_at": format_ms(issued_ms)}
    return {**said, "source": "KMA", "texts": {"ko": "지진", "en": "Earthquake"}, **more}


class Written:
    """A log that is written record by record, each applied to a city at once."""

    def __init__(self, city: City | None = None) -> None:
        self.city = city or City(small_registry(), RULES)
        self.city.begin(LOG, dict.fromkeys(PARTITIONS, 0), unread=(), complete_from_ms=0, cut={})
        self.records: list[tuple[str, Record]] = []
        self._offsets: dict[Partition, int] = defaultdict(int)

    def window(self, sensor_id: str, start_ms: int, value: float = 1.0, **more: Any) -> Change | None:
        """Write a window."""
        arrived_ms = more.pop("arrived_ms", NOW_MS)
        return self.write(SENSORS[sensor_id][0], sensor_id, window(sensor_id, start_ms, value, **more), arrived_ms)

    def alert(self, alert_id: str, sequence: int, level: Level | None = "attention", **more: Any) -> Change | None:
        """Write a state of an alert."""
        arrived_ms = more.pop("arrived_ms", NOW_MS)
        return self.write(ALERTS, alert_id, alert(alert_id, sequence, level, **more), arrived_ms)

    def bulletin(self, bulletin_id: str, revision: int = 0, **more: Any) -> Change | None:
        """Write an announcement."""
        return self.write(BULLETINS, bulletin_id, bulletin(bulletin_id, revision, **more))

    def write(
        self, topic: str, key: str, value: dict[str, Any] | bytes | None, arrived_ms: int = NOW_MS
    ) -> Change | None:
        """Write a record and apply it."""
        number = 0 if topic == BULLETINS else partition_of(key.encode(), 4)
        offset = self._offsets[topic, number]
        self._offsets[topic, number] += 1
        encoded = json.dumps(value).encode() if isinstance(value, dict) else value
        record = Record(number, offset, arrived_ms, key.encode(), encoded)
        self.records.append((topic, record))
        return self.city.apply(topic, record)

    def again(self, *, complete_from_ms: int = 0) -> City:
        """The city of a room that was restarted and has read the same log."""
        city = City(small_registry(), RULES)
        city.begin(LOG, dict.fromkeys(PARTITIONS, 0), unread=(), complete_from_ms=complete_from_ms, cut={})
        for topic, record in self.records:
            city.apply(topic, record)
        return city

    def read_late(self, first: int, last: int | None = None, *, complete_from_ms: int) -> City:
        """The city of a room that was restarted, left what was written before `first` unread, and has come to `last`."""
        city = City(small_registry(), RULES)
        city.begin(LOG, dict.fromkeys(PARTITIONS, 0), unread=PARTITIONS, complete_from_ms=complete_from_ms, cut={})
        for topic, record in self.records[first:last]:
            city.apply(topic, record)
        return city
