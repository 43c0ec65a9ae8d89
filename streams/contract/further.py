"""A further condition of a level: another value of the same sensor that must hold at the same moment for it to be reached.

It concerns reaching a level only: how one is left is the matter of the rule's own value. Where the other value is not known
at that moment the condition does not hold.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.watched import Aggregate, Bound, When
from streams.errors import Misfit


class Also(NamedTuple):
    """A further condition, whole; one of the two bounds is given, in the measure's unit."""

    measure: str
    window_s: int
    aggregate: Aggregate
    at_least: float | None
    at_most: float | None


class Further(BaseModel):
    """A further condition as it is written: what it leaves out is as the rule has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: str | None = Field(default=None, description="Of the same sensor.")
    window_s: int | None = Field(default=None, description="It ends when the rule's own window ends.")
    aggregate: Aggregate | None = None
    at_least: Bound = None
    at_most: Bound = None

    @model_validator(mode="after")
    def _is_bounded_once(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise Misfit("a further condition has one bound", fix="Give it as at_least or at_most")
        return self

    def of(self, when: When) -> Also:
        """The whole condition, in a rule that watches this."""
        return Also(
            self.measure or when.measure,
            self.window_s or when.window_s or 0,
            self.aggregate or when.aggregate,
            self.at_least,
            self.at_most,
        )
