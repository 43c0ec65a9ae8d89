"""What a series comes to over hours that slide by the minute: sums (rain), and how much it rose (rivers, dust).

Fed with final 60 s windows in the order in which they became due; what ends with a window holds the windows that were
final by then. A gauge's minutes take 16 bytes each for sums: twelve hours of them 12 kB, of 1,000 gauges 12 MB; for rises
12 bytes. From one minute to the next a sum gains the newest and gives up the oldest, so its length costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from streams.engine.instants import Bools, Ints
from streams.engine.panes import PANE_MS, Rows, grown

_LATEST = np.iinfo(np.int32).max


class Ring:
    """The last minutes of each watched series (or hours, by `STEP_MS`), a row per series."""

    STEP_MS: ClassVar[int] = PANE_MS

    COLUMNS: ClassVar[Mapping[str, tuple[str, type[np.integer[Any]]]]]
    """What is kept of a minute: the name of its aggregate, and the type of its numbers."""

    def __init__(self, longest_s: int) -> None:
        # One more than it looks back: a sum gives up its oldest minute after the newest has come.
        self._steps = longest_s * 1000 // self.STEP_MS + 1
        self._row: dict[int, int] = {}  # series → row
        self._row_of: Ints = np.zeros(0, np.int64)
        self._allot(0)

    def _allot(self, rows: int) -> None:
        self._step = np.full((rows, self._steps), -1, np.int32)
        self._kept = {name: np.zeros((rows, self._steps), kind) for name, (_, kind) in self.COLUMNS.items()}

    def _rows_of(self, series: Ints) -> Ints:
        top = int(series.max(initial=-1)) + 1
        if top > len(self._row_of):
            self._row_of = grown(self._row_of, 2 * top, -1)
        rows = self._row_of[series]
        if (rows >= 0).all():
            return rows
        for s in series[rows < 0].tolist():
            self._row_of[s] = self._row.setdefault(s, len(self._row))
        if len(self._row) > len(self._step):
            pad = ((0, len(self._row) + len(self._row) // 8 - len(self._step)), (0, 0))
            self._step = np.pad(self._step, pad, constant_values=-1)
            self._kept = {name: np.pad(column, pad) for name, column in self._kept.items()}
        return self._row_of[series]

    def add(self, pane: Rows) -> tuple[Ints, Bools]:
        """Take in final windows of one minute, each series' once.

        Returns:
            The row of each series, and whether it is kept: not what is older than the ring reaches.
        """
        minute = pane.start_ms // self.STEP_MS
        rows, slot = self._rows_of(pane.series), minute % self._steps
        newer: Bools = self._step[rows, slot] < minute
        self._step[rows[newer], slot] = minute
        for name, (aggregate, _) in self.COLUMNS.items():
            self._kept[name][rows[newer], slot] = getattr(pane, aggregate)[newer]
        return rows, newer

    def _inside(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Bools]:
        """Rows of the series, and which of their minutes lie in the time that ends with the minute of this start."""
        minute, rows = start_ms // self.STEP_MS, self._rows_of(series)
        kept, before = self._step[rows], minute - length_s * 1000 // self.STEP_MS
        return rows, (kept <= minute) & (kept > max(before, -1))  # -1: no minute yet

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        arrays, used = {"minute": self._step, **self._kept}, len(self._row)
        return {"series": list(self._row)} | {name: a[:used].tobytes() for name, a in arrays.items()}

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot; where rules now look farther or less far back, every minute finds its new place."""
        if not state["series"]:
            return
        self._row = {s: i for i, s in enumerate(state["series"])}
        used = len(self._row)
        self._row_of = np.full(max(self._row) + 1, -1, np.int64)
        self._row_of[list(self._row)] = np.arange(used)
        minutes = np.frombuffer(state["minute"], np.int32).reshape(used, -1)
        kept = {name: np.frombuffer(state[name], kind).reshape(used, -1) for name, (_, kind) in self.COLUMNS.items()}
        if minutes.shape[1] == self._steps:
            self._step = minutes.copy()
            self._kept = {name: column.copy() for name, column in kept.items()}
            return
        self._allot(used)
        places = np.argsort(minutes, axis=1)  # the newest last: where two meet in a shorter ring, it stays
        every = np.arange(used)
        for place in places.T:
            minute = minutes[every, place]
            some = np.flatnonzero(minute >= 0)
            slot = minute[some] % self._steps
            self._step[some, slot] = minute[some]
            for name in self.COLUMNS:
                self._kept[name][some, slot] = kept[name][some, place[some]]


