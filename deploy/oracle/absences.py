"""Every alert on sensors that say nothing: who has not spoken for so many of its own intervals (design 4.6, contract 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from deploy.oracle.alerts import Alerts, Change, compact
from deploy.oracle.city import City, Sensor
from deploy.oracle.fates import Timeline


@dataclass(frozen=True)
class _Spoke:
    """A reading of one sensor."""

    at_ms: int
    mark_ms: int
    """The partition's watermark when it had come."""


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
    for each in timeline.heard:
        said.setdefault(each.sensor_id, []).append(_Spoke(each.at_ms, each.mark_ms))
    for rule in city.rules:
        if "absence" not in rule or rule["domain"] != domain:
            continue
        for sensor in city.sensors.values():
            if sensor.domain != domain or sensor.kind not in rule["absence"].get("kinds", [sensor.kind]):
                continue
            is_expected = timeline.exercise is None and not sensor.modelled and home_of(sensor.sensor_id) == partition
            allowed_ms = round(Decimal(rule["levels"][0]["raise"]["intervals"]) * sensor.interval_ms)
            spoken = said.get(sensor.sensor_id, [])
            for absence in _absences(timeline, sensor, spoken, allowed_ms, is_expected=is_expected):
                _tell(found, rule, sensor, absence)
    return found


def _absences(
    timeline: Timeline, sensor: Sensor, said: list[_Spoke], allowed_ms: int, *, is_expected: bool
) -> Iterator[_Absence]:
    """When a sensor was absent: as long as the watermark has reached its newest reading, what the rule allows and its delay.

    What it said before the partition's first reading of reality, or did not say, is not counted.
    """
    if not timeline.heard:
        return
    first_ms, last_mark_ms = timeline.heard[0].at_ms, timeline.heard[-1].mark_ms
    is_real = timeline.exercise is None
    newest_ms = first_ms if is_expected else None
    begun: _Absence | None = None
    for spoke in [*said, None]:
        # Nothing but the watermark has moved until this reading comes: it moves it first, and then it has spoken.
        mark_ms = last_mark_ms if spoke is None else spoke.mark_ms
        begun = begun or _absent(newest_ms, mark_ms, allowed_ms, sensor)
        if spoke is None:
            break
        counted_ms = max(spoke.at_ms, first_ms) if is_real else spoke.at_ms
        newest_ms = counted_ms if newest_ms is None else max(newest_ms, counted_ms)
        still = _absent(newest_ms, mark_ms, allowed_ms, sensor)
        if begun is not None and still is None:
            yield _Absence(begun.since_ms, begun.onset_ms, max(counted_ms, mark_ms - sensor.delay_ms))
            begun = None
        begun = begun or still
    if begun is not None:
        yield begun


def _absent(newest_ms: int | None, mark_ms: int, allowed_ms: int, sensor: Sensor) -> _Absence | None:
    """Its absence at this watermark; work on it that began before it was absent is waited out."""
    if newest_ms is None:
        return None
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
