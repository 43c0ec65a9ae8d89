"""Rules on zones compiled against the registry: which sensors each reads in which zone, and what they make of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.watched import When, ZoneJudge
from streams.contract.windows import MOBILE_ZONE
from streams.contract.zone_inputs import ZonePane
from streams.engine.levels import Threshold
from streams.engine.panes import MICRO
from streams.engine.roster import Roster
from streams.engine.rules import threshold_of, tolerated_gap_ms


@dataclass(frozen=True, slots=True)
class WatchedZone:
    """One zone as one rule reads it."""

    sensors: frozenset[str]
    """Ids of the sensors that the rule reads there."""
    delay_ms: int
    """The greatest publication delay of them: the zone's windows wait for it."""
    gap_ms: int
    """Event time between two windows that is no gap, because no sensor here speaks oftener."""


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """One rule on the zones of one domain."""

    rule: Rule
    when: When
    judge: ZoneJudge
    window_ms: int
    thresholds: tuple[Threshold, ...]
    """Lowest level first."""
    zones: dict[str, WatchedZone]

    @property
    def below(self) -> bool:
        """Whether it watches for low values."""
        return self.when.direction == "below"


def zone_rules(rules: Sequence[Rule], roster: Roster) -> list[ZoneRule]:
    """The zone rules of the roster's domain."""
    return [
        _compiled(rule, rule.when, rule.when.zone, roster)
        for rule in rules
        if rule.when is not None and rule.when.zone is not None and rule.domain == roster.domain
    ]


def _compiled(rule: Rule, when: When, judge: ZoneJudge, roster: Roster) -> ZoneRule:
    here: dict[str, list[Sensor]] = {}
    for sensor in roster.sensors:
        is_kind = when.kinds is None or sensor.kind in when.kinds
        if is_kind and when.measure in sensor.measures and sensor.zone != MOBILE_ZONE:
            here.setdefault(sensor.zone, []).append(sensor)
    thresholds = (threshold_of(one, when, None) for one in rule.levels)
    zones = {zone: _watched(when, sensors) for zone, sensors in here.items()}
    window_ms = (when.window_s or 0) * 1000
    return ZoneRule(rule, when, judge, window_ms, tuple(t for t in thresholds if t is not None), zones)


def _watched(when: When, sensors: list[Sensor]) -> WatchedZone:
    shortest_ms = round(min(sensor.interval_s for sensor in sensors) * 1000)
    return WatchedZone(
        sensors=frozenset(sensor.sensor_id for sensor in sensors),
        delay_ms=round(max(sensor.delay_s for sensor in sensors) * 1000),
        gap_ms=tolerated_gap_ms(when, shortest_ms, (when.window_s or 0) * 1000),
    )


def value_of(rule: ZoneRule, panes: Sequence[ZonePane]) -> float:
    """What a zone's window comes to, by its sensors' windows of at least one; in the measure's unit, a share in percent.

    Each sensor's value is that of its published window, as it is written there: a mean of 0.1 and 0.2 is 0.15. It is exact
    until it is rounded at the end, so the sensors' order does not matter.
    """
    judge, aggregate = rule.judge, rule.when.aggregate
    if judge.judge == "mean" and aggregate != "mean":
        micro: int = sum(getattr(pane, aggregate) for pane in panes)
        return micro / (MICRO * len(panes))
    values = [_aggregate(pane, aggregate) for pane in panes]
    if judge.judge == "mean":
        return float(sum(Fraction(repr(value)) for value in values) / len(values))
    if judge.judge == "share":
        return 100 * sum(_is_beyond(value, judge) for value in values) / len(values)
    return max(values) if judge.judge == "max" else min(values)


def _aggregate(pane: ZonePane, name: str) -> float:
    if name == "mean":
        return pane.sum / MICRO / pane.count
    value: int = getattr(pane, name)
    return value / MICRO


def _is_beyond(value: float, judge: ZoneJudge) -> bool:
    if judge.at_least is not None:
        return value >= judge.at_least
    return judge.at_most is not None and value <= judge.at_most
