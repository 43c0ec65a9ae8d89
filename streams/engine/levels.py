"""One alert's state table: raise, hold, step up, step down, clear.

Up at once to the highest level whose threshold and duration hold; down one level per judged value, each with its own
threshold and duration. A duration is the event time that consecutive windows (or readings) cover; it never runs over a
gap in the data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from streams.contract.alerts import Level, Transition
from streams.contract.further import Also


class Threshold(NamedTuple):
    """One level of a rule for one sensor; values in the measure's unit, durations in ms."""

    level: Level
    reach: float
    hold_ms: int
    leave: float
    leave_hold_ms: int
    also: tuple[Also, ...] = ()
    """Further conditions that must hold for it to be reached."""
    alone: float | None = None
    """What reaches it without them."""

    @classmethod
    def kept(cls, row: Sequence[Any]) -> Self:
        """From a checkpoint, where all of it is lists."""
        head, rest = row[:5], row[5:]
        return cls(*head, *(tuple(Also(*each) for each in part) if isinstance(part, list) else part for part in rest))


class Judged(NamedTuple):
    """A value that a rule judges, and the event time that it speaks for; of a single reading `start_ms` = `end_ms`."""

    value: float
    start_ms: int
    end_ms: int
    joined: tuple[bool, ...] | None = None
    """Per level: whether its further conditions hold; None where no level has any."""


class Change(NamedTuple):
    """One transition of an alert."""

    transition: Transition
    position: int
    """Index of the new level among the thresholds; -1 when cleared."""
    step: int
    value: float
    at_ms: int
    onset_ms: int
    condition_since_ms: int


@dataclass(slots=True)
class LevelState:
    """Where one rule stands for one series."""

    position: int = -1
    """Index of the present level among the thresholds, -1 = none."""
    met_since: list[int | None] = field(default_factory=list)
    left_since: list[int | None] = field(default_factory=list)
    last_end_ms: int = 0
    onset_ms: int = 0
    condition_since_ms: int = 0
    step: int = 0

    @property
    def is_calm(self) -> bool:
        """Whether nothing of it need be remembered.

        An alert's id has the second of its onset: one that is raised again within that second goes on with its steps.
        """
        is_later = self.last_end_ms // 1000 > self.onset_ms // 1000
        return self.position < 0 and is_later and all(since is None for since in self.met_since)

    def judge(
        self, thresholds: tuple[Threshold, ...], judged: Judged, *, below: bool, tolerated_gap_ms: int
    ) -> Change | None:
        """Take in one value; returns the transition that it brings, if any.

        What reaches a level's threshold without its further conditions neither raises nor, by itself, ends anything.

        Args:
            thresholds: this sensor's levels, lowest first.
            judged: the value; later than all before.
            below: whether the rule watches for low values.
            tolerated_gap_ms: event time between two values that is no gap, because the sensor speaks no oftener.
        """
        if len(self.met_since) != len(thresholds):
            self.met_since, self.left_since = [None] * len(thresholds), [None] * len(thresholds)
        if judged.start_ms - self.last_end_ms > tolerated_gap_ms:
            self.met_since, self.left_since = [None] * len(thresholds), [None] * len(thresholds)
        self.last_end_ms = judged.end_ms
        value = -judged.value if below else judged.value
        highest = -1
        for i, level in enumerate(thresholds):
            reach, leave = (-level.reach, -level.leave) if below else (level.reach, level.leave)
            holds = value >= reach and (
                judged.joined is None or judged.joined[i] or _reaches_alone(level, value, below)
            )
            self.met_since[i] = _since(self.met_since[i], holds=holds, start_ms=judged.start_ms)
            self.left_since[i] = _since(self.left_since[i], holds=value < leave, start_ms=judged.start_ms)
            if _held(self.met_since[i], judged.end_ms, level.hold_ms):
                highest = i
        if highest > self.position:
            return self._up(highest, judged)
        if self.position >= 0 and _held(
            self.left_since[self.position], judged.end_ms, thresholds[self.position].leave_hold_ms
        ):
            return self._down(judged)
        return None

    def steady_between(self, thresholds: tuple[Threshold, ...], *, below: bool) -> tuple[float, float]:
        """Between which values [low, high) a further one without a gap changes nothing but `last_end_ms`.

        Of levels without further conditions; values and bounds with their sign turned where low ones are bad. Nothing lies
        between (inf, -inf), which stands where a duration is under way.
        """
        waits = any(since is not None for since in self.met_since[self.position + 1 :])
        if self.position < 0 or waits or self.left_since[self.position] is not None:
            return math.inf, -math.inf
        low, high = -math.inf, math.inf
        for level, met, left in zip(thresholds, self.met_since, self.left_since, strict=True):
            reach, leave = (-level.reach, -level.leave) if below else (level.reach, level.leave)
            low = max(low, reach if met is not None else low, leave if left is None else low)
            high = min(high, reach if met is None else high, leave if left is not None else high)
        return low, high

    def _up(self, position: int, judged: Judged) -> Change:
        transition: Transition = "stepped_up"
        if self.position < 0:
            transition = "raised"
            if judged.end_ms // 1000 != self.onset_ms // 1000:
                self.step, self.onset_ms = 0, judged.end_ms
            since = self.met_since[position]
            assert since is not None
            self.condition_since_ms = since
        self.position = position
        return self._change(transition, judged)

    def _down(self, judged: Judged) -> Change:
        self.position -= 1
        return self._change("cleared" if self.position < 0 else "stepped_down", judged)

    def _change(self, transition: Transition, judged: Judged) -> Change:
        self.step += 1
        return Change(
            transition, self.position, self.step, judged.value, judged.end_ms, self.onset_ms, self.condition_since_ms
        )

    def state(self) -> list[Any]:
        """For a snapshot."""
        return [
            self.position,
            self.met_since,
            self.left_since,
            self.last_end_ms,
            self.onset_ms,
            self.condition_since_ms,
            self.step,
        ]


def _reaches_alone(level: Threshold, value: float, below: bool) -> bool:
    """Whether a value (with its sign turned where low ones are bad) reaches a level without its further conditions."""
    return level.alone is not None and value >= (-level.alone if below else level.alone)


def _since(since: int | None, *, holds: bool, start_ms: int) -> int | None:
    if not holds:
        return None
    return start_ms if since is None else since


def _held(since: int | None, end_ms: int, hold_ms: int) -> bool:
    return since is not None and end_ms - since >= hold_ms
