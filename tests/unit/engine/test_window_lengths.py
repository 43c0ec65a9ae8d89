"""Windows of ten minutes to a day: where each begins, and what it gains afterwards."""

from __future__ import annotations

import pytest

from streams.contract.times import format_ms
from streams.contract.windows import WINDOW_LENGTHS_S
from tests.support.timeline import Partition, ms


@pytest.fixture
def p() -> Partition:
    return Partition()


@pytest.mark.parametrize(
    ("length_s", "start", "end"),
    [
        (60, "13:37", "13:38"),
        (600, "13:30", "13:40"),
        (3600, "13:00", "14:00"),
        (10_800, "12:00", "15:00"),
        (43_200, "03:00", "15:00"),  # noon and midnight of Korea
        (86_400, "-9:00", "15:00"),
    ],
)
def test_a_window_begins_at_its_multiple_of_the_epoch_and_those_of_the_day_in_korea(
    length_s: int, start: str, end: str
) -> None:
    p = Partition()
    p.reads("13:37:20", "rain-1", rainfall_mm=1.5)
    p.reads("13:37:40", "rain-1", rainfall_mm=0.5)
    p.reads("15:01", "rain-1", rainfall_mm=4)  # the watermark is at the end of the longest
    (window,) = p.windows(length_s)
    assert (window["start"], window["end"]) == (format_ms(ms(start)), format_ms(ms(end)))
    assert [window[name] for name in ("count", "sum", "min", "max", "last", "revision")] == [2, 2, 0.5, 1.5, 0.5, 0]


@pytest.mark.parametrize("length_s", WINDOW_LENGTHS_S[1:])
def test_a_filled_hole_is_in_every_length_once(p: Partition, length_s: int) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("15:01", "river-1", water_level_m=1)  # every window of the first is final
    p.reads("10:05", "rain-1", rainfall_mm=5, arrives="15:01")
    p.reads("15:02", "river-1", water_level_m=1)
    window = [w for w in p.windows(length_s) if w["sensor_id"] == "rain-1"][-1]
    assert [window[name] for name in ("count", "sum", "last", "revision")] == [2, 6, 5, 1]


@pytest.mark.parametrize("length_s", WINDOW_LENGTHS_S[1:])
def test_a_final_window_gains_after_a_restart(length_s: int) -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:01", "rain-1", wind_speed_ms=2)
    p.reads("15:01", "river-1", water_level_m=1)
    p.reads("15:02", "river-1", water_level_m=1)

    other = p.restarted()

    other.reads("10:05", "rain-1", rainfall_mm=5, arrives="15:02")
    other.reads("15:03", "river-1", water_level_m=1)
    window = [w for w in other.windows(length_s) if w["measure"] == "rainfall_mm"][-1]
    assert [window[name] for name in ("count", "sum", "min", "max", "last", "revision")] == [2, 6, 1, 5, 5, 1]


def test_a_sensor_published_late_that_speaks_first_when_others_are_done_has_its_hour() -> None:
    p = Partition()
    p.reads("12:30", "rain-1", rainfall_mm=1)
    p.reads("13:05", "rain-1", rainfall_mm=1)  # the hour of 12:00 is final for what is not published late
    p.reads("12:50", "slow-1", temperature_c=20, arrives="13:05")
    p.reads("13:20", "rain-1", rainfall_mm=1)
    assert p.finals(3600) == ["12:00 rain-1 rainfall_mm 1 1", "12:00 slow-1 temperature_c 1 20"]
