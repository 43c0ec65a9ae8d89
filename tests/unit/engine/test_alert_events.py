"""What a sensor rule says of its alert: ids, steps, texts in both languages."""

from __future__ import annotations

from streams.contract.alerts import AlertEvent
from streams.contract.topics import ALERT_EVENTS
from streams.engine.alert_events import alert_id_of
from streams.engine.event_partitions import EventPartitions
from streams.engine.judging import watch_of
from streams.engine.readings_stage import ReadingsStage
from tests.support.timeline import RAIN, RIVER, RIVER_RULE, RULES, SLOW, Partition, level, ms, roster_of, rule, sensor


def test_an_id_is_rule_scope_onset_and_exercise() -> None:
    assert alert_id_of("rain-3h", "rain-1", ms("10:00"), None) == "rain-3h:rain-1:20220906T100000Z"
    assert alert_id_of("rain-3h", "rain-1", ms("10:00"), "typhoon") == "rain-3h:rain-1:20220906T100000Z:typhoon"
    assert alert_id_of("quake", "kma-1", None, None) == "quake:kma-1"


def test_an_alert_keeps_its_id_through_its_steps_and_a_new_onset_is_a_new_alert() -> None:
    p = Partition(rules=[RIVER_RULE])
    for at, value in (("10:00", 1.5), ("10:10", 2.5), ("10:20", 1.5), ("10:30", 0.5), ("10:40", 1.5)):
        p.reads(at, "river-1", water_level_m=value)
    assert [(e["alert_id"][-16:], e["step"], e["transition"]) for e in p.events()] == [
        ("20220906T100000Z", 1, "raised"),
        ("20220906T100000Z", 2, "stepped_up"),
        ("20220906T100000Z", 3, "stepped_down"),
        ("20220906T100000Z", 4, "cleared"),
        ("20220906T104000Z", 1, "raised"),
    ]


def test_the_origin_names_the_rule_and_nothing_of_the_worker() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.5)
    assert p.events()[0]["origin"] == "rule:river-level"


def test_an_alert_says_in_both_languages_where_what_and_how_much() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.234)
    alert = p.events()[0]["alert"]
    assert alert["headline"] == {
        "ko": "오천읍 river-1 관측소 1.23m, 관심 기준 1m 도달",
        "en": "Station river-1 in Ocheon-eup at 1.23 m, Attention from 1 m",
    }
    assert alert["level_name"] == {"ko": "관심", "en": "Attention"}
    assert (alert["zone"], alert["area"], alert["sensors"]) == ("ocheon-eup", ["ocheon-eup"], ["river-1"])
    assert (alert["value"], alert["threshold"], alert["state"]) == (1.234, 1.0, "active")
    assert (alert["severity"], alert["urgency"], alert["certainty"]) == ("Moderate", "Expected", "Observed")
    assert alert["onset"] == alert["condition_since"] == alert["updated_at"] == "2022-09-06T10:00:00.000Z"


def test_the_end_says_so_in_both_languages() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.5)
    p.reads("10:10", "river-1", water_level_m=0.5)
    alert = p.events()[1]["alert"]
    assert alert["state"] == "cleared"
    assert "level" not in alert
    assert alert["urgency"] == "Past"
    assert alert["cleared_at"] == "2022-09-06T10:10:00.000Z"
    assert alert["headline"] == {
        "ko": "오천읍 river-1 관측소: 시험 규칙 해제",
        "en": "Station river-1, Ocheon-eup: Test rule ended",
    }
    assert all(alert["instruction"].values())


def test_an_end_above_says_that_it_rose() -> None:
    cold = rule(
        "cold",
        {"measure": "temperature_c", "window": "reading", "direction": "below"},
        level("advisory", {"at_most": -12}, {"above": -10}),
    )
    p = Partition(rules=[cold])
    p.reads("05:00", "rain-1", temperature_c=-13)
    p.reads("05:10", "rain-1", temperature_c=-5)
    said = p.events()[1]["alert"]["instruction"]
    assert said == {
        "ko": "기준 위로 올라가 해제되었습니다.",
        "en": "It has risen above the limit for its end, and the alert has ended.",
    }


def test_a_moving_sensors_alert_has_no_area() -> None:
    p = Partition([sensor("car-1", zone="mobile")], [RULES[0].model_copy()])
    p.reads("10:00", "car-1", rainfall_mm=50)
    p.reads("10:05", "car-1", rainfall_mm=0)
    alert = p.events()[0]["alert"]
    assert (alert["zone"], alert["area"]) == ("mobile", [])


def test_an_event_names_the_arrival_of_what_caused_it_wherever_the_log_is_cut() -> None:
    p = Partition(rules=RULES)
    p.reads("10:00", "rain-1", rainfall_mm=50)
    p.reads("10:02", "rain-1", rainfall_mm=0, arrives="10:02:07")
    p.reads("10:03", "rain-1", rainfall_mm=0)
    assert p.events()[0]["arrived_at"] == "2022-09-06T10:02:07.000Z"

    whole = Partition(rules=RULES)
    whole.stage.step(p.log)
    assert whole.events() == p.events()


def test_an_alert_goes_to_the_partition_of_its_id() -> None:
    asked = []

    def partition_of(alert_id: str) -> int:
        asked.append(alert_id)
        return 3

    roster = roster_of([RAIN, RIVER, SLOW])
    stage = ReadingsStage(roster, watch_of(RULES, roster), 0, EventPartitions(partition_of, 4))
    p = Partition(rules=RULES)
    p.reads("10:00", "river-1", water_level_m=1.5)
    stage.step(p.log)
    (sent,) = stage.out.records[ALERT_EVENTS, 3]
    assert sent.key == asked[0].encode()
    event = AlertEvent.model_validate_json(sent.value or b"")
    assert event.alert is not None
    assert event.alert_id == event.alert.alert_id == asked[0]
