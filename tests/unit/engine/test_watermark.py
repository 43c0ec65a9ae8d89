"""Event time moves record by record and never back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.watermark import NEVER_MS, Watermark, ahead

times = st.lists(st.integers(946_684_800_000, 4_102_444_800_000), min_size=1, max_size=40)


@given(times, st.integers(0, 300_000))
def test_each_reading_meets_the_watermark_of_those_before_it(at_ms: list[int], grace_ms: int) -> None:
    mark = Watermark(grace_ms)
    before = mark.before_each(np.array(at_ms)).tolist()
    expected = [max([NEVER_MS, *(at - grace_ms for at in at_ms[:i])]) for i in range(len(at_ms))]
    assert before == expected
    assert mark.at_ms == max(at_ms) - grace_ms


@given(times, st.data())
def test_it_does_not_matter_where_the_log_is_cut(at_ms: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(at_ms)))
    whole, parts = Watermark(60_000), Watermark(60_000)
    told = [at for part in (at_ms[:cut], at_ms[cut:]) if part for at in parts.before_each(np.array(part)).tolist()]
    assert told == whole.before_each(np.array(at_ms)).tolist()
    assert parts.at_ms == whole.at_ms


@given(st.lists(st.one_of(times, st.integers(946_684_800_000, 4_102_444_800_000)), max_size=20))
def test_it_never_goes_back(moves: list[list[int] | int]) -> None:
    mark, last = Watermark(60_000), NEVER_MS
    for move in moves:
        if isinstance(move, int):
            mark.release(move)
        else:
            mark.before_each(np.array(move))
        assert mark.at_ms >= last
        last = mark.at_ms


def test_what_lies_exactly_at_the_bound_is_not_ahead() -> None:
    assert ahead(np.array([300_000, 300_001]), np.array([0, 0]), 300_000).tolist() == [False, True]
