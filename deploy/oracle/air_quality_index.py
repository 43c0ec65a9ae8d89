"""Korea's comprehensive air-quality index of a station, hour by hour, from its readings; in fractions, nothing carried on.

Written from what AirKorea publishes (its CAI calculator) and from the numbers and choices that `seeds/rules/air-quality.toml`
names.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import floor

from deploy.oracle.city import Sensor
from deploy.oracle.fates import Minute, Timeline
from deploy.oracle.levels import INPUTS, Judged
from deploy.oracle.records import MICRO
from deploy.oracle.windows import HOUR_MS, spans

CAI = "cai"
DUST = ("pm10_ugm3", "pm25_ugm3")
ENDS = {
    "pm10_ugm3": ("30", "80", "150", "600"),
    "pm25_ugm3": ("15", "35", "75", "500"),
    "o3_ppm": ("0.030", "0.090", "0.150", "0.600"),
    "no2_ppm": ("0.030", "0.060", "0.200", "2"),
    "co_ppm": ("2", "9", "15", "50"),
    "so2_ppm": ("0.020", "0.050", "0.150", "1"),
}
"""Where each pollutant's four bands end."""
NEXT = {"pm10_ugm3": "1", "pm25_ugm3": "1", "o3_ppm": "0.001", "no2_ppm": "0.001", "co_ppm": "0.01", "so2_ppm": "0.001"}
"""A band begins so much above the end of the one below it; the first at zero."""
BANDS = ((0, 50), (51, 100), (101, 250), (251, 500))
"""The index at the two ends of each band."""

Hours = dict[int, Fraction]
"""Hourly means by the hour's start, in the measure's unit."""


def judged_hours(timeline: Timeline, sensor: Sensor) -> list[Judged]:
    """The index at the end of each hour of a station at which it is known, from what was final then."""
    inside: dict[str, dict[int, list[Minute]]] = {}
    ended = set()
    for measure in ENDS:
        minutes = list(timeline.minutes.get((sensor.sensor_id, measure), {}).values())
        hours: dict[int, list[Minute]] = defaultdict(list)
        for minute in minutes:
            if timeline.is_final(minute):
                hours[minute.start_ms - minute.start_ms % HOUR_MS].append(minute)
        inside[measure] = hours
        ended |= {s.start_ms for s in spans(timeline, minutes, sensor.delay_ms, HOUR_MS) if s.is_due and s.on_time}
    found = []
    for start_ms in sorted(ended):
        due_ms = start_ms + HOUR_MS + sensor.delay_ms
        index = index_of({measure: _means(inside[measure], start_ms, due_ms) for measure in ENDS}, start_ms)
        if index is not None:
            found.append(Judged(float(index), start_ms, start_ms + HOUR_MS))
    return found


def _means(hours: dict[int, list[Minute]], last_ms: int, due_ms: int) -> Hours:
    """The means of the twelve hours that end with this one, each of what was final at that moment, to 1e-6."""
    means = {}
    for start_ms in range(last_ms - 11 * HOUR_MS, last_ms + HOUR_MS, HOUR_MS):
        values = [v.micro for m in hours.get(start_ms, []) if m.due_ms <= due_ms for v in m.values]
        if values:
            means[start_ms] = Fraction(_rounded(Fraction(sum(values), len(values))), MICRO)
    return means


def index_of(means: dict[str, Hours], last_ms: int) -> int | None:
    """The index at the end of the hour that begins at `last_ms`; None where it is not known."""
    parts = {}
    for measure, hours in means.items():
        value = _predicted(measure, hours, last_ms) if measure in DUST else hours.get(last_ms)
        if value is not None:
            parts[measure] = _on_its_line(measure, value)
    if any(measure not in parts for measure in INPUTS[CAI]):
        return None
    unhealthy = sum(part >= 101 for part in parts.values())
    return min(500, max(parts.values()) + (75 if unhealthy >= 3 else 50 if unhealthy == 2 else 0))


def _predicted(measure: str, hours: Hours, last_ms: int) -> Fraction | None:
    """The predicted 24-hour mean in whole µg/m³; None where too many hours are missing."""
    recent = [mean for start_ms, mean in hours.items() if start_ms > last_ms - 4 * HOUR_MS]
    if len(hours) < 9 or len(recent) < 3:
        return None
    of_twelve = sum(hours.values(), Fraction(0)) / len(hours)
    weighed = [mean * Fraction(3, 4) if _is_damped(measure, mean, of_twelve) else mean for mean in recent]
    of_four = sum(weighed, Fraction(0)) / len(weighed)
    return Fraction(_rounded((of_twelve * 12 + of_four * 12) / 24))


def _is_damped(measure: str, mean: Fraction, of_twelve: Fraction) -> bool:
    if mean < (70 if measure == "pm10_ugm3" else 30):
        return False
    return Fraction(9, 10) <= mean / of_twelve <= Fraction(17, 10)


def _on_its_line(measure: str, value: Fraction) -> int:
    ends = [Fraction(end) for end in ENDS[measure]]
    band = next((i for i, end in enumerate(ends) if value <= end), 3)
    begin = ends[band - 1] + Fraction(NEXT[measure]) if band else Fraction(0)
    low, high = BANDS[band]
    return min(500, _rounded(low + Fraction(high - low) * (value - begin) / (ends[band] - begin)))


def _rounded(value: Fraction) -> int:
    """To a whole number, a half upwards."""
    return floor(value + Fraction(1, 2))
