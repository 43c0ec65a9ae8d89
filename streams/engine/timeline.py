"""Reality, or one exercise, in one partition of one domain: its clock, its windows, how its rules stand.

`take` applies readings in log order, `close` gives what became final, in the order in which it became due. Both are pure:
the same log gives the same results however it is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from streams.engine.absence import Absence
from streams.engine.absence_rules import Absent
from streams.engine.batch import Batch, Values, ordered
from streams.engine.changed_seeds import CoverChanged, Withdrawn
from streams.engine.closing import Closing, Entry, Finished
from streams.engine.duplicates import Seen, keys_of
from streams.engine.heard import Heard
from streams.engine.instants import Bools, Ints
from streams.engine.judging import Judging, Watch
from streams.engine.panes import PANE_MS, grouped
from streams.engine.roster import Roster
from streams.engine.series import Series
from streams.engine.standing import Finding
from streams.engine.watermark import CALENDAR_END_MS, NEVER_MS, TOO_OLD_MS, Watermark, ahead

_NOTHING: Final = np.zeros(0, np.int64)
_UNHEARD: Final = Heard(_NOTHING, _NOTHING, _NOTHING, _NOTHING)


class Taken(NamedTuple):
    """What became of a batch's values, as rows of it; the counts follow from their sensors."""

    future: Ints
    """Rows refused as ahead of their arrival (in an exercise: at the calendar's end)."""
    late: Ints
    """A row for each late value."""
    duplicate: Ints
    """A row for each repeated value."""
    set_aside: Ints
    """A row for each value of a quality that enters nothing."""
    windowed: Ints
    """A row for each value that entered its windows."""
    findings: list[tuple[Finding, int]]
    """Transitions of rules on single readings, with the arrival of their cause."""


class Finals(NamedTuple):
    """What became final, in the order in which it did, and what the rules found in it."""

    windows: list[Finished]
    findings: list[tuple[Finding, int | None]]
    """With the arrival of the record that moved the watermark there; None where none did (an idle release)."""
    absent: list[Absent]
    """Which sensors fell absent and which speak again, in the order in which they did."""
    since_ms: int
    """The watermark at the last call."""
    marks_ms: Ints
    """The watermark after each reading since then. (n,)"""
    arrivals_ms: Ints
    """The arrival of each. (n,)"""

    def arrival_of(self, moment_ms: int) -> int | None:
        """Arrival of the record whose watermark reached this moment first; None where none did."""
        first = int(np.searchsorted(self.marks_ms, moment_ms))
        return int(self.arrivals_ms[first]) if first < len(self.marks_ms) else None


