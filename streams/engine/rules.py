"""Rules compiled against the registry: which series each watches, and from which value on it must be looked at.

Thousands of series are calm, and those in alarm mostly stay as they are: one comparison of arrays passes over them
(`steady.py`). Only a value that may change something is judged by itself (`levels.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from streams.contract.derived import CAI, inputs_of
from streams.contract.further import Also
from streams.contract.rule_levels import RuleLevel
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.watched import When
from streams.engine.changed_seeds import RULE_GONE, SENSOR_GONE, JudgedBy, Withdrawn, refitted, watched_by, withdrawn
from streams.engine.decimals import Floats
from streams.engine.further import Met, further_of, joined_at
from streams.engine.instants import Ints
from streams.engine.levels import Change, Judged, LevelState, Threshold
from streams.engine.roster import Roster
from streams.engine.series import Series
from streams.engine.steady import NOWHERE, Steady

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
    return CompiledRule(rule, when, measure, thresholds, lowest, np.array(gaps, np.int64), further_of(rule))


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


class Finding(NamedTuple):
    """A transition of a rule for a series."""

    rule: CompiledRule
    series: int
    change: Change
    row: int
    """Position of the value in what was judged."""


@dataclass(slots=True)
class Standing:
    """How the rules of one timeline stand: a state for each series that is not calm."""

    states: dict[tuple[int, int], LevelState] = field(default_factory=dict)
    """By (number of the rule, series)."""
    steady: dict[int, Steady] = field(default_factory=dict)
    """Per rule: which values change nothing."""

    def judge(
        self,
        number: int,
        rule: CompiledRule,
        series: Ints,
        sensor: Ints,
        value: Floats,
        start_ms: Ints,
        end_ms: Ints,
        met: Met | None = None,
        *,
        once: bool = True,
    ) -> Iterator[Finding]:
        """Judge values in the order given; each series' later ones follow its earlier ones.

        Args:
            number: the rule's number in the timeline's list.
            rule: the rule.
            series: series of each value. (n,)
            sensor: number of each value's sensor in the roster. (n,)
            value: in the measure's unit. (n,)
            start_ms: start of the event time that each speaks for. (n,)
            end_ms: its end. (n,)
            met: where each further condition of the rule holds; None where it has none.
            once: each series has one value.
        """
        if not len(series):
            return
        steady = self._steady_of(number)
        steady.make_room(int(series.max()) + 1)
        worse, lowest = (-value, -rule.lowest[sensor]) if rule.below else (value, rule.lowest[sensor])
        look = steady.unsteady(series, worse, lowest, once=once)
        if once:
            look |= steady.after_gap(series, start_ms, rule.gap_ms[sensor])
            steady.go_on(series[~look], end_ms[~look])
        for row in np.flatnonzero(look).tolist():
            yield from self._judge_one(
                number, rule, row, int(series[row]), int(sensor[row]), (value, start_ms, end_ms), met
            )

    def _judge_one(
        self,
        number: int,
        rule: CompiledRule,
        row: int,
        series: int,
        sensor: int,
        columns: tuple[Floats, Ints, Ints],
        met: Met | None,
    ) -> Iterator[Finding]:
        thresholds = rule.thresholds[sensor]
        if not thresholds:
            return
        state = self._caught_up(number, series) or LevelState()
        value, start_ms, end_ms = columns
        joined = None if met is None else tuple(joined_at(each.also, met, row) for each in thresholds)
        judged = Judged(float(value[row]), int(start_ms[row]), int(end_ms[row]), joined)
        change = state.judge(thresholds, judged, below=rule.below, tolerated_gap_ms=int(rule.gap_ms[sensor]))
        if state.is_calm:
            self.states.pop((number, series), None)
            self.steady[number].drop(series)
        else:
            span = NOWHERE if joined is not None else state.steady_between(thresholds, below=rule.below)
            self._put(number, series, state, span)
        if change is not None:
            yield Finding(rule, series, change, row)

    def _caught_up(self, number: int, series: int) -> LevelState | None:
        """The state of a series, with the steady values that have come since it was looked at."""
        state = self.states.get((number, series))
        if state is not None:
            state.last_end_ms = max(state.last_end_ms, int(self.steady[number].last_end_ms[series]))
        return state

    def _put(self, number: int, series: int, state: LevelState, span: tuple[float, float] = NOWHERE) -> None:
        self.states[number, series] = state
        self._steady_of(number).put(series, span, state.last_end_ms)

    def _steady_of(self, number: int) -> Steady:
        found = self.steady.get(number)
        if found is None:
            found = self.steady[number] = Steady()
        return found

    def state(self, rules: list[CompiledRule], series: Series) -> dict[str, Any]:
        """For a snapshot: each state with rule id, series, and the number of the thresholds by which it was judged."""
        numbers: dict[tuple[Threshold, ...], int] = {}
        standing = []
        for (n, s), state in self.states.items():
            self._caught_up(n, s)
            number = numbers.setdefault(rules[n].thresholds[series.sensor[s]], len(numbers))
            standing.append([rules[n].rule.rule_id, s, state.state(), number])
        watched = {rule.rule.rule_id: watched_by(rule.when) for rule in rules}
        return {"watched": watched, "thresholds": list(numbers), "standing": standing}

    def load(
        self, state: dict[str, Any], rules: list[CompiledRule], series: Series, reached_ms: int
    ) -> list[Withdrawn]:
        """From a snapshot; gives the ends of alerts that the rules and the registry of today judge no more.

        Args:
            state: as `state` gave it.
            rules: today's.
            series: restored already.
            reached_ms: the watermark of the snapshot.
        """
        ended: list[Withdrawn] = []
        numbers = {rule.rule.rule_id: n for n, rule in enumerate(rules)}
        watched = [watched_by(rule.when) for rule in rules]
        for rule_id, s, kept, by in state["standing"]:
            level, number = LevelState(*kept), numbers.get(rule_id)
            stood, why = level.position >= 0, None
            if s in series.lost or number is None:
                why = (RULE_GONE if number is None else SENSOR_GONE) if stood else None
            else:
                before = JudgedBy(state["watched"].get(rule_id), None if by is None else state["thresholds"][by])
                why = refitted(level, before, JudgedBy(watched[number], _thresholds_of(rules[number], series, s)))
            if why is not None:
                ended.append(withdrawn(level, rule_id, series.sensor_id(s), why, reached_ms))
            if s not in series.lost and number is not None:
                self._put(number, s, level)
        return ended


def _thresholds_of(rule: CompiledRule, series: Series, one: int) -> tuple[Threshold, ...]:
    """A rule's thresholds for a series; none where it does not judge it."""
    return rule.thresholds[series.sensor[one]] if rule.measure == series.measure[one] else ()
