"""The alerts of a rule on absence: the newest of each sensor with its steps, and who is absent now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from streams.contract.alerts import Transition
from streams.engine.absence_rules import AbsenceRule
from streams.engine.instants import Bools, Ints
from streams.engine.levels import Change
from streams.engine.watermark import NEVER_MS


class Place(NamedTuple):
    """Where in a batch something happens: what is due by a record comes before what its sensor has said."""

    row: int
    has_spoken: bool
    due_ms: int


@dataclass(slots=True)
class AbsenceAlert:
    """The newest alert of a rule on a sensor."""

    onset_ms: int
    condition_since_ms: int
    step: int
    is_active: bool

    def state(self) -> list[Any]:
        """For a snapshot."""
        return [self.onset_ms, self.condition_since_ms, self.step, self.is_active]


@dataclass(slots=True)
class StandingRule:
    """How one rule stands."""

    rule: AbsenceRule
    after_ms: Ints
    """What it allows, and the sensor's publication delay: so far the watermark may go beyond a reading. (sensors,)"""
    active: Bools
    """Whose alert stands. (sensors,)"""
    alerts: dict[int, AbsenceAlert] = field(default_factory=dict)
    """By sensor."""
    next_due_ms: int = NEVER_MS
    """Nobody falls absent before the watermark is there."""


def stepped(alert: AbsenceAlert, transition: Transition, position: int, unheard_ms: int, at_ms: int) -> Change:
    """The next transition of an alert; its value is how long nothing was said, s."""
    alert.step += 1
    return Change(transition, position, alert.step, unheard_ms / 1000, at_ms, alert.onset_ms, alert.condition_since_ms)
