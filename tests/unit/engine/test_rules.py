"""Rules meet the registry: who is watched, from which value on; what they say of readings, windows and sliding sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streams.contract.sensors import GaugeLevels
from streams.engine.rules import JITTER_MS, compiled
from tests.support.timeline import (
    RAIN,
    RAIN_RULE,
    RIVER,
    RIVER_RULE,
    WIND_RULE,
    Partition,
    level,
    roster_of,
    rule,
    sensor,
)

# -- compiling --------------------------------------------------------------------------------------------------------


def _compiled(one: Any, *sensors: Any) -> Any:
    (found,) = compiled([one], roster_of(sensors))
    return found


def test_a_gauges_thresholds_are_its_own() -> None:
    other = sensor(
        "river-2", kind="river-gauge", gauge_levels=GaugeLevels(attention=5, caution=6, source="test"), interval_s=600
    )
    found = _compiled(RIVER_RULE, RIVER, other)
    assert [[(t.level, t.reach, t.leave) for t in one] for one in found.thresholds] == [
        [("attention", 1.0, 0.9), ("caution", 2.0, 1.9)],
        [("attention", 5.0, 4.9), ("caution", 6.0, 5.9)],
    ]
    assert found.lowest.tolist() == [1.0, 5.0]


def test_a_level_that_a_gauge_has_not_is_left_out() -> None:
    half = sensor("river-2", kind="river-gauge", gauge_levels=GaugeLevels(caution=6, source="test"))
    assert [t.level for t in _compiled(RIVER_RULE, half).thresholds[0]] == ["caution"]


@pytest.mark.parametrize(
    "unwatched",
    [
        sensor("x", kind="tide-gauge", gauge_levels=GaugeLevels(attention=1, source="test")),
        sensor("x", kind="river-gauge"),
        sensor("x", kind="river-gauge", measures=["discharge_m3s"]),
        sensor("x", kind="river-gauge", gauge_levels=GaugeLevels(measure="discharge_m3s", attention=1, source="test")),
    ],
    ids=["another kind", "no levels", "another measure", "levels of another measure"],
)
def test_who_is_not_watched_is_never_looked_at(unwatched: Any) -> None:
    found = _compiled(RIVER_RULE, unwatched)
    assert found.thresholds == [()]
    assert found.lowest.tolist() == [np.inf]


def test_a_rule_of_another_domain_is_not_compiled() -> None:
    fast = rule(
        "fast",
        {"measure": "speed_kmh", "window": "reading"},
        level("advisory", {"at_least": 1}, {"below": 1}),
        domain="traffic",
    )
    assert compiled([fast, RAIN_RULE], roster_of([RAIN]))[0].rule is RAIN_RULE


def test_a_rule_on_low_values_looks_from_its_highest_threshold_down() -> None:
    cold = rule(
        "cold",
        {"measure": "temperature_c", "window": "reading", "direction": "below"},
        level("advisory", {"at_most": -12}, {"above": -10, "margin": 0.5}),
        level("warning", {"at_most": -15}, {"above": -12}),
    )
    found = _compiled(cold, RAIN)
    assert found.lowest.tolist() == [-12.0]
    assert found.thresholds[0][0].leave == -9.5


@pytest.mark.parametrize(
    ("when", "interval_s", "gap_ms"),
    [
        ({"window": "reading"}, 60, 60_000 + JITTER_MS),
        ({"window": "reading"}, 600, 900_000),
        ({"window": "final", "window_s": 3600}, 3600, 0),
        ({"window": "final", "window_s": 60}, 60, 0),
        ({"window": "final", "window_s": 60}, 600, 540_000 + JITTER_MS),
        ({"window": "sliding", "window_s": 3600, "aggregate": "sum"}, 600, 0),
    ],
)
def test_a_sensor_that_speaks_seldom_leaves_no_gap(when: dict[str, Any], interval_s: int, gap_ms: int) -> None:
    one = rule("r", {"measure": "rainfall_mm", **when}, level("advisory", {"at_least": 1}, {"below": 1}))
    assert _compiled(one, sensor("a", interval_s=interval_s)).gap_ms.tolist() == [gap_ms]


# -- single readings --------------------------------------------------------------------------------------------------


def test_a_reading_raises_its_alert_at_once() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.2)
    p.reads("10:10", "river-1", water_level_m=2.2)
    p.reads("10:20", "river-1", water_level_m=1.0)
    p.reads("10:30", "river-1", water_level_m=0.9)
    p.reads("10:40", "river-1", water_level_m=0.89)
    assert p.changes() == [
        "10:00 river-level raised attention",
        "10:10 river-level stepped_up caution",
        "10:20 river-level stepped_down attention",
        "10:40 river-level cleared -",
    ]
    assert p.stage.out.urgent, "somebody waits for it"


def test_a_reading_older_than_its_series_newest_changes_nothing() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00:30", "river-1", water_level_m=0.5)
    p.reads("10:00:20", "river-1", water_level_m=4, arrives="10:00:30")
    assert p.events() == []
    assert p.counts() == {"windowed": 2}


def test_history_that_fills_a_hole_raises_no_alert() -> None:
    p = Partition(rules=[RAIN_RULE, RIVER_RULE, WIND_RULE])
    p.reads("15:00", "rain-1", rainfall_mm=0)
    p.reads("15:00", "river-1", water_level_m=0.5)
    for hour in (10, 11, 12):
        p.reads(f"{hour}:00", "rain-1", rainfall_mm=80, wind_speed_ms=30, arrives="15:00")
        p.reads(f"{hour}:00", "river-1", water_level_m=4, arrives="15:00")
    p.reads("18:00", "river-1", water_level_m=0.5)
    assert p.rejected() == []
    assert p.events() == []


def test_a_duplicate_is_judged_once() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    p.reads("10:00", "river-1", water_level_m=4)
    assert p.events() == []


# -- final windows ----------------------------------------------------------------------------------------------------


def test_hourly_means_hold_for_two_hours_before_the_alert() -> None:
    p = Partition(rules=[WIND_RULE])
    for hour, speeds in ((10, (14, 14)), (11, (20, 8)), (12, (13.9, 14)), (13, (1, 1))):
        for minute, speed in zip((10, 50), speeds, strict=True):
            p.reads(f"{hour}:{minute}", "rain-1", wind_speed_ms=speed)
    p.reads("15:30", "rain-1", wind_speed_ms=1)
    assert p.changes() == ["12:00 wind-hour raised advisory", "13:00 wind-hour cleared -"]
    assert p.events()[0]["alert"]["condition_since"] == "2022-09-06T10:00:00.000Z"
    assert p.events()[0]["value"] == 14.0


def test_an_early_window_is_not_judged() -> None:
    p = Partition(rules=[WIND_RULE])
    p.reads("10:10", "rain-1", wind_speed_ms=99)
    p.reads("11:10", "rain-1", wind_speed_ms=99)
    p.reads("12:00:59", "rain-1", wind_speed_ms=99)
    p.stage.tick(0)
    assert p.events() == []
    p.reads("12:01", "rain-1", wind_speed_ms=99)
    assert p.changes() == ["12:00 wind-hour raised advisory"]


# -- sliding sums -----------------------------------------------------------------------------------------------------


def test_rain_of_the_last_hour_is_summed_minute_by_minute() -> None:
    p = Partition(rules=[RAIN_RULE])
    p.reads("10:00", "rain-1", rainfall_mm=15)
    p.reads("10:30", "rain-1", rainfall_mm=15)
    p.reads("10:59", "rain-1", rainfall_mm=30)
    p.reads("11:00", "rain-1", rainfall_mm=0)
    p.reads("11:40", "rain-1", rainfall_mm=0)
    p.reads("12:10", "rain-1", rainfall_mm=0)
    p.reads("12:30", "rain-1", rainfall_mm=0)
    assert p.changes() == [
        "10:31 rain-1h raised advisory",
        "11:00 rain-1h stepped_up warning",
        "11:41 rain-1h stepped_down advisory",
        "12:11 rain-1h cleared -",
    ]
    first = p.events()[0]["alert"]
    assert (first["value"], first["threshold"], first["window_s"]) == (30.0, 30.0, 3600)
    assert first["condition_since"] == "2022-09-06T09:31:00.000Z"


def test_a_sum_at_an_instant_holds_the_windows_that_were_final_by_then() -> None:
    p = Partition(rules=[RAIN_RULE])
    p.reads("10:50", "rain-1", rainfall_mm=0)
    p.reads("10:10", "rain-1", rainfall_mm=29, arrives="10:50")
    p.reads("10:51", "rain-1", rainfall_mm=0)
    p.reads("10:52", "rain-1", rainfall_mm=0)
    p.reads("10:55", "rain-1", rainfall_mm=2)
    assert p.events() == []
    p.reads("10:58", "rain-1", rainfall_mm=0)
    assert p.changes() == ["10:56 rain-1h raised advisory"]


# -- rises ------------------------------------------------------------------------------------------------------------

RISE = {"measure": "water_level_m", "window": "sliding", "window_s": 3600, "aggregate": "rise"}
RISE_RULE = rule(
    "river-rise",
    RISE,
    level("advisory", {"at_least": 0.5}, {"below": 0.2}),
    level("warning", {"at_least": 1}, {"below": 0.5}),
)


def _levels(p: Partition, *levels: float) -> Partition:
    """A level every ten minutes from 10:00 on, and the time to judge the last one."""
    for i, value in enumerate(levels):
        p.reads(f"{10 + i // 6}:{i % 6}0", "river-1", water_level_m=value)
    p.reads(f"{10 + len(levels) // 6}:{len(levels) % 6}9", "rain-1", rainfall_mm=0)
    return p


def test_a_rise_within_the_hour_raises_and_ends() -> None:
    p = _levels(Partition(rules=[RISE_RULE]), 3.0, 3.0, 3.4, 3.5, 4.2, 4.2, 4.2, 4.2, 4.2, 4.2, 4.2)
    assert p.changes() == [
        "10:31 river-rise raised advisory",
        "10:41 river-rise stepped_up warning",
        "11:31 river-rise stepped_down advisory",
        "11:41 river-rise cleared -",
    ]
    first = p.events()[0]["alert"]
    assert (first["value"], first["threshold"], first["window_s"], first["measure"]) == (
        0.5,
        0.5,
        3600,
        "water_level_m",
    )
    assert first["condition_since"] == "2022-09-06T09:31:00.000Z"
    assert first["headline"]["ko"] == "오천읍 river-1 관측소 0.50m, 주의보 기준 0.5m 도달"


def test_a_fall_is_a_rise_below_zero() -> None:
    falls = rule("river-fall", RISE | {"direction": "below"}, level("advisory", {"at_most": -0.5}, {"above": -0.1}))
    p = _levels(Partition(rules=[falls]), 4.0, 3.6, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5)
    assert p.changes() == ["10:21 river-fall raised advisory", "11:11 river-fall cleared -"]
    assert [e["value"] for e in p.events()] == [-0.5, 0.0]


def test_one_minute_says_nothing_of_a_rise_and_ends_no_alert() -> None:
    p = _levels(Partition(rules=[RISE_RULE]), 3.0, 3.6)
    p.reads("12:30", "river-1", water_level_m=3.6)
    p.reads("12:39", "rain-1", rainfall_mm=0)
    assert p.changes() == ["10:11 river-rise raised advisory"]
    p.reads("12:40", "river-1", water_level_m=3.6)
    p.reads("12:49", "rain-1", rainfall_mm=0)
    assert p.changes()[1:] == ["12:41 river-rise cleared -"]


def test_a_rise_of_a_clock_hour_is_judged_when_that_is_final() -> None:
    hourly = rule("river-hour", RISE | {"window": "final"}, level("advisory", {"at_least": 0.5}, {"below": 0.2}))
    p = Partition(rules=[hourly])
    for at, value in (("10:00", 3.0), ("10:59", 3.6), ("11:00", 9.0), ("11:10", 9.1), ("12:00", 9.1), ("12:02", 9.1)):
        p.reads(at, "river-1", water_level_m=value)
    assert p.changes() == ["11:00 river-hour raised advisory", "12:00 river-hour cleared -"]
    assert [e["value"] for e in p.events()] == [0.6, 0.1]


def test_a_restart_and_a_longer_rule_keep_what_a_rise_is_measured_from() -> None:
    p = _levels(Partition(rules=[RISE_RULE]), 3.0, 3.1, 3.2)
    longer = rule("river-3h", RISE | {"window_s": 10_800}, level("advisory", {"at_least": 0.5}, {"below": 0.2}))
    again = p.restarted(rules=[RISE_RULE, longer])
    again.reads("10:50", "river-1", water_level_m=3.5)
    again.reads("10:59", "rain-1", rainfall_mm=0)
    assert again.changes() == ["10:51 river-rise raised advisory", "10:51 river-3h raised advisory"]
