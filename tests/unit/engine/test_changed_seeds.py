"""Rules and registry that change over a restart: no alert stands for what nobody judges any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from streams.contract.alerts import Alert, Bilingual
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.topics import ALERT_EVENTS, ALERTS
from streams.engine import changed_seeds
from streams.engine.alerts_stage import AlertsStage
from tests.support.timeline import RAIN, RIVER, RIVER_RULE, RULES, SLOW, Partition, Raw, level, ms, rule
from tests.support.zone_city import MEAN
from tests.support.zone_told import GAUGES, WETTEST, Zone, both_begun

RAIN_NOW = {"measure": "rainfall_mm", "window": "reading"}
ADVISORY = level("advisory", {"at_least": 10}, {"below": 5})
WARNING_LEVEL = level("warning", {"at_least": 20, "hold_s": 120}, {"below": 15, "hold_s": 120})
HELD = rule("rain", RAIN_NOW, ADVISORY, WARNING_LEVEL)


def _lives(*partitions: Partition) -> list[Alert]:
    """What `alerts` is told of the events of one partition's owners, one after the other."""
    stage, offset = AlertsStage(0), 0
    for partition in partitions:
        for out in partition.sent(ALERT_EVENTS):
            stage.step([Raw(offset, ms("12:00"), out.value)])
            offset += 1
    return [Alert.model_validate_json(out.value or b"") for out in stage.out.records.get((ALERTS, 0), [])]


def _raised(rules: Sequence[Rule] = (HELD,), mm: float = 12, **more: Any) -> Partition:
    p = Partition(rules=rules)
    p.reads("10:00", "rain-1", rainfall_mm=mm, **more)
    assert [e["transition"] for e in p.events()] == ["raised"]
    return p


OTHER_SENSORS = [RIVER, SLOW]
BY_HOUR = rule("rain", RAIN_NOW | {"window": "final", "window_s": 3600, "aggregate": "sum"}, ADVISORY)
OF_SNOW = rule("rain", RAIN_NOW | {"measure": "snow_depth_cm"}, ADVISORY)
OF_GAUGES = rule("rain", RAIN_NOW | {"kinds": ["rain-gauge"]}, ADVISORY)
ENDS = {
    "the rule is gone": ([RIVER_RULE], [RAIN, RIVER, SLOW], changed_seeds.RULE_GONE),
    "the sensor is gone": ([HELD], OTHER_SENSORS, changed_seeds.SENSOR_GONE),
    "the level is gone": ([rule("rain", RAIN_NOW, WARNING_LEVEL)], [RAIN], changed_seeds.LEVEL_GONE),
    "it judges another window": ([BY_HOUR], [RAIN], changed_seeds.RULE_CHANGED),
    "it judges another measure": ([OF_SNOW], [RAIN], changed_seeds.RULE_CHANGED),
    "it judges other kinds": ([OF_GAUGES], [RAIN], changed_seeds.RULE_CHANGED),
}


@pytest.mark.parametrize(("rules", "sensors", "why"), list(ENDS.values()), ids=list(ENDS))
def test_an_alert_that_nobody_judges_any_more_ends_and_says_why(
    rules: list[Rule], sensors: list[Sensor], why: Bilingual
) -> None:
    p = _raised()
    p.reads("10:05", "slow-1", rainfall_mm=0)  # the watermark goes on: 10:04

    again = p.restarted(sensors, rules)

    raised, ended = _lives(p, again)
    assert (ended.alert_id, ended.sequence, ended.state) == (raised.alert_id, 2, "cleared")
    assert ended.instruction == why
    assert all(ended.instruction.model_dump().values())
    assert ended.updated_at == ended.cleared_at
    assert again.changes() == ["10:04 rain cleared -"]
    assert (ended.level, ended.threshold, ended.urgency) == (None, None, "Past")
    assert (ended.headline, ended.value, ended.zone) == (raised.headline, raised.value, raised.zone)
    assert again.stage.out.once, "without its checkpoint, a rule that comes back would go on with the same step"


def test_it_does_not_end_before_what_was_judged_last() -> None:
    p = _raised()
    assert p.restarted(rules=[]).changes() == ["10:00 rain cleared -"]  # the watermark is 09:59


def test_where_nothing_has_changed_nothing_is_said() -> None:
    p = Partition(rules=[*RULES, HELD])
    p.reads("10:00", "rain-1", rainfall_mm=70, wind_speed_ms=20)
    p.reads("10:00", "river-1", water_level_m=2.5)
    p.reads("12:00", "river-1", water_level_m=2.5)
    assert len({e["alert_id"] for e in p.events()}) == 3

    assert p.restarted(rules=[HELD, *RULES[::-1]]).events() == []


def test_what_has_not_been_raised_needs_no_end() -> None:
    p = Partition(rules=[rule("rain", RAIN_NOW, WARNING_LEVEL)])
    p.reads("10:00", "rain-1", rainfall_mm=30)
    for rules, sensors in (([], [RAIN]), ([HELD], OTHER_SENSORS), ([OF_SNOW], [RAIN])):
        assert p.restarted(sensors, rules).events() == []


