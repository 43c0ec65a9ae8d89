"""Event-time progress of one timeline in one partition.

The watermark is the newest event time seen, less the grace. It is taken record by record: what a record does never depends
on where the log is cut into chunks.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from streams.contract.times import DAY_MS, to_ms
from streams.engine.instants import Bools, Ints

TOO_OLD_MS: Final = DAY_MS
"""A value observed this long before its arrival (in an exercise: before its watermark) is late (contract 3)."""
CALENDAR_END_MS: Final = to_ms(dt.datetime(9999, 1, 1, tzinfo=dt.UTC))
"""An exercise may be of any year whose windows end within the calendar."""
NEVER_MS: Final = -(1 << 53)
"""The watermark of a partition that never had a reading."""


class Watermark:
    """Never goes back."""

    def __init__(self, grace_ms: int) -> None:
        self.grace_ms = grace_ms
        self.at_ms = NEVER_MS

    def before_each(self, at_ms: Ints) -> Ints:
        """The watermark just before each of these readings in log order; it then stands after the last. (n,)"""
        running = np.maximum.accumulate(at_ms) - self.grace_ms
        before = np.empty(len(at_ms), np.int64)
        before[0] = self.at_ms
        np.maximum(running[:-1], self.at_ms, out=before[1:])
        self.at_ms = max(self.at_ms, int(running[-1]))
        return before

    def release(self, to_ms: int) -> None:
        """Move on without a reading (an idle partition)."""
        self.at_ms = max(self.at_ms, to_ms)


def ahead(at_ms: Ints, arrival_ms: Ints, future_ms: int) -> Bools:
    """Which readings lie further ahead of their arrival than a clock may be wrong. (n,)"""
    return at_ms > arrival_ms + future_ms
