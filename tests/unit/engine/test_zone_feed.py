"""What a partition of readings tells the zones: its sensors' windows and its time, with the reading that moved them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contract.rules import Rule
from streams.contract.topics import ZONE_INPUTS
from streams.contract.zone_inputs import ZoneInput
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.zone_feed import CLOCKS_APART_MS, ZoneFeed
from streams.engine.zone_rules import zone_rules
from tests.support.timeline import Raw, clock, ms, roster_of, sensor
from tests.support.zone_city import level, zone_rule

WET = [sensor("wet-0"), sensor("wet-1", delay_s=30), sensor("far-0", zone="other-dong")]
DRY = sensor("dry-0", kind="road-link")
RULE = Rule.model_validate(
    zone_rule(
        "wettest",
        "disaster",
        {
            "measure": "rainfall_mm",
            "kinds": ["weather-station"],
            "window_s": 60,
            "aggregate": "sum",
            "zone": {"judge": "max"},
        },
        level("advisory", {"at_least": 5}, {"below": 2}),
    )
)
PLACES = {"ocheon-eup": 2, "other-dong": 0}
"""Where each zone's inputs belong."""


class Feed:
    """One partition of readings, and what it tells in `hub.zone-inputs`."""

    def __init__(self, *rules: Rule) -> None:
        roster = roster_of([*WET, DRY])
        self.rules = rules or (RULE,)
        feed = ZoneFeed(zone_rules(self.rules, roster), roster, 1, 4, PLACES.__getitem__)
        self.stage = ReadingsStage(roster, watch_of(list(self.rules), roster), 0, ONE, feed)
        self.offset = 0

    def reads(self, *readings: tuple[str, str, str, float], exercise: str | None = None) -> None:
        """Readings of one chunk: (arrives, sensor, observed, mm)."""
        self.stage.step([self._record(*reading, exercise) for reading in readings])

    def _record(self, arrives: str, sensor_id: str, at: str, mm: float, exercise: str | None) -> Raw:
        value: dict[str, Any] = {"sensor_id": sensor_id, "observed_at": f"2022-09-06T{at}Z", "rainfall_mm": mm}
        value |= {"exercise": exercise} if exercise else {}
        self.offset += 1
        return Raw(self.offset - 1, ms(arrives), json.dumps(value).encode())

    def told(self, partition: int = 2) -> list[str]:
        """What was told to one partition since the last call: `arrived watermark` and the panes with it."""
        sent = self.stage.out.records.get((ZONE_INPUTS, partition), [])
        if partition == 2:
            self.stage.out = Outputs()
        return [_line(ZoneInput.model_validate_json(out.value or b"")) for out in sent]


def _line(told: ZoneInput) -> str:
    assert (told.topic, told.partition, told.partitions) == ("readings.disaster", 1, 4)
    said = [clock(round(told.arrived_at.timestamp() * 1000))]
    said.append(clock(round(told.watermark.timestamp() * 1000)) if told.watermark else "-")
    said += [told.exercise] if told.exercise else []
    said += ["idle"] if told.idle else []
    if told.panes is not None:
        assert told.panes.zone == "ocheon-eup"
        start = clock(round(told.panes.start.timestamp() * 1000))
        said += [start, *(f"{p.sensor_id}={p.sum / 1_000_000:g}/{p.count}" for p in told.panes.sensors)]
    return " ".join(said)


def test_a_sensors_windows_go_before_the_watermark_that_made_them_final() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1), ("10:00:02", "wet-1", "10:00:00", 2))
    assert feed.told() == ["10:00:01 09:59", "10:00:02 09:59"]
    feed.reads(("10:01:30", "wet-0", "10:01:30", 4), ("10:02:05", "wet-0", "10:02:00", 1))
    assert feed.told() == ["10:01:30 10:00:30", "10:02:05 10:01 10:00 wet-0=1/1", "10:02:05 10:01", "10:02:05 10:01"]
    feed.reads(("10:02:40", "wet-0", "10:02:40", 0))
    assert feed.told() == [
        "10:02:40 10:01:30 10:00 wet-1=2/1",
        "10:02:40 10:01:40",
        "10:02:40 10:01:40",
    ]


