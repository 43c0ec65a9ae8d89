"""The life of an alert: whole states in sequence, officers' acts, repeats, the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contract.alerts import Alert
from streams.contract.topics import ALERTS, REJECTED
from streams.engine.alerts_stage import (
    DAY_MS,
    KEPT_AFTER_END_MS,
    KEPT_COMMANDS,
    KEPT_COMMENTS,
    REMOVED_AFTER_MS,
    AlertsStage,
)
from streams.engine.commands_stage import CommandsStage
from streams.engine.event_partitions import ONE
from streams.engine.outputs import Out
from tests.support.timeline import RIVER_RULE, Partition, Raw, ms

Q = "river-level:river-1:20220906T100000Z"


def _events(*levels: float, exercise: str | None = None) -> list[bytes]:
    """What the readings stage says of a river that takes these levels, ten minutes apart from 10:00 on."""
    p = Partition(rules=[RIVER_RULE])
    more = {} if exercise is None else {"exercise": exercise}
    for i, value in enumerate(levels):
        p.reads(f"{10 + i // 6}:{i % 6}0", "river-1", water_level_m=value, **more)
    return [out.value or b"" for out in p.sent("hub.alert-events")]


class Alerts:
    """The stages of commands and alerts, one partition each."""

    def __init__(self) -> None:
        self.commands, self.stage = CommandsStage(2, ONE), AlertsStage(0)
        self.offset, self.now_ms, self.ids = 0, ms("10:00"), 0

    def gets(self, *events: bytes) -> None:
        for value in events:
            self.stage.step([Raw(self.offset, self.now_ms, value, b"key")])
            self.offset += 1

    def rests(self, duration_ms: int) -> None:
        """Time passes, and something else happens."""
        self.now_ms += duration_ms
        self.stage.step([Raw(self.offset, self.now_ms, b"{}", b"key")])
        self.offset += 1

    def officer(self, kind: str, alert_id: str = Q, **more: Any) -> None:
        self.ids += 1
        said = {"command_id": f"c{self.ids}", "alert_id": alert_id, "kind": kind, "by": "김당직", **more}
        self.commands.step([Raw(self.ids, self.now_ms, json.dumps(said).encode(), b"as sent")])
        sent = self.commands.out.records.pop(("hub.alert-events", 0), [])
        self.gets(*(out.value or b"" for out in sent))

    def sent(self, topic: str = ALERTS) -> list[Out]:
        return self.stage.out.records.get((topic, 0), [])

    def states(self) -> list[Alert]:
        return [Alert.model_validate_json(out.value) for out in self.sent() if out.value is not None]

    def told(self) -> list[str]:
        """Each state in a line: sequence, level, marks."""
        lines = []
        for a in self.states():
            marks = ["ack"] * (a.acknowledged is not None) + ["silent"] * (a.silenced_until is not None)
            lines.append(" ".join([str(a.sequence), a.level or a.state, *marks, *["+"] * len(a.comments)]))
        return lines

    def refused(self) -> list[tuple[str, ...]]:
        heads = [{k: v.decode() for k, v in out.headers} for out in self.sent(REJECTED)]
        names = ("reason", "field", "topic", "partition", "offset")
        return [tuple(head[name] for name in names) for head in heads if head["topic"] == "alerts.commands"]

    def restarted(self) -> Alerts:
        other = Alerts()
        other.stage.restore(self.stage.snapshot())
        other.offset, other.now_ms, other.ids = self.offset, self.now_ms, self.ids
        return other


@pytest.fixture
def a() -> Alerts:
    return Alerts()


def test_each_change_is_a_whole_state_in_sequence_without_gaps(a: Alerts) -> None:
    a.gets(*_events(1.5, 2.5, 1.5, 0.5))
    assert a.told() == ["1 attention", "2 caution", "3 attention", "4 cleared"]
    assert {s.alert_id for s in a.states()} == {Q}
    assert a.stage.out.urgent
    assert [out.key for out in a.sent()] == [Q.encode()] * 4


def test_a_repeat_changes_nothing(a: Alerts) -> None:
    events = _events(1.5, 2.5)
    a.gets(*events, *events, events[0])
    assert a.told() == ["1 attention", "2 caution"]
    assert a.stage.repeats == 3


def test_acknowledging_holds_for_its_level_and_a_step_up_asks_again(a: Alerts) -> None:
    events = _events(1.5, 2.5, 1.5, 0.5)
    a.gets(events[0])
    a.now_ms = ms("10:03")
    a.officer("acknowledge", note="현장 확인 중")
    a.gets(events[1])
    a.officer("acknowledge")
    a.gets(*events[2:])
    assert a.told() == [
        "1 attention",
        "2 attention ack",
        "3 caution",
        "4 caution ack",
        "5 attention ack",
        "6 cleared ack",
    ]
    said = a.states()[1].acknowledged
    assert said is not None
    assert (said.by, said.note) == ("김당직", "현장 확인 중")
    assert said.at == a.states()[1].updated_at
    assert said.at.isoformat() == "2022-09-06T10:03:00+00:00"
    assert a.states()[1].onset == a.states()[0].onset


def test_a_silence_never_swallows_a_step_up_or_the_end_and_ends_with_its_alert(a: Alerts) -> None:
    events = _events(1.5, 2.5, 1.5, 0.5)
    a.gets(events[0])
    a.officer("silence", until="2022-09-06T12:00:00Z")
    a.gets(events[1])
    a.officer("silence", until="2022-09-06T12:00:00Z")
    a.gets(*events[2:])
    assert a.told() == [
        "1 attention",
        "2 attention silent",
        "3 caution",
        "4 caution silent",
        "5 attention silent",
        "6 cleared",
    ]


def test_comments_are_kept_in_order_and_the_newest_fifty(a: Alerts) -> None:
    a.gets(*_events(1.5))
    for i in range(KEPT_COMMENTS + 3):
        a.officer("comment", note=f"n{i}")
    kept = [c.note for c in a.states()[-1].comments]
    assert kept == [f"n{i}" for i in range(3, KEPT_COMMENTS + 3)]


def test_close_is_refused_while_a_rule_holds_the_alert(a: Alerts) -> None:
    a.gets(*_events(1.5))
    a.officer("close")
    assert a.told() == ["1 attention"]
    assert a.refused() == [("unknown_alert", "kind", "alerts.commands", "2", "1")]


@pytest.mark.parametrize("kind", ["acknowledge", "silence", "close"])
def test_on_a_cleared_alert_only_comments_are_taken(a: Alerts, kind: str) -> None:
    a.gets(*_events(1.5, 0.5))
    a.officer(kind, until="2022-09-06T12:00:00Z")
    a.officer("comment", note="점검 완료")
    assert a.told() == ["1 attention", "2 cleared", "3 cleared +"]
    assert len(a.refused()) == 1


def test_a_refused_commands_dead_letter_is_the_commands_own_record(a: Alerts) -> None:
    a.now_ms = ms("10:07")
    a.officer("acknowledge", "no-such-alert", extra="kept")
    (letter,) = a.sent(REJECTED)
    head = {name: value.decode() for name, value in letter.headers}
    assert head.pop("detail").startswith("There is no alert no-such-alert")
    assert head == {
        "reason": "unknown_alert",
        "field": "alert_id",
        "topic": "alerts.commands",
        "partition": "2",
        "offset": "1",
        "received_at": "2022-09-06T10:07:00.000Z",
    }
    assert letter.key == b"as sent"
    assert json.loads(letter.value or b"")["extra"] == "kept"


def test_a_retried_command_is_one_command(a: Alerts) -> None:
    a.gets(*_events(1.5))
    a.officer("comment", note="x", command_id="one")
    a.officer("comment", note="x", command_id="one")
    assert a.told() == ["1 attention", "2 attention +"]
    assert a.refused() == []


def test_a_command_of_another_exercise_touches_nothing(a: Alerts) -> None:
    a.gets(*_events(1.5))
    a.officer("acknowledge", exercise="typhoon")
    assert a.told() == ["1 attention"]
    assert [r[0] for r in a.refused()] == ["unknown_alert"]


def test_commands_of_an_alert_do_not_fill_the_memory(a: Alerts) -> None:
    a.gets(*_events(1.5))
    for _ in range(KEPT_COMMANDS + 20):
        a.officer("acknowledge")
    (life,) = a.stage._lives.values()
    assert len(life.steps) == KEPT_COMMANDS + 1
    a.gets(*_events(1.5))
    assert a.stage.repeats == 1, "the rule's own step is never forgotten"


def test_a_record_that_is_no_event_is_set_aside_and_the_next_is_applied(a: Alerts) -> None:
    a.gets(b"{", b"", *_events(1.5))
    assert a.told() == ["1 attention"]
    reasons = [dict(out.headers)["reason"] for out in a.sent(REJECTED)]
    assert reasons == [b"malformed", b"malformed"]


def test_a_cleared_alert_is_removed_from_the_topic_ninety_days_after_its_end(a: Alerts) -> None:
    a.gets(*_events(1.5, 0.5))
    a.rests(REMOVED_AFTER_MS)
    assert [out.value for out in a.sent()][2:] == []
    a = a.restarted()
    a.rests(1)
    assert [(out.key, out.value) for out in a.sent()] == [(Q.encode(), None)]
    assert (a.stage._lives, a.stage._past) == ({}, {})


def test_an_active_alert_is_never_removed(a: Alerts) -> None:
    a.gets(*_events(1.5))
    a.rests(400 * DAY_MS)
    a.officer("acknowledge")
    assert a.told() == ["1 attention", "2 attention ack"]


def test_after_a_week_an_ended_alert_takes_no_comment_but_keeps_its_sequence(a: Alerts) -> None:
    events = _events(1.5, 2.5, 1.5, 0.5)
    a.gets(*events)
    a.rests(KEPT_AFTER_END_MS + 1)
    a = a.restarted()
    a.officer("comment", note="late")
    assert [r[0] for r in a.refused()] == ["unknown_alert"]
    a.gets(*events)
    assert a.told() == []
    again = json.loads(events[0]) | {"step": 5}
    a.gets(json.dumps(again).encode())
    assert a.told() == ["5 attention"]


def test_an_exercises_alert_is_forgotten_a_day_after_its_last_event(a: Alerts) -> None:
    a.gets(*_events(1.5, exercise="typhoon"))
    a.rests(DAY_MS)
    assert len(a.stage._lives) == 1
    a.rests(1)
    assert len(a.stage._lives) == 0
    assert len(a.sent()) == 1, "an active one is never removed from the topic"
    a.gets(*_events(1.5, 2.5, exercise="typhoon")[1:])
    assert a.told() == ["1 attention", "2 caution"]


def test_an_exercises_alert_is_forgotten_wherever_the_log_is_cut(a: Alerts) -> None:
    raised = _events(1.5, exercise="typhoon")[0]
    said = {"command_id": "c1", "alert_id": f"{Q}:typhoon", "kind": "comment", "by": "김당직"}
    a.commands.step([Raw(0, a.now_ms, json.dumps(said).encode(), b"as sent")])
    command = a.commands.out.records["hub.alert-events", 0][0].value or b""

    a.stage.step([Raw(0, a.now_ms, raised, b"key"), Raw(1, a.now_ms + DAY_MS + 1, command, b"key")])

    assert [r[0] for r in a.refused()] == ["unknown_alert"]


def test_a_restart_goes_on_with_everything(a: Alerts) -> None:
    events = _events(1.5, 2.5, 0.5, 0.5)
    a.gets(events[0])
    a.officer("comment", note="x")
    a.officer("acknowledge")
    again = a.restarted()
    again.gets(events[0])
    again.officer("close")
    again.gets(*events[1:])
    assert again.told() == ["4 caution +", "5 attention +", "6 cleared +"]
    assert len(again.refused()) == 1


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 4), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=8),
)
def test_the_states_are_the_same_however_often_events_repeat(
    levels: list[float], crashes: list[tuple[int, bool]]
) -> None:
    events = _events(*levels)
    straight, crashed = Alerts(), Alerts()
    straight.gets(*events)
    told, begin = [], 0
    for back, restart in [*crashes, (0, False)]:
        crashed.gets(*events[begin : begin + back + 2])
        told += crashed.told()
        crashed = crashed.restarted() if restart else crashed
        crashed.stage.out.records.clear()
        begin = max(0, begin + 2 - back % 3)
    crashed.gets(*events)
    told += crashed.told()
    assert told == straight.told()
