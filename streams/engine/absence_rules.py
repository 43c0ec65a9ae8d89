"""Rules on absence compiled against the registry: how long each sensor may say nothing, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np

from streams.contract.alerts import Level
from streams.contract.rules import Rule
from streams.engine.instants import Ints
from streams.engine.levels import Change, Threshold
from streams.engine.roster import Roster

FAR_MS: Final = 1 << 53
"""Later than every watermark."""


@dataclass(frozen=True, slots=True)
class AbsenceRule:
    """A rule on absence for one domain's sensors."""

    rule: Rule
    allowed_ms: Ints
    """Per sensor: N of its intervals; `FAR_MS` where it is not watched. (sensors,)"""
    when: ClassVar[None] = None
    """It judges no values."""
    below: ClassVar[bool] = False

    @property
    def level(self) -> Level:
        """Its one level."""
        return self.rule.levels[0].level

    def threshold(self, sensor: int) -> Threshold:
        """Its one level for a sensor, in seconds without a reading."""
        allowed_s = int(self.allowed_ms[sensor]) / 1000
        return Threshold(self.level, allowed_s, 0, allowed_s, 0)


def absence_rules(rules: Sequence[Rule], roster: Roster) -> list[AbsenceRule]:
    """The rules on absence of the roster's domain."""
    return [_compiled(rule, roster) for rule in rules if rule.absence is not None and rule.domain == roster.domain]


def _compiled(rule: Rule, roster: Roster) -> AbsenceRule:
    assert rule.absence is not None and rule.levels[0].raised is not None
    intervals, kinds = rule.levels[0].raised.intervals or 0, rule.absence.kinds
    allowed_ms = [
        round(intervals * s.interval_s * 1000) if kinds is None or s.kind in kinds else FAR_MS for s in roster.sensors
    ]
    return AbsenceRule(rule, np.array(allowed_ms, np.int64))


class Absent(NamedTuple):
    """A transition of a rule on absence for a sensor."""

    rule: AbsenceRule
    sensor: int
    change: Change
    arrived_ms: int | None
    """Arrival of the record that brought it; None where none did (an idle release)."""
