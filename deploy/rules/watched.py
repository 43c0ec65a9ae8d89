"""How today's rules judge what an alert is about, and what of them is otherwise than when it was raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from deploy.rules.explanation import FreeFlowTold, LevelTold
from deploy.rules.wording import further_told
from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, Alert, AlertEvent, Bilingual, Level
from streams.contract.durations import duration
from streams.contract.further import Also
from streams.contract.rules import Rule
from streams.contract.watched import SHARE, When
from streams.engine.levels import Threshold
from streams.engine.roster import roster
from streams.engine.rules import compiled
from streams.engine.zone_rules import ZoneRule, zone_rules
from streams.registry import Registry


@dataclass(frozen=True, slots=True)
class Watched:
    """One sensor or zone as today's rule judges it."""

    rule: Rule
    when: When
    thresholds: tuple[Threshold, ...]
    """Lowest level first, in the unit of what is judged."""
    sensors: frozenset[str]
    """Whose readings enter."""
    gap_ms: int
    """Event time between two judged values that is no gap."""
    longest_interval_ms: int
    """How often the sensor speaks that speaks least often."""
    zone: ZoneRule | None = None
    gauge_source: str | None = None
    """Who says the gauge's own levels."""
    free_flow_kmh: float | None = None
    """The link's."""

    @property
    def further(self) -> tuple[Also, ...]:
        """Every further condition of its levels."""
        return tuple(dict.fromkeys(also for one in self.thresholds for also in one.also))

    @property
    def window_ms(self) -> int:
        """Length of what is judged at once; 0 for single readings."""
        return (self.when.window_s or 0) * 1000

    @property
    def below(self) -> bool:
        """Whether the rule watches for low values."""
        return self.when.direction == "below"

    @property
    def is_of_minutes(self) -> bool:
        """Whether it judges what minutes come to together, rather than published windows or readings."""
        return self.when.window == "sliding" or self.when.aggregate == "rise"

    def threshold(self, level: Level | None) -> Threshold | None:
        """This level's, or None where it has none."""
        return next((one for one in self.thresholds if one.level == level), None)

    def is_from_gauge(self, level: Level) -> bool:
        """Whether the level's threshold is the gauge's own."""
        said = next((one for one in self.rule.levels if one.level == level), None)
        return said is not None and said.raised is not None and said.raised.gauge_level is not None

    def free_flow(self, level: Level) -> FreeFlowTold | None:
        """What the level's threshold is a share of, where it is one of the link's free flow."""
        said = next((one for one in self.rule.levels if one.level == level), None)
        if said is None or said.raised is None or said.clear is None or self.free_flow_kmh is None:
            return None
        pct = said.raised.at_most_free_flow_pct or said.raised.at_least_free_flow_pct
        leave_pct = said.clear.above_free_flow_pct or said.clear.below_free_flow_pct
        if pct is None or leave_pct is None:
            return None
        return FreeFlowTold(kmh=self.free_flow_kmh, pct=pct, leave_pct=leave_pct)


def watched_by(rule: Rule | None, alert: Alert, known: Registry) -> Watched | None:
    """How the rule of today judges the alert's sensor or zone; None where it does not, or judges something else."""
    if rule is None or rule.when is None or _looks_elsewhere(rule, alert):
        return None
    names = {zone_id: zone.name for zone_id, zone in known.zones.items()}
    sensors = roster(rule.domain, list(known.sensors.values()), known.city, names, lambda _: 0)
    if alert.scope.sensor_id is None:
        return _of_zone(rule, rule.when, zone_rules([rule], sensors), alert, known)
    number = sensors.index.get(alert.scope.sensor_id)
    if number is None or rule.when.scope != "sensor":
        return None
    (mine,) = compiled([rule], sensors)
    sensor = sensors.sensors[number]
    if not mine.thresholds[number]:
        return None
    return Watched(
        rule=rule,
        when=rule.when,
        thresholds=mine.thresholds[number],
        sensors=frozenset([sensor.sensor_id]),
        gap_ms=int(mine.gap_ms[number]),
        longest_interval_ms=round(sensor.interval_s * 1000),
        gauge_source=None if sensor.gauge_levels is None else sensor.gauge_levels.source,
        free_flow_kmh=sensor.free_flow_kmh,
    )


def _of_zone(rule: Rule, when: When, found: list[ZoneRule], alert: Alert, known: Registry) -> Watched | None:
    zone = alert.scope.zone
    if zone is None or not found or zone not in found[0].zones:
        return None
    here = found[0].zones[zone]
    return Watched(
        rule=rule,
        when=when,
        thresholds=found[0].thresholds,
        sensors=here.sensors,
        gap_ms=here.gap_ms,
        longest_interval_ms=round(max(known.sensors[s].interval_s for s in here.sensors) * 1000),
        zone=found[0],
    )


