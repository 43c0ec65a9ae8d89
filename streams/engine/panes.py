"""Open 60 s windows of one exercise's partition: aggregates as arrays, a row per series.

A *pane* is here the sub-window that longer windows share (Li 2005), not a firing as in Beam. Values are micro-units.
A series is one measure of one sensor; its number is given at its first value.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from streams.engine.instants import Bools, Ints

PANE_MS: Final = 60_000
MICRO: Final = 1_000_000
"""Values are kept to 1e-6 of their unit (contract 1), as whole numbers, so that sums are exact."""
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class Rows(NamedTuple):
    """Aggregates of some series of one window."""

    start_ms: int
    series: Ints
    n: Ints
    total: Ints
    low: Ints
    high: Ints
    last: Ints
    last_at: Ints


class Table:
    """Aggregates of one window, arrays by series; an `n` of 0 is no data."""

    FIELDS: Final = (("n", 0), ("total", 0), ("low", _HIGHEST), ("high", _LOWEST), ("last", 0), ("last_at", -1))
    __slots__ = ("dirty", "high", "last", "last_at", "low", "n", "sent_at", "start_ms", "total")

    def __init__(self, start_ms: int, size: int) -> None:
        self.start_ms = start_ms
        self.n = np.zeros(size, np.int64)
        self.total = np.zeros(size, np.int64)
        self.low = np.full(size, _HIGHEST, np.int64)
        self.high = np.full(size, _LOWEST, np.int64)
        self.last = np.zeros(size, np.int64)
        self.last_at = np.full(size, -1, np.int64)
        self.dirty: Bools = np.zeros(size, np.bool_)
        self.sent_at: Ints = np.full(size, _LOWEST // 2, np.int64)

    def grow(self, size: int) -> None:
        """Make room for more series."""
        for name, empty in self.FIELDS:
            setattr(self, name, grown(getattr(self, name), size, empty))
        self.dirty = grown(self.dirty, size, False)
        self.sent_at = grown(self.sent_at, size, _LOWEST // 2)

    def add(self, rows: Rows) -> None:
        """Merge aggregates in; each series stands once in `rows`."""
        i = rows.series
        self.n[i] += rows.n
        self.total[i] += rows.total
        self.low[i] = np.minimum(self.low[i], rows.low)
        self.high[i] = np.maximum(self.high[i], rows.high)
        newer = rows.last_at > self.last_at[i]
        self.last[i[newer]] = rows.last[newer]
        self.last_at[i[newer]] = rows.last_at[newer]

    def rows(self, series: Ints) -> Rows:
        """The aggregates of these series."""
        return Rows(self.start_ms, series, *(getattr(self, name)[series] for name, _ in self.FIELDS))

    def unsent(self, now_ms: int, every_ms: int) -> Ints:
        """Series that changed since they were last sent, which is at least `every_ms` ago; marked as sent now."""
        due = self.dirty.nonzero()[0]
        due = due[self.sent_at[due] <= now_ms - every_ms]
        self.dirty[due] = False
        self.sent_at[due] = now_ms
        return due


class Pane(Table):
    """An open 60 s window; longer ones are told of what is new in it when they are to be shown, not at each value."""

    __slots__ = ("untold",)

    def __init__(self, start_ms: int, size: int) -> None:
        super().__init__(start_ms, size)
        self.untold: Bools = np.zeros(size, np.bool_)

    def grow(self, size: int) -> None:
        """Make room for more series."""
        super().grow(size)
        self.untold = grown(self.untold, size, False)

    def tell(self) -> Ints:
        """Series with something new since the last call."""
        new = self.untold.nonzero()[0]
        self.untold[new] = False
        return new


def grown(array: np.ndarray, size: int, empty: int | bool) -> np.ndarray:
    """A copy with room for `size` elements."""
    new = np.full(size, empty, array.dtype)
    new[: len(array)] = array
    return new


def grouped(series: Ints, pane: Ints, at_ms: Ints, micro: Ints) -> list[Rows]:
    """Values ordered by (series, pane, time) as one `Rows` per pane, oldest first. Arrays of n values, n > 0."""
    edge = np.empty(len(series), np.bool_)
    edge[0] = True
    np.not_equal(series[1:], series[:-1], out=edge[1:])
    edge[1:] |= pane[1:] != pane[:-1]
    begin = np.flatnonzero(edge)
    end = np.append(begin[1:], len(series)) - 1
    columns = (
        series[begin],
        end - begin + 1,
        np.add.reduceat(micro, begin),
        np.minimum.reduceat(micro, begin),
        np.maximum.reduceat(micro, begin),
        micro[end],
        at_ms[end],
    )
    panes = pane[begin]
    starts = np.unique(panes).tolist()
    if len(starts) == 1:
        return [Rows(starts[0], *columns)]
    out = []
    for start in starts:
        mine = np.flatnonzero(panes == start)
        out.append(Rows(start, *(c[mine] for c in columns)))
    return out


def merged(a: Rows, b: Rows) -> Rows:
    """Aggregates of the same series from two disjoint stretches; one without data changes nothing."""
    newer = (b.n > 0) & (b.last_at > a.last_at)
    some = b.n > 0
    return Rows(
        a.start_ms,
        a.series,
        a.n + b.n,
        a.total + np.where(some, b.total, 0),
        np.where(some, np.minimum(a.low, b.low), a.low),
        np.where(some, np.maximum(a.high, b.high), a.high),
        np.where(newer, b.last, a.last),
        np.where(newer, b.last_at, a.last_at),
    )


def aggregate(rows: Rows, name: str) -> Any:
    """One aggregate of each row, in the measure's unit, as the contract computes it. (rows,)"""
    if name == "mean":
        return rows.total / MICRO / rows.n
    if name == "range":
        return (rows.high - rows.low) / MICRO
    column = {"sum": rows.total, "min": rows.low, "max": rows.high, "last": rows.last}[name]
    return column / MICRO
