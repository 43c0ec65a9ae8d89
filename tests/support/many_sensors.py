"""A city of many gauges, readings of an exercise in it, and what must come of them by a plain calculation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from streams.contract.times import format_ms, parse_ms
from tests.support.log import Kept
from tests.support.small_city import PLACE, write_seeds

BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""
MINUTE_MS = 60_000
Window = tuple[str, int]
"""sensor_id, start ms."""


def write_city(folder: Path, gauges: int) -> Path:
    """Seeds with this many river gauges more; returns their folder."""
    seeds = write_seeds(folder)
    entries = "".join(
        f"""
[[sensors]]
sensor_id = "gauge-{i}"
domain = "disaster"
kind = "river-gauge"
name = {{ ko = "수위계 {i}", en = "Gauge {i}" }}
zone = "ocheon-eup"
place = {PLACE}
owner = "river-office"
measures = ["water_level_m"]
interval_s = 60
source = "test"
[sensors.gauge_levels]
attention = 1.0
source = "test"
"""
        for i in range(gauges)
    )
    (seeds / "sensors" / "gauges.toml").write_text(entries)
    return seeds


def readings(gauges: int, minutes: int, every_s: int, exercise: str) -> Iterator[dict[str, Any]]:
    """Levels that rise above attention and fall again, once in `minutes`, in the order of time."""
    steps = minutes * 60 // every_s
    for step in range(steps):
        at = format_ms(BEGIN_MS + step * every_s * 1000)
        for gauge in range(gauges):
            yield {
                "sensor_id": f"gauge-{gauge}",
                "observed_at": at,
                "water_level_m": _level(gauge, step, steps),
                "exercise": exercise,
            }


def _level(gauge: int, step: int, steps: int) -> float:
    """A triangle from 0.5 to 1.5 and back, a little later for each gauge; whole micrometres."""
    along = (step / steps * 2 + gauge / 1000) % 2
    return round(0.5 + (along if along < 1 else 2 - along), 6)


def windows(sent: Iterator[dict[str, Any]]) -> dict[Window, tuple[int, float]]:
    """Count and sum of each 60 s window, added up one by one in millionths."""
    found: dict[Window, list[int]] = {}
    for reading in sent:
        at_ms = parse_ms(reading["observed_at"])
        cell = found.setdefault((reading["sensor_id"], at_ms - at_ms % MINUTE_MS), [0, 0])
        cell[0] += 1
        cell[1] += round(reading["water_level_m"] * 1_000_000)
    return {key: (count, micro / 1_000_000) for key, (count, micro) in found.items()}


def newest(found: Iterable[Kept]) -> dict[Window, dict[str, Any]]:
    """Each 60 s window as readers keep it: the final state, of the highest revision."""
    kept: dict[Window, dict[str, Any]] = {}
    for record in found:
        window = record.json
        if window["window_s"] != MINUTE_MS // 1000:
            continue
        key = window["sensor_id"], parse_ms(window["start"])
        old = kept.get(key)
        if old is None or (window["final"], window["revision"]) >= (old["final"], old["revision"]):
            kept[key] = window
    return kept


def told(found: Iterable[Kept]) -> dict[Window, tuple[int, float]]:
    """Count and sum of each 60 s window, as `windows` calculates them."""
    return {key: (window["count"], window["sum"]) for key, window in newest(found).items()}