class _Sums:
    """The sums of one length, a row per series, each as far as it was asked for last."""

    def __init__(self, length_s: int) -> None:
        self.minutes = length_s * 1000 // PANE_MS
        self.total, self.count = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.until: Ints = np.zeros(0, np.int64)
        """The minute that each ends with, -1 where none was asked for."""

    def make_room(self, rows: int) -> None:
        if rows > len(self.until):
            self.total, self.count = grown(self.total, rows, 0), grown(self.count, rows, 0)
            self.until = grown(self.until, rows, -1)

    def gain(self, rows: Ints, minute: int, total: Ints, count: Ints) -> None:
        """Take in a minute that they reach over already."""
        here = np.flatnonzero(rows < len(self.until))
        until = self.until[rows[here]]
        here = here[(until >= minute) & (until - self.minutes < minute)]
        self.total[rows[here]] += total[here]
        self.count[rows[here]] += count[here]


class Sliding(Ring):
    """Sums and how many readings they are of."""

    COLUMNS: ClassVar = {"total": ("total", np.int64), "count": ("n", np.int32)}

    def __init__(self, longest_s: int) -> None:
        super().__init__(longest_s)
        self._sums: dict[int, _Sums] = {}
        """By length in s; made anew from the minutes after a restart."""

    def add(self, pane: Rows) -> tuple[Ints, Bools]:
        """Take in final windows of one minute, each series' once; what fills a hole enters the sums that reach over it."""
        rows, newer = super().add(pane)
        for sums in self._sums.values():
            sums.gain(rows[newer], pane.start_ms // PANE_MS, pane.total[newer], pane.n[newer])
        return rows, newer

    def sums(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Ints]:
        """Total (micro-units) and count over the `length_s` seconds that end with the minute that starts at `start_ms`."""
        rows, minute = self._rows_of(series), start_ms // PANE_MS
        sums = self._sums.setdefault(length_s, _Sums(length_s))
        sums.make_room(len(self._step))
        until = sums.until[rows]
        slides = until == minute - 1
        self._move(sums, rows[slides], minute, 1)
        self._move(sums, rows[slides], minute - sums.minutes, -1)
        anew = np.flatnonzero(~slides & (until != minute))
        if len(anew):
            some, inside = self._inside(series[anew], start_ms, length_s)
            sums.total[some] = np.where(inside, self._kept["total"][some], 0).sum(axis=1)
            sums.count[some] = np.where(inside, self._kept["count"][some], 0).sum(axis=1)
        sums.until[rows] = minute
        return sums.total[rows], sums.count[rows]

    def _move(self, sums: _Sums, rows: Ints, minute: int, sign: int) -> None:
        """Add a minute to sums, or take it from them, where there is one."""
        slot = minute % self._steps
        rows = rows[self._step[rows, slot] == minute]
        sums.total[rows] += sign * self._kept["total"][rows, slot]
        sums.count[rows] += sign * self._kept["count"][rows, slot]


class Rising(Ring):
    """How much a series rose. Each minute speaks by its last reading, so a rise is told to the minute."""

    COLUMNS: ClassVar = {"last": ("last", np.int64)}

    def rises(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Bools]:
        """The newest minute less the oldest, micro-units, negative where it fell; and where there are two to compare.

        Args:
            series: whose.
            start_ms: start of the minute that the span ends with.
            length_s: length of the span, s.
        """
        rows, inside = self._inside(series, start_ms, length_s)
        minute, last, every = self._step[rows], self._kept["last"][rows], np.arange(len(rows))
        first = np.where(inside, minute, _LATEST).argmin(axis=1)
        newest = np.where(inside, minute, -1).argmax(axis=1)
        return last[every, newest] - last[every, first], inside.sum(axis=1) > 1
