"""Announcements: a revision changes its alert and never adds one; what an institution lifts ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contract.alerts import Bilingual
from streams.contract.rules import Rule
from streams.contract.topics import ALERT_EVENTS, REJECTED
from streams.engine.alerts_stage import AlertsStage
from streams.engine.bulletins_stage import KEPT_MS, BulletinsStage
from streams.engine.event_partitions import ONE
from streams.engine.exercises import EXERCISE_KEPT_MS
from tests.support.timeline import CITY, Raw, ms


def _level(name: str, when: dict[str, Any]) -> dict[str, Any]:
    return {
        "level": name,
        "when": when,
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "headline": {"ko": "{place} 규모 {magnitude} 지진", "en": "Magnitude {magnitude} at {place}"},
        "instruction": {"ko": "{zone}: {text}", "en": "{zone}: {text}"},
        "source": "test",
    }


QUAKE = Rule.model_validate(
    {
        "rule_id": "quake",
        "domain": "disaster",
        "name": {"ko": "지진", "en": "Earthquake"},
        "bulletin": {"kind": "earthquake"},
        "levels": [_level("attention", {"magnitude_at_least": 2}), _level("caution", {"magnitude_at_least": 5})],
    }
)
WARNING = Rule.model_validate(
    {
        "rule_id": "warning",
        "domain": "disaster",
        "name": {"ko": "특보", "en": "Warning"},
        "bulletin": {"kind": "weather-warning"},
        "levels": [_level("advisory", {"level": "advisory"}), _level("warning", {"level": "warning"})],
    }
)
ZONES = {"ocheon-eup": Bilingual(ko="오천읍", en="Ocheon-eup")}


class Bulletins:
    """The stage, and the alerts that come of it."""

    def __init__(self) -> None:
        self.stage, self.alerts = BulletinsStage([QUAKE, WARNING], ZONES, 0, ONE, CITY.centre), AlertsStage(0)
        self.offset, self.now_ms = 0, ms("10:00")

    def says(self, **more: Any) -> None:
        said = {
            "bulletin_id": "kma-1",
            "revision": 0,
            "kind": "earthquake",
            "issued_at": "2022-09-06T10:00:00Z",
            "source": "KMA",
            "texts": {"ko": "흔들림에 대비하십시오.", "en": "Expect shaking."},
            **more,
        }
        self.gets(json.dumps(said).encode())

    def gets(self, value: bytes) -> None:
        self.stage.step([Raw(self.offset, self.now_ms, value, b"as sent")])
        self.offset += 1

    def restarted(self) -> Bulletins:
        other = Bulletins()
        other.stage.restore(self.stage.snapshot())
        other.offset, other.now_ms = self.offset, self.now_ms
        return other

    def events(self) -> list[dict[str, Any]]:
        """What happens to alerts; what they cover has tests of its own."""
        told = [json.loads(out.value or b"") for out in self.stage.out.records.get((ALERT_EVENTS, 0), [])]
        return [event for event in told if "cover" not in event]

    def changes(self) -> list[str]:
        return [f"{e['alert_id']} {e['step']} {e['transition']} {e.get('level', '-')}" for e in self.events()]


@pytest.fixture
def b() -> Bulletins:
    return Bulletins()


def test_a_bulletin_raises_the_alert_of_its_event(b: Bulletins) -> None:
    b.says(magnitude=5.5, occurred_at="2022-09-06T09:59:30Z", area=["ocheon-eup"])
    (event,) = b.events()
    assert (event["alert_id"], event["origin"], event["step"]) == ("quake:kma-1", "bulletin:kma-1", 1)
    alert = event["alert"]
    assert (alert["onset"], alert["updated_at"]) == ("2022-09-06T09:59:30.000Z", "2022-09-06T10:00:00.000Z")
    assert alert["headline"] == {"ko": "오천읍 규모 5.5 지진", "en": "Magnitude 5.5 at Ocheon-eup"}
    assert alert["instruction"] == {"ko": "오천읍: 흔들림에 대비하십시오.", "en": "Ocheon-eup: Expect shaking."}
    assert (alert["zone"], alert["area"], alert["value"]) == ("ocheon-eup", ["ocheon-eup"], 5.5)
    assert b.stage.out.urgent


def test_a_bulletin_of_the_whole_city_names_no_other_city(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    assert b.events()[0]["alert"]["headline"] == {
        "ko": "시 전역 규모 5.5 지진",
        "en": "Magnitude 5.5 at the whole city",
    }
    assert b.events()[0]["alert"]["area"] == []


def test_a_revision_changes_its_alert_and_never_adds_one(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    b.says(magnitude=5.4, revision=1)
    b.says(magnitude=4.9, revision=2)
    b.says(magnitude=5.1, revision=4)
    assert b.changes() == [
        "quake:kma-1 1 raised caution",
        "quake:kma-1 2 revised caution",
        "quake:kma-1 3 stepped_down attention",
        "quake:kma-1 4 stepped_up caution",
    ]
    assert [e["alert"]["value"] for e in b.events()] == [5.5, 5.4, 4.9, 5.1]
    assert len({e["alert"]["onset"] for e in b.events()}) == 1


def test_a_lower_revision_that_comes_late_is_ignored(b: Bulletins) -> None:
    b.says(magnitude=5.4, revision=1)
    b.says(magnitude=5.5, revision=0)
    b.restarted().says(magnitude=5.5, revision=0)
    assert b.changes() == ["quake:kma-1 1 raised caution"]
    assert b.stage.superseded == 1


def test_the_same_record_again_is_a_repeat(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    b.says(magnitude=5.5)
    again = b.restarted()
    again.says(magnitude=5.5)
    assert len(b.events()) == 1
    assert again.events() == []


def test_a_correction_under_the_same_revision_is_taken(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    b.says(magnitude=5.4)
    assert b.changes()[1] == "quake:kma-1 2 revised caution"


def test_what_the_institution_cancels_ends(b: Bulletins) -> None:
    b.says(kind="weather-warning", level="advisory")
    b.says(kind="weather-warning", level="advisory", revision=1, cancelled=True, issued_at="2022-09-06T12:00:00Z")
    assert b.changes() == ["warning:kma-1 1 raised advisory", "warning:kma-1 2 cleared -"]
    alert = b.events()[1]["alert"]
    assert (alert["state"], alert["urgency"], alert["cleared_at"]) == ("cleared", "Past", "2022-09-06T12:00:00.000Z")
    assert alert["instruction"]["ko"] == "발표 기관이 해제했습니다."


def test_what_reaches_no_level_raises_nothing(b: Bulletins) -> None:
    b.says(magnitude=1.9)
    b.says(kind="weather-warning", bulletin_id="w")
    b.says(kind="earthquake", bulletin_id="q", cancelled=True, magnitude=7)
    b.says(kind="emergency-message", bulletin_id="m")
    assert b.events() == []


def test_a_bulletin_that_falls_below_its_lowest_level_ends(b: Bulletins) -> None:
    b.says(magnitude=2.0)
    b.says(magnitude=1.8, revision=1)
    assert b.changes() == ["quake:kma-1 1 raised attention", "quake:kma-1 2 cleared -"]


def test_a_bulletin_that_supersedes_another_ends_its_alert(b: Bulletins) -> None:
    b.says(kind="weather-warning", level="advisory")
    b.says(kind="weather-warning", bulletin_id="kma-2", level="warning", supersedes="kma-1")
    b.says(kind="weather-warning", bulletin_id="kma-3", level="warning", supersedes="never-seen")
    assert b.changes() == [
        "warning:kma-1 1 raised advisory",
        "warning:kma-2 1 raised warning",
        "warning:kma-1 2 cleared -",
        "warning:kma-3 1 raised warning",
    ]
    assert b.events()[2]["alert"]["instruction"]["en"] == "A newer announcement has replaced it."


def test_a_bulletin_that_supersedes_itself_is_a_revision(b: Bulletins) -> None:
    b.says(kind="weather-warning", level="advisory")
    b.says(kind="weather-warning", revision=1, level="warning", supersedes="kma-1")
    assert b.changes() == ["warning:kma-1 1 raised advisory", "warning:kma-1 2 stepped_up warning"]


def test_an_exercises_bulletin_is_another_and_says_so(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    b.says(magnitude=5.5, exercise="quake-day")
    assert b.changes() == ["quake:kma-1 1 raised caution", "quake:kma-1:quake-day 1 raised caution"]
    assert b.events()[1]["alert"]["status"] == "exercise"


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (b"", b"empty", b""),
        (b"{", b"malformed", b""),
        (b'{"bulletin_id":"a:b"}', b"bad_type", b"bulletin_id"),
        (b'{"bulletin_id":"a"}', b"missing_field", b"kind"),
        (b"{" + b" " * 70_000 + b"}", b"too_large", b""),
    ],
)
def test_a_bad_bulletin_is_refused_with_its_reason(b: Bulletins, value: bytes, reason: bytes, field: bytes) -> None:
    b.gets(value)
    b.says(magnitude=5.5)
    (letter,) = b.stage.out.records[REJECTED, 0]
    head = dict(letter.headers)
    assert (head["reason"], head["field"], head["topic"], head["offset"]) == (reason, field, b"bulletins", b"0")
    assert (letter.key, letter.value) == (b"as sent", value)
    assert len(b.events()) == 1


def test_old_bulletins_do_not_fill_the_memory(b: Bulletins) -> None:
    b.says(magnitude=5.5)
    b.says(magnitude=5.5, exercise="e")
    b.now_ms += EXERCISE_KEPT_MS + 1
    b.says(magnitude=5.5, bulletin_id="other")
    assert list(b.stage._known) == ["kma-1:", "other:"]
    b.now_ms += KEPT_MS
    b.says(magnitude=5.5, bulletin_id="another")
    assert list(b.stage._known) == ["other:", "another:"]


def test_an_earthquake_can_be_closed_by_an_officer_and_only_a_rise_opens_it_again(b: Bulletins) -> None:
    b.says(magnitude=5.1)
    b.says(magnitude=5.0, revision=1)
    b.says(magnitude=2.0, revision=2)
    b.says(magnitude=5.2, revision=3)
    events = [out.value or b"" for out in b.stage.out.records[ALERT_EVENTS, 0]]
    close = {
        "alert_id": "quake:kma-1",
        "origin": "command:c1",
        "step": 1,
        "transition": "commanded",
        "at": "2022-09-06T11:00:00Z",
        "command": {"command_id": "c1", "alert_id": "quake:kma-1", "kind": "close", "by": "x", "note": "끝"},
    }
    order = [events[0], json.dumps(close).encode(), *events[1:]]
    b.alerts.step([Raw(i, ms("11:00"), value) for i, value in enumerate(order)])
    told = [json.loads(out.value or b"") for out in b.alerts.out.records["alerts", 0]]
    assert [(s["sequence"], s["state"], s["level"]) for s in told] == [
        (1, "active", "caution"),
        (2, "cleared", None),
        (3, "active", "caution"),
    ]
    assert told[1]["comments"][0]["note"] == "끝"
    assert told[1]["instruction"]["ko"] == "담당자가 종료했습니다."
