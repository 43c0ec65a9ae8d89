"""A value is told once: the first stays, a repeat is counted, also across restarts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.duplicates import BLOCK_KEYS, Seen, keys_of
from tests.support.timeline import Partition, ms


@pytest.fixture
def p() -> Partition:
    return Partition()


def test_a_repeat_is_counted_and_the_first_stays(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:00", "rain-1", rainfall_mm=9)
    p.reads("10:05", "rain-1", rainfall_mm=1)
    assert p.counts() == {"windowed": 2, "duplicate": 1}
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]
    assert p.rejected() == []


def test_another_measure_at_the_same_instant_is_new(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:00", "rain-1", rainfall_mm=1, wind_speed_ms=3)
    assert p.counts() == {"windowed": 2, "duplicate": 1}


def test_an_exercise_repeats_nothing_of_reality(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:00", "rain-1", rainfall_mm=1, exercise="typhoon")
    assert (p.counts(), p.counts("typhoon")) == ({"windowed": 1}, {"windowed": 1})


def test_a_repeat_in_a_filled_window_is_a_duplicate(p: Partition) -> None:
    p.reads("12:00", "river-1", water_level_m=1)
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="12:00")
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="12:00")
    assert p.counts() == {"windowed": 2, "duplicate": 1}


def test_a_repeat_after_its_window_is_final_is_late(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:10", "rain-1", rainfall_mm=1)
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="10:10")
    assert p.counts() == {"windowed": 2, "late": 1}


@pytest.mark.parametrize("at", ["10:00:30", "09:30"], ids=["live", "filling a hole"])
def test_a_repeat_after_a_restart_is_a_duplicate(p: Partition, at: str) -> None:
    p.reads("10:00", "river-1", water_level_m=1)
    p.reads(at, "rain-1", rainfall_mm=1, arrives="10:00:30")
    again = p.restarted()
    again.reads(at, "rain-1", rainfall_mm=1, arrives="10:00:40")
    assert again.counts() == {"windowed": 2, "duplicate": 1}


@pytest.mark.parametrize("at", ["10:00:30", "09:30"], ids=["live", "filling a hole"])
def test_a_value_that_was_set_aside_is_no_first_one_after_a_restart(p: Partition, at: str) -> None:
    p.reads("10:00", "river-1", water_level_m=1)
    p.reads(at[:-1] + "5" if len(at) > 5 else at + ":01", "rain-1", rainfall_mm=1, arrives="10:00:30")
    p.reads(at, "rain-1", rainfall_mm=1, quality="suspect", arrives="10:00:30")
    again = p.restarted()
    again.reads(at, "rain-1", rainfall_mm=1, arrives="10:00:40")
    assert again.counts() == {"windowed": 3, "set_aside": 1}


def test_a_value_that_was_refused_as_future_is_no_first_one_after_a_restart(p: Partition) -> None:
    p.reads("10:06", "river-1", water_level_m=1, arrives="10:01")
    p.reads("10:06:30", "rain-1", rainfall_mm=1, arrives="10:01")
    p.reads("10:06:40", "rain-1", rainfall_mm=1, arrives="10:02")
    again = p.restarted()
    again.reads("10:06:30", "rain-1", rainfall_mm=1, arrives="10:06:30")
    assert again.counts() == {"windowed": 3, "rejected": 1}


def test_a_restart_during_a_restart_loses_no_memory(p: Partition) -> None:
    p.reads("10:00", "river-1", water_level_m=1)
    p.reads("10:00:30", "rain-1", rainfall_mm=1)
    kept, resume = p.stage.snapshot(), p.stage.resume_offset()
    second = Partition()
    second.stage.restore(kept)
    assert second.stage.resume_offset() == resume, "nothing has been read again yet"
    second.stage.step(p.log[resume : resume + 1])
    assert second.stage.resume_offset() == resume

    third = Partition()
    third.stage.restore(second.stage.snapshot())
    third.log = list(p.log)
    third.stage.step(p.log[second.stage.resume_offset() :])
    third.reads("10:00:30", "rain-1", rainfall_mm=1)

    assert third.counts() == {"windowed": 2, "duplicate": 1}
    assert third.stage.resume_offset() == 0


def test_a_restart_reads_no_more_than_open_windows_need(p: Partition) -> None:
    for minute in range(30):
        p.reads(f"10:{minute:02d}", "rain-1", rainfall_mm=1)
    assert p.stage.resume_offset() >= 26
    assert p.restarted().counts() == p.counts()


def test_an_exercise_that_was_replaced_leaves_nothing_to_a_later_one_of_its_name(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("01:00", "rain-1", rainfall_mm=1, exercise="a", arrives="10:00")
    p.reads("01:00:30", "rain-1", rainfall_mm=1, exercise="a", arrives="10:00")
    p.reads("01:00:30", "rain-1", rainfall_mm=1, exercise="a", arrives="35:00")
    again = p.restarted()
    again.reads("01:00", "rain-1", rainfall_mm=1, exercise="a", arrives="35:00")
    assert again.counts("a") == {"windowed": 2}


def test_times_that_need_more_bits_than_a_key_has_are_no_twins() -> None:
    p = Partition()
    for at in ("2022-09-06T00:00:00Z", "2162-01-22T05:05:11.104Z", "2050-01-01T00:00:00Z"):
        for name in ("rain-1", "river-1"):
            said = b'{"sensor_id":"%s","observed_at":"%s","rainfall_mm":1,"exercise":"far"}' % (
                name.encode(),
                at.encode(),
            )
            p.gets(said, "10:00")
    assert p.counts("far").get("duplicate", 0) == 0
    assert sum(p.counts("far").values()) == 6


@given(st.lists(st.tuples(st.sets(st.integers(0, 400), min_size=1), st.integers(0, 20)), max_size=30))
def test_what_was_added_is_held_until_its_window_is_final(added: list[tuple[set[int], int]]) -> None:
    seen, model = Seen(), dict[int, int]()
    for offset, (keys, until) in enumerate(added):
        new = keys - model.keys()
        if not new:
            continue
        seen.add(np.array(sorted(new), np.int64), until, offset)
        model |= dict.fromkeys(new, until)
        asked = np.arange(401)
        assert seen.holds(asked).tolist() == [k in model for k in range(401)]
    for watermark in range(21):
        seen.forget(watermark)
        held = set(np.flatnonzero(seen.holds(np.arange(401))).tolist())
        assert {k for k, until in model.items() if until > watermark} <= held
    assert not held
    assert seen.first_offset() is None


def test_blocks_are_merged_so_that_a_look_up_meets_few() -> None:
    seen = Seen()
    for i in range(2000):
        seen.add(keys_of(np.array([i]), np.array([ms("10:00")])), 10, i)
    assert len(seen._blocks) <= 12
    assert seen.first_offset() == 0
    assert BLOCK_KEYS > 2000