def test_an_end_in_an_exercise_belongs_to_it() -> None:
    p = _raised(exercise="flood")
    raised, ended = _lives(p, p.restarted(rules=[]))
    assert ended.alert_id == raised.alert_id == "rain:rain-1:20220906T100000Z:flood"
    assert (ended.exercise, ended.status) == ("flood", "exercise")


def test_an_end_that_is_told_twice_is_one() -> None:
    p = _raised()
    first, second = p.restarted(rules=[]), p.restarted(rules=[])
    assert first.events() == second.events()
    assert [(a.sequence, a.state) for a in _lives(p, first, second)] == [(1, "active"), (2, "cleared")]


def test_once_ended_it_ends_no_more() -> None:
    ended = _raised().restarted(rules=[])
    assert ended.restarted(rules=[]).events() == []
    ended = _raised().restarted(OTHER_SENSORS, [HELD])
    assert ended.restarted(OTHER_SENSORS, [HELD]).events() == []


def test_what_an_officer_has_closed_stays_as_it_was() -> None:
    p = _raised()
    stage = AlertsStage(0)
    close: dict[str, Any] = {"command_id": "c", "alert_id": p.events()[0]["alert_id"], "kind": "close", "by": "x"}
    told = {"alert_id": close["alert_id"], "origin": "command:c", "step": 1, "transition": "commanded"}
    events = [
        {**p.events()[0], "held": False},
        {**told, "at": "2022-09-06T10:02:00Z", "command": close},
        *p.restarted(rules=[]).events(),
    ]
    stage.step([Raw(i, ms("11:00"), json.dumps(event).encode()) for i, event in enumerate(events)])
    states = [Alert.model_validate_json(out.value or b"") for out in stage.out.records[ALERTS, 0]]
    assert [a.state for a in states] == ["active", "cleared"]


# -- levels and thresholds --------------------------------------------------------------------------------------------


def test_a_condition_that_still_holds_raises_anew_at_a_level_that_is_left() -> None:
    both = rule("rain", RAIN_NOW, ADVISORY, level("warning", {"at_least": 20}, {"below": 15}))
    p = Partition(rules=[both])
    p.reads("10:00", "rain-1", rainfall_mm=30)
    again = p.restarted(rules=[rule("rain", RAIN_NOW, ADVISORY)])
    again.reads("10:00:00.500", "rain-1", rainfall_mm=30)
    again.reads("10:01", "rain-1", rainfall_mm=1)
    again.reads("10:02", "rain-1", rainfall_mm=30)
    assert again.changes() == [
        "10:00 rain cleared -",
        "10:00:00.500 rain raised advisory",
        "10:01 rain cleared -",
        "10:02 rain raised advisory",
    ]
    # Raised again within the second of its onset it is the same alert, and goes on with its steps.
    assert [e["step"] for e in again.events()] == [2, 3, 4, 1]
    assert [a.sequence for a in _lives(p, again)] == [1, 2, 3, 4, 1]


def test_a_level_is_known_by_its_name_when_one_below_it_is_gone() -> None:
    both = rule("rain", RAIN_NOW, ADVISORY, level("warning", {"at_least": 20}, {"below": 15}))
    p = Partition(rules=[both])
    p.reads("10:00", "rain-1", rainfall_mm=30)
    again = p.restarted(rules=[rule("rain", RAIN_NOW, level("warning", {"at_least": 20}, {"below": 15}))])
    assert again.events() == []
    again.reads("10:01", "rain-1", rainfall_mm=17)
    again.reads("10:02", "rain-1", rainfall_mm=14)
    assert again.changes() == ["10:02 rain cleared -"]
    assert again.events()[0]["step"] == 2


def test_a_level_that_is_new_below_is_no_step() -> None:
    p = _raised([rule("rain", RAIN_NOW, level("warning", {"at_least": 10}, {"below": 8}))])
    low = level("advisory", {"at_least": 3}, {"below": 2})
    again = p.restarted(rules=[rule("rain", RAIN_NOW, low, level("warning", {"at_least": 10}, {"below": 8}))])
    again.reads("10:01", "rain-1", rainfall_mm=12)
    again.reads("10:02", "rain-1", rainfall_mm=7)
    assert again.changes() == ["10:02 rain stepped_down advisory"]


@pytest.mark.parametrize(
    ("reach", "leave", "value", "changes"),
    [
        (10, 5, 9, []),
        (40, 5, 9, []),  # it would not be raised now, and does not end before its own end
        (40, 30, 29, ["10:01 rain cleared -"]),
        (2, 1, 4, []),
    ],
)
def test_changed_thresholds_judge_the_standing_level_anew(
    reach: float, leave: float, value: float, changes: list[str]
) -> None:
    p = _raised([rule("rain", RAIN_NOW, ADVISORY)])
    again = p.restarted(rules=[rule("rain", RAIN_NOW, level("advisory", {"at_least": reach}, {"below": leave}))])
    again.reads("10:01", "rain-1", rainfall_mm=value)
    assert again.changes() == changes


