"""What the stage does beside windows: forwards, dead letters, counts, and what a changed registry does to kept state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contract.rejections import REASONS, DeadLetterHeaders
from streams.contract.topics import REJECTED, readings_topic
from streams.errors import StateRefused
from tests.support.timeline import RAIN, RIVER, RIVER_RULE, RULES, SLOW, Partition, Raw, ms, sensor

AWAY = sensor("away-1")


def _split() -> Partition:
    return Partition([RAIN, AWAY], home_of=lambda sensor_id: 3 if sensor_id == "away-1" else 0)


# -- forwarding -------------------------------------------------------------------------------------------------------


def test_a_record_of_another_partitions_sensor_is_forwarded_once_as_received() -> None:
    p = _split()
    record = p.reads("10:00", "away-1", rainfall_mm=1, wind_speed_ms=2, firmware="x")

    (sent,) = p.sent(readings_topic("disaster"), 3)

    assert (sent.key, sent.value) == (b"away-1", record.value)
    assert sent.headers == (("forwarded_from", b"readings.disaster-0-0"),)
    assert p.counts() == {"forwarded": 2}
    assert p.windows(None, final=None) == []


def test_a_restart_forwards_nothing_again() -> None:
    p = _split()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:00", "away-1", rainfall_mm=1)
    again = _split()
    again.stage.restore(p.stage.snapshot())
    again.stage.step(p.log)
    assert again.sent(readings_topic("disaster"), 3) == []
    assert again.counts() == p.counts()


@pytest.mark.parametrize("key", [None, b"", b"rain-2", b"\xff"])
def test_a_missing_or_wrong_key_is_no_error_the_value_decides(key: bytes | None) -> None:
    p = Partition()
    value = b'{"sensor_id":"rain-1","observed_at":"2022-09-06T10:00:00Z","rainfall_mm":1}'
    p.stage.step([Raw(0, ms("10:00"), value, key)])
    assert p.counts() == {"windowed": 1}


# -- dead letters -----------------------------------------------------------------------------------------------------


def test_a_dead_letter_is_the_record_as_received_with_headers_that_say_why() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    record = p.reads("10:01", "rain-1", rainfall_mm=-1)

    (letter,) = p.sent(REJECTED)

    assert (letter.key, letter.value) == (b"as sent", record.value)
    head = {name: value.decode() for name, value in letter.headers}
    detail = head.pop("detail")
    assert head == {
        "reason": "out_of_range",
        "field": "rainfall_mm",
        "topic": "readings.disaster",
        "partition": "0",
        "offset": "1",
        "received_at": "2022-09-06T10:01:00.000Z",
    }
    assert detail == "rainfall_mm is -1, it must be at least 0; check unit and sensor."
    DeadLetterHeaders.model_validate(head | {"detail": detail})


def test_a_record_without_value_becomes_an_empty_dead_letter() -> None:
    p = Partition()
    p.gets(None, "10:00")
    (letter,) = p.sent(REJECTED)
    assert letter.value == b""
    assert p.rejected() == [("empty", "")]


def _gets(p: Partition, **fields: Any) -> None:
    said = {"sensor_id": "rain-1", "observed_at": "2022-09-06T10:00:00Z", "rainfall_mm": 1} | fields
    p.gets(json.dumps({k: v for k, v in said.items() if v is not ...}).encode(), "10:00")


BAD: list[tuple[str, str, dict[str, Any] | bytes | None]] = [
    ("malformed", "", b"{"),
    ("empty", "", b""),
    ("too_large", "", {"firmware": "x" * 70_000}),
    ("missing_field", "sensor_id", {"sensor_id": ...}),
    ("bad_type", "sensor_id", {"sensor_id": "a b"}),
    ("bad_type", "sensor_id", {"sensor_id": "x" * 65}),
    ("bad_type", "rainfall_mm", {"rainfall_mm": "1"}),
    ("out_of_range", "rainfall_mm", {"rainfall_mm": 501}),
    ("bad_time", "observed_at", {"observed_at": "2022-09-06T10:00:00"}),
    ("future", "observed_at", {"observed_at": "2022-09-06T10:05:01Z"}),
    ("late", "observed_at", {"observed_at": "2022-09-05T09:59:59Z"}),
    ("unknown_sensor", "sensor_id", {"sensor_id": "rain-2"}),
    ("no_measure", "", {"rainfall_mm": ...}),
]


@pytest.mark.parametrize(("reason", "field", "record"), BAD, ids=[f"{r}-{f}" for r, f, _ in BAD])
def test_each_reason_is_given_with_its_field_and_a_sentence_that_helps(
    reason: str, field: str, record: dict[str, Any] | bytes | None
) -> None:
    p = Partition()
    _gets(p, observed_at="2022-09-06T09:59:00Z")
    if isinstance(record, dict):
        _gets(p, **record)
    else:
        p.gets(record, "10:00")
    _gets(p, observed_at="2022-09-06T10:00:01Z")

    assert p.rejected() == [(reason, field)]
    detail = dict(p.sent(REJECTED)[0].headers)["detail"].decode()
    assert detail.endswith(".")
    assert len(detail) < 300
    assert p.counts()["windowed"] == 2, "its neighbours are taken"


def test_every_reason_that_a_reading_can_meet_is_in_the_table() -> None:
    elsewhere = {"exercise_limit", "unknown_alert", "influx"}
    assert {reason for reason, _, _ in BAD} == set(REASONS) - elsewhere


def test_an_unknown_sensors_detail_says_how_to_register_it() -> None:
    p = Partition()
    _gets(p, sensor_id="rain-2")
    detail = dict(p.sent(REJECTED)[0].headers)["detail"].decode()
    assert "'rain-2'" in detail
    assert "urbanhub replay --rejected unknown_sensor" in detail


def test_a_city_without_sensors_refuses_everything_and_goes_on() -> None:
    p = Partition([])
    _gets(p)
    assert p.rejected() == [("unknown_sensor", "sensor_id")]
    again = Partition([])
    again.stage.restore(p.stage.snapshot())
    again.stage.step(p.log)
    assert again.counts() == p.counts()


# -- quality ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", ["suspect", "maintenance"])
def test_what_is_set_aside_enters_no_window_and_no_rule_and_is_counted(quality: str) -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=4, discharge_m3s=5, quality=quality)
    p.stage.tick(0)
    assert p.windows(None, final=None) == []
    assert p.events() == []
    assert p.counts() == {"set_aside": 2}


def test_what_is_estimated_counts_as_any_other() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1, quality="estimated")
    assert p.counts() == {"windowed": 1}


# -- counts -----------------------------------------------------------------------------------------------------------


def test_counts_are_by_owner_of_the_sensor() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:00", "river-1", water_level_m=1)
    p.reads("10:00", "nobody", water_level_m=1, rainfall_mm=2)
    p.gets(b"{", "10:00")
    assert p.stage.accounts.values == {
        ("", "windowed", "city"): 1,
        ("", "windowed", "river-office"): 1,
        ("", "rejected", "unknown"): 3,
    }
    assert p.stage.accounts.refused == {("", "unknown_sensor"): 1, ("", "malformed"): 1}
    assert p.stage.accounts.received == 5
    assert p.stage.accounts.totals == {
        ("windowed", "city"): 1,
        ("windowed", "river-office"): 1,
        ("rejected", "unknown"): 3,
    }


def test_what_was_received_stays_so_when_its_exercise_is_forgotten() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1, exercise="flood")
    p.reads("10:01", "nobody", rainfall_mm=1, exercise="flood")
    p.reads("34:01", "rain-1", rainfall_mm=1, temperature_c=20)
    p.reads("34:02", "rain-1", rainfall_mm=1)
    assert "flood" not in p.stage.exercises.named
    assert p.counts("flood") == {"rejected": 1}
    assert p.stage.accounts.received == 5
    assert p.stage.accounts.totals == {("windowed", "city"): 4, ("rejected", "unknown"): 1}
    again = p.restarted()
    assert (again.stage.accounts.received, again.stage.accounts.totals.total()) == (5, 5)


def test_unknown_fields_are_counted() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1, firmware="1.2", battery_v=3.3)
    assert p.stage.accounts.unknown_fields == 2


def test_records_already_applied_change_nothing() -> None:
    p = Partition()
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.stage.step(p.log)
    p.stage.step([])
    assert p.counts() == {"windowed": 1}


# -- a registry that changed ------------------------------------------------------------------------------------------


def test_a_sensor_that_left_the_registry_sends_nothing_more() -> None:
    p = Partition(rules=RULES)
    p.reads("10:00", "rain-1", rainfall_mm=50)
    p.reads("10:00", "river-1", water_level_m=1.5)
    p.reads("10:00", "slow-1", temperature_c=1)
    again = p.restarted([RIVER, SLOW], RULES)
    again.reads("11:30", "river-1", water_level_m=1.6)
    again.stage.tick(0)
    assert {w["sensor_id"] for w in again.windows(None, final=None)} == {"river-1", "slow-1"}
    assert "10:00 river-1 water_level_m 1 1.5" in again.finals()


def test_a_sensor_that_came_gets_windows_of_its_own() -> None:
    p = Partition([RIVER])
    p.reads("10:00", "river-1", water_level_m=1)
    again = p.restarted([RAIN, RIVER, SLOW])
    again.reads("10:00:30", "rain-1", rainfall_mm=2)
    again.reads("10:05", "river-1", water_level_m=1)
    assert again.finals() == ["10:00 river-1 water_level_m 1 1", "10:00 rain-1 rainfall_mm 1 2"]


def test_a_sensor_that_left_and_came_back_goes_on() -> None:
    p = Partition([RAIN, RIVER])
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("10:10", "river-1", water_level_m=1)
    away = p.restarted([RIVER])
    back = away.restarted([RAIN, RIVER])
    back.reads("10:00:30", "rain-1", rainfall_mm=1, arrives="10:10")
    assert back.rejected() == [("late", "observed_at")], "its window stays final"
    back.reads("10:10:30", "rain-1", rainfall_mm=1)
    assert back.counts()["windowed"] == 3


@pytest.mark.parametrize(("before_s", "after_s"), [(900, 0), (0, 900)])
def test_a_changed_delay_loses_no_open_window(before_s: int, after_s: int) -> None:
    p = Partition([sensor("a", delay_s=before_s), RIVER])
    p.reads("10:00", "a", rainfall_mm=1)
    p.reads("10:01", "river-1", water_level_m=1)
    again = p.restarted([sensor("a", delay_s=after_s), RIVER])
    again.reads("12:00", "river-1", water_level_m=1)
    assert [w for w in again.finals() if " a " in w] == ["10:00 a rainfall_mm 1 1"]
    assert [w for w in again.finals(3600) if " a " in w] == ["10:00 a rainfall_mm 1 1"]


def test_rules_keep_their_state_however_they_are_ordered() -> None:
    p = Partition(rules=RULES)
    p.reads("10:00", "river-1", water_level_m=1.5)
    again = p.restarted(rules=RULES[::-1])
    again.reads("10:10", "river-1", water_level_m=0.5)
    assert again.changes() == ["10:10 river-level cleared -"]


# -- kept state -------------------------------------------------------------------------------------------------------


def test_another_domains_checkpoint_is_refused() -> None:
    p, other = Partition(), Partition([sensor("road-1", "traffic")], domain="traffic")
    with pytest.raises(StateRefused):
        other.stage.restore(p.stage.snapshot())


def test_a_snapshot_does_not_change_what_it_is_of() -> None:
    p = Partition(rules=RULES)
    p.reads("10:00", "rain-1", rainfall_mm=50)
    first = p.stage.snapshot()
    again = Partition(rules=RULES)
    again.stage.restore(first)
    assert again.stage.snapshot() == first
    again.reads("10:30", "rain-1", rainfall_mm=50)
    again.stage.release_idle(ms("12:00"))
    assert p.stage.snapshot() == first
