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

import unicodedata
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streams.contract.alerts import LEVEL_RANKS, SCALES, Bilingual, Certainty, Level, Severity, Urgency
from streams.contract.bulletins import BulletinKind
from streams.contract.ids import RuleId
from streams.contract.readings import MEASURES, MEASURES_OF, Domain
from streams.contract.sensors import SensorKind
from streams.contract.windows import WINDOW_LENGTHS_S
from streams.contract.wording import OF_ALERTS, OF_BULLETINS, OF_ZONES, check_wording
from streams.errors import Misfit

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
GaugeLevel = Literal["attention", "caution", "alert", "serious"]
"""A level of which a river gauge has a threshold of its own."""
Bound = Annotated[float, Field(allow_inf_nan=False)] | None
Span = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_THRESHOLDS: Final = {"at_least": 1, "at_most": -1, "gauge_level": 1, "magnitude_at_least": 1}
"""What must rise (1) or fall (-1) from level to level."""


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
        if self.aggregate == "rise" and self.scope == "zone":
            what = "a zone is judged by its sensors' windows, which hold no rise"
            raise Misfit(what, at=("aggregate",), fix="Judge each sensor's")
        return self


class Raise(BaseModel):
    """When a level is reached: a threshold, and how long it must hold (event time, s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: Bound = None
    at_most: Bound = None
    gauge_level: GaugeLevel | None = Field(
        default=None, description="The threshold is this level of the sensor's own gauge."
    )
    hold_s: Span = 0


class Clear(BaseModel):
    """When a level is left: its own threshold (hysteresis) and duration (event time, s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    below: Bound = None
    above: Bound = None
    below_gauge_level: GaugeLevel | None = None
    margin: Span = 0
    hold_s: Span = 0


class BulletinWhen(BaseModel):
    """When a bulletin reaches a level: every condition given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    level: Level | None = None
    magnitude_at_least: Bound = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.level is None and self.magnitude_at_least is None:
            raise Misfit("it has no condition", fix="Give level or magnitude_at_least")
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
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


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
            raise Misfit("it watches nothing, or two things", fix="Give either [rules.when] or [rules.bulletin]")
        check_wording(self.name, None, ("name",))
        levels = [one.level for one in self.levels]
        if not any(set(levels) <= set(scale) for scale in SCALES):
            raise Misfit(f"levels {levels} mix two scales", at=("levels",), fix="Take all of one")
        ranks = [LEVEL_RANKS[level] for level in levels]
        if ranks != sorted(set(ranks)):
            raise Misfit(f"levels are {levels}", at=("levels",), fix="Let them stand once each, from the lowest up")
        if self.when is not None:
            self._check_measure(self.when)
        allowed = OF_BULLETINS if self.when is None else OF_ALERTS if self.when.zone is None else OF_ZONES
        for number, one in enumerate(self.levels):
            check_wording(one.headline, allowed, ("levels", number, "headline"))
            check_wording(one.instruction, allowed, ("levels", number, "instruction"))
            self._check_level(one, ("levels", number))
        self._check_order()
        if self.when is not None:
            self._check_reach(self.when)
        if self.when is not None and self.when.zone is not None:
            self._check_zone(self.when.zone)
        return self

    def _check_measure(self, when: When) -> None:
        measures = MEASURES_OF[self.domain]
        if when.measure not in measures:
            fix = f"Take one of {', '.join(measures)}"
            raise Misfit(f"{self.domain} has no such measure", at=("when", "measure"), value=when.measure, fix=fix)
        is_share = when.zone is not None and when.zone.judge == "share"
        unit = "%" if is_share else MEASURES[self.domain, when.measure].unit
        if when.unit is not None and _plain(when.unit) != _plain(unit):
            what = f"thresholds of {SHARE if is_share else when.measure} are in {unit}"
            fix = f"Convert the rule's numbers to {unit}, then write unit = '{unit}'"
            raise Misfit(what, at=("when", "unit"), value=when.unit, fix=fix)

    def _check_level(self, one: RuleLevel, at: tuple[str | int, ...]) -> None:
        if self.when is None:
            if one.when is None or one.raised or one.clear:
                raise Misfit("a rule on announcements has `when`", at=at, fix="Give that, and no raise or clear")
            return
        if one.raised is None or one.clear is None or one.when is not None:
            raise Misfit("a rule on sensors or zones has raise and clear", at=at, fix="Give both, and no `when`")
        above = self.when.direction == "above"
        raise_by = {"at_least", "gauge_level"} if above else {"at_most"}
        clear_by = {"below", "below_gauge_level"} if above else {"above"}
        for name, part, allowed in (("raise", one.raised, raise_by), ("clear", one.clear, clear_by)):
            given = {k for k, v in part if v is not None and k not in ("hold_s", "margin")}
            if len(given) != 1 or not given <= allowed:
                what = f"direction {self.when.direction} takes one of {sorted(allowed)}, not {sorted(given)}"
                raise Misfit(what, at=(*at, name), fix="Give that one, or another direction")
        if self.when.aggregate == "rise" and (one.raised.gauge_level or one.clear.below_gauge_level):
            raise Misfit("a gauge's levels are heights, not rises", at=at, fix="Give its thresholds as numbers")
        reach, leave, side = one.raised.at_least, one.clear.below, "below"
        if not above:
            reach, leave, side = one.raised.at_most, one.clear.above, "above"
        if reach is not None and leave is not None and (leave > reach if above else leave < reach):
            what = f"it ends {side} {leave:g}, while its threshold {reach:g} still holds there"
            raise Misfit(what, at=(*at, "clear", side), value=leave, fix=f"Let it end where {reach:g} no longer holds")

    def _check_order(self) -> None:
        for name, sign in _THRESHOLDS.items():
            part = "raise" if self.bulletin is None else "when"
            last: float | None = None
            for number, one in enumerate(self.levels):
                value = getattr(one.raised if part == "raise" else one.when, name, None)
                if value is None:
                    continue
                height = LEVEL_RANKS[value] if name == "gauge_level" else sign * value
                if last is not None and height <= last:
                    what = f"it must {'fall' if sign < 0 else 'grow'} with the level"
                    at = ("levels", number, part, name)
                    raise Misfit(what, at=at, value=value, fix="Mend the number or the order of the levels")
                last = height

    def _check_reach(self, when: When) -> None:
        """A threshold that no reading can have was meant in another unit."""
        measure = MEASURES[self.domain, when.measure]
        is_share = when.zone is not None and when.zone.judge == "share"
        for number, one in enumerate(self.levels if not is_share and when.aggregate not in ("sum", "rise") else []):
            for name in ("at_least", "at_most"):
                value = getattr(one.raised, name)
                if value is not None and not measure.low <= value <= measure.high:
                    what = f"{when.measure} lies between {measure.low:g} and {measure.high:g} {measure.unit}"
                    fix = f"Give the threshold in {measure.unit}"
                    raise Misfit(what, at=("levels", number, "raise", name), value=value, fix=fix)

    def _check_zone(self, zone: ZoneJudge) -> None:
        for number, one in enumerate(self.levels):
            assert one.raised is not None and one.clear is not None
            at = ("levels", number)
            if one.raised.gauge_level or one.clear.below_gauge_level:
                raise Misfit("a zone has no gauge levels", at=at, fix="Give its thresholds as numbers")
            bounds = (one.raised.at_least, one.raised.at_most, one.clear.below, one.clear.above)
            if zone.judge == "share" and (wrong := [b for b in bounds if b is not None and not 0 <= b <= 100]):
                raise Misfit(f"a share is 0 to 100 percent of the zone's sensors, not {wrong[0]:g}", at=at)


def _plain(unit: str) -> str:
    """A unit however its signs are typed: µ has two codes, and m³ may be m3."""
    return unicodedata.normalize("NFKC", unit).replace(" ", "")


class RuleFile(BaseModel):
    """One file of `seeds/rules/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[Rule]