def test_what_is_told_does_not_depend_on_where_the_log_is_cut() -> None:
    readings = [
        (f"10:{minute:02d}:{second:02d}", f"wet-{minute % 2}", f"10:{minute:02d}:{second:02d}", 1.0)
        for minute in range(6)
        for second in range(0, 60, 7)
    ]
    whole, single = Feed(), Feed()
    whole.reads(*readings)
    for reading in readings:
        single.reads(reading)

    def with_their_cause(told: list[str]) -> list[str]:
        return list(dict.fromkeys(told))

    one, many = with_their_cause(whole.told()), with_their_cause(single.told())
    assert [line for line in many if line in one] == one
    assert {line for line in one if "wet" in line} == {line for line in many if "wet" in line}


def test_watermarks_go_to_each_partition_that_holds_a_watched_zone_and_panes_to_their_own() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1), ("10:02:01", "dry-0", "10:02:00", 1))
    assert feed.told(0) == ["10:00:01 09:59", "10:02:01 10:01", "10:02:01 10:01"]
    assert feed.told(1) == feed.told(3) == []
    assert feed.told(2) == ["10:00:01 09:59", "10:02:01 10:01 10:00 wet-0=1/1", "10:02:01 10:01", "10:02:01 10:01"]


def test_how_far_it_is_read_is_told_once_a_second_of_arrival() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1))
    feed.told()
    for i in range(10):
        feed.reads((f"10:00:01.{i}", "wet-0", f"10:00:01.{i}", 1))
    assert feed.told() == []
    feed.reads(("10:00:02", "wet-0", "10:00:02", 1))
    assert feed.told() == ["10:00:02 09:59:02"]


def test_an_empty_partition_says_by_the_clock_that_it_has_nothing() -> None:
    feed = Feed()
    feed.stage.caught_up(ms("10:00") + CLOCKS_APART_MS)
    assert feed.told() == ["10:00 -"]
    feed.stage.caught_up(ms("10:00") + CLOCKS_APART_MS + 999)
    assert feed.told() == []
    feed.stage.caught_up(ms("10:00:01") + CLOCKS_APART_MS)
    assert not feed.stage.release_idle(ms("10:30"))
    assert feed.told() == ["10:00:01 -"]


def test_a_silent_partition_is_released_by_the_clock_its_open_windows_first() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1))
    feed.told()
    feed.stage.caught_up(ms("10:03:05"))
    assert feed.stage.release_idle(ms("10:03:05"))
    assert feed.told() == [
        "10:03:04 09:59",
        "10:03:04 10:01 idle 10:00 wet-0=1/1",
        "10:03:04 10:01:04",
    ]

    assert not feed.stage.release_idle(ms("10:05:05"))
    feed.stage.caught_up(ms("10:05:05"))
    assert not feed.stage.release_idle(ms("10:05:05"))
    feed.stage.caught_up(ms("10:05:06"))
    assert feed.told() == ["10:05:04 10:01:04", "10:05:05 10:03:04 idle"]


def test_it_is_silent_by_how_far_it_is_read_not_by_the_clock() -> None:
    feed = Feed()
    feed.reads(("10:05:00", "wet-0", "10:00:00", 1))
    feed.stage.caught_up(ms("10:06:00"))
    assert not feed.stage.release_idle(ms("10:30:00"))
    feed.stage.caught_up(ms("10:06:01"))
    assert feed.stage.release_idle(ms("10:30:00"))
    assert feed.told()[-2:] == ["10:06 10:01 idle 10:00 wet-0=1/1", "10:06 10:04"]


