"""What a rule on sensors or zones watches: a measure, in which windows, what it makes of them, and of whom."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.sensors import SensorKind
from streams.contract.windows import WINDOW_LENGTHS_S
from streams.errors import Misfit

Aggregate = Literal["sum", "mean", "max", "min", "last", "rise", "range"]
"""What a rule makes of a window.

`range` is its greatest value less its least, in the measure's unit: what does not change comes from a sensor that is stuck.
A window that holds less than `COMPLETE` of the readings that its sensor's own interval promises, or one alone, says nothing
about it. `rise` is how much the value rose within it: its last reading less the last one of its first minute that has any;
negative where it fell, so a rule on what falls has `direction = "below"` and thresholds below zero. A window with readings in
one minute only says nothing about it.
"""
COMPLETE: Final = 0.75
"""Three quarters of an hour's or a day's values make it count, as in Korea's and other countries' air-quality data."""
RISE_LENGTHS: Final = (600, 3600, 10_800, 43_200)
"""Of a minute there is nothing to compare; beyond half a day the minutes of every series would have to be kept."""
FINAL_LENGTHS: Final = WINDOW_LENGTHS_S
SLIDING_LENGTHS: Final = (600, 3600, 10_800, 43_200)
SHARE: Final = "share_pct"
"""What an alert names as its measure where the value is a share of a zone's sensors."""
Bound = Annotated[float, Field(allow_inf_nan=False)] | None


class ZoneJudge(BaseModel):
    """How a zone is judged by its sensors' windows of the same time, each by its `aggregate`.

    `mean` = the values' sum / their number, `min`, `max`; `share` = how many of the sensors that have a window are at least
    (or at most) a value, in percent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    judge: Literal["mean", "min", "max", "share"]
    at_least: Bound = None
    at_most: Bound = None

    @model_validator(mode="after")
    def _bound_fits(self) -> Self:
        given = [name for name in ("at_least", "at_most") if getattr(self, name) is not None]
        if self.judge == "share" and len(given) != 1:
            raise Misfit("a share is of the sensors beyond a value", fix="Give it as at_least or at_most")
        if self.judge != "share" and given:
            fix = f"Take it away: a {self.judge} has its thresholds in the levels alone"
            raise Misfit(f"{given[0]} is for judge = 'share'", at=(given[0],), fix=fix)
        return self


class When(BaseModel):
    """What a rule on sensors or zones watches."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: str
    unit: str | None = Field(default=None, description="Of its thresholds; where given, it must be the measure's.")
    kinds: list[SensorKind] | None = Field(default=None, description="Only sensors of these kinds; absent = all.")
    scope: Literal["sensor", "zone"] = "sensor"
    zone: ZoneJudge | None = Field(default=None, description="With scope = zone: how a zone is judged by its sensors.")
    window: Literal["reading", "final", "sliding"]
    window_s: int | None = None
    aggregate: Aggregate = "last"
    direction: Literal["above", "below"] = "above"

    @model_validator(mode="after")
    def _scope_fits(self) -> Self:
        if self.scope == "sensor" and self.zone is not None:
            raise Misfit("zone is for scope = 'zone'", at=("zone",), fix="Write that scope, or leave zone out")
        if self.scope == "zone" and self.zone is None:
            fix = "Write zone = { judge = 'mean' }, 'min', 'max' or 'share'"
            raise Misfit("scope = 'zone' needs to know how", at=("scope",), fix=fix)
        if self.scope == "zone" and self.window != "final":
            what, fix = "scope = 'zone' judges final windows", "Write window = 'final'"
            raise Misfit(what, at=("window",), value=self.window, fix=fix)
        return self

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        lengths = {"reading": (None,), "final": FINAL_LENGTHS, "sliding": SLIDING_LENGTHS}[self.window]
        if self.window_s not in lengths:
            what = f"window = {self.window!r} does not take this window_s"
            fix = "Leave it out" if self.window == "reading" else f"Take one of {', '.join(map(str, lengths))}"
            raise Misfit(what, at=("window_s",), value=self.window_s, fix=fix)
        if self.window == "sliding" and self.aggregate not in ("sum", "mean", "rise"):
            what, fix = "a sliding window gives no such value", "Take sum, mean or rise"
            raise Misfit(what, at=("aggregate",), value=self.aggregate, fix=fix)
        if self.aggregate == "rise" and self.window_s not in RISE_LENGTHS:
            fix = f"Give a window with window_s of {', '.join(map(str, RISE_LENGTHS))}"
            raise Misfit("a rise is within a window", at=("aggregate",), value=self.window_s, fix=fix)
        if self.aggregate in ("rise", "range") and self.scope == "zone":
            what = f"a zone is judged by its sensors' windows, which hold no {self.aggregate}"
            raise Misfit(what, at=("aggregate",), fix="Judge each sensor's")
        if self.aggregate == "range" and self.window != "final":
            raise Misfit(
                "a range is of a final window", at=("window",), value=self.window, fix="Write window = 'final'"
            )
        return self
