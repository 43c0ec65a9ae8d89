"""Sums over hours that slide by the minute, of the series that a rule asks for (rain).

Fed with final 60 s windows in the order in which they became due; the sum that ends with a window holds the windows that
were final by then. A gauge's minutes take 24 bytes each: twelve hours of them 17 kB, of 1,000 gauges 17 MB.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from streams.engine.instants import Ints
from streams.engine.panes import PANE_MS, Rows, grown


class _Sums:
    """Sums of one length, each as far as it was asked for last."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.total, self.count = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.until: Ints = np.zeros(0, np.int64)
        """The minute that each ends with, -1 where none was asked for."""

    def grow(self, size: int) -> None:
        self.total, self.count = grown(self.total, size, 0), grown(self.count, size, 0)
        self.until = grown(self.until, size, -1)

    def gain(self, rows: Ints, minute: int, total: Ints, count: Ints) -> None:
        """What is added to a minute that a sum holds already."""
        holds = (self.until[rows] >= minute) & (self.until[rows] - self.minutes < minute)
        if holds.any():
            self.total[rows[holds]] += total[holds]
            self.count[rows[holds]] += count[holds]


class Sliding:
    """The last minutes of each watched series, as a ring of sums.

    Args:
        lengths_s: the lengths that are asked for.
    """

    def __init__(self, lengths_s: Collection[int]) -> None:
        self._sums = {length_s: _Sums(length_s * 1000 // PANE_MS) for length_s in lengths_s}
        # One more than the longest: a sum gives up its oldest minute after the newest has come.
        self._minutes = max(sums.minutes for sums in self._sums.values()) + 1
        self._row: dict[int, int] = {}  # series → row
        self._row_of: Ints = np.zeros(0, np.int64)
        self._total = np.zeros((0, self._minutes), np.int64)
        self._count = np.zeros((0, self._minutes), np.int32)
        self._minute = np.full((0, self._minutes), -1, np.int32)

    def _rows_of(self, series: Ints) -> Ints:
        top = int(series.max(initial=-1)) + 1
        if top > len(self._row_of):
            self._row_of = grown(self._row_of, 2 * top, -1)
        rows = self._row_of[series]
        if (rows >= 0).all():
            return rows
        for s in series[rows < 0].tolist():
            self._row_of[s] = self._row.setdefault(s, len(self._row))
        if len(self._row) > len(self._total):
            pad = ((0, 2 * len(self._row) - len(self._total)), (0, 0))
            self._total = np.pad(self._total, pad)
            self._count = np.pad(self._count, pad)
            self._minute = np.pad(self._minute, pad, constant_values=-1)
            for sums in self._sums.values():
                sums.grow(len(self._total))
        return self._row_of[series]

    def add(self, pane: Rows) -> None:
        """Take in final windows of one minute."""
        minute = pane.start_ms // PANE_MS
        rows, slot = self._rows_of(pane.series), minute % self._minutes
        newer = rows[self._minute[rows, slot] < minute]  # what is older than the ring reaches is not kept
        self._total[newer, slot] = self._count[newer, slot] = 0
        self._minute[newer, slot] = minute
        same = self._minute[rows, slot] == minute
        rows, total, count = rows[same], pane.total[same], pane.n[same]
        self._total[rows, slot] += total
        self._count[rows, slot] += count
        for sums in self._sums.values():
            sums.gain(rows, minute, total, count)

    def sums(self, series: Ints, start_ms: int, length_s: int) -> tuple[Ints, Ints]:
        """Total (micro-units) and count over the `length_s` seconds that end with the minute that starts at `start_ms`."""
        minute, sums = start_ms // PANE_MS, self._sums[length_s]
        rows = self._rows_of(series)
        until = sums.until[rows]
        slides = until == minute - 1
        for sign, moved, rows_moved in ((1, minute, rows[slides]), (-1, minute - sums.minutes, rows[slides])):
            slot = moved % self._minutes
            there = rows_moved[self._minute[rows_moved, slot] == moved]
            sums.total[there] += sign * self._total[there, slot]
            sums.count[there] += sign * self._count[there, slot]
        anew = rows[~slides & (until != minute)]
        if len(anew):
            inside = (self._minute[anew] <= minute) & (self._minute[anew] > minute - sums.minutes)
            sums.total[anew] = np.where(inside, self._total[anew], 0).sum(axis=1)
            sums.count[anew] = np.where(inside, self._count[anew], 0).sum(axis=1)
        sums.until[rows] = minute
        return sums.total[rows], sums.count[rows]

    def state(self) -> dict[str, Any]:
        """For a snapshot; sums are made anew from the minutes."""
        used = len(self._row)
        return {
            "series": list(self._row),
            "total": self._total[:used].tobytes(),
            "count": self._count[:used].tobytes(),
            "minute": self._minute[:used].tobytes(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot; of another longest length it begins anew, as its rules did."""
        used = len(state["series"])
        if len(state["total"]) != used * self._minutes * 8:
            return
        self._row = {s: i for i, s in enumerate(state["series"])}
        self._row_of = grown(np.zeros(0, np.int64), max(state["series"], default=-1) + 1, -1)
        self._row_of[list(self._row)] = np.arange(used)
        shape = used, self._minutes
        self._total = np.frombuffer(state["total"], np.int64).reshape(shape).copy()
        self._count = np.frombuffer(state["count"], np.int32).reshape(shape).copy()
        self._minute = np.frombuffer(state["minute"], np.int32).reshape(shape).copy()
        for sums in self._sums.values():
            sums.grow(used)
