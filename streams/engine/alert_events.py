"""Level changes → what `hub.alert-events` carries: id, step, the alert as the rule sees it, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Alert, AlertEvent, Bilingual, LevelBounds, Scope
from streams.contract.times import compact_ms, from_ms
from streams.contract.topics import ALERT_EVENTS
from streams.contract.watched import SHARE, When
from streams.contract.windows import MOBILE_ZONE
from streams.engine.absence_rules import AbsenceRule, Absent
from streams.engine.alert_texts import Named, ended, is_share, told, why_ended
from streams.engine.changed_seeds import CoverChanged, Withdrawn
from streams.engine.covers import send_cover
from streams.engine.event_partitions import EventPartitions
from streams.engine.levels import Change, Threshold
from streams.engine.outputs import Out, Outputs
from streams.engine.roster import Roster
from streams.engine.rules import CompiledRule
from streams.engine.standing import Finding
from streams.engine.zone_domain import ZoneChange
from streams.engine.zone_rules import ZoneRule


def alert_id_of(rule_id: str, scope_id: str, onset_ms: int | None, exercise: str | None) -> str:
    """An alert's id: a function of rule, scope, onset and exercise, so that the same log gives the same ids."""
    parts = [rule_id, scope_id]
    if onset_ms is not None:
        parts.append(compact_ms(onset_ms))
    if exercise is not None:
        parts.append(exercise)
    return ":".join(parts)


def send_event(out: Outputs, event: AlertEvent, partitions: EventPartitions, covers: Sequence[str] = ()) -> None:
    """Add an event to what is sent; somebody waits for it.

    Args:
        out: what is sent.
        event: what happened.
        partitions: of alert events.
        covers: ids of the rules that the alert's own rule covers, or covered when it was there.
    """
    value = event.model_dump_json(exclude_none=True).encode()
    out.add(ALERT_EVENTS, partitions.of(event.alert_id), Out(event.alert_id.encode(), value))
    out.urgent = True
    if covers and not (event.alert is not None and event.alert.scope.sensor_id is not None and not event.alert.area):
        # A moving sensor is in no zone, and an empty area would be the whole city.
        rules = () if event.transition == "cleared" else covers
        send_cover(out, event, rules, [] if event.alert is None else event.alert.area, partitions)


def end_event(alert_id: str, origin: str, *, step: int, at_ms: int, why: Bilingual, exercise: str | None) -> AlertEvent:
    """The event of an alert that ends because nothing judges it any more; the alerts stage knows the rest of it."""
    return AlertEvent(
        alert_id=alert_id,
        origin=origin,
        step=step,
        transition="cleared",
        at=from_ms(at_ms),
        exercise=exercise,
        held=False,
        withdrawn=why,
    )


def send_changed(
    out: Outputs,
    changed: Withdrawn | CoverChanged,
    exercise: str | None,
    partitions: EventPartitions,
    area: Sequence[str],
) -> None:
    """Add what changed rules or a changed registry make of a standing alert: its end, or what it covers from now on.

    The checkpoint rides along: were the rule to come back before the next one, its next step would have the number of
    this, and would be taken for a repeat; and a cover that no checkpoint knows of would never be taken back.
    """
    alert_id = alert_id_of(changed.rule_id, changed.scope_id, changed.onset_ms, exercise)
    origin = f"rule:{changed.rule_id}"
    if isinstance(changed, CoverChanged):
        event = AlertEvent(
            alert_id=alert_id,
            origin=origin,
            step=changed.step,
            transition="revised",
            at=from_ms(changed.at_ms),
            exercise=exercise,
        )
        if area:
            send_cover(out, event, changed.covers, area, partitions)
            out.urgent = out.once = True
        return
    event = end_event(alert_id, origin, step=changed.step, at_ms=changed.at_ms, why=changed.why, exercise=exercise)
    send_event(out, event, partitions, changed.covered)
    out.once = True


def sensor_event(
    finding: Finding, *, sensor: int, roster: Roster, exercise: str | None, arrived_ms: int | None
) -> AlertEvent:
    """The event of a sensor rule's transition.

    Args:
        finding: the transition.
        sensor: number of its sensor in the roster.
        roster: the domain's sensors.
        exercise: the exercise that it belongs to.
        arrived_ms: arrival of the record that caused it, where that is known.
    """
    about, thresholds = _about(roster, sensor), finding.rule.thresholds[sensor]
    return _event(finding.rule, finding.change, thresholds, about, exercise, arrived_ms)


