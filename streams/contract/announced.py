"""When an announcement reaches a level of a rule: conditions, alternatives of them, and whether the levels fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.alerts import Level
from streams.contract.watched import Bound
from streams.errors import Misfit

if TYPE_CHECKING:
    from streams.contract.rule_levels import RuleLevel


class BulletinWhen(BaseModel):
    """When an announcement reaches a level: every condition given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    level: Level | None = None
    magnitude_at_least: Bound = None
    intensity_at_least: Annotated[float, Field(ge=1, le=12)] | None = Field(
        default=None,
        description="The greatest intensity that it reports, wherever that is; one that reports none fails.",
    )
    within_km: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, description="Of the city's centre; an announcement without a location counts as near."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            fix = "Give level, magnitude_at_least, intensity_at_least or within_km"
            raise Misfit("it has no condition", fix=fix)
        return self

    def implies(self, other: BulletinWhen) -> bool:
        """Whether whatever meets this meets the other too."""
        return (
            other.level in (None, self.level)
            and _is_as_strict(self.magnitude_at_least, other.magnitude_at_least, 1)
            and _is_as_strict(self.intensity_at_least, other.intensity_at_least, 1)
            and _is_as_strict(self.within_km, other.within_km, -1)
        )


def _is_as_strict(mine: float | None, other: float | None, sign: int) -> bool:
    return other is None or (mine is not None and sign * mine >= sign * other)


def check_on_bulletin(levels: Sequence[RuleLevel]) -> None:
    """A rule on announcements says what an announcement must have; each of its levels is somewhere the highest reached."""
    for number, one in enumerate(levels):
        if not one.when or one.raised or one.clear:
            fix = "Give that, and no raise or clear"
            raise Misfit("a rule on announcements has `when`", at=("levels", number), fix=fix)
    for number, one in enumerate(levels):
        for above in range(number + 1, len(levels)):
            higher = levels[above].when or []
            if all(any(mine.implies(other) for other in higher) for mine in one.when or []):
                what = f"it must grow with the level: whatever reaches {one.level} reaches {levels[above].level} too"
                fix = "Mend the numbers or the order of the levels"
                raise Misfit(what, at=("levels", above, "when"), fix=fix)
