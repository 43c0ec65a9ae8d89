"""Sums over hours that slide by the minute, of the series that a rule asks for (rain).

Fed with final 60 s windows in the order in which they became due; the sum that ends with a window holds the windows that
were final by then. A gauge's minutes take 24 bytes each: twelve hours of them 17 kB, of 1,000 gauges 17 MB.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.engine.instants import Ints
from streams.engine.panes import PANE_MS, Rows


class Sliding:
    """The last minutes of each watched series, as a ring of sums."""

    def __init__(self, longest_s: int) -> None:
        self._minutes = longest_s * 1000 // PANE_MS
        self._row: dict[int, int] = {}  # series → row
        self._total = np.zeros((0, self._minutes), np.int64)
        self._count = np.zeros((0, self._minutes), np.int64)
        self._minute = np.full((0, self._minutes), -1, np.int64)

    def _rows_of(self, series: Ints) -> Ints:
        new = [s for s in series.tolist() if s not in self._row]
        for s in new:
            self._row[s] = len(self._row)
        if len(self._row) > len(self._total):
            pad = ((0, 2 * len(self._row) - len(self._total)), (0, 0))
            self._total = np.pad(self._total, pad)
            self._count = np.pad(self._count, pad)
            self._minute = np.pad(self._minute, pad, constant_values=-1)
        return np.array([self._row[s] for s in series.tolist()], np.int64)

    def add(self, pane: Rows) -> None:
        """Take in final windows of one minute."""
        minute = pane.start_ms // PANE_MS
        rows, slot = self._rows_of(pane.series), minute % self._minutes
        newer = rows[self._minute[rows, slot] < minute]  # what is older than the ring reaches is not kept
        self._total[newer, slot] = self._count[newer, slot] = 0
        self._minute[newer, slot] = minute
        same = self._minute[rows, slot] == minute
        self._total[rows[same], slot] += pane.total[same]
        self._count[rows[same], slot] += pane.n[same]

    def sums(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Ints]:
        """Total (micro-units) and count over the `length_s` seconds that end with the minute that starts at `start_ms`."""
        minute = start_ms // PANE_MS
        rows = self._rows_of(series)
        inside = (self._minute[rows] <= minute) & (self._minute[rows] > minute - length_s * 1000 // PANE_MS)
        return np.where(inside, self._total[rows], 0).sum(axis=1), np.where(inside, self._count[rows], 0).sum(axis=1)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        used = len(self._row)
        arrays = {"total": self._total, "count": self._count, "minute": self._minute}
        return {"series": list(self._row)} | {name: a[:used].tobytes() for name, a in arrays.items()}

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot; of another longest length it begins anew, as its rules did."""
        used = len(state["series"])
        if len(state["total"]) != used * self._minutes * 8:
            return
        self._row = {s: i for i, s in enumerate(state["series"])}
        self._total, self._count, self._minute = (
            np.frombuffer(state[name], np.int64).reshape(used, self._minutes).copy()
            for name in ("total", "count", "minute")
        )
