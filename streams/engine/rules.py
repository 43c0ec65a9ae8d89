"""Rules compiled against the registry: which series each watches, and from which value on it must be looked at.

How they stand is `standing.py`'s matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from streams.contract.derived import CAI, inputs_of
from streams.contract.further import Also
from streams.contract.rule_levels import RuleLevel
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.watched import COMPLETE, When
from streams.engine.decimals import Floats
from streams.engine.further import further_of
from streams.engine.instants import Ints
from streams.engine.levels import Threshold
from streams.engine.roster import Roster

JITTER_MS = 60_000
"""A sensor that speaks every ten minutes may be a pane early or late without leaving a gap."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One sensor rule for one domain's sensors."""

    rule: Rule
    when: When
    measure: int
    thresholds: list[tuple[Threshold, ...]]
    """Per sensor, lowest level first; empty where the rule does not watch it."""
    lowest: Floats
    """Per sensor: the value from which on it must be looked at; inf (below: -inf) where it is not watched. (sensors,)"""
    gap_ms: Ints
    """Per sensor: event time between two judged values that is no gap. (sensors,)"""
    further: dict[Also, int]
    """Every further condition of its levels, with the number of its measure."""
    least: Ints
    """Per sensor: readings that a window must hold to be judged. (sensors,)"""

    @property
    def below(self) -> bool:
        """Whether it watches for low values."""
        return self.when.direction == "below"

    @property
    def is_on_index(self) -> bool:
        """Whether it judges the air-quality index."""
        return self.when.measure == CAI


def compiled(rules: list[Rule], roster: Roster) -> list[CompiledRule]:
    """The sensor rules of the roster's domain."""
    return [
        _compiled(rule, rule.when, roster)
        for rule in rules
        if rule.when is not None and rule.when.scope == "sensor" and rule.domain == roster.domain
    ]


def _compiled(rule: Rule, when: When, roster: Roster) -> CompiledRule:
    thresholds = [
        _thresholds(rule, when, s) if when.kinds is None or s.kind in when.kinds else () for s in roster.sensors
    ]
    below = when.direction == "below"
    never = -np.inf if below else np.inf
    pick = max if below else min
    lowest = np.array([pick((t.reach for t in levels), default=never) for levels in thresholds], np.float64)
    window_ms = 0 if when.window_s is None or when.window == "sliding" else when.window_s * 1000
    gaps = [tolerated_gap_ms(when, round(s.interval_s * 1000), window_ms) for s in roster.sensors]
    measure = roster.measures.index(when.measure)
    least = [least_readings(when, s.interval_s) for s in roster.sensors]
    return CompiledRule(
        rule=rule,
        when=when,
        measure=measure,
        thresholds=thresholds,
        lowest=lowest,
        gap_ms=np.array(gaps, np.int64),
        further=further_of(rule),
        least=np.array(least, np.int64),
    )


def least_readings(when: When, interval_s: float) -> int:
    """How many readings a window must hold to be judged, of a sensor that speaks so often."""
    if when.aggregate != "range":
        return 1
    return max(2, math.ceil(COMPLETE * (when.window_s or 0) / interval_s))


def tolerated_gap_ms(when: When, interval_ms: int, window_ms: int) -> int:
    """Event time between two judged values that is no gap, because the sensor speaks no oftener.

    Args:
        when: what the rule watches.
        interval_ms: how often the sensor speaks.
        window_ms: length of the windows that are judged; 0 where there are none.
    """
    if when.window == "reading":
        return interval_ms + max(JITTER_MS, interval_ms // 2)
    if when.window == "sliding":
        return 0  # windows that slide overlap as long as data comes
    return interval_ms - window_ms + JITTER_MS if interval_ms > window_ms else 0


def _thresholds(rule: Rule, when: When, sensor: Sensor) -> tuple[Threshold, ...]:
    if not set(inputs_of(when.measure)) <= set(sensor.measures):
        return ()
    levels = [threshold_of(one, when, sensor) for one in rule.levels]
    return tuple(level for level in levels if level is not None)


def threshold_of(one: RuleLevel, when: When, sensor: Sensor | None) -> Threshold | None:
    """One level's threshold for a sensor, or for zones (None); None where its gauge or link has none to measure it by."""
    assert one.raised is not None and one.clear is not None
    reach = one.raised.at_most if when.direction == "below" else one.raised.at_least
    leave = one.clear.above if when.direction == "below" else one.clear.below
    if (pct := one.raised.at_most_free_flow_pct or one.raised.at_least_free_flow_pct) is not None:
        reach = _of_free_flow(sensor, pct)
    if (pct := one.clear.above_free_flow_pct or one.clear.below_free_flow_pct) is not None:
        leave = _of_free_flow(sensor, pct)
    if one.raised.gauge_level is not None:
        reach = _gauge_level(sensor, when, one.raised.gauge_level)
    if one.clear.below_gauge_level is not None:
        leave = _gauge_level(sensor, when, one.clear.below_gauge_level)
    if reach is None or leave is None:
        return None
    leave += one.clear.margin if when.direction == "below" else -one.clear.margin
    leave = round(leave, 6)  # as exact as values are kept: 8.3 − 0.1 is 8.2, which a value of 8.2 is not below
    hold_ms, leave_hold_ms = round(one.raised.hold_s * 1000), round(one.clear.hold_s * 1000)
    alone = one.raised.or_at_most if when.direction == "below" else one.raised.or_at_least
    return Threshold(
        one.level, reach, hold_ms, leave, leave_hold_ms, tuple(each.of(when) for each in one.raised.also), alone
    )


def _gauge_level(sensor: Sensor | None, when: When, level: Any) -> float | None:
    if sensor is None or sensor.gauge_levels is None or sensor.gauge_levels.measure != when.measure:
        return None
    return sensor.gauge_levels.of(level)


def _of_free_flow(sensor: Sensor | None, pct: float) -> float | None:
    """So many percent of a link's free-flow speed, km/h, as exact as values are kept."""
    if sensor is None or sensor.free_flow_kmh is None:
        return None
    return float(round(Decimal(repr(sensor.free_flow_kmh)) * Decimal(repr(pct)) / 100, 6))
