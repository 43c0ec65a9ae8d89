"""Which rules judge what, and how they stand: single readings, final windows, sums that slide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.engine.batch import Batch, Values, newest_before
from streams.engine.changed_seeds import Withdrawn
from streams.engine.closing import PANE_S, Finished
from streams.engine.instants import Ints
from streams.engine.panes import MICRO, Rows, aggregate
from streams.engine.rules import CompiledRule, Finding, Standing
from streams.engine.series import Series
from streams.engine.sliding import Sliding


@dataclass(slots=True)
class Watch:
    """The domain's sensor rules by what they judge."""

    rules: list[CompiledRule]
    on_readings: dict[int, list[int]] = field(default_factory=dict)
    """Measure → numbers of the rules on its single readings."""
    on_final: dict[int, list[int]] = field(default_factory=dict)
    """Window length, s → numbers of rules."""
    on_sliding: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, rule in enumerate(self.rules):
            if rule.when.window == "reading":
                self.on_readings.setdefault(rule.measure, []).append(number)
            elif rule.when.window == "final":
                self.on_final.setdefault(rule.when.window_s or 0, []).append(number)
            else:
                self.on_sliding.append(number)

    @property
    def longest_sliding_s(self) -> int:
        """The longest sum that slides."""
        return max((self.rules[n].when.window_s or 0 for n in self.on_sliding), default=0)

    @property
    def sliding_measures(self) -> frozenset[int]:
        """Measures whose sums slide."""
        return frozenset(self.rules[n].measure for n in self.on_sliding)


class Judging:
    """How the rules of one timeline stand."""

    def __init__(self, watch: Watch, series: Series) -> None:
        self.watch, self._series = watch, series
        self.standing = Standing()
        self.sliding = Sliding(watch.longest_sliding_s) if watch.on_sliding else None
        self._slides = list(watch.sliding_measures)

    def readings(self, series: Ints, values: Values, batch: Batch) -> list[tuple[Finding, int]]:
        """Judge single readings in log order; one that is older than its series' newest changes nothing.

        Args:
            series: series of each value. (values,)
            values: in log order.
            batch: where they come from.

        Returns:
            Transitions, each with the arrival of its cause.
        """
        out = []
        for m in np.unique(values.measure).tolist() if self.watch.on_readings else []:
            numbers = self.watch.on_readings.get(m)
            if numbers is None:
                continue
            mine = np.flatnonzero(values.measure == m)
            s, at_ms = series[mine], batch.at_ms[values.rec[mine]]
            fresh = at_ms >= newest_before(s, at_ms, self._series.newest)
            s, at_ms, mine = s[fresh], at_ms[fresh], mine[fresh]
            for number in numbers:
                found = self.standing.judge(
                    number,
                    self.watch.rules[number],
                    s,
                    self._series.sensor[s],
                    values.micro[mine] / MICRO,
                    at_ms,
                    at_ms,
                )
                out += [(f, int(batch.arrival_ms[values.rec[mine[f.row]]])) for f in found]
        return out

    def windows(self, done: Finished) -> list[Finding]:
        """Judge windows that became final, each series' in the order of time; what fills a hole enters sums only."""
        if done.window_s == PANE_S and self.sliding is not None:
            watched = np.isin(self._series.measure[done.rows.series], self._slides)
            if watched.any():
                self.sliding.add(Rows(done.rows.start_ms, *(column[watched] for column in done.rows[1:])))
        if not done.live:
            return []
        findings = self._final(done.window_s, done.rows)
        if done.window_s == PANE_S:
            for number in self.watch.on_sliding:
                findings += self._sums(number, done.rows)
        return findings

    def _final(self, window_s: int, rows: Rows) -> list[Finding]:
        findings: list[Finding] = []
        for number in self.watch.on_final.get(window_s, ()):
            rule = self.watch.rules[number]
            mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
            if not len(mine):
                continue
            series = rows.series[mine]
            value = aggregate(rows, rule.when.aggregate)[mine]
            start = np.full(len(series), rows.start_ms, np.int64)
            end = start + window_s * 1000
            findings += self.standing.judge(number, rule, series, self._series.sensor[series], value, start, end)
        return findings

    def _sums(self, number: int, rows: Rows) -> list[Finding]:
        rule = self.watch.rules[number]
        mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
        if not len(mine) or self.sliding is None:
            return []
        series, length_s = rows.series[mine], rule.when.window_s or 0
        total, n = self.sliding.sums(series, rows.start_ms, length_s)
        value = total / MICRO if rule.when.aggregate == "sum" else total / MICRO / n
        end = np.full(len(series), rows.start_ms + PANE_S * 1000, np.int64)
        sensor = self._series.sensor[series]
        return list(self.standing.judge(number, rule, series, sensor, value, end - length_s * 1000, end))

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "sliding": self.sliding.state() if self.sliding is not None else None,
            **self.standing.state(self.watch.rules, self._series),
        }

    def load(self, state: dict[str, Any], reached_ms: int) -> list[Withdrawn]:
        """From a snapshot of this watermark; gives the ends of alerts that nothing judges any more."""
        if self.sliding is not None and state["sliding"] is not None:
            self.sliding.load(state["sliding"])
        return self.standing.load(state, self.watch.rules, self._series, reached_ms)
