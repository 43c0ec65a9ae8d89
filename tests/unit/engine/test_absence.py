"""A sensor that says nothing for N of its own intervals is absent, by the partition's own time, and speaks again."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from streams.contract.times import format_ms
from streams.engine import snapshot
from tests.support.absence import QUIET, RULE, SENSORS, beats, lines, on_absence
from tests.support.timeline import RAIN, RIVER, SLOW, Partition, Raw, ms, sensor

# -- when it is absent --------------------------------------------------------------------------------------------------


def test_it_is_absent_when_the_watermark_is_there_and_not_before() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)

    beats(p, "10:00", "10:30")
    assert p.events() == [], "the watermark stands at 10:29"
    beats(p, "10:31", "10:40")

    assert lines(p) == ["10:30 river-1 raised 1800"]
    alert = p.events()[0]["alert"]
    assert (alert["measure"], alert["value"], alert["threshold"]) == ("absent_s", 1800, 1800)
    assert alert["condition_since"] == format_ms(ms("10:00"))
    assert alert["alert_id"] == "absent:river-1:20220906T103000Z"
    assert alert["headline"] == {"ko": "오천읍 river-1 관측소 30분", "en": "Station river-1, Ocheon-eup: 30 min"}
    assert p.events()[0]["arrived_at"] == format_ms(ms("10:31")), "the record that moved the watermark there"


def test_its_next_reading_ends_it_and_says_how_long_it_was() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "10:35")

    p.reads("10:35", "river-1", water_level_m=0.5)

    assert lines(p) == ["10:30 river-1 raised 1800", "10:35 river-1 cleared 2100"]
    end = p.events()[1]
    assert end["alert"]["instruction"]["en"] == "It speaks again after 35 min, and the alert has ended."
    assert end["alert"]["instruction"]["ko"] == "35분 만에 관측값이 다시 들어와 해제되었습니다."
    assert [e["step"] for e in p.events()] == [1, 2]


def test_a_publication_delay_is_waited_for_beside() -> None:
    p = Partition([RAIN, SLOW], [on_absence("absent", 3, "weather-station")])
    p.reads("10:00", "slow-1", temperature_c=20, period_s=3600)

    beats(p, "10:00", "13:15")
    assert lines(p) == []
    beats(p, "13:16", "13:16")

    assert lines(p) == ["13:00 slow-1 raised 10800"], "a quarter of an hour and the grace after 13:00"


def test_a_hole_in_the_log_is_held_against_nobody() -> None:
    """The broker was away: what comes first afterwards does not make a city of dead sensors of all the others."""
    p = Partition([*SENSORS, QUIET], [RULE])
    for sensor_id in ("river-1", "rain-1", "quiet-1"):
        p.reads("10:00", sensor_id, temperature_c=20)

    p.reads("12:00", "rain-1", temperature_c=20)
    assert p.events() == []
    beats(p, "12:01", "12:29")
    p.reads("12:29:30", "quiet-1", temperature_c=20)
    beats(p, "12:30", "12:31")

    assert lines(p) == ["12:29 river-1 raised 1800"], "it is waited for from where the log goes on, at 11:59"


def test_a_hole_is_remembered_for_a_sensor_that_had_not_spoken_yet() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "rain-1", temperature_c=20, exercise="drill")
    p.reads("12:00", "rain-1", temperature_c=20, exercise="drill")

    p = p.restarted(SENSORS, [RULE])
    p.reads("10:05", "river-1", water_level_m=0.5, exercise="drill")
    beats(p, "12:01", "12:29", exercise="drill")
    assert lines(p) == []
    beats(p, "12:30", "12:31", exercise="drill")

    assert lines(p) == ["12:29 river-1 raised 1800"]


def test_what_the_log_could_not_hide_is_told_through_a_hole() -> None:
    """An hour is no hole for a sensor that speaks each hour."""
    p = Partition([RIVER, SLOW], [on_absence("absent", 3, "weather-station")])
    p.reads("10:00", "slow-1", temperature_c=20, period_s=3600)
    for hour in (10, 11, 12, 13):
        p.reads(f"{hour}:20", "river-1", water_level_m=0.5)

    assert lines(p) == ["13:00 slow-1 raised 10800"]


def test_a_first_reading_that_comes_late_makes_nobody_absent() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("09:00", "river-1", water_level_m=0.5, arrives="10:00")
    beats(p, "10:00", "10:20")

    assert lines(p) == [], "it was listened to from 10:00 on"


@pytest.mark.parametrize("quality", ["suspect", "maintenance"])
def test_who_says_that_its_values_are_doubtful_speaks(quality: str) -> None:
    p = Partition(SENSORS, [on_absence("absent", 3, "river-gauge")])
    for minute in range(0, 60, 10):
        p.reads(f"10:{minute:02d}", "river-1", water_level_m=0.5, quality=quality)

    beats(p, "11:00", "11:10")

    assert p.events() == []


def test_an_older_reading_or_one_ahead_of_its_time_changes_nothing() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "10:20")
    p.reads("09:50", "river-1", water_level_m=0.5, arrives="10:20")
    p.reads("10:40", "river-1", water_level_m=0.5, arrives="10:20")

    beats(p, "10:21", "10:31")

    assert p.rejected() == [("future", "observed_at")]
    assert lines(p) == ["10:30 river-1 raised 1800"]


def test_only_the_kinds_that_it_names_are_looked_for() -> None:
    p = Partition(SENSORS, [on_absence("absent", 3, "weather-station")])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "11:00")
    assert p.events() == []


def test_after_a_checkpoint_that_knows_of_no_absence_it_counts_from_the_next_reading_on() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    kept = snapshot.unpack("readings:disaster", p.stage.snapshot())
    for timeline in kept["timelines"]:
        del timeline["absence"]

    q = Partition(SENSORS, [RULE])
    q.log = list(p.log)
    q.stage.restore(snapshot.pack("readings:disaster", kept))
    beats(q, "10:20", "11:00")

    assert lines(q) == ["10:50 river-1 raised 1800"]


# -- who never spoke ----------------------------------------------------------------------------------------------------


def test_who_never_spoke_is_absent_from_the_partitions_first_reading_on() -> None:
    p = Partition([*SENSORS, QUIET], [on_absence("absent", 3, "weather-station")])
    beats(p, "10:00", "10:31")
    assert lines(p) == ["10:30 quiet-1 raised 1800"]


def test_in_an_exercise_nobody_is_looked_for_who_has_not_spoken_in_it() -> None:
    p = Partition([*SENSORS, QUIET], [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5, exercise="drill")

    beats(p, "10:00", "10:31", exercise="drill")

    assert lines(p) == ["10:30 river-1 raised 1800"]
    assert p.events()[0]["alert_id"] == "absent:river-1:20220906T103000Z:drill"


def test_a_sensor_that_is_only_assumed_is_looked_for_once_it_has_spoken() -> None:
    assumed = sensor("assumed-1", interval_s=600, modelled=True)
    p = Partition([RAIN, assumed], [RULE])
    beats(p, "10:00", "11:00")
    assert p.events() == []

    p.reads("11:00", "assumed-1", temperature_c=20)
    beats(p, "11:01", "11:31")

    assert lines(p) == ["11:30 assumed-1 raised 1800"]


def test_a_sensor_of_another_partition_is_not_looked_for_here() -> None:
    p = Partition([*SENSORS, QUIET], [RULE], home_of=lambda sensor_id: int(sensor_id == "quiet-1"))
    beats(p, "10:00", "10:29")
    p.reads("10:29", "river-1", water_level_m=0.5)
    beats(p, "10:30", "10:50")
    assert p.events() == []


def test_a_first_reading_from_before_the_partitions_first_is_not_held_against_its_sensor() -> None:
    p = Partition(SENSORS, [RULE])
    beats(p, "10:00", "10:05")
    p.reads("09:20", "river-1", water_level_m=0.5, arrives="10:05")
    assert p.events() == []

    beats(p, "10:06", "10:31")

    assert lines(p) == ["10:30 river-1 raised 1800"]


# -- a gateway that comes back ------------------------------------------------------------------------------------------


def test_a_spool_ends_the_alert_when_it_has_come_near_enough() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "11:30")

    for at in ("10:10", "10:50", "11:00", "11:10", "11:30"):
        p.reads(at, "river-1", water_level_m=0.5, arrives="11:30")

    assert lines(p) == ["10:30 river-1 raised 1800", "11:29 river-1 cleared 5340"]
    assert p.events()[1]["alert"]["condition_since"] == format_ms(ms("10:00"))


def test_a_spool_that_breaks_off_leaves_it_absent() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "11:30")
    p.reads("10:10", "river-1", water_level_m=0.5, arrives="11:30")
    beats(p, "11:31", "12:30")
    assert lines(p) == ["10:30 river-1 raised 1800"]


def test_two_absences_within_one_second_are_one_alert_that_goes_on() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00:00.100", "river-1", water_level_m=0.5)
    beats(p, "10:00", "10:30")
    p.reads("10:31:00.500", "rain-1", temperature_c=20)
    p.reads("10:00:00.900", "river-1", water_level_m=0.5, arrives="10:31:01")
    beats(p, "10:32", "10:33")

    assert lines(p) == [
        "10:30:00.100 river-1 raised 1800",
        "10:30:00.500 river-1 cleared 1800.4",
        "10:30:00.900 river-1 raised 1800",
    ]
    assert {e["alert_id"] for e in p.events()} == {"absent:river-1:20220906T103000Z"}
    assert [e["step"] for e in p.events()] == [1, 2, 3]


# -- how the log is cut -------------------------------------------------------------------------------------------------

LOG: list[tuple[str, str]] = [
    ("10:00", "river-1"),
    ("10:00", "rain-1"),
    ("10:02", "quiet-1"),
    ("10:31", "rain-1"),
    ("10:31", "river-1"),
    ("10:36", "rain-1"),
    ("10:20", "quiet-1"),
    ("10:35", "quiet-1"),
    ("12:00", "river-1"),
    ("12:01", "rain-1"),
    ("11:59", "quiet-1"),
]
BEATS = [(f"{minute // 60}:{minute % 60:02}", "beat-1") for minute in range(600, 722, 2)]
"""Without them the hours in which nobody speaks would be holes."""


def merged() -> list[tuple[str, str]]:
    """The log with its beats, each before what is said later."""
    found, beats_left = list[tuple[str, str]](), list(BEATS)
    for at, sensor_id in LOG:
        while beats_left and ms(beats_left[0][0]) <= ms(at):
            found.append(beats_left.pop(0))
        found.append((at, sensor_id))
    return found + beats_left


def played(cuts: Sequence[int], *, restarts: bool = False) -> list[tuple[str, int]]:
    sensors = [*SENSORS, QUIET, sensor("beat-1")]
    rules = [RULE, on_absence("soon", 1.5)]
    p, found, begin = Partition(sensors, rules), list[tuple[str, int]](), 0
    log, newest_ms = list[Raw](), 0
    for at, s in merged():
        newest_ms = max(newest_ms, ms(at))
        said = {"sensor_id": s, "observed_at": format_ms(ms(at)), "temperature_c": 1}
        log.append(Raw(len(log), newest_ms, json.dumps(said).encode()))
    for end in (*cuts, len(log)):
        p.stage.step(log[begin:end])
        found += [(e["alert_id"] + " " + e["transition"] + " " + e["at"], e["step"]) for e in p.events()]
        p.log, begin = log[:end], end
        p.stage.out.records.clear()
        if restarts:
            p = p.restarted(sensors, rules)
            p.stage.out.records.clear()
    return found


@pytest.mark.parametrize("restarts", [False, True])
def test_it_does_not_matter_where_the_log_is_cut(restarts: bool) -> None:
    whole = played([])
    assert len(whole) > 10
    for cut in range(1, len(LOG) + len(BEATS), 3):
        assert played([cut], restarts=restarts) == whole, cut
    assert played(range(1, len(LOG) + len(BEATS)), restarts=restarts) == whole


# -- by the clock -------------------------------------------------------------------------------------------------------


def test_a_partition_in_which_all_fall_silent_is_told_by_the_clock() -> None:
    p = Partition([RIVER], [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    p.stage.caught_up(ms("10:31"))
    p.stage.release_idle(ms("10:31"))
    p.stage.out.records.clear()
    p.stage.out.once = False

    assert p.stage.release_idle(ms("10:31:59.999")) is False
    assert p.events() == []
    assert p.stage.release_idle(ms("10:32")) is True, "idle time-out and grace after 10:30"

    assert lines(p) == ["10:30 river-1 raised 1800"]
    assert p.stage.out.once, "the checkpoint rides along"
    assert "arrived_at" not in p.events()[0]
    assert p.restarted([RIVER], [RULE]).events() == []


def test_a_partition_that_never_had_a_reading_tells_nothing() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5, exercise="drill")
    assert p.stage.release_idle(ms("20:00")) is False
    assert p.events() == []
