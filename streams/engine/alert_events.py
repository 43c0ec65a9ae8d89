"""Level changes → what `hub.alert-events` carries: id, step, the alert as the rule sees it, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, LEVEL_RANKS, Alert, AlertEvent, Bilingual, Level, LevelBounds, Scope
from streams.contract.derived import measure_of
from streams.contract.durations import duration
from streams.contract.rule_levels import RuleLevel
from streams.contract.rules import Rule
from streams.contract.times import compact_ms, from_ms
from streams.contract.topics import ALERT_EVENTS
from streams.contract.watched import SHARE, When
from streams.contract.windows import MOBILE_ZONE
from streams.engine.absence_rules import AbsenceRule, Absent
from streams.engine.changed_seeds import Withdrawn
from streams.engine.levels import Change, Threshold
from streams.engine.outputs import Out, Outputs
from streams.engine.roster import Roster
from streams.engine.rules import CompiledRule, Finding
from streams.engine.zone_domain import ZoneChange
from streams.engine.zone_rules import ZoneRule

FELL: Final = Bilingual(ko="기준 아래로 내려가 해제되었습니다.", en="It has fallen below its threshold and ended.")
ROSE: Final = Bilingual(ko="기준 위로 올라가 해제되었습니다.", en="It has risen above its threshold and ended.")

PartitionOf = Callable[[str], int]
"""The partition of `hub.alert-events` that an alert id belongs to."""


def alert_id_of(rule_id: str, scope_id: str, onset_ms: int | None, exercise: str | None) -> str:
    """An alert's id: a function of rule, scope, onset and exercise, so that the same log gives the same ids."""
    parts = [rule_id, scope_id]
    if onset_ms is not None:
        parts.append(compact_ms(onset_ms))
    if exercise is not None:
        parts.append(exercise)
    return ":".join(parts)


def send_event(out: Outputs, event: AlertEvent, partition_of: PartitionOf) -> None:
    """Add an event to what is sent; somebody waits for it."""
    value = event.model_dump_json(exclude_none=True).encode()
    out.add(ALERT_EVENTS, partition_of(event.alert_id), Out(event.alert_id.encode(), value))
    out.urgent = True


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


def send_withdrawn(out: Outputs, ended: Withdrawn, exercise: str | None, partition_of: PartitionOf) -> None:
    """Add the end of a rule's alert to what is sent.

    The checkpoint rides along: were the rule to come back before the next one, its next step would have the number of
    this, and would be taken for a repeat.
    """
    alert_id = alert_id_of(ended.rule_id, ended.scope_id, ended.onset_ms, exercise)
    event = end_event(
        alert_id, f"rule:{ended.rule_id}", step=ended.step, at_ms=ended.at_ms, why=ended.why, exercise=exercise
    )
    send_event(out, event, partition_of)
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
    words = _words_of(rule.levels, level or thresholds[0].level)
    headline, instruction = _told(words, threshold or thresholds[0], change.value, about, rule, when)
    if cleared:
        headline, instruction = _ended(about.title, rule.name), _why_ended(compiled, change)
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


def _told(
    words: RuleLevel, bounds: Threshold, value: float, about: _About, rule: Rule, when: When | None
) -> tuple[Bilingual, Bilingual]:
    """A level's headline and instruction with their places filled in."""
    both: list[dict[str, str]] = [{}, {}]
    for language in ("ko", "en"):
        fields = {
            "zone": getattr(about.zone_name, language),
            "sensor": getattr(about.name, language),
            "level": getattr(LEVEL_NAMES[bounds.level], language),
            "place": getattr(about.name, language),
            **_figures(language, bounds.reach, value, rule, when),
        }
        for text, told in zip((words.headline, words.instruction), both, strict=True):
            told[language] = getattr(text, language).format_map(fields)
    return Bilingual(**both[0]), Bilingual(**both[1])


def _figures(
    language: Literal["ko", "en"], reach: float, value: float, rule: Rule, when: When | None
) -> dict[str, str]:
    """Value and threshold with their unit; of absence they are durations, in words."""
    if when is None:
        unheard, limit = (getattr(duration(seconds), language) for seconds in (value, reach))
        return {"value": unheard, "threshold": limit}
    measure = measure_of(rule.domain, when.measure)
    unit, decimals = ("%", 0) if _is_share(when) else (measure.unit, measure.decimals)
    return {"value": f"{value:.{decimals}f}", "threshold": f"{reach:g}", "unit": unit}


def _measure_of(when: When | None) -> str:
    if when is None:
        return ABSENT
    return SHARE if _is_share(when) else when.measure


def _why_ended(compiled: CompiledRule | ZoneRule | AbsenceRule, change: Change) -> Bilingual:
    if compiled.when is not None:
        return ROSE if compiled.below else FELL
    unheard = duration(change.value)
    return Bilingual(
        ko=f"{unheard.ko} 만에 관측값이 다시 들어와 해제되었습니다.",
        en=f"It speaks again after {unheard.en}, and the alert has ended.",
    )


def _ended(title: Bilingual, name: Bilingual) -> Bilingual:
    return Bilingual(ko=f"{title.ko}: {name.ko} 해제", en=f"{title.en}: {name.en} ended")


def _is_share(when: When) -> bool:
    return when.zone is not None and when.zone.judge == "share"


def _words_of(levels: list[RuleLevel], level: Level) -> RuleLevel:
    return next(one for one in levels if one.level == level)
