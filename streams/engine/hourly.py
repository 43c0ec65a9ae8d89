"""The last hours of series: their means, as they are known at the moment. What fills a hole later makes an hour anew."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from streams.engine.air_quality_index import HOURS, UNKNOWN
from streams.engine.instants import Bools, Ints
from streams.engine.panes import Rows
from streams.engine.sliding import Ring

HOUR_MS: Final = 3_600_000


class HourlyMeans(Ring):
    """Fed with final hours, and again with those that have gained something since; 16 bytes an hour and series."""

    STEP_MS: ClassVar = HOUR_MS
    COLUMNS: ClassVar = {"total": ("total", np.int64), "count": ("n", np.int32)}

    def __init__(self) -> None:
        super().__init__(HOURS * HOUR_MS // 1000)

    def add(self, pane: Rows) -> tuple[Ints, Bools]:
        """Take in hours; one that comes again stands for what it was."""
        rows, _ = super().add(pane)
        number = pane.start_ms // HOUR_MS
        slot = number % self._steps
        known = self._step[rows, slot] == number
        for name, (aggregate, _) in self.COLUMNS.items():
            self._kept[name][rows[known], slot] = getattr(pane, aggregate)[known]
        return rows, known

    def means(self, series: Ints, start_ms: int) -> Ints:
        """The mean of each of the hours up to the one of this start, oldest first, to a micro-unit, a half upwards.

        Args:
            series: whose; -1 where there is none.
            start_ms: start of the last hour.

        Returns:
            `UNKNOWN` where nothing is known. (series, hours)
        """
        means = np.full((len(series), HOURS), UNKNOWN, np.int64)
        some = np.flatnonzero(series >= 0)
        if len(some):
            rows, inside = self._inside(series[some], start_ms, HOURS * HOUR_MS // 1000)
            total, n = self._kept["total"][rows], np.maximum(self._kept["count"][rows].astype(np.int64), 1)
            mean = np.where(inside, (2 * total + n) // (2 * n), UNKNOWN)
            slots = (start_ms // HOUR_MS - np.arange(HOURS)[::-1]) % self._steps
            means[some] = mean[:, slots]
        return means
