"""A rule as written in `seeds/rules/*.toml`: what it watches, its levels, its words, and who says so.

Shape of one entry::

    [[rules]]
    rule_id = "rain-3h"
    domain = "disaster"
    name = { ko = "…", en = "…" }
    [rules.when]      # on sensors, or with scope = "zone" on zones; a rule on announcements has [rules.bulletin] instead
    [[rules.levels]]  # from the lowest up, all of one scale
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.alerts import LEVEL_RANKS, SCALES, Bilingual, Certainty, Level, Severity, Urgency
from streams.contract.bulletins import BulletinKind
from streams.contract.ids import RuleId
from streams.contract.readings import MEASURES_OF, Domain
from streams.contract.sensors import SensorKind
from streams.contract.windows import WINDOW_LENGTHS_S

Aggregate = Literal["sum", "mean", "max", "min", "last", "rise"]
"""What a rule makes of a window. `rise` is how much the value rose within it, in the measure's unit: its last reading less
the last one of its first minute that has any; negative where it fell, so a rule on what falls has `direction = "below"`
and thresholds below zero. A window with readings in one minute only says nothing about it.
"""
RISE_LENGTHS: Final = (600, 3600, 10_800, 43_200)
"""Of a minute there is nothing to compare; beyond half a day the minutes of every series would have to be kept."""
FINAL_LENGTHS: Final = WINDOW_LENGTHS_S
SLIDING_LENGTHS: Final = (600, 3600, 10_800, 43_200)
SHARE: Final = "share_pct"
"""What an alert names as its measure where the value is a share of a zone's sensors."""


class ZoneJudge(BaseModel):
    """How a zone is judged by its sensors' windows of the same time, each by its `aggregate`.

    `mean` = the values' sum / their number, `min`, `max`; `share` = how many of the sensors that have a window are at least
    (or at most) a value, in percent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    judge: Literal["mean", "min", "max", "share"]
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bound_fits(self) -> Self:
        given = [name for name in ("at_least", "at_most") if getattr(self, name) is not None]
        if self.judge == "share" and len(given) != 1:
            raise ValueError("a share is of the sensors beyond a value; give it as at_least or at_most")
        if self.judge != "share" and given:
            raise ValueError(
                f"{given[0]} is for judge = 'share'; a {self.judge} has its thresholds in the levels alone"
            )
        return self


class When(BaseModel):
    """What a rule on sensors or zones watches."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: str
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
            raise ValueError("zone is for scope = 'zone'; write that scope, or leave zone out")
        if self.scope == "zone" and self.zone is None:
            raise ValueError(
                "scope = 'zone' needs to know how; write zone = { judge = 'mean' }, 'min', 'max' or 'share'"
            )
        if self.scope == "zone" and self.window != "final":
            raise ValueError(f"scope = 'zone' judges final windows; write window = 'final', not {self.window!r}")
        return self

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        lengths = {"reading": (None,), "final": FINAL_LENGTHS, "sliding": SLIDING_LENGTHS}[self.window]
        if self.window_s not in lengths:
            raise ValueError(f"window = {self.window!r} takes window_s of {lengths}, not {self.window_s}")
        if self.window == "sliding" and self.aggregate not in ("sum", "mean", "rise"):
            raise ValueError(f"a sliding window gives sum or mean or rise, not {self.aggregate}")
        if self.aggregate == "rise" and self.window_s not in RISE_LENGTHS:
            raise ValueError(
                f"a rise is within a window of {RISE_LENGTHS} s; give window and window_s, not {self.window_s}"
            )
        if self.aggregate == "rise" and self.scope == "zone":
            raise ValueError("a zone is judged by its sensors' windows, which hold no rise; judge each sensor's")
        return self


