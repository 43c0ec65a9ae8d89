"""What a sensor says in a time of planned work enters nothing; until its end nobody waits for it."""

from __future__ import annotations

import numpy as np

from streams.contract.maintenance import Period
from streams.contract.times import from_ms
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.maintenance import Maintenance
from streams.engine.readings_stage import ReadingsStage
from tests.support.absence import on_absence
from tests.support.timeline import RAIN, RIVER, RIVER_RULE, Partition, clock, ms, roster_of

SENSORS = [RAIN, RIVER]
ABSENT = on_absence("absent", 3, "river-gauge")


def work(begin: str, end: str, *sensors: str) -> Period:
    return Period.model_validate(
        {
            "sensors": sensors or ["river-1"],
            "begin": from_ms(ms(begin)),
            "end": from_ms(ms(end)),
            "reason": {"ko": "교체", "en": "Replaced"},
            "by": "river-office",
        }
    )


def partition(*periods: Period) -> Partition:
    p = Partition(SENSORS, [RIVER_RULE, ABSENT])
    roster = roster_of(SENSORS)
    p.stage = ReadingsStage(roster, watch_of([RIVER_RULE, ABSENT], roster, periods), 0, ONE)
    return p


def test_a_reading_of_that_time_is_set_aside_and_judged_by_nothing() -> None:
    p = partition(work("10:00", "11:00"))
    for at in ("09:59:59.999", "10:00", "10:59:59.999", "11:00"):
        p.reads(at, "river-1", water_level_m=1.5)
    p.reads("12:00", "rain-1", rainfall_mm=0)

    assert p.counts()["set_aside"] == 2
    assert p.changes()[0] == "09:59:59.999 river-level raised attention"
    assert p.finals() == ["09:59 river-1 water_level_m 1 1.5", "11:00 river-1 water_level_m 1 1.5"]


def test_another_sensor_is_heard_as_ever() -> None:
    p = partition(work("10:00", "11:00", "rain-1"))
    p.reads("10:30", "river-1", water_level_m=1.5)
    assert p.changes() == ["10:30 river-level raised attention"]
    assert p.counts() == {"windowed": 1}


def absences(*periods: Period, until: str, speaks: tuple[str, ...] = ("10:00",)) -> list[str]:
    p = partition(*periods)
    for at in speaks:
        p.reads(at, "river-1", water_level_m=0.5)
    for at_ms in range(ms(speaks[-1]), ms(until) + 1, 60_000):
        p.reads(clock(at_ms), "rain-1", rainfall_mm=0)
    return p.changes()


def test_work_is_waited_out() -> None:
    assert absences(work("10:20", "12:00"), until="12:30") == []
    assert absences(work("10:20", "12:00"), until="12:31") == ["12:30 absent raised attention"]


def test_work_that_follows_at_once_is_waited_out_too() -> None:
    one_after_the_other = (work("12:10", "13:00"), work("10:29:59", "12:00"))
    assert absences(*one_after_the_other, until="13:40") == ["13:30 absent raised attention"]


def test_work_that_begins_when_it_is_absent_ends_no_alert() -> None:
    assert absences(work("10:30", "12:00"), until="12:40") == ["10:30 absent raised attention"]


def test_work_that_had_ended_before_changes_nothing() -> None:
    assert absences(work("09:00", "10:00"), until="10:31") == ["10:30 absent raised attention"]


def test_a_reading_during_the_work_shows_that_it_speaks() -> None:
    spoke = ("10:00", "10:20", "10:40", "11:00")
    assert absences(work("10:00", "10:50"), until="11:31", speaks=spoke) == ["11:30 absent raised attention"]


def test_periods_of_other_domains_are_none_here() -> None:
    assert not Maintenance([work("10:00", "11:00", "air-1")], SENSORS)
    planned = Maintenance([work("10:00", "11:00")], SENSORS)
    at_ms = np.array([ms("10:00"), ms("10:00"), ms("11:00")])
    assert planned and planned.covers(np.array([0, 1, 1]), at_ms).tolist() == [False, True, False]
