"""How the rules of one timeline stand: a state for each series that is not calm, kept over restarts and changes of rules.

Thousands of series are calm, and those in alarm mostly stay as they are: one comparison of arrays passes over them
(`steady.py`). Only a value that may change something is judged by itself (`levels.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from streams.engine.changed_seeds import RULE_GONE, SENSOR_GONE, CoverChanged, Withdrawn
from streams.engine.decimals import Floats
from streams.engine.further import Met, joined_at
from streams.engine.instants import Ints
from streams.engine.levels import Change, Judged, LevelState, Threshold
from streams.engine.refit import Refit, kept_of
from streams.engine.rules import CompiledRule
from streams.engine.series import Series
from streams.engine.steady import NOWHERE, Steady


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
        return {"thresholds": list(numbers), "standing": standing, **kept_of(rule.rule for rule in rules)}

    def load(
        self, state: dict[str, Any], rules: list[CompiledRule], series: Series, reached_ms: int
    ) -> list[Withdrawn | CoverChanged]:
        """From a snapshot; gives the ends of alerts that nothing judges any more, and those that cover others than before.

        Args:
            state: as `state` gave it.
            rules: today's.
            series: restored already.
            reached_ms: the watermark of the snapshot.
        """
        refit = Refit(state, reached_ms)
        numbers = {rule.rule.rule_id: n for n, rule in enumerate(rules)}
        for rule_id, s, kept, by in state["standing"]:
            level, number, sensor_id = LevelState(*kept), numbers.get(rule_id), series.sensor_id(s)
            if number is None or s in series.lost:
                refit.drop(level, rule_id, sensor_id, RULE_GONE if number is None else SENSOR_GONE)
                continue
            before = None if by is None else state["thresholds"][by]
            refit.fit(level, rules[number].rule, sensor_id, before, _thresholds_of(rules[number], series, s))
            self._put(number, s, level)
        return refit.changed


def _thresholds_of(rule: CompiledRule, series: Series, one: int) -> tuple[Threshold, ...]:
    """A rule's thresholds for a series; none where it does not judge it."""
    return rule.thresholds[series.sensor[one]] if rule.measure == series.measure[one] else ()
