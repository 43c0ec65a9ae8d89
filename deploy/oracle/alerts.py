"""Every alert that rules on sensors and on announcements raise, each as its transitions, without officers' acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy.oracle import announced, levels
from deploy.oracle.air_quality_index import CAI, judged_hours
from deploy.oracle.city import City, Sensor
from deploy.oracle.fates import Timeline
from deploy.oracle.judged import join, judged_values
from deploy.oracle.levels import Judged
from deploy.oracle.records import instant_ms


@dataclass(frozen=True)
class Change:
    """One transition of one alert; what a state in `alerts` says of it."""

    rule_id: str
    scope: str
    """Sensor, zone or bulletin id."""
    transition: str
    """`raised`, `stepped_up`, `stepped_down`, `cleared`; of announcements also `revised`."""
    level: str | None
    at_ms: int
    value: float | None
    threshold: float | None
    onset_ms: int
    condition_since_ms: int


Alerts = dict[str, list[Change]]
"""By alert id without its exercise."""


def compact(instant: int) -> str:
    """An instant as it stands in an alert's id: `20220905T190000Z`."""
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=instant)).strftime("%Y%m%dT%H%M%SZ")


def sensor_alerts(city: City, domain: str, timeline: Timeline) -> Alerts:
    """What the rules of a domain say of one partition's readings."""
    found: Alerts = {}
    for rule in city.rules:
        if "when" not in rule or rule["when"].get("scope", "sensor") != "sensor" or rule["domain"] != domain:
            continue
        for sensor_id in sorted({sensor_id for sensor_id, _ in timeline.minutes}):
            sensor = city.sensors[sensor_id]
            watched = levels.levels_of(rule, sensor)
            if not watched:
                continue
            judged = _judged(rule, timeline, sensor)
            for steps in levels.steps(rule, watched, judged, levels.tolerated_gap_ms(rule, sensor)):
                alert_id = f"{rule['rule_id']}:{sensor_id}:{compact(steps[0].onset_ms)}"
                life = found.setdefault(alert_id, [])
                # One that is raised again within the second of its onset has the same id: its life goes on.
                onset_ms = life[0].onset_ms if life else steps[0].onset_ms
                life += [
                    Change(
                        rule["rule_id"],
                        sensor_id,
                        step.transition,
                        step.level,
                        step.at_ms,
                        step.value,
                        step.threshold,
                        onset_ms,
                        step.condition_since_ms,
                    )
                    for step in steps
                ]
    return found


def _judged(rule: dict[str, Any], timeline: Timeline, sensor: Sensor) -> list[Judged]:
    """What a rule judges of a sensor, with what its further conditions come to."""
    when = rule["when"]
    if when["measure"] == CAI:
        return judged_hours(timeline, sensor)
    series = sensor.sensor_id, when["measure"]
    judged = judged_values(when, timeline, series, list(timeline.minutes.get(series, {}).values()), sensor)
    join(rule, timeline, sensor, judged)
    return judged


def bulletin_alerts(city: City, bulletins: Iterable[dict[str, Any]]) -> Alerts:
    """What the rules on announcements make of these, in the order of their log.

    An older revision, or the same once more, changes nothing; one that supersedes another announcement ends its alerts.
    """
    found: Alerts = {}
    known: dict[str, dict[str, Any]] = {}
    for bulletin in bulletins:
        before = known.get(bulletin["bulletin_id"])
        if before is not None and (_revision(bulletin) < _revision(before) or bulletin == before):
            continue
        known[bulletin["bulletin_id"]] = bulletin
        rules = [rule for rule in city.rules if rule.get("bulletin", {}).get("kind") == bulletin["kind"]]
        replaced = bulletin.get("supersedes")
        for rule in rules if replaced in known and replaced != bulletin["bulletin_id"] else []:
            _announce(found, rule, {**bulletin, "bulletin_id": replaced, "cancelled": True}, city.centre)
        for rule in rules:
            _announce(found, rule, bulletin, city.centre)
    return found


def _announce(found: Alerts, rule: dict[str, Any], bulletin: dict[str, Any], centre: tuple[float, float]) -> None:
    alert_id = f"{rule['rule_id']}:{bulletin['bulletin_id']}"
    changes = found.get(alert_id, [])
    ranks = [entry["level"] for entry in rule["levels"]]
    old = ranks.index(changes[-1].level) if changes and changes[-1].level is not None else -1
    new = -1 if bulletin.get("cancelled", False) else announced.reached(rule, bulletin, centre)
    if old < 0 and new < 0:
        return
    if old < 0:
        transition = "raised"
    elif new < 0:
        transition = "cleared"
    else:
        transition = "stepped_up" if new > old else "stepped_down" if new < old else "revised"
    onset_ms = changes[0].onset_ms if changes else instant_ms(bulletin.get("occurred_at", bulletin["issued_at"]))
    level = rule["levels"][new] if new >= 0 else None
    least = announced.magnitude_of(level, bulletin, centre) if level else None
    change = Change(
        rule["rule_id"],
        bulletin["bulletin_id"],
        transition,
        level["level"] if level else None,
        instant_ms(bulletin["issued_at"]),
        bulletin.get("magnitude"),
        None if least is None else float(least),
        onset_ms,
        onset_ms,
    )
    found[alert_id] = [*changes, change]


def _revision(bulletin: dict[str, Any]) -> int:
    return int(bulletin.get("revision", 0))
