"""A level of a rule: when it is reached and left, its words, and who says so."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from streams.contract.alerts import Bilingual, Certainty, Level, Severity, Urgency
from streams.contract.announced import BulletinWhen
from streams.contract.further import Further
from streams.contract.watched import Bound

GaugeLevel = Literal["attention", "caution", "alert", "serious"]
"""A level of which a river gauge has a threshold of its own."""
Span = Annotated[float, Field(ge=0, allow_inf_nan=False)]
FreeFlowShare = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
"""Percent of the free-flow speed that the registry gives of a road link; one without it is not watched."""


class Raise(BaseModel):
    """When a level is reached: a threshold, and how long it must hold (event time, s); or how long nothing is said.

    With `also` it is reached by a value that meets the threshold while every further condition holds; `or_at_least` (with
    direction below: `or_at_most`) is what reaches it without them. A duration is of all that together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    at_least: Bound = None
    at_most: Bound = None
    gauge_level: GaugeLevel | None = Field(
        default=None, description="The threshold is this level of the sensor's own gauge."
    )
    also: list[Further] = Field(default_factory=list, description="What else of the same sensor must hold then.")
    or_at_least: Bound = Field(default=None, description="From here on without the further conditions.")
    or_at_most: Bound = Field(default=None, description="The same where low values are bad.")
    at_least_free_flow_pct: FreeFlowShare = None
    at_most_free_flow_pct: FreeFlowShare = None
    intervals: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None = Field(
        default=None, description="For a rule on absence: so many of the sensor's own intervals without a reading."
    )
    hold_s: Span = 0


class Clear(BaseModel):
    """When a level is left: its own threshold (hysteresis) and duration (event time, s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    below: Bound = None
    above: Bound = None
    below_gauge_level: GaugeLevel | None = None
    below_free_flow_pct: FreeFlowShare = None
    above_free_flow_pct: FreeFlowShare = None
    margin: Span = 0
    hold_s: Span = 0


def _alternatives(given: Any) -> Any:
    """One condition stands for a list of it."""
    return [given] if isinstance(given, dict | BulletinWhen) else given


class RuleLevel(BaseModel):
    """One level of a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    level: Level
    raised: Raise | None = Field(default=None, alias="raise")
    clear: Clear | None = None
    when: Annotated[list[BulletinWhen] | None, BeforeValidator(_alternatives)] = Field(
        default=None, description="Of a rule on announcements: one condition, or a list of which any suffices."
    )
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    headline: Bilingual
    instruction: Bilingual
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
