"""Rules and registries that change while sensors are absent."""

from __future__ import annotations

import pytest

from streams.contract.alerts import Bilingual
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.times import format_ms
from streams.engine import changed_seeds
from tests.support.absence import RULE, SENSORS, beats, lines, on_absence
from tests.support.timeline import RAIN, RAIN_RULE, Partition, ms

OTHER_LEVEL = on_absence(level="caution")
ENDS: dict[str, tuple[list[Rule], list[Sensor], Bilingual]] = {
    "the rule is gone": ([RAIN_RULE], SENSORS, changed_seeds.RULE_GONE),
    "the sensor is gone": ([RULE], [RAIN], changed_seeds.SENSOR_GONE),
    "it judges other kinds": ([on_absence("absent", 3, "weather-station")], SENSORS, changed_seeds.RULE_CHANGED),
    "the level is gone": ([OTHER_LEVEL], SENSORS, changed_seeds.LEVEL_GONE),
}


def absent() -> Partition:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "10:40")
    assert lines(p) == ["10:30 river-1 raised 1800"]
    return p


@pytest.mark.parametrize(("rules", "sensors", "why"), ENDS.values(), ids=list(ENDS))
def test_an_alert_that_nobody_judges_any_more_ends_and_says_why(
    rules: list[Rule], sensors: list[Sensor], why: Bilingual
) -> None:
    p = absent().restarted(sensors, rules)

    (event,) = p.events()

    assert (event["transition"], event["step"], event["withdrawn"]) == ("cleared", 2, why.model_dump())
    assert event["at"] == format_ms(ms("10:39"))
    assert p.stage.out.once


@pytest.mark.parametrize("meanwhile", [[OTHER_LEVEL], [RAIN_RULE]], ids=["another level", "no rule"])
def test_who_is_still_absent_when_it_is_judged_again_is_told_with_the_next_step(meanwhile: list[Rule]) -> None:
    """Its id is the same, for it has the onset: a step that begins anew would be dropped as a repeat."""
    p = absent().restarted(SENSORS, meanwhile)
    ended = p.events()
    p.stage.out.records.clear()
    p = p.restarted(SENSORS, meanwhile).restarted(SENSORS, [RULE] if meanwhile == [RAIN_RULE] else meanwhile)
    beats(p, "10:41", "10:42")

    told = [(e["transition"], e["step"], e["alert_id"]) for e in (*ended, *p.events())]
    alert_id = "absent:river-1:20220906T103000Z"
    assert told == [("cleared", 2, alert_id), ("raised", 3, alert_id)]


def test_an_alert_stands_on_when_the_rule_waits_longer_and_ends_with_the_next_reading() -> None:
    p = absent().restarted(SENSORS, [on_absence("absent", 6)])
    beats(p, "10:41", "11:10")
    assert p.events() == []

    p.reads("11:10", "river-1", water_level_m=0.5)

    assert lines(p) == ["11:10 river-1 cleared 4200"]


def test_a_rule_that_waits_less_takes_who_is_overdue_with_the_next_record() -> None:
    p = Partition(SENSORS, [RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    beats(p, "10:00", "10:25")

    p = p.restarted(SENSORS, [on_absence("absent", 2)])
    assert p.events() == []
    beats(p, "10:26", "10:26")

    assert lines(p) == ["10:20 river-1 raised 1200"]


def test_a_sensor_that_is_new_in_the_registry_counts_from_then_on() -> None:
    p = Partition([RAIN], [RULE])
    beats(p, "10:00", "11:00")

    p = p.restarted(SENSORS, [RULE])
    beats(p, "11:01", "11:30")

    assert lines(p) == ["11:29 river-1 raised 1800"], "the watermark stood at 10:59"


def test_an_alert_stands_through_restarts() -> None:
    again = absent().restarted(SENSORS, [RULE]).restarted(SENSORS, [RULE])
    again.reads("10:41", "river-1", water_level_m=0.5)
    assert lines(again) == ["10:41 river-1 cleared 2460"]
