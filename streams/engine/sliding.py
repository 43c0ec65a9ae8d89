"""What a series comes to over hours that slide by the minute: sums (rain), and how much it rose (rivers, dust).

Fed with final 60 s windows in the order in which they became due; what ends with a window holds the windows that were
final by then. A gauge's minutes take 24 bytes each for sums: twelve hours of them 17 kB, of 1,000 gauges 17 MB; for rises
16 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from streams.engine.instants import Bools, Ints
from streams.engine.panes import PANE_MS, Rows

_LATEST = np.iinfo(np.int64).max


class _Ring:
    """The last minutes of each watched series, a row per series."""

    COLUMNS: ClassVar[Mapping[str, str]]
    """What is kept of a minute, by the name of its aggregate."""

    def __init__(self, longest_s: int) -> None:
        self._minutes = longest_s * 1000 // PANE_MS
        self._row: dict[int, int] = {}  # series → row
        self._minute = np.full((0, self._minutes), -1, np.int64)
        self._kept = {name: np.zeros((0, self._minutes), np.int64) for name in self.COLUMNS}

    def _rows_of(self, series: Ints) -> Ints:
        new = [s for s in series.tolist() if s not in self._row]
        for s in new:
            self._row[s] = len(self._row)
        if len(self._row) > len(self._minute):
            pad = ((0, 2 * len(self._row) - len(self._minute)), (0, 0))
            self._minute = np.pad(self._minute, pad, constant_values=-1)
            self._kept = {name: np.pad(column, pad) for name, column in self._kept.items()}
        return np.array([self._row[s] for s in series.tolist()], np.int64)

    def add(self, pane: Rows) -> None:
        """Take in final windows of one minute, each series' once."""
        minute = pane.start_ms // PANE_MS
        rows, slot = self._rows_of(pane.series), minute % self._minutes
        newer = self._minute[rows, slot] < minute  # what is older than the ring reaches is not kept
        self._minute[rows[newer], slot] = minute
        for name, aggregate in self.COLUMNS.items():
            self._kept[name][rows[newer], slot] = getattr(pane, aggregate)[newer]

    def _inside(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Bools]:
        """Rows of the series, and which of their minutes lie in the time that ends with the minute of this start."""
        minute, rows = start_ms // PANE_MS, self._rows_of(series)
        kept, before = self._minute[rows], minute - length_s * 1000 // PANE_MS
        return rows, (kept <= minute) & (kept > max(before, -1))  # -1: no minute yet

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        arrays, used = {"minute": self._minute, **self._kept}, len(self._row)
        return {"series": list(self._row)} | {name: a[:used].tobytes() for name, a in arrays.items()}

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot; where rules now look farther or less far back, every minute finds its new place."""
        if not state["series"]:
            return
        self._row = {s: i for i, s in enumerate(state["series"])}
        used = len(self._row)
        arrays = {name: np.frombuffer(state[name], np.int64).reshape(used, -1) for name in ("minute", *self.COLUMNS)}
        if arrays["minute"].shape[1] == self._minutes:
            self._minute = arrays["minute"].copy()
            self._kept = {name: arrays[name].copy() for name in self.COLUMNS}
            return
        self._minute = np.full((used, self._minutes), -1, np.int64)
        self._kept = {name: np.zeros((used, self._minutes), np.int64) for name in self.COLUMNS}
        places = np.argsort(arrays["minute"], axis=1)  # the newest last: where two meet in a shorter ring, it stays
        every = np.arange(used)
        for place in places.T:
            minute = arrays["minute"][every, place]
            some = np.flatnonzero(minute >= 0)
            slot = minute[some] % self._minutes
            self._minute[some, slot] = minute[some]
            for name in self.COLUMNS:
                self._kept[name][some, slot] = arrays[name][some, place[some]]


class Sliding(_Ring):
    """Sums and how many readings they are of."""

    COLUMNS: ClassVar = {"total": "total", "count": "n"}

    def sums(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Ints]:
        """Total (micro-units) and count over the `length_s` seconds that end with the minute that starts at `start_ms`."""
        rows, inside = self._inside(series, start_ms, length_s)
        total, count = (np.where(inside, self._kept[name][rows], 0).sum(axis=1) for name in self.COLUMNS)
        return total, count


class Rising(_Ring):
    """How much a series rose. Each minute speaks by its last reading, so a rise is told to the minute."""

    COLUMNS: ClassVar = {"last": "last"}

    def rises(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Bools]:
        """The newest minute less the oldest, micro-units, negative where it fell; and where there are two to compare.

        Args:
            series: whose.
            start_ms: start of the minute that the span ends with.
            length_s: length of the span, s.
        """
        rows, inside = self._inside(series, start_ms, length_s)
        minute, last, every = self._minute[rows], self._kept["last"][rows], np.arange(len(rows))
        first = np.where(inside, minute, _LATEST).argmin(axis=1)
        newest = np.where(inside, minute, -1).argmax(axis=1)
        return last[every, newest] - last[every, first], inside.sum(axis=1) > 1
