"""Which windows a reading enters, when they are final, and what is shown of them before."""

from __future__ import annotations

import pytest

from streams.contract.times import parse_ms
from streams.contract.windows import WINDOW_LENGTHS_S
from streams.engine.readings_stage import EARLY_EVERY_MS
from tests.support.timeline import RAIN, RIVER, SLOW, Partition, clock, ms, sensor


@pytest.fixture
def p() -> Partition:
    return Partition()


def test_a_window_is_final_when_the_newest_reading_less_the_grace_reaches_its_end(p: Partition) -> None:
    p.reads("10:00:10", "rain-1", rainfall_mm=1)
    p.reads("10:00:50", "rain-1", rainfall_mm=2)
    p.reads("10:01:59.999", "rain-1", rainfall_mm=4)
    assert p.finals() == []

    p.reads("10:02", "rain-1", rainfall_mm=8)

    assert p.finals() == ["10:00 rain-1 rainfall_mm 2 3"]


def test_start_is_inside_and_end_is_outside(p: Partition) -> None:
    p.reads("10:00:59.999", "rain-1", rainfall_mm=1)
    p.reads("10:01", "rain-1", rainfall_mm=2)
    p.reads("10:05", "rain-1", rainfall_mm=4)
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1", "10:01 rain-1 rainfall_mm 1 2"]


def test_a_value_of_a_period_belongs_to_the_window_before_its_end(p: Partition) -> None:
    p.reads("10:01", "rain-1", rainfall_mm=2, period_s=60)
    p.reads("10:05", "rain-1", rainfall_mm=4)
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 2"]


def test_an_hourly_mean_is_its_hour_and_not_an_hour_late(p: Partition) -> None:
    p.reads("13:00", "slow-1", temperature_c=20, period_s=3600, arrives="13:14")
    p.reads("14:00", "slow-1", temperature_c=21, period_s=3600, arrives="14:14")
    p.reads("15:00", "slow-1", temperature_c=22, period_s=3600, arrives="15:14")
    p.reads("16:00", "slow-1", temperature_c=23, period_s=3600, arrives="16:14")
    assert p.rejected() == []
    assert p.finals(3600) == [
        "12:00 slow-1 temperature_c 1 20",
        "13:00 slow-1 temperature_c 1 21",
        "14:00 slow-1 temperature_c 1 22",
    ]


def test_a_period_of_nothing_is_an_instant(p: Partition) -> None:
    p.reads("10:01", "rain-1", rainfall_mm=2, period_s=0)
    p.reads("10:05", "rain-1", rainfall_mm=4)
    assert p.finals() == ["10:01 rain-1 rainfall_mm 1 2"]


def test_a_window_tells_count_sum_mean_extremes_and_the_newest_value(p: Partition) -> None:
    for at, value in (("10:00:30", 0.3), ("10:00:50", 0.1), ("10:00:40", 0.2)):
        p.reads(at, "rain-1", rainfall_mm=value)
    p.reads("10:05", "rain-1", rainfall_mm=4)
    (window,) = p.windows()
    assert window == {
        "sensor_id": "rain-1",
        "zone": "ocheon-eup",
        "measure": "rainfall_mm",
        "window_s": 60,
        "start": "2022-09-06T10:00:00.000Z",
        "end": "2022-09-06T10:01:00.000Z",
        "count": 3,
        "sum": 0.6,
        "mean": 0.6 / 3,
        "min": 0.1,
        "max": 0.3,
        "last": 0.1,
        "final": True,
        "revision": 0,
    }


def test_an_hour_without_readings_has_no_window(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("12:00", "rain-1", rainfall_mm=1)
    p.reads("13:30", "rain-1", rainfall_mm=1)
    assert p.finals(3600) == ["10:00 rain-1 rainfall_mm 1 1", "12:00 rain-1 rainfall_mm 1 1"]


def test_a_slow_sensors_windows_wait_for_its_publication_delay_and_others_do_not() -> None:
    p = Partition()
    p.reads("10:00", "slow-1", temperature_c=1)
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:16:59", "rain-1", rainfall_mm=1)
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]

    p.reads("10:17", "rain-1", rainfall_mm=1)

    assert p.finals()[-1] == "10:00 slow-1 temperature_c 1 1"


