"""Every alert that rules on zones raise: the windows of a zone's sensors, which lie in several partitions, put together.

A zone's window closes with the first record, in the order of arrival over all partitions of the domain, at which every
partition that has begun has passed the window's end plus the greatest publication delay of the sensors that the rule reads
there. What a partition holds that begins later is too late for it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from deploy.oracle import levels
from deploy.oracle.alerts import Alerts, Change, compact, judged_values
from deploy.oracle.city import City, Sensor
from deploy.oracle.fates import Timeline
from deploy.oracle.levels import Judged

MOBILE = "mobile"
"""What a moving sensor has for a zone (contract 4)."""

Place = tuple[int, int]
"""Of a record in the order of arrival: when it arrived, and in which partition."""


@dataclass(frozen=True)
class Passed:
    """What all partitions had passed once a record had come."""

    place: Place
    mark_ms: int


def zone_alerts(city: City, domain: str, timelines: dict[int, Timeline]) -> Alerts:
    """What the rules on zones of a domain say of its partitions' readings."""
    found: Alerts = {}
    passed = _passed(timelines)
    for rule in city.rules:
        if rule.get("when", {}).get("scope") != "zone" or rule["domain"] != domain:
            continue
        watched = [s for s in city.sensors.values() if s.domain == domain and _reads(rule["when"], s)]
        for zone in sorted({sensor.zone for sensor in watched} - {MOBILE}):
            sensors = [sensor for sensor in watched if sensor.zone == zone]
            values = _values(rule, sensors, timelines, passed)
            most_often = min(sensors, key=lambda sensor: sensor.interval_ms)
            gap_ms = levels.tolerated_gap_ms(rule, most_often)
            for steps in levels.steps(rule, levels.zone_levels(rule), values, gap_ms):
                alert_id = f"{rule['rule_id']}:{zone}:{compact(steps[0].onset_ms)}"
                found[alert_id] = [
                    Change(
                        rule["rule_id"],
                        zone,
                        step.transition,
                        step.level,
                        step.at_ms,
                        step.value,
                        step.threshold,
                        step.onset_ms,
                        step.condition_since_ms,
                    )
                    for step in steps
                ]
    return found


def _reads(when: dict[str, Any], sensor: Sensor) -> bool:
    return when["measure"] in sensor.measures and sensor.kind in when.get("kinds", [sensor.kind])


def _passed(timelines: dict[int, Timeline]) -> list[Passed]:
    """Whenever all partitions that had begun had passed more than before."""
    records = sorted(
        ((arrival_ms, partition), mark_ms)
        for partition, timeline in timelines.items()
        for arrival_ms, mark_ms in timeline.passed
    )
    marks: dict[int, int] = {}
    found: list[Passed] = []
    for place, mark_ms in records:
        marks[place[1]] = mark_ms
        all_ms = min(marks.values())
        if not found or all_ms > found[-1].mark_ms:
            found.append(Passed(place, all_ms))
    return found


def _values(
    rule: dict[str, Any], sensors: list[Sensor], timelines: dict[int, Timeline], passed: list[Passed]
) -> list[Judged]:
    """What a zone's windows that have closed come to, oldest first."""
    when, delay_ms = rule["when"], max(sensor.delay_ms for sensor in sensors)
    windows: dict[tuple[int, int], list[tuple[Place, float]]] = {}
    for partition, timeline in timelines.items():
        for sensor in sensors:
            series = sensor.sensor_id, when["measure"]
            minutes = list(timeline.minutes.get(series, {}).values())
            for one in judged_values(when, timeline, series, minutes, sensor):
                begun = timeline.passed[0][0], partition
                windows.setdefault((one.start_ms, one.end_ms), []).append((begun, one.value))
    found = []
    for (start_ms, end_ms), told in sorted(windows.items()):
        closing = bisect_left(passed, end_ms + delay_ms, key=lambda each: each.mark_ms)
        if closing < len(passed):
            inside = [value for begun, value in told if begun <= passed[closing].place]
            if inside:
                found.append(Judged(_judgement(when["zone"], inside), start_ms, end_ms))
    return found


def _judgement(zone: dict[str, Any], values: list[float]) -> float:
    """What the sensors' values, as they are written in their windows, come to; a share in percent."""
    exact = [Decimal(repr(value)) for value in values]
    if zone["judge"] == "max":
        return max(values)
    if zone["judge"] == "min":
        return min(values)
    if zone["judge"] == "mean":
        return float(Fraction(sum(exact)) / len(exact))
    beyond = [value >= zone["at_least"] if "at_least" in zone else value <= zone["at_most"] for value in exact]
    return 100 * beyond.count(True) / len(values)