def test_an_exercise_says_when_it_began_and_when_it_is_dropped() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1), exercise="flood")
    assert feed.told() == ["10:00:01 09:59 flood", "10:00:01 -"]
    feed.reads(("34:00:02", "wet-0", "10:00:00", 1))
    assert "34:00:02 - flood" in feed.told()


@pytest.mark.parametrize("cut", range(1, 4))
def test_the_end_of_an_exercise_is_told_after_all_of_it_wherever_the_log_is_cut(cut: int) -> None:
    feed = Feed()
    log = [
        feed._record("10:00:01", "wet-0", "10:00:00", 1, "flood"),
        feed._record("10:00:02", "wet-0", "10:02:00", 1, "flood"),
        feed._record("34:00:03", "wet-0", "10:00:00", 1, None),
        feed._record("34:00:04", "wet-0", "10:00:01", 1, None),
    ]

    feed.stage.step(log[:cut])
    feed.stage.step(log[cut:])

    assert [line for line in feed.told() if "flood" in line] == [
        "10:00:01 09:59 flood",
        "10:00:02 10:01 flood 10:00 wet-0=1/1",
        "10:00:02 10:01 flood",
        "34:00:03 - flood",
    ]


def test_a_release_is_told_at_once_though_it_makes_none_of_the_zones_windows_final() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "dry-0", "10:00:00", 1))
    feed.stage.caught_up(ms("10:03:05"))
    feed.told()
    assert feed.stage.release_idle(ms("10:03:05"))
    assert feed.told() == ["10:03:04 10:01:04"]


def test_a_worker_that_takes_over_tells_no_watermark_as_of_before_the_reading_that_moved_it() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1), ("10:00:05", "wet-0", "10:00:04", 1))
    kept, feed = feed.stage.snapshot(), Feed()
    feed.stage.restore(kept)
    feed.stage.caught_up(ms("10:00:03"))
    assert feed.told() == ["10:00:05 09:59:04"]


def test_the_end_of_an_exercise_is_told_by_a_worker_that_has_only_just_taken_over() -> None:
    feed = Feed()
    feed.reads(("10:00:01", "wet-0", "10:00:00", 1), exercise="flood")
    kept, feed = feed.stage.snapshot(), Feed()
    feed.stage.restore(kept)
    feed.offset = 1
    feed.reads(("34:00:02", "wet-0", "10:00:00", 1))
    assert feed.told()[0] == "34:00:02 - flood"


def test_what_fills_a_hole_behind_the_watermark_is_not_told() -> None:
    feed = Feed()
    feed.reads(("10:10:00", "wet-0", "10:10:00", 1), ("10:10:01", "wet-1", "10:00:00", 9))
    feed.reads(("10:13:00", "wet-0", "10:13:00", 1))
    told = feed.told()
    assert any("wet-0=1/1" in line for line in told)
    assert not any("wet-1" in line for line in told)


def test_a_domain_without_zone_rules_tells_nothing() -> None:
    roster = roster_of(WET)
    for feed in (None, ZoneFeed([], roster, 0, 4, PLACES.__getitem__)):
        stage = ReadingsStage(roster, watch_of([], roster), 0, ONE, feed)
        value = b'{"sensor_id":"wet-0","observed_at":"2022-09-06T10:00:00Z","rainfall_mm":1}'
        stage.step([Raw(0, ms("10:00"), value)])
        stage.caught_up(ms("11:00"))
        assert not any(topic == ZONE_INPUTS for topic, _ in stage.out.records)


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_worker_that_goes_on_from_a_checkpoint_tells_the_same_again(cut: int) -> None:
    readings = [(f"10:{m:02d}:01", f"wet-{m % 2}", f"10:{m:02d}:00", float(m)) for m in range(8)]
    first, second = Feed(), Feed()
    first.reads(*readings[:cut])
    kept = first.stage.snapshot()
    assert first.told()
    first.reads(*readings[cut:])

    second.stage.restore(kept)
    second.offset = cut
    second.reads(*readings[cut:])

    assert second.told() == first.told() != []
