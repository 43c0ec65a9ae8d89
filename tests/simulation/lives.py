"""What becomes of an alert by its events and its officers' acts, told plainly (design 2, contract 5).

Read from `hub.alert-events` as it stands: an event whose step is not above its origin's last changes nothing; acknowledging is
for one level; a silence ends with a step up and with the alert; what an officer closed only what is worse opens again. Of
an exercise's alert of which nothing was said for a day only its sequence and steps are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tests.simulation.cluster import Fetched

DAY_MS: Final = 86_400_000
State = tuple[Any, ...]
"""What a state of an alert says: id, sequence, state, level, value, updated_at, by whom acknowledged, until when silent,
what was said."""


@dataclass
class _Alert:
    steps: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    exercise: str | None = None
    is_active: bool = False
    is_held: bool = False
    level: str | None = None
    value: float | None = None
    updated_at: str = ""
    acknowledged_by: str | None = None
    silent_until: str | None = None
    said: list[tuple[str, str | None]] = field(default_factory=list)
    arrived_ms: int = 0
    is_known: bool = False

    def forget(self, now_ms: int) -> None:
        """What is over is known no more."""
        if self.exercise is not None and now_ms - self.arrived_ms > DAY_MS:
            self.is_known = self.is_active = self.is_held = False
            self.acknowledged_by, self.silent_until, self.said = None, None, []

    def told(self, alert_id: str) -> State:
        self.sequence += 1
        state = "active" if self.is_active else "cleared"
        marks = self.acknowledged_by, self.silent_until, tuple(self.said)
        return alert_id, self.sequence, state, self.level, self.value, self.updated_at, *marks


@dataclass
class Lives:
    """What one partition of alert events comes to."""

    states: list[State] = field(default_factory=list)
    """In order."""
    refused: list[str] = field(default_factory=list)
    """`topic-partition-offset` of each command that is refused."""


def lives_of(events: Iterable[Fetched]) -> Lives:
    """Read the events of one partition."""
    lives, alerts = Lives(), dict[str, _Alert]()
    for record in events:
        event = orjson.loads(record.value or b"")
        if "cover" in event:  # no rule of this city covers another: it is the end of none
            continue
        alert_id, origin = event["alert_id"], event["origin"]
        known = alerts.get(alert_id)
        if known is not None:
            known.forget(record.timestamp)
        if known is not None and event["step"] <= known.steps.get(origin, 0):
            continue
        if event["transition"] == "commanded":
            if known is None or not known.is_known or not _takes(known, event["command"]):
                lives.refused.append(event["received_from"])
                continue
            known.steps[origin] = event["step"]
            _act(known, event["command"], event["at"])
            known.arrived_ms = record.timestamp
            lives.states.append(known.told(alert_id))
        else:
            alert = alerts.setdefault(alert_id, _Alert())
            alert.steps[origin] = event["step"]
            if _change(alert, event):
                alert.arrived_ms, alert.is_known = record.timestamp, True
                lives.states.append(alert.told(alert_id))
    return lives


def _takes(alert: _Alert, command: dict[str, Any]) -> bool:
    if command.get("exercise") not in (None, alert.exercise):
        return False
    if not alert.is_active:
        return bool(command["kind"] == "comment")
    return command["kind"] != "close" or not alert.is_held


def _act(alert: _Alert, command: dict[str, Any], at: str) -> None:
    kind = command["kind"]
    alert.updated_at = at
    if kind == "acknowledge":
        alert.acknowledged_by = command["by"]
    elif kind == "silence":
        alert.silent_until = command["until"]
    else:
        alert.said.append((command["by"], command.get("note")))
    if kind == "close":
        alert.is_active, alert.level, alert.silent_until = False, None, None


def _change(alert: _Alert, event: dict[str, Any]) -> bool:
    """Whether the event changes the alert; then it has."""
    is_worse = event["transition"] in ("raised", "stepped_up")
    if alert.is_known and not alert.is_active and not is_worse:
        return False
    if is_worse:
        alert.acknowledged_by = alert.silent_until = None
    alert.is_active = event["transition"] != "cleared"
    if not alert.is_active:
        alert.silent_until = None
    alert.is_held = alert.is_active and event.get("held", True)
    alert.exercise = event.get("exercise")
    alert.level, alert.value, alert.updated_at = event.get("level"), event.get("value"), event["at"]
    return True


def state_of(record: Fetched) -> State:
    """What a record of `alerts` says."""
    alert = orjson.loads(record.value or b"")
    acknowledged = alert["acknowledged"] and alert["acknowledged"]["by"]
    said = tuple((each["by"], each["note"]) for each in alert["comments"])
    names = ("alert_id", "sequence", "state", "level", "value", "updated_at")
    return *(alert[name] for name in names), acknowledged, alert["silenced_until"], said
