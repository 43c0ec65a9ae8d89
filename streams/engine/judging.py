"""Which rules judge what, and how they stand: single readings, final windows, sums and rises that slide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.contract.rules import Rule
from streams.engine.batch import Batch, Values, newest_before
from streams.engine.changed_seeds import Withdrawn
from streams.engine.closing import PANE_S, Finished
from streams.engine.instants import Ints
from streams.engine.panes import MICRO, PANE_MS, Rows, aggregate
from streams.engine.roster import Roster
from streams.engine.rules import CompiledRule, Finding, Floats, Standing, compiled
from streams.engine.series import Series
from streams.engine.sliding import Rising, Sliding


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
    def of_sums(self) -> list[CompiledRule]:
        """Those on sums and means that slide."""
        return [self.rules[n] for n in self.on_sliding if self.rules[n].when.aggregate != "rise"]

    @property
    def of_rises(self) -> list[CompiledRule]:
        """Those on how much a series rose."""
        return [rule for rule in self.rules if rule.when.aggregate == "rise"]


def watch_of(rules: list[Rule], roster: Roster) -> Watch:
    """The sensor rules of the roster's domain, to be compiled once for all of its partitions."""
    return Watch(compiled(rules, roster))


class Judging:
    """How the rules of one timeline stand."""

    def __init__(self, watch: Watch, series: Series) -> None:
        self.watch, self._series = watch, series
        self.standing = Standing()
        self.sliding = Sliding(_longest_s(watch.of_sums)) if watch.of_sums else None
        self.rising = Rising(_longest_s(watch.of_rises)) if watch.of_rises else None
        self._fed = [
            (ring, sorted({rule.measure for rule in rules}))
            for ring, rules in ((self.sliding, watch.of_sums), (self.rising, watch.of_rises))
            if ring is not None
        ]

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
        """Judge windows that became final, each series' in the order of time; what fills a hole enters sums and rises only."""
        for ring, measures in self._fed if done.window_s == PANE_S else ():
            watched = np.isin(self._series.measure[done.rows.series], measures)
            if watched.any():
                ring.add(Rows(done.rows.start_ms, *(column[watched] for column in done.rows[1:])))
        if not done.live:
            return []
        findings = self._final(done.window_s, done.rows)
        if done.window_s == PANE_S:
            for number in self.watch.on_sliding:
                findings += self._sliding(number, done.rows)
        return findings

    def _final(self, window_s: int, rows: Rows) -> list[Finding]:
        findings: list[Finding] = []
        for number in self.watch.on_final.get(window_s, ()):
            rule = self.watch.rules[number]
            mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
            if not len(mine):
                continue
            series, end_ms = rows.series[mine], rows.start_ms + window_s * 1000
            if rule.when.aggregate == "rise":
                series, value = self._rises(series, end_ms - PANE_MS, window_s)
            else:
                value = aggregate(rows, rule.when.aggregate)[mine]
            findings += self._judged(number, series, value, window_s, end_ms)
        return findings

    def _sliding(self, number: int, rows: Rows) -> list[Finding]:
        rule = self.watch.rules[number]
        mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
        if not len(mine):
            return []
        series, length_s = rows.series[mine], rule.when.window_s or 0
        if rule.when.aggregate == "rise":
            series, value = self._rises(series, rows.start_ms, length_s)
        else:
            assert self.sliding is not None
            total, n = self.sliding.sums(series, rows.start_ms, length_s)
            value = total / MICRO if rule.when.aggregate == "sum" else total / MICRO / n
        return self._judged(number, series, value, length_s, rows.start_ms + PANE_MS)

    def _rises(self, series: Ints, last_minute_ms: int, length_s: int) -> tuple[Ints, Floats]:
        """The series of which it is known, and how much each rose over the time that ends with this minute."""
        assert self.rising is not None
        micro, known = self.rising.rises(series, last_minute_ms, length_s)
        return series[known], micro[known] / MICRO

    def _judged(self, number: int, series: Ints, value: Floats, length_s: int, end_ms: int) -> list[Finding]:
        end = np.full(len(series), end_ms, np.int64)
        rule, sensor = self.watch.rules[number], self._series.sensor[series]
        return list(self.standing.judge(number, rule, series, sensor, value, end - length_s * 1000, end))

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "sliding": self.sliding.state() if self.sliding is not None else None,
            "rising": self.rising.state() if self.rising is not None else None,
            **self.standing.state(self.watch.rules, self._series),
        }

    def load(self, state: dict[str, Any], reached_ms: int) -> list[Withdrawn]:
        """From a snapshot of this watermark; gives the ends of alerts that nothing judges any more."""
        for ring, kept in ((self.sliding, state["sliding"]), (self.rising, state["rising"])):
            if ring is not None and kept is not None:
                ring.load(kept)
        return self.standing.load(state, self.watch.rules, self._series, reached_ms)


def _longest_s(rules: list[CompiledRule]) -> int:
    """How far back they look."""
    return max(rule.when.window_s or 0 for rule in rules)