def absence_event(absent: Absent, roster: Roster, exercise: str | None) -> AlertEvent:
    """The event of a sensor that has fallen absent or speaks again; the other arguments as of `sensor_event`."""
    about, thresholds = _about(roster, absent.sensor), (absent.rule.threshold(absent.sensor),)
    return _event(absent.rule, absent.change, thresholds, about, exercise, absent.arrived_ms)


def _about(roster: Roster, sensor: int) -> _About:
    source = roster.sensors[sensor]
    place = roster.zone_names.get(source.zone, source.name)
    return _About(
        scope=Scope(sensor_id=source.sensor_id),
        scope_id=source.sensor_id,
        zone=source.zone,
        zone_name=place,
        name=source.name,
        title=Bilingual(ko=f"{place.ko} {source.name.ko}", en=f"{source.name.en}, {place.en}"),
        sensors=[source.sensor_id],
    )


def zone_event(change: ZoneChange, zone_names: Mapping[str, Bilingual]) -> AlertEvent:
    """The event of a zone rule's transition; `zone_names` by id."""
    finding, zone = change.finding, change.finding.zone
    name = zone_names.get(zone, Bilingual(ko=zone, en=zone))
    about = _About(
        scope=Scope(zone=zone),
        scope_id=zone,
        zone=zone,
        zone_name=name,
        name=name,
        title=name,
        sensors=finding.sensors,
    )
    return _event(finding.rule, finding.change, finding.rule.thresholds, about, change.exercise, change.arrived_ms)


class _About(NamedTuple):
    """What an alert is about."""

    scope: Scope
    scope_id: str
    zone: str
    zone_name: Bilingual
    name: Bilingual
    """Of the sensor, or of the zone again."""
    title: Bilingual
    """As it heads the end of the alert."""
    sensors: list[str]


def _event(
    compiled: CompiledRule | ZoneRule | AbsenceRule,
    change: Change,
    thresholds: tuple[Threshold, ...],
    about: _About,
    exercise: str | None,
    arrived_ms: int | None,
) -> AlertEvent:
    alert = _alert(compiled, change, thresholds, about, exercise)
    left = change.transition in ("stepped_down", "cleared")
    bounds = thresholds[change.position + 1 if left else change.position]
    return AlertEvent(
        alert_id=alert.alert_id,
        origin=f"rule:{alert.rule_id}",
        step=change.step,
        transition=change.transition,
        at=from_ms(change.at_ms),
        arrived_at=None if arrived_ms is None else from_ms(arrived_ms),
        exercise=exercise,
        level=alert.level,
        value=change.value,
        threshold=alert.threshold,
        bounds=LevelBounds(**bounds._asdict()),
        alert=alert,
    )


def _alert(
    compiled: CompiledRule | ZoneRule | AbsenceRule,
    change: Change,
    thresholds: tuple[Threshold, ...],
    about: _About,
    exercise: str | None,
) -> Alert:
    """The alert as its rule sees it now."""
    rule, when = compiled.rule, compiled.when
    threshold = thresholds[change.position] if change.position >= 0 else None
    level = threshold.level if threshold else None
    cleared = change.transition == "cleared"
    words = next(one for one in rule.levels if one.level == (level or thresholds[0].level))
    places = Named(about.zone_name, about.name)
    headline, instruction = told(words, threshold or thresholds[0], change.value, places, rule, when)
    if cleared:
        headline, instruction = ended(about.title, rule.name), why_ended(compiled, change)
    at = from_ms(change.at_ms)
    return Alert(
        alert_id=alert_id_of(rule.rule_id, about.scope_id, change.onset_ms, exercise),
        exercise=exercise,
        status="actual" if exercise is None else "exercise",
        rule_id=rule.rule_id,
        domain=rule.domain,
        scope=about.scope,
        zone=about.zone,
        measure=_measure_of(when),
        value=change.value,
        threshold=threshold.reach if threshold else None,
        window_s=None if when is None else when.window_s,
        level=level,
        level_rank=LEVEL_RANKS[level] if level else None,
        level_name=LEVEL_NAMES[level] if level else None,
        severity=words.severity,
        urgency="Past" if cleared else words.urgency,
        certainty=words.certainty,
        state="cleared" if cleared else "active",
        sequence=change.step,
        headline=headline,
        instruction=instruction,
        condition_since=from_ms(change.condition_since_ms),
        onset=from_ms(change.onset_ms),
        updated_at=at,
        cleared_at=at if cleared else None,
        sensors=about.sensors,
        area=[] if about.zone == MOBILE_ZONE else [about.zone],
        source=words.source,
    )


def _measure_of(when: When | None) -> str:
    if when is None:
        return ABSENT
    return SHARE if is_share(when) else when.measure
