"""Sums that slide: what they hold, and that holding it costs no more the longer they run."""

from __future__ import annotations

import tracemalloc

import numpy as np

from streams.engine.panes import PANE_MS, Rows
from streams.engine.sliding import Sliding

HOUR_S = 3600


def _minute(number: int, series: list[int], total: int) -> Rows:
    n = len(series)
    same = [np.full(n, total, np.int64) for _ in range(4)]
    return Rows(number * PANE_MS, np.array(series, np.int64), np.ones(n, np.int64), *same, np.zeros(n, np.int64))


def test_a_sum_holds_the_minutes_of_its_length_and_no_others() -> None:
    sliding = Sliding({600, HOUR_S})
    for number in range(90):
        sliding.add(_minute(number, [5, 9], 1))

    total, count = sliding.sums(np.array([9, 5]), 89 * PANE_MS, 600)

    assert total.tolist() == count.tolist() == [10, 10]


def test_memory_grows_with_series_and_not_with_time() -> None:
    sliding, series = Sliding({HOUR_S}), list(range(100))
    for first in (60, 100):
        sliding.add(_minute(0, series[:first], 1))
    tracemalloc.start()
    for number in range(1, 200):
        sliding.add(_minute(number, series, 1))
        sliding.sums(np.array(series), number * PANE_MS, HOUR_S)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * 160 * 61 * 16, "more than the rings of these series themselves"
