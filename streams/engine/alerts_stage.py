"""The alerts stage: everything that happens to an alert in, its whole states out. Owner of `sequence`.

Rules, bulletins and officers act on one alert; its life is a function of one ordered log. Acknowledging is for one level:
a step up asks again. A silence never swallows a step up or the end, and ends with its alert. An alert that another one
covers is told as ever, with the id of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from streams.contract import rejections
from streams.contract.alerts import Acknowledgement, Alert, AlertEvent, Bilingual, Command, Cover
from streams.contract.rejections import Rejection
from streams.contract.times import DAY_MS, format_ms, to_ms
from streams.contract.topics import ALERT_EVENTS, ALERTS, REJECTED
from streams.engine import snapshot
from streams.engine.covers import Covers
from streams.engine.dead_letter import dead_letter
from streams.engine.exercises import EXERCISE_KEPT_MS
from streams.engine.outputs import Out, Outputs
from streams.engine.records import Record

NAME: Final = "alerts"
KEPT_COMMENTS: Final = 50
KEPT_COMMANDS: Final = 200
"""A command that comes again is known among so many of its alert's latest."""
KEPT_AFTER_END_MS: Final = 7 * DAY_MS
"""A cleared alert takes comments for a week of arrival time; then only its sequence is remembered."""
REMOVED_AFTER_MS: Final = 90 * DAY_MS
"""A cleared alert is removed from the topic so long after its end (contract 2)."""
CLOSED: Final = Bilingual(ko="담당자가 종료했습니다.", en="Closed by an officer.")


class _Life:
    """What the stage knows of one alert."""

    __slots__ = ("alert", "arrived_ms", "held", "steps")

    def __init__(self, alert: Alert, steps: dict[str, int], *, held: bool, arrived_ms: int) -> None:
        self.alert, self.steps, self.held, self.arrived_ms = alert, steps, held, arrived_ms


class _Past(NamedTuple):
    """What is remembered of an alert whose life is over: enough to go on without a gap in its sequence."""

    sequence: int
    steps: dict[str, int]
    arrived_ms: int
    cleared: bool