def test_a_condition_by_another_threshold_has_not_held_yet_and_by_the_same_it_has() -> None:
    p = Partition(rules=[HELD])
    for at in ("10:00", "10:01"):
        p.reads(at, "rain-1", rainfall_mm=40)
    lower = level("warning", {"at_least": 18, "hold_s": 120}, {"below": 15, "hold_s": 120})
    sooner = level("warning", {"at_least": 20, "hold_s": 60}, {"below": 15, "hold_s": 120})
    for top, raised_at in ((WARNING_LEVEL, "10:02"), (lower, "10:04"), (sooner, "10:02")):
        again = p.restarted(rules=[rule("rain", RAIN_NOW, ADVISORY, top)])
        for at in ("10:02", "10:03", "10:04"):
            again.reads(at, "rain-1", rainfall_mm=40)
        assert again.changes() == [f"{raised_at} rain stepped_up warning"]


def test_an_end_by_another_threshold_has_not_held_yet_and_by_the_same_it_has() -> None:
    calms = {"at_least": 10}, {"below": 5, "hold_s": 120}
    p = _raised([rule("rain", RAIN_NOW, level("advisory", *calms))])
    for at in ("10:01", "10:02"):
        p.reads(at, "rain-1", rainfall_mm=1)
    for raised, clear, cleared_at in (
        (calms[0], calms[1], "10:03"),
        ({"at_least": 9}, calms[1], "10:03"),
        (calms[0], {"below": 4, "hold_s": 120}, "10:05"),
    ):
        again = p.restarted(rules=[rule("rain", RAIN_NOW, level("advisory", raised, clear))])
        for at in ("10:03", "10:04", "10:05"):
            again.reads(at, "rain-1", rainfall_mm=1)
        assert again.changes() == [f"{cleared_at} rain cleared -"]


def test_a_gauges_changed_levels_are_its_thresholds() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.5)
    assert RIVER.gauge_levels is not None
    bare = RIVER.model_copy(update={"gauge_levels": RIVER.gauge_levels.model_copy(update={"attention": None})})
    assert p.restarted([bare], [RIVER_RULE]).events()[0]["withdrawn"]["ko"] == changed_seeds.LEVEL_GONE.ko


# -- zones ------------------------------------------------------------------------------------------------------------


def _zone_raised() -> Zone:
    zone = Zone(WETTEST, MEAN, partitions=1)
    zone.passes(0, "10:00", "10:01")
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, "10:01", "10:02")
    assert zone.passes(0, "10:02", "10:03") == ["raised 6 0", "raised 6 0"]
    return zone


def test_a_zones_alert_ends_with_its_rule() -> None:
    zone = _zone_raised()
    zone.changed(MEAN)
    zone.restart()
    (end,) = zone.events()
    assert (end["origin"], end["step"], end["transition"]) == ("rule:wettest", 2, "cleared")
    assert end["withdrawn"] == changed_seeds.RULE_GONE.model_dump()
    assert end["at"] == "2022-09-06T10:01:00.000Z"


def test_the_last_zone_rule_of_a_domain_takes_no_alert_with_it() -> None:
    zone = _zone_raised()
    zone.rules = {}
    zone.restart()
    assert [end["transition"] for end in zone.events()] == ["cleared"] * 2
    zone.restart()
    assert zone.events() == []


def test_a_zones_alert_ends_with_its_zone_and_with_what_its_rule_watches() -> None:
    zone = _zone_raised()
    zone.changed(WETTEST, MEAN, sensors=[g.model_copy(update={"zone": "songdo-dong"}) for g in GAUGES])
    zone.restart()
    assert [end["withdrawn"] for end in zone.events()] == [changed_seeds.ZONE_GONE.model_dump()] * 2

    zone = _zone_raised()
    zone.changed(WETTEST | {"when": WETTEST["when"] | {"window_s": 600}}, MEAN)
    zone.restart()
    assert [(e["origin"], e["withdrawn"]) for e in zone.events()] == [
        ("rule:wettest", changed_seeds.RULE_CHANGED.model_dump())
    ]


def _zone_open(values: dict[str, float]) -> Zone:
    """A zone's minute that waits for the other partition."""
    zone = both_begun()
    zone.pane(0, "10:00", "10:02", values)
    zone.passes(0, "10:01:30", "10:02:30")
    assert zone.passes(1, "10:00:01", "10:02:35") == []
    assert zone.counts["taken"] == len(values)
    return zone


def _all_pass(zone: Zone) -> list[str]:
    """What comes of it when both partitions are far."""
    return [change for at in (20, 21) for p in (0, 1) for change in zone.passes(p, f"10:{at}", f"10:{at + 1}:0{p}")]


def test_an_open_window_of_what_a_zones_rule_no_longer_watches_is_not_judged() -> None:
    zone = _zone_open({"gauge-0": 6})
    zone.changed(WETTEST | {"when": WETTEST["when"] | {"window_s": 600}})
    zone.restart()
    assert _all_pass(zone) == []


def test_a_sensor_that_left_is_not_judged_in_an_open_window() -> None:
    zone = _zone_open({"gauge-0": 6, "gauge-1": 5})
    zone.changed(WETTEST, sensors=GAUGES[1:])
    zone.restart()
    assert _all_pass(zone) == ["raised 5 1"]
