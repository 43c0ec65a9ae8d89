"""Every alert on sensors that say nothing: who has not spoken for so many of its own intervals (design 4.6, contract 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from deploy.oracle.alerts import Alerts, Change, compact
from deploy.oracle.city import City, Sensor
from deploy.oracle.fates import Timeline


@dataclass(frozen=True)
class _Spoke:
    """A reading of one sensor."""

    place: int
    """In the partition's log."""
    at_ms: int
    mark_ms: int
    """The partition's watermark when it had come."""


@dataclass(frozen=True)
class _Hole:
    """A record before which nothing was in the log for long: how far the watermark moved on with it."""

    place: int
    before_ms: int
    after_ms: int


@dataclass(frozen=True)
class _Absence:
    """From when to when a sensor was absent."""

    since_ms: int
    """Its newest reading before."""
    onset_ms: int
    until_ms: int | None
    """The reading that ended it, or what time had come to when a spool was emptied so far; None while it lasts."""


def absence_alerts(
    city: City, domain: str, partition: int, timeline: Timeline, home_of: Callable[[str], int]
) -> Alerts:
    """What the rules on absence of a domain say of one partition's readings.

    Args:
        city: the seeds.
        domain: whose rules.
        partition: whose readings.
        timeline: of reality or of one exercise.
        home_of: the partition that a sensor's readings come to.
    """
    found: Alerts = {}
    said: dict[str | None, list[_Spoke]] = {}
    for place, each in enumerate(timeline.heard):
        said.setdefault(each.sensor_id, []).append(_Spoke(place, each.at_ms, each.mark_ms))
    shortest_ms = min((s.interval_ms for s in city.sensors.values() if s.domain == domain), default=0)
    holes = [
        _Hole(place + 1, before.mark_ms, after.mark_ms)
        for place, (before, after) in enumerate(pairwise(timeline.heard))
        if after.sensor_id is not None  # else the clock has moved it, and it did so while it listened
        and after.mark_ms - before.mark_ms > shortest_ms + timeline.times.idle_ms
    ]
    for rule in city.rules:
        if "absence" not in rule or rule["domain"] != domain:
            continue
        for sensor in city.sensors.values():
            if sensor.domain != domain or sensor.kind not in rule["absence"].get("kinds", [sensor.kind]):
                continue
            is_expected = timeline.exercise is None and not sensor.modelled and home_of(sensor.sensor_id) == partition
            allowed_ms = round(Decimal(rule["levels"][0]["raise"]["intervals"]) * sensor.interval_ms)
            spoken = said.get(sensor.sensor_id, [])
            mine = [
                hole for hole in holes if hole.after_ms - hole.before_ms > sensor.interval_ms + timeline.times.idle_ms
            ]
            both: list[_Spoke | _Hole] = [*spoken, *mine]
            happened = sorted(both, key=lambda one: (one.place, isinstance(one, _Spoke)))
            for absence in _absences(timeline, sensor, happened, allowed_ms, is_expected=is_expected):
                _tell(found, rule, sensor, absence)
    return found


def _absences(
    timeline: Timeline, sensor: Sensor, happened: list[_Spoke | _Hole], allowed_ms: int, *, is_expected: bool
) -> Iterator[_Absence]:
    """When a sensor was absent: as long as the watermark has reached its newest reading, what the rule allows and its delay.

    What it said before the partition's first reading of reality had come, or did not say, is not counted. Nor is what it did
    not say in a hole of the log that is longer than its interval and the idle time-out: a broker was away, not a sensor.
    """
    if not timeline.heard:
        return
    first_ms, last_mark_ms = max(timeline.heard[0].at_ms, timeline.passed[0][0]), timeline.heard[-1].mark_ms
    is_real = timeline.exercise is None
    newest_ms = first_ms if is_expected else None
    listened_ms, begun = -(1 << 62), None
    for one in happened:
        # Nothing but the watermark has moved until this reading comes: it moves it first, and then it has spoken.
        mark_ms = one.before_ms if isinstance(one, _Hole) else one.mark_ms
        begun = begun or _absent(newest_ms, listened_ms, mark_ms, allowed_ms, sensor)
        if isinstance(one, _Hole):
            listened_ms = one.after_ms
            continue
        counted_ms = max(one.at_ms, first_ms) if is_real else one.at_ms
        newest_ms = counted_ms if newest_ms is None else max(newest_ms, counted_ms)
        if begun is not None and _absent(newest_ms, newest_ms, mark_ms, allowed_ms, sensor) is None:
            yield _Absence(begun.since_ms, begun.onset_ms, max(counted_ms, mark_ms - sensor.delay_ms))
            begun = None
        begun = begun or _absent(newest_ms, listened_ms, mark_ms, allowed_ms, sensor)
    begun = begun or _absent(newest_ms, listened_ms, last_mark_ms, allowed_ms, sensor)
    if begun is not None:
        yield begun


def _absent(newest_ms: int | None, listened_ms: int, mark_ms: int, allowed_ms: int, sensor: Sensor) -> _Absence | None:
    """Its absence at this watermark; work on it that began before it was absent is waited out."""
    if newest_ms is None:
        return None
    newest_ms = max(newest_ms, listened_ms)
    for begin_ms, end_ms in sensor.works:
        if begin_ms < newest_ms + allowed_ms:
            newest_ms = max(newest_ms, end_ms)
    if mark_ms < newest_ms + allowed_ms + sensor.delay_ms:
        return None
    return _Absence(newest_ms, newest_ms + allowed_ms, None)


def _tell(found: Alerts, rule: dict[str, Any], sensor: Sensor, absence: _Absence) -> None:
    life = found.setdefault(f"{rule['rule_id']}:{sensor.sensor_id}:{compact(absence.onset_ms)}", [])
    # One that is raised again within the second of its onset has the same id: its life goes on.
    onset_ms = life[0].onset_ms if life else absence.onset_ms
    unheard_s = (absence.onset_ms - absence.since_ms) / 1000
    level = rule["levels"][0]["level"]
    life.append(
        Change(
            rule["rule_id"],
            sensor.sensor_id,
            "raised",
            level,
            absence.onset_ms,
            unheard_s,
            unheard_s,
            onset_ms,
            absence.since_ms,
        )
    )
    if absence.until_ms is not None:
        life.append(
            Change(
                rule["rule_id"],
                sensor.sensor_id,
                "cleared",
                None,
                absence.until_ms,
                (absence.until_ms - absence.since_ms) / 1000,
                None,
                onset_ms,
                absence.since_ms,
            )
        )