class Timeline:
    """State of one timeline.

    Args:
        exercise: its name; None is reality.
        roster: the domain's sensors.
        watch: the domain's rules.
        first_offset: where it began; an earlier record of its name was of another that was dropped.
        partition: whose sensors speak here.
    """

    def __init__(
        self, exercise: str | None, roster: Roster, watch: Watch, first_offset: int = 0, partition: int = 0
    ) -> None:
        self.exercise, self.roster, self.first_offset = exercise, roster, first_offset
        self.watermark = Watermark(round(roster.timing.grace_s * 1000))
        self.idle_ms = round(roster.timing.idle_s * 1000)
        self.last_arrival_ms = 0
        self._heard = _UNHEARD
        """The readings since the last `close`."""
        self._closed_ms = NEVER_MS
        """The watermark at the last `close`."""
        self.series = Series(roster)
        self.seen = Seen()
        delays_ms = sorted(set(roster.delay_ms.tolist())) or [0]
        self.windows = Closing(self.series, delays_ms, self.idle_ms)
        self.judging = Judging(watch, self.series)
        self.absence = Absence(watch.on_absence, roster, partition, watch.maintenance, is_real=exercise is None)

    # -- readings in ------------------------------------------------------------------------------------------------

    def take(self, batch: Batch) -> Taken:
        """Apply a batch; the watermark then stands after its last reading."""
        self.last_arrival_ms = max(self.last_arrival_ms, int(batch.arrival_ms.max()))
        usable = self._usable(batch)
        future, rows = np.flatnonzero(~usable), np.flatnonzero(usable)
        if not len(rows):
            return Taken(future, _NOTHING, _NOTHING, _NOTHING, _NOTHING, [])
        before = np.zeros(len(batch.row), np.int64)
        before[rows] = self.watermark.before_each(batch.at_ms[rows])
        marks_ms = np.append(before[rows][1:], self.watermark.at_ms)
        self._heard = Heard(batch.sensor[rows], batch.at_ms[rows], marks_ms, batch.arrival_ms[rows])
        oldest = before if self.exercise is not None else batch.arrival_ms
        too_old = batch.at_ms < oldest - TOO_OLD_MS
        start = _start_of(batch)
        is_behind = before >= start + PANE_MS + self.roster.delay_ms[batch.sensor]

        values = batch.flat(usable)
        aside, old = batch.set_aside[values.rec], too_old[values.rec]
        set_aside, late = values.rec[aside], values.rec[~aside & old]
        values = values.where(~aside & ~old)
        series = self.series.of(batch.sensor[values.rec], values.measure)
        self.windows.make_room()
        live = ~is_behind[values.rec]
        kept = np.zeros(len(live), np.bool_)
        kept[live] = self._take_live(series[live], values.where(live), start, batch)
        filled = self._take_behind(np.flatnonzero(~live), series, values, start, before, batch)
        accepted = np.flatnonzero(kept)
        accepted = accepted[np.argsort(values.rec[accepted], kind="stable")]
        findings = self.judging.readings(series[accepted], values.where(accepted), batch)
        np.maximum.at(self.series.newest, series[accepted], batch.at_ms[values.rec[accepted]])
        return Taken(
            future,
            np.concatenate((late, filled["late"])),
            np.concatenate((values.rec[live & ~kept], filled["duplicate"])),
            set_aside,
            np.concatenate((values.rec[kept], filled["windowed"])),
            findings,
        )

    def _usable(self, batch: Batch) -> Bools:
        """Rows whose time can be: in reality not ahead of their arrival, in an exercise of any year. (n,)"""
        if self.exercise is not None:
            return np.asarray(batch.at_ms < CALENDAR_END_MS)
        return ~ahead(batch.at_ms, batch.arrival_ms, round(self.roster.timing.future_s * 1000))

    def _take_live(self, series: Ints, values: Values, start: Ints, batch: Batch) -> Bools:
        """Add values of windows that are not final; which of them were no duplicates. (n,)"""
        n = len(series)
        kept = np.zeros(n, np.bool_)
        if not n:
            return kept
        at_ms, pane = batch.at_ms[values.rec], start[values.rec]
        order = ordered(series, at_ms)
        s, t = series[order], at_ms[order]
        keys = keys_of(s, t)
        twin = np.zeros(n, np.bool_)
        twin[1:] = (s[1:] == s[:-1]) & (t[1:] == t[:-1])
        # What is newer than all of its series before it cannot be a repeat: only the rest is looked up.
        doubt = np.flatnonzero(t <= self.series.newest[s])
        if len(doubt):
            twin[doubt] |= self.seen.holds(keys[doubt])
        fresh = np.flatnonzero(~twin)
        if not len(fresh):
            return kept
        picked = order[fresh]
        kept[picked] = True
        s, t = s[fresh], t[fresh]
        until = int((pane[picked] + self.series.delay_ms[s]).max()) + PANE_MS
        self.seen.add(keys[fresh], until, int(batch.offset[values.rec[picked]].min()))
        for rows in grouped(s, pane[picked], t, values.micro[picked]):
            self.windows.add_live(rows)
        return kept

    def _take_behind(
        self, which: Ints, series: Ints, values: Values, start: Ints, before: Ints, batch: Batch
    ) -> dict[str, Ints]:
        """Values of windows that the watermark has passed, one by one in log order; rows by what became of them."""
        found: dict[str, list[int]] = {"late": [], "duplicate": [], "windowed": []}
        for i in which[np.argsort(values.rec[which], kind="stable")].tolist():
            row = int(values.rec[i])
            entry = Entry(
                series=int(series[i]),
                start_ms=int(start[row]),
                at_ms=int(batch.at_ms[row]),
                micro=int(values.micro[i]),
                watermark_ms=int(before[row]),
                offset=int(batch.offset[row]),
            )
            found[self.windows.add_behind(entry)].append(row)
        return {outcome: np.array(rows, np.int64) for outcome, rows in found.items()}

    def refill(self, batch: Batch) -> None:
        """Readings that the snapshot already holds: only the memory of duplicates is filled."""
        values = batch.flat(self._usable(batch) & ~batch.set_aside & (batch.offset >= self.first_offset))
        known = self.series.known(batch.sensor[values.rec], values.measure)
        rec, series = values.rec[known >= 0], known[known >= 0]
        at_ms, start = batch.at_ms[rec], _start_of(batch)[rec]
        for one in np.unique(start).tolist():
            here = np.flatnonzero(start == one)
            for i in here.tolist() if self.windows.behind.panes else []:
                self.windows.behind.refill(int(series[i]), one, int(at_ms[i]), int(batch.offset[rec[i]]))
            here = here[self.windows.is_open(one, series[here])]
            if len(here):
                keys = np.unique(keys_of(series[here], at_ms[here]))
                until = one + PANE_MS + int(self.series.delay_ms[series[here]].max())
                self.seen.add(keys, until, int(batch.offset[rec[here]].min()))

    def remember(self, before: Timeline) -> None:
        """Take over the memory of duplicates of the timeline whose state was loaded."""
        self.seen = before.seen
        self.windows.behind.remember(before.windows.behind)

    # -- windows out ------------------------------------------------------------------------------------------------

    def close(self) -> Finals:
        """What the watermark has made final since the last call, and what the rules found in it."""
        absent = self.absence.told(self._heard, self.watermark.at_ms)
        closed = Finals([], [], absent, self._closed_ms, self._heard.marks_ms, self._heard.arrivals_ms)
        for done in self.windows.due(self.watermark.at_ms):
            closed.windows.append(done)
            closed.findings.extend((finding, closed.arrival_of(done.at_ms)) for finding in self.judging.windows(done))
        self._heard, self._closed_ms = _UNHEARD, self.watermark.at_ms
        if closed.windows:
            self._forget(self.watermark.at_ms)
        return closed

    def next_due(self) -> int | None:
        """The earliest moment of the watermark at which something becomes final or somebody falls absent, or None."""
        dues = [due for due in (self.windows.next_due(), self.absence.next_due()) if due is not None]
        return min(dues, default=None)

    def _forget(self, mark: int) -> None:
        self.seen.forget(mark)
        oldest = mark if self.exercise is not None else min(mark, self.last_arrival_ms)
        self.windows.forget(oldest - TOO_OLD_MS)

    def resume_offset(self) -> int | None:
        """The lowest offset that a restart must read again, or None."""
        found = [o for o in (self.seen.first_offset(), self.windows.behind.first_offset()) if o is not None]
        return min(found, default=None)

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def state(self, put_by: Callable[[bytes], int]) -> dict[str, Any]:
        """For a snapshot; `put_by` keeps what is packed already and returns its number."""
        return {
            "exercise": self.exercise,
            "first_offset": self.first_offset,
            "watermark_ms": self.watermark.at_ms,
            "last_arrival_ms": self.last_arrival_ms,
            "series": self.series.state(),
            "windows": self.windows.state(put_by),
            "judging": self.judging.state(),
            "absence": self.absence.state(),
        }

    def load(self, state: dict[str, Any], packed: Sequence[bytes]) -> list[Withdrawn | CoverChanged]:
        """From a snapshot, with what was packed of it; gives what changed rules make of standing alerts."""
        self.first_offset, self.watermark.at_ms = state["first_offset"], state["watermark_ms"]
        self.last_arrival_ms, self._closed_ms = state["last_arrival_ms"], state["watermark_ms"]
        self.series.load(state["series"])
        self.windows.load(state["windows"], packed)
        changed, absence = self.judging.load(state["judging"], self.watermark.at_ms), state.get("absence")
        if absence is None:  # of an older checkpoint: who says nothing counts from here on
            return changed
        return changed + self.absence.load(absence, self.watermark.at_ms)


def _start_of(batch: Batch) -> Ints:
    """Start of the 60 s window of each row: of a period, the window that holds the instant just before its end. (n,)"""
    instant = batch.at_ms - batch.period
    start: Ints = instant - instant % PANE_MS
    return start