class Raise(BaseModel):
    """When a level is reached: a threshold, and how long it must hold (event time, s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: float | None = None
    at_most: float | None = None
    gauge_level: Level | None = Field(
        default=None, description="The threshold is this level of the sensor's own gauge."
    )
    hold_s: Annotated[float, Field(ge=0)] = 0


class Clear(BaseModel):
    """When a level is left: its own threshold (hysteresis) and duration (event time, s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    below: float | None = None
    above: float | None = None
    below_gauge_level: Level | None = None
    margin: Annotated[float, Field(ge=0)] = 0
    hold_s: Annotated[float, Field(ge=0)] = 0


class BulletinWhen(BaseModel):
    """When a bulletin reaches a level: every condition given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    level: Level | None = None
    magnitude_at_least: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.level is None and self.magnitude_at_least is None:
            raise ValueError("give level or magnitude_at_least")
        return self


class RuleLevel(BaseModel):
    """One level of a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    level: Level
    raised: Raise | None = Field(default=None, alias="raise")
    clear: Clear | None = None
    when: BulletinWhen | None = None
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    headline: Bilingual
    instruction: Bilingual
    source: Annotated[str, Field(min_length=1)]


class OnBulletin(BaseModel):
    """Which announcements a rule turns into alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: BulletinKind


class Rule(BaseModel):
    """A rule on sensors or zones (`when`) or on announcements (`bulletin`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule_id: RuleId
    domain: Domain
    name: Bilingual
    when: When | None = None
    bulletin: OnBulletin | None = None
    levels: Annotated[list[RuleLevel], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.when is None) == (self.bulletin is None):
            raise ValueError("give either [rules.when] or [rules.bulletin]")
        levels = [one.level for one in self.levels]
        if not any(set(levels) <= set(scale) for scale in SCALES):
            raise ValueError(f"levels {levels} mix two scales")
        ranks = [LEVEL_RANKS[level] for level in levels]
        if ranks != sorted(set(ranks)):
            raise ValueError(f"levels {levels} must stand once each, from the lowest up")
        for one in self.levels:
            self._check_level(one)
        if self.when is not None:
            self._check_order(self.when)
            if self.when.zone is not None:
                self._check_zone(self.when.zone)
        return self

    def _check_level(self, one: RuleLevel) -> None:
        if self.bulletin is not None:
            if one.when is None or one.raised or one.clear:
                raise ValueError(f"level {one.level}: a rule on announcements has `when`, no raise or clear")
            return
        assert self.when is not None
        if one.raised is None or one.clear is None or one.when is not None:
            raise ValueError(f"level {one.level}: a rule on sensors or zones has raise and clear")
        if self.when.measure not in MEASURES_OF[self.domain]:
            raise ValueError(f"measure {self.when.measure!r} is not one of {', '.join(MEASURES_OF[self.domain])}")
        above = self.when.direction == "above"
        raise_by = {"at_least", "gauge_level"} if above else {"at_most"}
        clear_by = {"below", "below_gauge_level"} if above else {"above"}
        for part, allowed in ((one.raised, raise_by), (one.clear, clear_by)):
            given = {k for k, v in part if v is not None and k not in ("hold_s", "margin")}
            if len(given) != 1 or not given <= allowed:
                raise ValueError(
                    f"level {one.level}: direction {self.when.direction} takes one of {sorted(allowed)}, not {sorted(given)}"
                )
        if self.when.aggregate == "rise" and (one.raised.gauge_level or one.clear.below_gauge_level):
            raise ValueError(
                f"level {one.level}: a gauge's levels are heights, not rises; give its thresholds as numbers"
            )
        start, end = one.raised.at_least, one.clear.below
        if start is not None and end is not None and end > start:
            raise ValueError(f"level {one.level}: clears below {end}, which is above its threshold {start}")

    def _check_order(self, when: When) -> None:
        above = [one.raised.at_least for one in self.levels if one.raised and one.raised.at_least is not None]
        below = [one.raised.at_most for one in self.levels if one.raised and one.raised.at_most is not None]
        if above != sorted(set(above)) or below != sorted(set(below), reverse=True):
            raise ValueError(f"thresholds of {when.measure} must grow with the level, they are {above or below}")

    def _check_zone(self, zone: ZoneJudge) -> None:
        for one in self.levels:
            assert one.raised is not None and one.clear is not None
            if one.raised.gauge_level or one.clear.below_gauge_level:
                raise ValueError(f"level {one.level}: a zone has no gauge levels; give its thresholds as numbers")
            bounds = (one.raised.at_least, one.raised.at_most, one.clear.below, one.clear.above)
            if zone.judge == "share" and (wrong := [b for b in bounds if b is not None and not 0 <= b <= 100]):
                raise ValueError(
                    f"level {one.level}: a share is 0 to 100 percent of the zone's sensors, not {wrong[0]}"
                )
            if any("{sensor}" in text for texts in (one.headline, one.instruction) for text in (texts.ko, texts.en)):
                raise ValueError(
                    f"level {one.level}: {{sensor}} names one sensor, the rule judges a zone; write {{zone}}"
                )


class RuleFile(BaseModel):
    """One file of `seeds/rules/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[Rule]
