"""The zones stage: which partitions a zone waits for, what comes too late, what is told twice."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contract.times import format_ms
from streams.contract.topics import REJECTED
from streams.engine import zone_domain
from streams.engine.zone_rules import zone_rules
from tests.support.timeline import Raw, ms
from tests.support.zone_city import MEAN
from tests.support.zone_told import GAUGES, SLOW, WETTEST, Zone, both_begun


def test_a_zones_window_closes_when_every_partition_has_passed_its_end() -> None:
    zone = both_begun()
    assert zone.pane(0, "10:00", "10:02", {"gauge-0": 6}) == []
    assert zone.passes(0, "10:01", "10:02") == []
    assert zone.pane(1, "10:00", "10:02:05", {"gauge-1": 1}) == []
    assert zone.passes(1, "10:01", "10:02:05") == []

    assert zone.passes(0, "10:01:05", "10:02:06") == []
    assert zone.passes(1, "10:01:05", "10:02:06") == ["raised 6 0,1"]


def test_a_window_waits_for_the_greatest_delay_of_the_sensors_that_its_rule_reads() -> None:
    zone = Zone(sensors=[*GAUGES, SLOW], partitions=1)
    zone.passes(0, "10:00", "10:01")
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, "10:03:29", "10:04:29")
    assert zone.passes(0, "10:03:30", "10:04:30") == []

    assert zone.passes(0, "10:03:31", "10:04:31") == ["raised 6 0"]


def test_a_restart_between_any_two_records_changes_nothing() -> None:
    zone = both_begun()
    zone.restart()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.restart()
    zone.passes(0, "10:01", "10:02")
    zone.passes(1, "10:01", "10:02:05")
    zone.restart()
    assert zone.passes(0, "10:02", "10:03") == []
    assert zone.passes(1, "10:01:30", "10:02:30") == ["raised 6 0"]
    zone.restart()
    zone.pane(1, "10:01", "10:03:01", {"gauge-1": 1})
    zone.passes(1, "10:02", "10:03:01")
    zone.passes(0, "10:02:05", "10:03:05")
    assert zone.passes(1, "10:02:05", "10:03:05") == ["cleared 1 1"]


# -- which partitions are waited for ------------------------------------------------------------------------------------


def test_an_idle_partition_holds_up_a_zone_only_until_the_clock_has_released_it() -> None:
    zone = both_begun()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, "10:01", "10:02")
    zone.passes(1, "10:00:59", "10:02:59", idle=True)
    assert zone.passes(0, "10:03", "10:04") == []

    zone.passes(1, "10:01", "10:03", idle=True)
    assert zone.passes(1, "10:02", "10:04", idle=True) == ["raised 6 0"]


def test_an_idle_partition_that_speaks_again_takes_nothing_back_and_its_old_windows_come_late() -> None:
    zone = both_begun()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, "10:01", "10:02")
    zone.passes(1, "10:01", "10:03", idle=True)
    zone.passes(0, "10:02", "10:04")
    assert zone.passes(1, "10:02", "10:04", idle=True) == ["raised 6 0"]

    zone.pane(1, "10:00", "10:04:10", {"gauge-1": 0})
    zone.passes(1, "10:01:10", "10:04:10")
    zone.passes(0, "10:03:30", "10:04:30")
    assert zone.passes(1, "10:01:30", "10:04:30") == []
    assert zone.counts == {"taken": 1, "zone_late": 1}


def test_an_empty_partition_must_be_heard_of_and_then_holds_up_nothing() -> None:
    zone = Zone()
    zone.passes(0, "10:00", "10:01")
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    assert zone.passes(0, "10:05", "10:06") == []

    assert zone.passes(1, None, "10:02", idle=True) == []
    zone.passes(0, "10:06", "10:07")
    assert zone.passes(1, None, "10:07", idle=True) == ["raised 6 0"]


def test_a_partition_whose_worker_is_away_is_waited_for_however_far_the_others_are() -> None:
    zone = both_begun()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    for minute in range(1, 50):
        assert zone.passes(0, f"10:{minute:02d}", f"10:{minute + 1:02d}") == []

    zone.pane(1, "10:00", "10:02:05", {"gauge-1": 8})
    zone.passes(1, "10:01", "10:02:05")
    assert zone.passes(1, "10:40", "10:41") == ["raised 8 0,1"]


def test_a_partition_that_begins_an_exercise_late_counts_from_its_first_reading_on() -> None:
    zone, drill = Zone(), {"exercise": "flood"}
    zone.passes(0, "10:00", "10:01", **drill, began=5)
    zone.passes(1, None, "10:01:30", idle=True)
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6}, **drill, began=5)
    zone.passes(0, "10:01", "10:02", **drill, began=5)
    # The other one's first reading of the exercise had arrived before that, but is read only now.
    zone.passes(1, "10:00:20", "10:01:40", **drill, began=7)
    zone.passes(0, "10:02", "10:03", **drill, began=5)
    assert zone.passes(1, "10:00:59", "10:02:59", **drill, began=7) == []

    zone.pane(1, "10:00", "10:03", {"gauge-1": 7}, **drill, began=7)
    zone.passes(1, "10:01", "10:03", **drill, began=7)
    zone.passes(0, None, "10:04", idle=True)
    assert zone.passes(1, None, "10:04", idle=True) == ["raised 7 0,1"]


def test_an_added_partition_is_waited_for_from_the_record_that_names_it() -> None:
    zone = both_begun()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.partitions = 3
    zone.passes(0, "10:02", "10:03")
    assert zone.passes(1, "10:02", "10:03") == []

    zone.passes(2, "10:00:30", "10:01:30")
    zone.pane(2, "10:00", "10:02", {"gauge-2": 9})
    zone.passes(2, "10:01", "10:02")
    assert zone.passes(2, "10:01:30", "10:03") == []
    for partition in range(3):
        last = zone.passes(partition, "10:03", "10:04")
    assert last == ["raised 9 0,2"]


def test_a_moved_partition_tells_again_what_came_after_its_checkpoint_and_nothing_changes() -> None:
    zone = both_begun()
    told: list[tuple[Any, ...]] = [
        (zone.pane, 0, "10:00", "10:02", {"gauge-0": 6}),
        (zone.passes, 0, "10:01", "10:02"),
        (zone.pane, 0, "10:01", "10:03", {"gauge-0": 1}),
        (zone.passes, 0, "10:02", "10:03"),
    ]
    for tell, *said in told:
        assert tell(*said) == []
    zone.pane(1, "10:00", "10:02:30", {"gauge-1": 2})
    assert zone.passes(1, "10:02", "10:03:30") == []
    zone.passes(1, "10:02:30", "10:04")
    assert zone.passes(0, "10:03", "10:04") == ["raised 6 0,1", "cleared 1 0"]

    for tell, *said in told:
        assert tell(*said) == []
    zone.passes(1, "10:03", "10:04:30")
    assert zone.passes(0, "10:04", "10:05") == []
    assert zone.counts == {"taken": 3, "repeated": 2}


def test_a_domain_without_data_says_nothing_and_holds_up_no_other() -> None:
    zone = both_begun()
    zone.rules["traffic"] = zone_rules([], zone.roster)
    zone.rules["air-quality"] = zone.rules["disaster"]
    zone.restart()
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, "10:02", "10:03")
    zone.passes(1, "10:02", "10:03")

    assert zone.passes(0, "10:03", "10:04") + zone.passes(1, "10:03", "10:04") == ["raised 6 0"]


def test_what_a_domain_told_that_has_no_zone_rule_any_more_is_passed_over() -> None:
    zone = both_begun()
    zone.tells(0, "10:02", topic="readings.traffic", watermark=format_ms(ms("10:00")))
    assert not zone.stage.out


# -- exercises ----------------------------------------------------------------------------------------------------------


def test_an_exercise_and_reality_do_not_touch_each_other() -> None:
    zone, flood = both_begun(), {"exercise": "flood", "began": 3}
    zone.passes(0, "10:00", "10:01:10", **flood)
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6}, **flood)
    zone.pane(0, "10:00", "10:02", {"gauge-0": 7})
    zone.passes(0, "10:00:30", "10:02", **flood)
    zone.passes(0, "10:01", "10:02")
    zone.passes(1, "10:01", "10:02")
    zone.passes(0, "10:02", "10:03")
    assert zone.passes(1, "10:02", "10:03") == ["raised 7 0"]

    zone.passes(0, "10:01", "10:03", **flood)
    zone.passes(0, "10:03", "10:04")
    assert zone.passes(1, "10:03", "10:04") == ["raised 6 0"]


def test_an_exercise_is_forgotten_when_no_partition_holds_it_and_begins_anew() -> None:
    zone, first, again = Zone(partitions=1), {"exercise": "x", "began": 3}, {"exercise": "x", "began": 900}
    zone.passes(0, "10:00", "10:01", **first)
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6}, **first)
    zone.passes(0, "10:01", "10:02", **first)
    assert zone.passes(0, None, "10:03") == ["raised 6 0"]
    zone.passes(0, None, "10:04", **first)
    zone.passes(0, "09:00", "10:05", **again)
    zone.restart()
    # Told again by a worker that goes on from before the end: it brings nothing back.
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6}, **first)
    zone.passes(0, "10:01", "10:02", **first)
    zone.passes(0, None, "10:04", **first)

    zone.pane(0, "09:00", "10:06", {"gauge-0": 7}, **again)
    zone.passes(0, "09:01", "10:06", **again)
    assert zone.passes(0, None, "10:07") == ["raised 7 0"]


def test_dropped_exercises_are_remembered_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_domain, "REMEMBERED_DROPS", 5)
    zone = Zone(partitions=1)
    for i in range(20):
        zone.passes(0, "10:00", "10:01", exercise=f"x-{i}", began=i)
        zone.passes(0, None, "10:02", exercise=f"x-{i}", began=i)
    zone.passes(0, None, "10:03")
    (domain,) = zone.stage._domains.values()
    assert len(domain._heard) == 5
    assert domain._timelines == {}


# -- what cannot be used ------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing() -> None:
    zone = both_begun()
    zone.stage.step([Raw(zone.offset, 0, b'{"topic":"readings.disaster","partition":-1}', b"k")])
    ((letter,),) = [records for (topic, _), records in zone.stage.out.records.items() if topic == REJECTED]
    assert letter.value == b'{"topic":"readings.disaster","partition":-1}'
    assert dict(letter.headers)["topic"] == b"hub.zone-inputs"
    assert zone.stage.applied == zone.offset


def test_a_rule_that_is_gone_takes_its_windows_with_it() -> None:
    zone = Zone(WETTEST, MEAN, partitions=1)
    zone.passes(0, "10:00", "10:01")
    zone.pane(0, "10:00", "10:02", {"gauge-0": 6})
    zone.passes(0, None, "10:03")
    zone.rules["disaster"] = [rule for rule in zone.rules["disaster"] if rule.rule.rule_id == "rain-mean"]
    zone.restart()
    zone.passes(0, "10:01", "10:03")
    assert zone.passes(0, "10:02", "10:04") == ["raised 6 0"]
