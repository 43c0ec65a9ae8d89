"""Sums and rises that slide: what they hold, and that holding it costs no more the longer they run."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.panes import PANE_MS, Rows
from streams.engine.sliding import Rising, Sliding

HOUR_S = 3600
LENGTHS_S = (600, HOUR_S, 10_800)


def _minute(number: int, series: list[int], total: int) -> Rows:
    n = len(series)
    same = [np.full(n, total, np.int64) for _ in range(4)]
    return Rows(number * PANE_MS, np.array(series, np.int64), np.ones(n, np.int64), *same, np.zeros(n, np.int64))


def test_a_sum_holds_the_minutes_of_its_length_and_no_others() -> None:
    sliding = Sliding(HOUR_S)
    for number in range(90):
        sliding.add(_minute(number, [5, 9], 1))

    total, count = sliding.sums(np.array([9, 5]), 89 * PANE_MS, 600)

    assert total.tolist() == count.tolist() == [10, 10]


def test_a_rise_is_the_newest_minute_less_the_oldest_and_needs_two() -> None:
    rising = Rising(HOUR_S)
    for number, last in ((0, 7), (3, 9), (59, 4)):
        rising.add(_minute(number, [5], last))
    rising.add(_minute(59, [9], 8))

    def rises(number: int, length_s: int) -> list[int | None]:
        micro, known = rising.rises(np.array([5, 9]), number * PANE_MS, length_s)
        return [int(m) if k else None for m, k in zip(micro, known, strict=True)]

    assert rises(59, HOUR_S) == [-3, None]
    assert rises(60, HOUR_S) == [-5, None]
    assert rises(59, 600) == [None, None]
    assert rises(3, 600) == [2, None]


Told = list[tuple[int, int, int]]
"""Minute, series and value, each series' minute once."""
told = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 3), st.integers(-30, 30)),
    min_size=1,
    max_size=60,
    unique_by=lambda each: each[:2],
)


def _says(ring: Any, series: int, minute: int, length_s: int) -> list[Any]:
    found = (ring.sums if isinstance(ring, Sliding) else ring.rises)(np.array([series]), minute * PANE_MS, length_s)
    return [column.tolist()[0] for column in found]


@pytest.mark.parametrize("kind", [Sliding, Rising])
@settings(max_examples=60)
@given(told, st.integers(0, 60), st.sampled_from(LENGTHS_S), st.sampled_from(LENGTHS_S))
def test_what_slides_is_of_its_minutes_also_over_a_restart_with_other_rules(
    kind: Any, told: Told, restart: int, before_s: int, after_s: int
) -> None:
    ring, longest_s, known = kind(before_s), before_s, dict[tuple[int, int], int]()
    for i, (minute, series, value) in enumerate(sorted(told)):
        if i == restart:
            kept, longest_s = ring.state(), after_s
            ring = kind(after_s)
            ring.load(kept)
            # What the rules before did not look back to is not known.
            known = {key: v for key, v in known.items() if _is_kept(key, known, before_s)}
        ring.add(_minute(minute, [series], value))
        known[series, minute] = value
        for length_s in (each for each in LENGTHS_S if each <= longest_s):
            inside = [known[s, m] for s, m in sorted(known) if s == series and minute - length_s // 60 < m <= minute]
            if kind is Sliding:
                assert _says(ring, series, minute, length_s) == [sum(inside), len(inside)]
            else:
                assert _says(ring, series, minute, length_s) == [inside[-1] - inside[0], len(inside) > 1]


def _is_kept(key: tuple[int, int], known: dict[tuple[int, int], int], length_s: int) -> bool:
    """Whether no minute that came later has taken its place."""
    series, minute = key
    slots = length_s // 60 + 1
    return not any(s == series and m > minute and (m - minute) % slots == 0 for s, m in known)


def test_a_shorter_ring_keeps_the_newest_minutes() -> None:
    longer, shorter = Sliding(10_800), Sliding(600)
    for number in range(100):
        longer.add(_minute(number, [1, 2], number))
    shorter.load(longer.state())
    assert _says(shorter, 2, 99, 600) == [sum(range(90, 100)), 10]


def test_what_is_older_than_the_rules_look_back_takes_no_newer_place() -> None:
    for ring in (Sliding(600), Rising(600)):
        ring.add(_minute(20, [1], 5))
        ring.add(_minute(10, [1], 9))  # a gateway fills its hole
        ring.add(_minute(21, [1], 6))
        assert _says(ring, 1, 21, 600) == ([11, 2] if isinstance(ring, Sliding) else [1, True])


def test_memory_grows_with_series_and_not_with_time() -> None:
    sliding, series = Sliding(HOUR_S), list(range(100))
    for first in (60, 100):
        sliding.add(_minute(0, series[:first], 1))
    tracemalloc.start()
    for number in range(1, 200):
        sliding.add(_minute(number, series, 1))
        sliding.sums(np.array(series), number * PANE_MS, HOUR_S)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * 160 * 61 * 16, "more than the rings of these series themselves"
