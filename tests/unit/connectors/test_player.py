"""When a record is due."""

from __future__ import annotations

import pytest

from connectors.replay.player import Pace
from connectors.replay.recording import Record
from tests.support.clock import StillClock


def at(seconds: float | None) -> Record:
    return Record(0, "readings.disaster", None if seconds is None else 1_662_400_000_000 + round(seconds * 1000), {})


@pytest.mark.parametrize(("speed", "wait_s"), [(1.0, 600.0), (60.0, 10.0), (0.5, 1200.0)])
def test_a_record_is_due_as_long_after_the_first_as_it_was_then_divided_by_the_speed(
    speed: float, wait_s: float
) -> None:
    pace = Pace(speed, StillClock())

    assert pace.due_in_s(at(0)) == 0
    assert pace.due_in_s(at(600)) == pytest.approx(wait_s)


def test_a_delay_is_caught_up_and_does_not_add_up() -> None:
    clock = StillClock()
    pace = Pace(1.0, clock)
    pace.due_in_s(at(0))

    clock.move(7)

    assert pace.due_in_s(at(5)) == pytest.approx(-2)
    assert pace.due_in_s(at(10)) == pytest.approx(3)


def test_speed_0_is_as_fast_as_possible() -> None:
    pace = Pace(0.0, StillClock())

    assert [pace.due_in_s(at(seconds)) for seconds in (0, 600, 10**9)] == [0, 0, 0]


def test_a_record_without_a_time_is_due_at_once_and_sets_no_beginning() -> None:
    pace = Pace(1.0, StillClock())

    assert pace.due_in_s(at(None)) == 0
    assert pace.due_in_s(at(100)) == 0
    assert pace.due_in_s(at(101)) == pytest.approx(1)


def test_an_earlier_record_is_due_at_once() -> None:
    pace = Pace(1.0, StillClock())
    pace.due_in_s(at(100))

    assert pace.due_in_s(at(50)) <= 0
