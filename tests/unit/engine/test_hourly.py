"""The last hours of a series: by their newest state, as far back as twelve, also after a restart."""

from __future__ import annotations

import numpy as np

from streams.engine.air_quality_index import HOURS, UNKNOWN
from streams.engine.hourly import HOUR_MS, HourlyMeans
from streams.engine.panes import Rows


def hour(number: int, series: list[int], total: list[int], n: list[int]) -> Rows:
    empty = np.zeros(len(series), np.int64)
    columns = (np.array(column, np.int64) for column in (series, n, total))
    s, count, sums = columns
    return Rows(number * HOUR_MS, s, count, sums, empty, empty, empty, empty)


def means(kept: HourlyMeans, series: list[int], number: int) -> list[list[int]]:
    found: list[list[int]] = kept.means(np.array(series, np.int64), number * HOUR_MS).tolist()
    return found


def test_twelve_hours_are_looked_back_on_the_newest_last() -> None:
    kept = HourlyMeans()
    for number in range(100, 115):
        kept.add(hour(number, [3], [number], [1]))

    assert means(kept, [3, -1, 8], 114) == [list(range(103, 115)), [UNKNOWN] * HOURS, [UNKNOWN] * HOURS]


def test_a_mean_is_rounded_to_a_micro_unit_a_half_upwards() -> None:
    kept = HourlyMeans()
    kept.add(hour(100, [0, 1, 2], [5, 7, 4], [2, 3, 3]))
    assert [row[-1] for row in means(kept, [0, 1, 2], 100)] == [3, 2, 1]


def test_an_hour_that_comes_again_stands_for_what_it_was_and_one_long_past_for_nothing() -> None:
    kept = HourlyMeans()
    for number in (100, 112):
        kept.add(hour(number, [0], [10], [1]))
    kept.add(hour(112, [0], [30], [2]))
    kept.add(hour(105, [0], [7], [1]))
    kept.add(hour(99, [0], [9], [1]))

    assert means(kept, [0], 112) == [[UNKNOWN] * 4 + [7] + [UNKNOWN] * 6 + [15]]
    assert means(kept, [0], 111)[0][-1] == UNKNOWN


def test_a_restart_forgets_no_hour() -> None:
    kept, again = HourlyMeans(), HourlyMeans()
    for number in range(100, 103):
        kept.add(hour(number, [5, 2], [number, 1], [1, 1]))

    again.load(kept.state())
    again.add(hour(103, [5], [103], [1]))

    assert means(again, [5, 2], 103) == [[UNKNOWN] * 8 + [100, 101, 102, 103], [UNKNOWN] * 8 + [1, 1, 1, UNKNOWN]]