class AlertsStage:
    """State of one partition of `hub.alert-events`."""

    name: Final = NAME

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self._lives: dict[str, _Life] = {}
        self._past: dict[str, _Past] = {}
        self._covers = Covers()
        self.applied = -1
        self.repeats = 0
        self.transitions: list[tuple[str, str]] = []
        """(rule id, transition) of each state sent, for the metrics; the shell empties it."""
        self.out = Outputs()

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order; what is to be sent gathers in `out`."""
        for record in records:
            if record.offset > self.applied:
                self._apply(record)
                self.applied = record.offset
        for alert_id in [*self._lives, *self._past] if records else ():
            self._forget(alert_id, records[-1].timestamp)
        if records:
            self._covers.forget(records[-1].timestamp)

    def _apply(self, record: Record) -> None:
        try:
            event = AlertEvent.model_validate_json(record.value or b"")
        except ValidationError as e:
            self._refuse(record, rejections.from_validation(e))
            return
        if event.cover is not None:
            self._cover(event, event.cover, record.timestamp)
            return
        # Not only after a batch: it must not matter where the log is cut.
        self._forget(event.alert_id, record.timestamp)
        life, past = self._lives.get(event.alert_id), self._past.get(event.alert_id)
        steps = life.steps if life is not None else past.steps if past is not None else {}
        if event.step <= steps.get(event.origin, 0):
            self.repeats += 1
        elif event.command is not None:
            self._command(event, event.command, life, record)
        elif event.alert is not None:
            self._change(event, event.alert, life, record.timestamp)
        elif event.withdrawn is not None and life is not None:
            self._withdraw(event, event.withdrawn, life, record.timestamp)

    def _cover(self, event: AlertEvent, cover: Cover, arrived_ms: int) -> None:
        """An alert covers others, or covers them no more; those whose cover changes by it are told so."""
        if not self._covers.take(event, cover, arrived_ms):
            self.repeats += 1
            return
        for alert_id in list(self._lives):
            self._forget(alert_id, arrived_ms)
            life = self._lives.get(alert_id)
            by = None if life is None else self._covers.of(life.alert, arrived_ms)
            if life is None or by == life.alert.covered_by:
                continue
            changed = {"sequence": life.alert.sequence + 1, "covered_by": by}  # of itself nothing is of another moment
            told = "uncovered" if by is None else "covered"
            self._send(life, life.alert.model_copy(update=changed), event, arrived_ms, told)

    def _change(self, event: AlertEvent, seen: Alert, life: _Life | None, arrived_ms: int) -> None:
        asks_again = event.transition in ("stepped_up", "raised")
        if life is None:
            past = self._past.pop(event.alert_id, None)
            life = _Life(seen, past.steps if past else {}, held=event.held, arrived_ms=arrived_ms)
            self._lives[event.alert_id] = life
            alert = seen.model_copy(update={"sequence": past.sequence + 1 if past else 1})
        elif life.alert.state == "cleared" and not asks_again:
            life.steps[event.origin] = event.step  # an officer has closed it: only what is worse opens it again
            return
        else:
            old = life.alert
            alert = seen.model_copy(
                update={
                    "sequence": old.sequence + 1,
                    "acknowledged": None if asks_again else old.acknowledged,
                    "comments": old.comments,
                    "silenced_until": None if asks_again or seen.state == "cleared" else old.silenced_until,
                }
            )
        life.steps[event.origin] = event.step
        life.held = event.held and seen.state == "active"
        alert = alert.model_copy(update={"covered_by": self._covers.of(seen, arrived_ms)})
        self._send(life, alert, event, arrived_ms)

    def _withdraw(self, event: AlertEvent, why: Bilingual, life: _Life, arrived_ms: int) -> None:
        """Nothing judges it any more; where an officer has closed it before, it stays as it is."""
        life.steps[event.origin] = event.step
        life.held = False
        if life.alert.state == "active":
            changed = {"sequence": life.alert.sequence + 1, "updated_at": event.at, **_ended(why, event.at)}
            self._send(life, life.alert.model_copy(update=changed), event, arrived_ms)

    def _command(self, event: AlertEvent, command: Command, life: _Life | None, record: Record) -> None:
        why = _refusal(command, life)
        if why is not None or life is None:
            self._refuse_command(event, record, why or _unknown(command))
            return
        old, at = life.alert, event.at
        said = Acknowledgement(by=command.by, at=at, note=command.note)
        changed: dict[str, Any] = {"sequence": old.sequence + 1, "updated_at": at}
        if command.kind == "acknowledge":
            changed["acknowledged"] = said
        elif command.kind == "comment":
            changed["comments"] = [*old.comments, said][-KEPT_COMMENTS:]
        elif command.kind == "silence":
            changed["silenced_until"] = command.until
        else:
            changed |= _ended(CLOSED, at) | {"comments": [*old.comments, said][-KEPT_COMMENTS:]}
        life.steps[event.origin] = event.step
        commands = [origin for origin in life.steps if origin.startswith("command:")]
        for origin in commands[:-KEPT_COMMANDS]:
            del life.steps[origin]
        self._send(life, old.model_copy(update=changed), event, record.timestamp)

    def _send(self, life: _Life, alert: Alert, event: AlertEvent, arrived_ms: int, told: str | None = None) -> None:
        life.alert, life.arrived_ms = alert, arrived_ms
        self.out.add(ALERTS, self.partition, Out(alert.alert_id.encode(), alert.model_dump_json().encode()))
        self.out.arrivals_ms.append(arrived_ms if event.arrived_at is None else to_ms(event.arrived_at))
        self.out.urgent = True
        told = told or (event.command.kind if event.command else event.transition)
        self.transitions.append((alert.rule_id, told))

    def _refuse(self, record: Record, why: Rejection) -> None:
        self.out.add(REJECTED, 0, dead_letter(record, why, ALERT_EVENTS, self.partition))

    def _refuse_command(self, event: AlertEvent, record: Record, why: Rejection) -> None:
        """The dead letter is the command's own record, as and where it was received."""
        received_from = event.received_from or f"{ALERT_EVENTS}-{self.partition}-{record.offset}"
        topic, partition, offset = received_from.rsplit("-", 2)
        headers = rejections.headers(why, topic, int(partition), int(offset), format_ms(to_ms(event.at)))
        key = None if event.received_key is None else event.received_key.encode()
        self.out.add(REJECTED, 0, Out(key, (event.received or "").encode(), tuple(headers)))

    def _forget(self, alert_id: str, now_ms: int) -> None:
        """Let an alert go whose time is over."""
        life = self._lives.get(alert_id)
        if life is not None:
            cleared = life.alert.state == "cleared"
            kept_ms = EXERCISE_KEPT_MS if life.alert.exercise is not None else KEPT_AFTER_END_MS
            if (cleared or life.alert.exercise is not None) and now_ms - life.arrived_ms > kept_ms:
                del self._lives[alert_id]
                self._past[alert_id] = _Past(life.alert.sequence, life.steps, life.arrived_ms, cleared)
        past = self._past.get(alert_id)
        if past is not None and now_ms - past.arrived_ms > REMOVED_AFTER_MS:
            del self._past[alert_id]
            if past.cleared:
                self.out.add(ALERTS, self.partition, Out(alert_id.encode(), None))

    def tick(self, now_ms: int) -> None:
        """Nothing of it is sent by the clock."""

    def caught_up(self, at_ms: int) -> None:
        """Nothing of it waits for the end of its input."""

    def release_idle(self, now_ms: int) -> bool:
        """Nothing of it waits for a clock."""
        return False

    def resume_offset(self) -> int:
        """Where a restart must read from."""
        return self.applied + 1

    def snapshot(self) -> bytes:
        """The state, whole."""
        lives = [
            [life.alert.model_dump_json(), life.steps, life.held, life.arrived_ms] for life in self._lives.values()
        ]
        past = {alert_id: list(each) for alert_id, each in self._past.items()}
        covers = self._covers.state()
        return snapshot.pack(NAME, {"applied": self.applied, "lives": lives, "past": past, "covers": covers})

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state.

        Raises:
            StateRefused: the snapshot does not fit.
        """
        state = snapshot.unpack(NAME, kept)
        self.applied = state["applied"]
        for text, steps, held, arrived_ms in state["lives"]:
            alert = Alert.model_validate_json(text)
            self._lives[alert.alert_id] = _Life(alert, steps, held=held, arrived_ms=arrived_ms)
        self._past = {alert_id: _Past(*each) for alert_id, each in state["past"].items()}
        self._covers.load(state.get("covers", []))


def _ended(why: Bilingual, at: datetime) -> dict[str, Any]:
    """What changes of an alert that ends by no value of its rule."""
    return {
        "state": "cleared",
        "level": None,
        "level_rank": None,
        "level_name": None,
        "threshold": None,
        "urgency": "Past",
        "cleared_at": at,
        "silenced_until": None,
        "covered_by": None,
        "instruction": why,
    }


def _unknown(command: Command) -> Rejection:
    return Rejection(
        "unknown_alert", "alert_id", f"There is no alert {command.alert_id}; take its id from the alerts topic."
    )


def _refusal(command: Command, life: _Life | None) -> Rejection | None:
    """Why a command is not taken, or None."""
    if life is None or command.exercise not in (None, life.alert.exercise):
        return _unknown(command)
    if life.alert.state == "cleared" and command.kind != "comment":
        return Rejection("unknown_alert", "kind", "The alert has ended; only comments are taken.")
    if command.kind == "close" and life.held:
        return Rejection(
            "unknown_alert", "kind", "A rule still holds the alert; it ends by itself when the rule clears."
        )
    return None
