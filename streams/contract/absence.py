"""A rule on sensors that say nothing: of which kinds, and for how many of its own intervals a sensor may say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.rule_levels import RuleLevel
from streams.contract.sensors import SensorKind
from streams.errors import Misfit

ABSENT: Final = "absent_s"
"""What an alert names as its measure where a sensor says nothing: for how long, in seconds."""


class OnAbsence(BaseModel):
    """Whose absence a rule turns into alerts; its one level says after how many intervals."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: list[SensorKind] | None = Field(default=None, description="Only sensors of these kinds; absent = all.")


def check_on_absence(levels: Sequence[RuleLevel]) -> None:
    """A rule on absence has one level, which says after how many intervals it is reached and nothing else."""
    if len(levels) > 1:
        fix = "Keep one; write another rule for the others"
        raise Misfit("a rule on absence has one level", at=("levels", 1), fix=fix)
    one = levels[0]
    if one.when is not None or one.raised is None or one.raised.intervals is None:
        fix = "Write raise = { intervals = 3 }, or another number of the sensor's own intervals"
        raise Misfit("a rule on absence says after how many intervals", at=("levels", 0), fix=fix)
    for name, given in one.raised:
        if given and name != "intervals":
            what, at = "a rule on absence asks for intervals alone", ("levels", 0, "raise", name)
            raise Misfit(what, at=at, value=given, fix="Take it away")
    if one.clear is not None:
        what = "absence ends with the sensor's next reading"
        raise Misfit(what, at=("levels", 0, "clear"), fix="Take clear away")
