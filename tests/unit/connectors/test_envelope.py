"""What a record becomes: its exercise and moved times inside, its key beside, everything else as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.replay.envelope import outgoing
from connectors.replay.recording import Record

RAIN = {"sensor_id": "rain-1", "observed_at": "2022-09-06T01:00:00+09:00", "rainfall_mm": 1.5}
HOUR_MS = 3_600_000


def sent(topic: str, value: dict[str, Any], exercise: str | None = "storm-1", shift_ms: int = 0) -> dict[str, Any]:
    record = outgoing(Record(7, topic, None, json.loads(json.dumps(value))), exercise, shift_ms)
    assert (record.topic, record.tag) == (topic, 7)
    found: dict[str, Any] = json.loads(record.value)
    return found


def test_a_record_becomes_part_of_the_exercise_and_keeps_its_own_times() -> None:
    assert sent("readings.disaster", RAIN) == RAIN | {"exercise": "storm-1"}


def test_an_exercise_s_record_becomes_part_of_the_new_one_or_of_reality() -> None:
    old = RAIN | {"exercise": "storm-0"}

    assert sent("readings.disaster", old)["exercise"] == "storm-1"
    assert "exercise" not in sent("readings.disaster", old, exercise=None)


def test_every_time_inside_is_moved_by_the_same() -> None:
    bulletin = {
        "bulletin_id": "b-1",
        "issued_at": "2022-09-06T01:00:00+09:00",
        "occurred_at": "2022-09-06T00:59:30+09:00",
        "expected": [{"place": "x", "at": "2022-09-06T06:00:00+09:00"}, "nonsense", {}],
        "texts": {"ko": "2022-09-06T01:00:00+09:00", "en": ""},
    }

    moved = sent("bulletins", bulletin, shift_ms=HOUR_MS)

    assert moved["issued_at"] == "2022-09-05T17:00:00.000Z"
    assert moved["occurred_at"] == "2022-09-05T16:59:30.000Z"
    assert moved["expected"] == [{"place": "x", "at": "2022-09-05T22:00:00.000Z"}, "nonsense", {}]
    assert moved["texts"] == bulletin["texts"]
    command = {"command_id": "c", "alert_id": "a", "until": "2022-09-06T01:00:00+09:00"}
    assert sent("alerts.commands", command, shift_ms=HOUR_MS)["until"] == "2022-09-05T17:00:00.000Z"


@pytest.mark.parametrize("time", ["2022-09-06T01:00:00", "yesterday", 5, None, ["x"]])
def test_a_time_that_is_wrong_on_purpose_stays_wrong(time: Any) -> None:
    assert sent("readings.disaster", RAIN | {"observed_at": time}, shift_ms=HOUR_MS)["observed_at"] == time


@pytest.mark.parametrize(
    ("topic", "value", "key"),
    [
        ("readings.disaster", RAIN, b"rain-1"),
        ("bulletins", {"bulletin_id": "b-1"}, b"b-1"),
        ("alerts.commands", {"alert_id": "a-1"}, b"a-1"),
        ("readings.disaster", {"rainfall_mm": 1}, None),
        ("readings.disaster", {"sensor_id": 5}, None),
    ],
)
def test_the_key_is_what_the_contract_says(topic: str, value: dict[str, Any], key: bytes | None) -> None:
    assert outgoing(Record(0, topic, None, dict(value)), "storm-1", 0).key == key


def test_bytes_are_sent_as_they_are() -> None:
    record = outgoing(Record(3, "readings.disaster", None, None, b"{torn"), "storm-1", HOUR_MS)

    assert (record.key, record.value, record.tag) == (None, b"{torn", 3)
