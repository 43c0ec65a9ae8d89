"""Which rules judge what, and how they stand: single readings, final windows, sums and rises that slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.contract.derived import HOUR_S
from streams.contract.further import Also
from streams.contract.maintenance import Period
from streams.contract.readings import MEASURES_OF
from streams.contract.rules import Rule
from streams.engine.absence_rules import AbsenceRule, absence_rules
from streams.engine.air_quality_index import HOURS, POLLUTANTS, indices
from streams.engine.batch import Batch, Values, newest_before
from streams.engine.changed_seeds import CoverChanged, Withdrawn
from streams.engine.closing import PANE_S, Finished
from streams.engine.decimals import Floats
from streams.engine.further import is_met, looks_back, places_of
from streams.engine.hourly import HourlyMeans
from streams.engine.instants import Bools, Ints
from streams.engine.maintenance import NO_MAINTENANCE, Maintenance
from streams.engine.panes import MICRO, PANE_MS, Rows, aggregate
from streams.engine.roster import Roster
from streams.engine.rules import CompiledRule, compiled
from streams.engine.series import Series
from streams.engine.sliding import Rising, Sliding
from streams.engine.standing import Finding, Standing


@dataclass(slots=True)
class Watch:
    """The domain's sensor rules by what they judge."""

    rules: list[CompiledRule]
    on_readings: dict[int, list[int]] = field(default_factory=dict)
    """Measure → numbers of the rules on its single readings."""
    on_final: dict[int, list[int]] = field(default_factory=dict)
    """Window length, s → numbers of rules."""
    on_sliding: list[int] = field(default_factory=list)
    on_absence: list[AbsenceRule] = field(default_factory=list)
    """Those on sensors that say nothing, which judge no values."""
    maintenance: Maintenance = NO_MAINTENANCE
    """When work is done on which sensors: what they say then is set aside."""

    def __post_init__(self) -> None:
        for number, rule in enumerate(self.rules):
            if rule.when.window == "reading":
                self.on_readings.setdefault(rule.measure, []).append(number)
            elif rule.when.window == "final":
                self.on_final.setdefault(rule.when.window_s or 0, []).append(number)
            else:
                self.on_sliding.append(number)


def watch_of(rules: list[Rule], roster: Roster, periods: Sequence[Period] = ()) -> Watch:
    """The sensor rules and the planned work of the roster's domain, to be compiled once for all of its partitions."""
    planned = Maintenance(periods, roster.sensors)
    return Watch(compiled(rules, roster), on_absence=absence_rules(rules, roster), maintenance=planned)