def _looks_elsewhere(rule: Rule, alert: Alert) -> bool:
    """Whether the rule watches something else now."""
    when = rule.when
    if when is None:
        return False
    is_share = when.zone is not None and when.zone.judge == "share"
    return (SHARE if is_share else when.measure, when.window_s) != (alert.measure, alert.window_s)


def levels_told(rule: Rule, watched: Watched) -> list[LevelTold]:
    """The rule's levels as they hold for this sensor or zone."""
    said = {one.level: one for one in rule.levels}
    return [
        LevelTold(
            level=one.level,
            name=LEVEL_NAMES[one.level],
            upward=not watched.below,
            reach=one.reach,
            hold_s=one.hold_ms / 1000,
            leave=one.leave,
            leave_hold_s=one.leave_hold_ms / 1000,
            further=[further_told(rule.domain, watched.when, also) for also in one.also],
            alone=one.alone,
            source=said[one.level].source,
            gauge_source=watched.gauge_source if watched.is_from_gauge(one.level) else None,
            free_flow=watched.free_flow(one.level),
        )
        for one in watched.thresholds
    ]


class Judges(Protocol):
    """How a rule judges one sensor or zone, by its levels."""

    def threshold(self, level: Level | None) -> Threshold | None:
        """This level's, or None where it has none."""
        ...


def changes_since(rule: Rule | None, watched: Judges | None, events: Sequence[AlertEvent]) -> list[Bilingual]:
    """What is otherwise today than when the alert's events were written, as far as these say how it was."""
    if rule is None:
        return [
            Bilingual(
                ko="이 규칙은 이제 없습니다. 아래 값과 기준은 발령 당시 기록에 있는 그대로입니다.",
                en="The rule is gone. Values and thresholds below are those that the log kept of that time.",
            )
        ]
    if rule.bulletin is None and watched is None:
        return [
            Bilingual(
                ko="그 뒤로 규칙이나 등록부가 바뀌어 지금은 이 대상을 이렇게 판단하지 않습니다.",
                en="The rule or the registry has changed since: today this is not judged in this way.",
            )
        ]
    told: dict[str, Bilingual] = {}
    for event in events:
        if event.alert is None or event.level is None:
            continue
        said = next((one for one in rule.levels if one.level == event.level), None)
        today = None if watched is None else watched.threshold(event.level)
        name = LEVEL_NAMES[event.level]
        if said is None or (watched is not None and today is None):
            told[event.level] = Bilingual(
                ko=f"그 뒤로 규칙이 바뀌어 '{name.ko}' 단계가 없어졌습니다.",
                en=f"The rule has changed since: it has no level “{name.en}” any more.",
            )
        elif today is not None and event.threshold is not None and event.threshold != today.reach:
            then, now = (_limit(value, event.alert) for value in (event.threshold, today.reach))
            told[event.level] = Bilingual(
                ko=f"그 뒤로 규칙이 바뀌었습니다: '{name.ko}' 기준이 당시 {then.ko}, 지금 {now.ko}입니다.",
                en=f"The rule has changed since: the threshold of “{name.en}” was {then.en}, today it is {now.en}.",
            )
        elif not event.alert.source.endswith(said.source):
            told[event.level] = Bilingual(
                ko=f"그 뒤로 '{name.ko}' 단계의 근거 문구가 바뀌었습니다.",
                en=f"The source given for “{name.en}” has changed since.",
            )
    return list((_bounds_since(watched, events) | told).values())


def _bounds_since(watched: Judges | None, events: Sequence[AlertEvent]) -> dict[str, Bilingual]:
    """By level: that its duration or its end is not what it was when the level was reached or left."""
    told: dict[str, Bilingual] = {}
    for event in events:
        bounds = event.bounds
        today = None if bounds is None or watched is None else watched.threshold(bounds.level)
        if bounds is not None and today is not None and today._replace(**bounds.model_dump()) != today:
            name = LEVEL_NAMES[bounds.level]
            told[bounds.level] = Bilingual(
                ko=f"그 뒤로 규칙이 바뀌었습니다: '{name.ko}'의 지속 시간이나 해제 기준이 당시와 다릅니다.",
                en=f"The rule has changed since: how long “{name.en}” must hold, or when it is left, is not what it was.",
            )
    return told


def _limit(value: float, alert: Alert) -> Bilingual:
    """A threshold as it is told: of absence a duration."""
    return duration(value) if alert.measure == ABSENT else Bilingual(ko=f"{value:g}", en=f"{value:g}")
