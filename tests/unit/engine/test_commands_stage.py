"""Officers' acts become events of their alerts; what is no act is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contract.topics import ALERT_EVENTS, REJECTED
from streams.engine.commands_stage import CommandsStage
from streams.engine.event_partitions import EventPartitions
from tests.support.timeline import Raw, ms

GOOD = {"command_id": "c1", "alert_id": "r:s:20220906T100000Z", "kind": "acknowledge", "by": "김당직"}


def _stage(*values: bytes) -> CommandsStage:
    stage = CommandsStage(1, EventPartitions(lambda _: 3, 4))
    stage.step([Raw(i, ms("10:00") + i, value, b"as sent") for i, value in enumerate(values)])
    return stage


def _said(**more: Any) -> bytes:
    return json.dumps({k: v for k, v in (GOOD | more).items() if v is not ...}).encode()


def test_an_act_becomes_an_event_of_its_alert() -> None:
    stage = _stage(_said(note="확인"))
    (sent,) = stage.out.records[ALERT_EVENTS, 3]
    event = json.loads(sent.value or b"")
    assert sent.key == b"r:s:20220906T100000Z"
    assert (event["origin"], event["step"], event["transition"]) == ("command:c1", 1, "commanded")
    assert event["at"] == "2022-09-06T10:00:00.000Z", "an act's time is its arrival"
    assert event["received_from"] == "alerts.commands-1-0"
    assert event["command"]["note"] == "확인"
    assert stage.out.urgent


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (b"", b"empty", b""),
        (b"[]", b"malformed", b""),
        (_said(kind="delete"), b"bad_type", b"kind"),
        (_said(by=...), b"missing_field", b"by"),
        (_said(by="  "), b"bad_type", b"by"),
        (_said(command_id="a b"), b"bad_type", b"command_id"),
        (_said(kind="silence"), b"missing_field", b"until"),
        (_said(kind="silence", until="soon"), b"bad_time", b"until"),
        (_said(note="x" * 1001), b"bad_type", b"note"),
    ],
)
def test_what_is_no_act_is_refused_with_its_reason(value: bytes, reason: bytes, field: bytes) -> None:
    stage = _stage(value, _said())
    (letter,) = stage.out.records[REJECTED, 0]
    head = dict(letter.headers)
    assert (head["reason"], head["field"], head["topic"], head["partition"]) == (
        reason,
        field,
        b"alerts.commands",
        b"1",
    )
    assert (letter.key, letter.value) == (b"as sent", value)
    assert len(stage.out.records[ALERT_EVENTS, 3]) == 1


def test_a_restart_passes_nothing_on_twice() -> None:
    stage = _stage(_said())
    again = CommandsStage(1, EventPartitions(lambda _: 3, 4))
    again.restore(stage.snapshot())
    again.step([Raw(0, ms("10:00"), _said())])
    assert not again.out
    assert again.resume_offset() == 1
