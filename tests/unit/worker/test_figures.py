"""Figures: a process tells what was added since it took a partition over, each value once."""

from __future__ import annotations

from collections import Counter

from streams.worker.figures import added


def test_what_was_told_is_not_told_again() -> None:
    told: Counter[str] = Counter()
    assert added(Counter(a=2, b=1), told) == [("a", 2), ("b", 1)]
    assert added(Counter(a=5, b=1), told) == [("a", 3)]
    assert added(Counter(a=5, b=1), told) == []


def test_a_count_that_begins_anew_is_told_from_its_beginning() -> None:
    told = Counter(exercise=9)
    assert added(Counter(), told) == []
    assert added(Counter(exercise=2), told) == [("exercise", 2)]
