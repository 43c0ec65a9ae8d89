"""Which alerts cover others: told to every partition of alert events, kept by each, applied to what is active there.

An alert of a rule that covers others covers their alerts whose zones lie in its own area, of reality or of the same
exercise, as long as it is active. The oldest cover counts, so that a second one changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streams.contract.alerts import Alert, AlertEvent, Cover
from streams.contract.times import DAY_MS
from streams.contract.topics import ALERT_EVENTS
from streams.engine.event_partitions import EventPartitions
from streams.engine.exercises import EXERCISE_KEPT_MS
from streams.engine.outputs import Out, Outputs

ENDED_KEPT_MS: Final = 7 * DAY_MS
"""The end of a cover is remembered so long after it arrived, so that a repeat of its beginning does not bring it back."""


def send_cover(
    out: Outputs, event: AlertEvent, rules: Sequence[str], area: Sequence[str], partitions: EventPartitions
) -> None:
    """Tell every partition which rules' alerts this one covers now.

    Args:
        out: what is sent.
        event: of the covering alert; its origin and step are the cover's.
        rules: ids of the covered rules; none where the alert has ended or covers no more.
        area: its zones; empty = the whole city.
        partitions: of alert events.
    """
    told = AlertEvent(
        alert_id=event.alert_id,
        origin=event.origin,
        step=event.step,
        transition=event.transition,
        at=event.at,
        arrived_at=event.arrived_at,
        exercise=event.exercise,
        cover=Cover(rules=list(rules), area=list(area)),
    )
    record = Out(event.alert_id.encode(), told.model_dump_json(exclude_none=True).encode())
    for partition in range(partitions.count):
        out.add(ALERT_EVENTS, partition, record)


class _Told(NamedTuple):
    """The last that was told of one cover."""

    step: int
    rules: list[str]
    area: list[str]
    exercise: str | None
    arrived_ms: int

    def is_over(self, now_ms: int) -> bool:
        """Whether it is not to be known any more."""
        if self.exercise is not None:
            return now_ms - self.arrived_ms > EXERCISE_KEPT_MS
        return not self.rules and now_ms - self.arrived_ms > ENDED_KEPT_MS


class Covers:
    """The covers that one partition of alert events knows of."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        """By covering alert; those that cover in the order in which they began."""

    def take(self, event: AlertEvent, cover: Cover, arrived_ms: int) -> bool:
        """Take in what is told of a cover; whether it is news.

        The same step may be told again with other rules: those of the covering rule were changed meanwhile.
        """
        known = self._told.get(event.alert_id)
        if known is not None and known.is_over(arrived_ms):
            known = None
        now = _Told(event.step, cover.rules, cover.area, event.exercise, arrived_ms)
        if known is not None and (now.step < known.step or now[:3] == known[:3]):
            return False
        if known is None or not known.rules:
            self._told.pop(event.alert_id, None)  # it begins: the youngest
        self._told[event.alert_id] = now
        return True

    def of(self, alert: Alert, now_ms: int) -> str | None:
        """The alert that covers this one now, None where none does.

        Args:
            alert: as its rule sees it.
            now_ms: arrival of what is applied, epoch ms.
        """
        if alert.state != "active":
            return None
        return next((one for one, told in self._told.items() if _is_covered(alert, one, told, now_ms)), None)

    def forget(self, now_ms: int) -> None:
        """Let go what is over."""
        for alert_id in [one for one, told in self._told.items() if told.is_over(now_ms)]:
            del self._told[alert_id]

    def state(self) -> list[list[Any]]:
        """For a snapshot."""
        return [[alert_id, *told] for alert_id, told in self._told.items()]

    def load(self, state: list[list[Any]]) -> None:
        """From a snapshot."""
        self._told = {alert_id: _Told(*told) for alert_id, *told in state}


def _is_covered(alert: Alert, by: str, told: _Told, now_ms: int) -> bool:
    inside = not told.area or (bool(alert.area) and set(alert.area) <= set(told.area))
    mine = alert.rule_id in told.rules and alert.exercise == told.exercise and alert.alert_id != by
    return mine and inside and not told.is_over(now_ms)
