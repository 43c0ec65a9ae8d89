"""What the hub has published of one exercise, gathered record by record; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from deploy.oracle import Change, Window
from streams.contract.alerts import LEVEL_RANKS
from streams.contract.readings import MEASURES_OF
from streams.contract.times import parse_ms
from streams.contract.topics import ALERTS, READING_TOPICS, REJECTED, WINDOW_TOPICS, domain_of

WindowKey = tuple[str, str, int, int]
"""Sensor id, measure, length in s, start in epoch ms."""
AGGREGATES: Final = ("count", "sum", "mean", "min", "max", "last")
ACTS: Final = ("acknowledged", "comments", "silenced_until", "covered_by")
"""What an officer or a wider alert changes of an alert; the promises are about its life without them."""
READABLE: Final = frozenset({"unknown_sensor", "exercise_limit", "future", "late"})
"""Reasons for which a readable record is refused; another record counts as one value."""


@dataclass(frozen=True, slots=True)
class FoundAlert:
    """An alert as its subscribers hold it."""

    zone: str | None
    area: tuple[str, ...]
    changes: list[Change]
    complaint: str
    """What is wrong with its states as a sequence; empty when nothing is."""


class Found:
    """Windows, alerts and dead letters of one exercise.

    Args:
        exercise: whose; None = reality's.
        raw: records of the scenario that are sent as bytes and so can't name their exercise.
    """

    def __init__(self, exercise: str | None, raw: frozenset[bytes]) -> None:
        self._exercise, self._raw = exercise, raw
        self.windows: dict[WindowKey, Window] = {}
        self.refused: Counter[str] = Counter()
        self.rejected_values = 0
        self._states: dict[str, dict[int, dict[str, Any]]] = {}
        self._torn: dict[str, str] = {}

    def take(self, topic: str, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> bool:
        """Take in one record; returns whether it is of this exercise."""
        if value is None:
            return False
        if topic == REJECTED:
            return self._dead_letter(value, {name: text.decode() for name, text in headers})
        record = orjson.loads(value)
        if record.get("exercise") != self._exercise:
            return False
        if topic in WINDOW_TOPICS:
            self._window(record)
        elif topic == ALERTS:
            self._state(record)
        return True

    @property
    def windowed(self) -> int:
        """Values in all 60 s windows."""
        return sum(window.count for (_, _, length_s, _), window in self.windows.items() if length_s == 60)

    def alerts(self) -> dict[str, FoundAlert]:
        """Every alert by its id without the exercise."""
        return {
            alert_id.removesuffix(f":{self._exercise}"): _alert(alert_id, states, self._torn.get(alert_id, ""))
            for alert_id, states in self._states.items()
        }

    def _window(self, record: dict[str, Any]) -> None:
        start_ms = parse_ms(record["start"])
        key = (record["sensor_id"], record["measure"], record["window_s"], start_ms)
        known = self.windows.get(key)
        if known is not None and (known.revision, known.final) > (record["revision"], record["final"]):
            return
        self.windows[key] = Window(
            start_ms=start_ms,
            **{name: record[name] for name in (*AGGREGATES, "window_s", "final", "revision")},
        )

    def _state(self, record: dict[str, Any]) -> None:
        alert_id, sequence = record["alert_id"], record["sequence"]
        known = self._states.setdefault(alert_id, {})
        if known.setdefault(sequence, record) != record:
            self._torn[alert_id] = f"two states of sequence {sequence}"

    def _dead_letter(self, value: bytes, headers: dict[str, str]) -> bool:
        try:
            record = orjson.loads(value)
        except ValueError:
            record = None
        named = record.get("exercise") if isinstance(record, dict) else None
        if value not in self._raw and (record is None or named != self._exercise):
            return False
        reason, topic = headers["reason"], headers["topic"]
        self.refused[reason] += 1
        if topic in READING_TOPICS and reason != "late":
            self.rejected_values += _values_of(record, topic) if reason in READABLE else 1
        return True


def _values_of(record: Any, topic: str) -> int:
    return sum(record.get(measure) is not None for measure in MEASURES_OF[domain_of(topic)])


def _alert(alert_id: str, states: dict[int, dict[str, Any]], torn: str) -> FoundAlert:
    ordered = [states[sequence] for sequence in sorted(states)]
    if not torn and sorted(states) != list(range(1, len(states) + 1)):
        torn = f"sequence has gaps: {sorted(states)}"
    changes: list[Change] = []
    before: dict[str, Any] | None = None
    for state in ordered:
        if before is None or not _is_act(before, state):
            changes.append(_change(before, state))
        before = state
    return FoundAlert(ordered[-1]["zone"], tuple(ordered[-1]["area"]), changes, torn)


def _change(before: dict[str, Any] | None, state: dict[str, Any]) -> Change:
    return Change(
        rule_id=state["rule_id"],
        scope=state["scope"].get("sensor_id") or state["alert_id"].split(":")[1],
        transition=_transition(before, state),
        level=state["level"],
        at_ms=parse_ms(state["updated_at"]),
        value=state["value"],
        threshold=state["threshold"],
        onset_ms=parse_ms(state["onset"]),
        condition_since_ms=parse_ms(state["condition_since"]),
    )


def _is_act(before: dict[str, Any], state: dict[str, Any]) -> bool:
    same = all(before[name] == state[name] for name in ("level", "value", "state"))
    return same and any(before.get(name) != state.get(name) for name in ACTS)


def _transition(before: dict[str, Any] | None, state: dict[str, Any]) -> str:
    """What happened between two states; an alert's states do not say it themselves."""
    rank = 0 if state["level"] is None else LEVEL_RANKS[state["level"]]
    old = 0 if before is None or before["level"] is None else LEVEL_RANKS[before["level"]]
    if rank == old:
        return "revised"
    if not rank:
        return "cleared"
    if not old:
        return "raised"
    return "stepped_up" if rank > old else "stepped_down"
