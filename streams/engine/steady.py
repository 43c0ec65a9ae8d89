"""Which values change nothing of how a rule stands: one comparison of arrays passes over a whole city in a storm.

A series without a state is steady below its lowest threshold. One whose alert stands is steady between the thresholds around
its value, as long as nothing of it waits for a duration and its values follow each other without a gap: then only the end of
the last value moves on.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.engine.decimals import Floats
from streams.engine.instants import Bools, Ints
from streams.engine.panes import grown

NOWHERE: Final = (np.inf, -np.inf)
"""Every value is to be looked at."""


class Steady:
    """How the series of one rule are steady; values are higher where they are worse, whatever the rule watches for."""

    def __init__(self) -> None:
        self.marked: Bools = np.zeros(0, np.bool_)
        """Which series have a state. (series,)"""
        self.last_end_ms: Ints = np.zeros(0, np.int64)
        """Of those: the end of the last value. (series,)"""
        self._low: Floats = np.zeros(0, np.float64)
        self._high: Floats = np.zeros(0, np.float64)

    def make_room(self, size: int) -> None:
        """Make room for so many series."""
        if size > len(self.marked):
            self.marked = grown(self.marked, 2 * size, False)
            self.last_end_ms = grown(self.last_end_ms, 2 * size, 0)
            self._low, self._high = grown(self._low, 2 * size, 0), grown(self._high, 2 * size, 0)

    def put(self, series: int, span: tuple[float, float], last_end_ms: int) -> None:
        """A series has a state now, of which a value in [low, high) changes nothing."""
        self.make_room(series + 1)
        self.marked[series], self.last_end_ms[series] = True, last_end_ms
        self._low[series], self._high[series] = span

    def drop(self, series: int) -> None:
        """A series has no state any more."""
        self.marked[series] = False

    def unsteady(self, series: Ints, value: Floats, lowest: Floats, *, once: bool) -> Bools:
        """Which values must be looked at, if no gap lies before them. (n,)

        Args:
            series: of each value. (n,)
            value: (n,)
            lowest: from where on a series without a state must be looked at. (n,)
            once: each series comes once; else all of a series are looked at where one is.
        """
        marked = self.marked[series]
        outside = (value < self._low[series]) | (value >= self._high[series]) if once else True
        look: Bools = np.where(marked, outside, value >= lowest)
        if not once and look.any():
            some = np.zeros(len(self.marked), np.bool_)
            some[series[look]] = True
            look = some[series]
        return look

    def after_gap(self, series: Ints, start_ms: Ints, gap_ms: Ints) -> Bools:
        """Which values lie so far behind the last one of a series with a state that its durations begin anew. (n,)"""
        found: Bools = self.marked[series] & (start_ms - self.last_end_ms[series] > gap_ms)
        return found

    def go_on(self, series: Ints, end_ms: Ints) -> None:
        """Steady values end here."""
        self.last_end_ms[series] = end_ms