def test_a_slow_sensors_reading_moves_the_watermark_as_any_other(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:02", "slow-1", temperature_c=1)
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]


# -- late, behind -----------------------------------------------------------------------------------------------------


def test_a_reading_is_late_only_by_its_own_series_final_window(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:10", "rain-1", rainfall_mm=1)

    p.reads("10:00:30", "rain-1", rainfall_mm=1, arrives="10:10")
    p.reads("10:00:30", "rain-1", wind_speed_ms=1, arrives="10:10")
    p.reads("10:00:30", "river-1", water_level_m=1, arrives="10:10")

    assert p.rejected() == [("late", "observed_at")]
    assert p.counts() == {"windowed": 4, "late": 1}


def test_a_reading_is_late_as_soon_as_the_watermark_stands_at_its_windows_end(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:02", "rain-1", rainfall_mm=1)
    p.reads("10:00:30", "rain-1", rainfall_mm=1, arrives="10:02")
    assert p.rejected() == [("late", "observed_at")]
    whole = Partition()
    whole.stage.step(p.log)
    assert whole.rejected() == p.rejected()


def test_a_late_reading_changes_no_window(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:10", "rain-1", rainfall_mm=1)
    p.reads("10:00:30", "rain-1", rainfall_mm=100, arrives="10:10")
    p.reads("11:30", "rain-1", rainfall_mm=1)
    assert p.finals(3600) == ["10:00 rain-1 rainfall_mm 2 2"]


def test_a_gateway_that_comes_back_fills_its_hole_live_reading_first(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("12:00", "rain-1", rainfall_mm=1)
    for at in ("11:00", "11:00:30", "11:01"):
        p.reads(at, "rain-1", rainfall_mm=2, arrives="12:00")
    assert p.rejected() == []

    p.reads("12:01", "rain-1", rainfall_mm=1)

    assert p.finals() == [
        "10:00 rain-1 rainfall_mm 1 1",
        "11:00 rain-1 rainfall_mm 2 4",
        "11:01 rain-1 rainfall_mm 1 2",
    ]


def test_a_filled_window_stays_open_while_readings_enter_it(p: Partition) -> None:
    p.reads("12:00", "river-1", water_level_m=1)
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="12:00")
    p.reads("12:00:40", "river-1", water_level_m=1)
    p.reads("10:00:01", "rain-1", rainfall_mm=1, arrives="12:00:40")
    p.reads("12:01:39", "river-1", water_level_m=1)
    assert "10:00 rain-1 rainfall_mm 2 2" not in p.finals()

    p.reads("12:01:40", "river-1", water_level_m=1)

    assert "10:00 rain-1 rainfall_mm 2 2" in p.finals()
    p.reads("10:00:02", "rain-1", rainfall_mm=1, arrives="12:01:40")
    assert p.rejected() == [("late", "observed_at")]
    whole = Partition()
    whole.stage.step(p.log)
    assert (whole.finals(), whole.rejected()) == (p.finals(), p.rejected()), "also where it all comes at once"


@pytest.mark.parametrize(("first", "second"), [("rain-1", "river-1"), ("river-1", "rain-1")])
def test_a_window_that_one_sensor_fills_stays_final_for_another(p: Partition, first: str, second: str) -> None:
    p.reads("10:00", first, rainfall_mm=1)
    p.reads("12:00", "slow-1", temperature_c=1)
    p.reads("10:00", second, rainfall_mm=1, arrives="12:00")
    p.reads("12:02", "slow-1", temperature_c=1)
    for sensor_id in (first, second):
        p.reads("10:00:30", sensor_id, rainfall_mm=1, arrives="12:02")
    assert p.rejected() == [("late", "observed_at")] * 2


def test_the_last_value_of_a_filled_window_is_the_newest_not_the_latest_to_come(p: Partition) -> None:
    p.reads("12:00", "river-1", water_level_m=1)
    p.reads("10:00:40", "rain-1", rainfall_mm=4, arrives="12:00")
    p.reads("10:00:20", "rain-1", rainfall_mm=2, arrives="12:00")
    p.reads("12:02", "river-1", water_level_m=1)
    assert [w["last"] for w in p.windows() if w["sensor_id"] == "rain-1"] == [4.0]


def test_a_final_hour_that_gains_is_sent_again_with_a_higher_revision(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("12:00", "rain-1", rainfall_mm=1)
    p.reads("10:30", "rain-1", rainfall_mm=5, arrives="12:00")
    p.reads("12:02", "rain-1", rainfall_mm=1)
    p.reads("10:40", "rain-1", rainfall_mm=7, arrives="12:02")
    p.reads("12:04", "rain-1", rainfall_mm=1)
    assert p.finals(3600) == [
        "10:00 rain-1 rainfall_mm 1 1",
        "10:00 rain-1 rainfall_mm 2 6 r1",
        "10:00 rain-1 rainfall_mm 3 13 r2",
    ]


def test_an_hour_that_was_empty_when_it_became_due_is_final_at_once_without_a_revision(p: Partition) -> None:
    p.reads("12:00", "rain-1", rainfall_mm=1)
    p.reads("10:30", "rain-1", rainfall_mm=5, arrives="12:00")
    p.reads("12:02", "rain-1", rainfall_mm=1)
    assert p.finals(3600) == ["10:00 rain-1 rainfall_mm 1 5"]


def test_what_was_observed_a_day_before_its_arrival_is_late(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="34:00")
    p.reads("10:00", "rain-1", wind_speed_ms=1, arrives="34:00:00.001")
    assert p.rejected() == [("late", "observed_at")]


def test_the_first_readings_of_a_partition_are_live_however_old(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="33:00")
    p.reads("10:05", "rain-1", rainfall_mm=1, arrives="33:00")
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]


def test_an_old_hour_that_gains_at_the_last_moment_keeps_what_it_had(p: Partition) -> None:
    p.reads("10:10", "rain-1", rainfall_mm=1)
    p.reads("11:10", "rain-1", rainfall_mm=1)
    p.reads("35:01:10", "river-1", water_level_m=1, arrives="34:58")
    p.reads("35:02:30", "river-1", water_level_m=1, arrives="34:58")
    p.reads("10:58", "rain-1", rainfall_mm=5, arrives="34:58")
    p.reads("35:03", "river-1", water_level_m=1, arrives="35:00:30")
    p.reads("35:05", "river-1", water_level_m=1)
    assert [w for w in p.finals(3600) if w.startswith("10:00")] == [
        "10:00 rain-1 rainfall_mm 1 1",
        "10:00 rain-1 rainfall_mm 2 6 r1",
    ]


# -- future -----------------------------------------------------------------------------------------------------------


def test_a_reading_five_minutes_ahead_of_its_arrival_is_taken_and_one_beyond_is_refused(p: Partition) -> None:
    p.reads("10:05", "rain-1", rainfall_mm=1, arrives="10:00")
    p.reads("10:05:00.001", "rain-1", rainfall_mm=1, arrives="10:00")
    assert p.rejected() == [("future", "observed_at")]
    assert p.counts() == {"windowed": 1, "rejected": 1}


def test_a_reading_of_the_future_moves_no_watermark(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.gets(b'{"sensor_id":"rain-1","observed_at":"9999-12-31T23:59:59Z","rainfall_mm":1}', "10:00")
    p.reads("10:00:30", "rain-1", rainfall_mm=1)
    assert p.finals() == []
    assert p.counts() == {"windowed": 2, "rejected": 1}


# -- early ------------------------------------------------------------------------------------------------------------


def test_an_open_window_is_shown_at_once_and_then_at_most_once_a_second(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.stage.tick(1_000_000)
    assert [(w["count"], w["window_s"], w["final"]) for w in p.windows(None, final=None)] == [
        (1, length_s, False) for length_s in WINDOW_LENGTHS_S
    ]

    p.reads("10:00:01", "rain-1", rainfall_mm=1)
    p.stage.tick(1_000_000 + EARLY_EVERY_MS - 1)
    assert len(p.windows(None, final=False)) == 6
    p.stage.tick(1_000_000 + EARLY_EVERY_MS)

    assert [w["count"] for w in p.windows(None, final=False)] == [1] * 6 + [2] * 6
    p.stage.tick(2_000_000)
    assert len(p.windows(None, final=False)) == 12


def test_an_early_hour_holds_its_final_and_its_open_minutes(p: Partition) -> None:
    for minute in range(4):
        p.reads(f"10:0{minute}", "rain-1", rainfall_mm=1)
    p.stage.tick(0)
    assert [w["count"] for w in p.windows(3600, final=False)] == [4]


def test_an_early_hour_holds_what_fills_a_hole(p: Partition) -> None:
    p.reads("10:50", "rain-1", rainfall_mm=1)
    p.stage.tick(0)
    p.reads("10:10", "rain-1", rainfall_mm=5, arrives="10:50")
    p.stage.tick(2000)
    assert [w["sum"] for w in p.windows(3600, final=False)] == [1, 6]


def test_a_final_window_is_never_shown_early_again(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:05", "rain-1", rainfall_mm=1)
    p.stage.tick(0)
    assert [clock(parse_ms(w["start"])) for w in p.windows(60, final=False)] == ["10:05"]


# -- idle -------------------------------------------------------------------------------------------------------------


def test_a_silent_partition_is_released_after_idle_and_grace(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    assert not p.stage.release_idle(ms("10:02:59.999"))
    assert p.finals() == []

    assert p.stage.release_idle(ms("10:03"))

    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]
    assert p.stage.out.once, "the decision must be kept before its effect is seen"


def test_a_release_is_asked_for_only_where_something_becomes_final(p: Partition) -> None:
    p.reads("10:00", "slow-1", temperature_c=1)
    p.stage.release_idle(ms("10:03"))
    assert not p.stage.release_idle(ms("10:10")), "its window is final at 10:16 of the watermark"
    assert p.stage.release_idle(ms("10:18"))
    assert p.finals() == ["10:00 slow-1 temperature_c 1 1"]


def test_a_partition_that_never_had_a_reading_is_not_released() -> None:
    p = Partition()
    assert not p.stage.release_idle(ms("23:00"))
    p.reads("10:00", "rain-1", rainfall_mm=1, arrives="23:00")
    assert p.rejected() == []
    assert p.counts() == {"windowed": 1}


def test_a_release_never_takes_the_watermark_back(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:30", "rain-1", rainfall_mm=1)
    before_ms = p.stage.exercises.real.watermark.at_ms
    p.stage.release_idle(ms("10:20"))
    assert p.stage.exercises.real.watermark.at_ms == before_ms


# -- memory -----------------------------------------------------------------------------------------------------------


def test_memory_is_bounded_by_a_day_of_event_time() -> None:
    p = Partition([RAIN, RIVER, SLOW])
    for hour in range(60):
        for minute in (0, 20, 40):
            p.reads(f"{hour}:{minute:02d}", "rain-1", rainfall_mm=1)
    windows = p.stage.exercises.real.windows
    day_s, lengths_s = 86_400, [longer.length_s for longer in windows.longer]
    most = [day_s // length_s + 3 for length_s in lengths_s]
    assert all(longer.kept <= n for longer, n in zip(windows.longer, most, strict=True))
    assert len(windows.closed.state()) <= 25 * 3 + 1
    assert len(windows.panes) <= 2
    assert len(windows.behind.panes) == 0
    blocks = p.stage.exercises.real.seen
    assert len(p.log) - p.stage.resume_offset() <= 2, blocks


def test_more_series_than_there_was_room_for_keep_all_their_values() -> None:
    sensors = [sensor(f"station-{i}") for i in range(300)]
    p = Partition(sensors)
    for i in range(300):
        p.reads("10:00", f"station-{i}", rainfall_mm=1, wind_speed_ms=i / 10)
        if i % 50 == 0:
            p.stage.tick(i * 1000)
    p.reads("10:05", "station-0", rainfall_mm=1)
    assert len(p.finals()) == 600
    assert p.counts() == {"windowed": 601}