class Judging:
    """How the rules of one timeline stand."""

    def __init__(self, watch: Watch, series: Series) -> None:
        self.watch, self._series = watch, series
        self.standing = Standing()
        self._pollutants = np.array([MEASURES_OF["air-quality"].index(name) for name in POLLUTANTS], np.int64)
        sums, rises = (looks_back(watch.rules, rises=rises) for rises in (False, True))
        self.sliding = Sliding(max(sums.values())) if sums else None
        self.rising = Rising(max(rises.values())) if rises else None
        self.hours = HourlyMeans() if any(rule.is_on_index for rule in watch.rules) else None
        self._fed = [
            (ring, sorted(spans)) for ring, spans in ((self.sliding, sums), (self.rising, rises)) if ring is not None
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
                    once=False,
                )
                out += [(f, int(batch.arrival_ms[values.rec[mine[f.row]]])) for f in found]
        return out

    def windows(self, done: Finished) -> list[Finding]:
        """Judge windows that became final, each series' in the order of time; what fills a hole enters sums and rises only."""
        for ring, measures in self._fed if done.window_s == PANE_S else ():
            watched = np.isin(self._series.measure[done.rows.series], measures)
            if watched.any():
                ring.add(Rows(done.rows.start_ms, *(column[watched] for column in done.rows[1:])))
        if self.hours is not None and done.window_s == HOUR_S:
            self.hours.add(self._of_pollutants(done.rows))
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
            if rule.is_on_index:
                findings += self._index(number, rows)
                continue
            mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
            if not len(mine):
                continue
            series, end_ms = rows.series[mine], rows.start_ms + window_s * 1000
            if rule.when.aggregate == "rise":
                series, value = self._rises(series, end_ms - PANE_MS, window_s)
            else:
                if rule.when.aggregate == "range":
                    mine = mine[rows.n[mine] >= rule.least[self._series.sensor[rows.series[mine]]]]
                series, value = rows.series[mine], aggregate(rows, rule.when.aggregate)[mine]
            findings += self._judged(number, series, value, rows, window_s)
        return findings

    def _of_pollutants(self, rows: Rows) -> Rows:
        mine = np.isin(self._series.measure[rows.series], self._pollutants)
        return Rows(rows.start_ms, *(column[mine] for column in rows[1:]))

    def _index(self, number: int, rows: Rows) -> list[Finding]:
        """Judge the air-quality index of the stations that have an hour here; it is a series of the station's own."""
        assert self.hours is not None
        rule, known = self.watch.rules[number], self._of_pollutants(rows).series
        sensor = np.unique(self._series.sensor[known])
        sensor = sensor[[bool(rule.thresholds[each]) for each in sensor.tolist()]]
        if not len(sensor):
            return []
        inputs = self._series.known(np.repeat(sensor, len(POLLUTANTS)), np.tile(self._pollutants, len(sensor)))
        hours = self.hours.means(inputs, rows.start_ms).reshape(len(sensor), len(POLLUTANTS), HOURS)
        value, is_known = indices(hours)
        series = self._series.of(sensor[is_known], np.full(int(is_known.sum()), rule.measure, np.int64))
        return self._judged(number, series, value[is_known].astype(np.float64), rows, HOUR_S)

    def _sliding(self, number: int, rows: Rows) -> list[Finding]:
        rule = self.watch.rules[number]
        mine = np.flatnonzero(self._series.measure[rows.series] == rule.measure)
        if not len(mine):
            return []
        series, length_s = rows.series[mine], rule.when.window_s or 0
        if rule.when.aggregate == "rise":
            series, value = self._rises(series, rows.start_ms, length_s)
        else:
            value, _ = self._slides(series, rows.start_ms, length_s, rule.when.aggregate)
        return self._judged(number, series, value, rows, length_s)

    def _rises(self, series: Ints, last_minute_ms: int, length_s: int) -> tuple[Ints, Floats]:
        """The series of which it is known, and how much each rose over the time that ends with this minute."""
        assert self.rising is not None
        micro, known = self.rising.rises(series, last_minute_ms, length_s)
        return series[known], micro[known] / MICRO

    def _slides(self, series: Ints, last_minute_ms: int, length_s: int, name: str) -> tuple[Floats, Bools]:
        """What each comes to over the time that ends with this minute, as `name` says, and where it has data there."""
        assert self.sliding is not None
        total, n = self.sliding.sums(series, last_minute_ms, length_s)
        return total / MICRO if name == "sum" else total / MICRO / np.maximum(n, 1), n > 0

    def _judged(self, number: int, series: Ints, value: Floats, rows: Rows, length_s: int) -> list[Finding]:
        """Judge what the series came to over the length that ends with this window."""
        rule, sensor = self.watch.rules[number], self._series.sensor[series]
        end_ms = rows.start_ms + (length_s * 1000 if rule.when.window == "final" else PANE_MS)
        end = np.full(len(series), end_ms, np.int64)
        met = {also: self._met(rule, also, sensor, rows, end_ms) for also in rule.further} if rule.further else None
        return list(self.standing.judge(number, rule, series, sensor, value, end - length_s * 1000, end, met))

    def _met(self, rule: CompiledRule, also: Also, sensor: Ints, rows: Rows, end_ms: int) -> Bools:
        """At which of these sensors a further condition holds; not where its value is not known. (sensors,)"""
        met = np.zeros(len(sensor), np.bool_)
        other = self._series.known(sensor, np.full(len(sensor), rule.further[also], np.int64))
        some = np.flatnonzero(other >= 0)
        if not len(some):
            return met
        if also.aggregate == "rise":
            assert self.rising is not None
            micro, known = self.rising.rises(other[some], end_ms - PANE_MS, also.window_s)
            value = micro / MICRO
        elif rule.when.window == "sliding":
            value, known = self._slides(other[some], end_ms - PANE_MS, also.window_s, also.aggregate)
        else:
            place = places_of(other[some], rows)
            value, known = aggregate(rows, also.aggregate)[place], place >= 0
        met[some] = known & is_met(also, value)
        return met

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "sliding": self.sliding.state() if self.sliding is not None else None,
            "rising": self.rising.state() if self.rising is not None else None,
            "hours": self.hours.state() if self.hours is not None else None,
            **self.standing.state(self.watch.rules, self._series),
        }

    def load(self, state: dict[str, Any], reached_ms: int) -> list[Withdrawn | CoverChanged]:
        """From a snapshot of this watermark; gives what changed rules make of standing alerts."""
        for ring, kept in (
            (self.sliding, state["sliding"]),
            (self.rising, state["rising"]),
            (self.hours, state.get("hours")),  # an older checkpoint has none
        ):
            if ring is not None and kept is not None:
                ring.load(kept)
        return self.standing.load(state, self.watch.rules, self._series, reached_ms)
