"""A rule as written in `seeds/rules/*.toml`: what it watches, its levels, its words, and who says so.

Shape of one entry::

    [[rules]]
    rule_id = "rain-3h"
    domain = "disaster"
    name = { ko = "…", en = "…" }
    [rules.when]      # on sensors, or with scope = "zone" on zones; a rule on announcements has [rules.bulletin] instead,
                      # one on sensors that say nothing [rules.absence]
    [[rules.levels]]  # from the lowest up, all of one scale
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.absence import OnAbsence, check_on_absence
from streams.contract.alerts import Bilingual
from streams.contract.announced import check_on_bulletin
from streams.contract.bulletins import BulletinKind, Hazard
from streams.contract.covering import check_covers
from streams.contract.ids import RuleId
from streams.contract.readings import Domain
from streams.contract.rule_checks import check_levels, check_measure, check_order, check_scale
from streams.contract.rule_levels import RuleLevel
from streams.contract.watched import When
from streams.contract.wording import OF_ABSENCE, OF_ALERTS, OF_BULLETINS, OF_ZONES, check_wording
from streams.errors import Misfit


class OnBulletin(BaseModel):
    """Which announcements a rule turns into alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: BulletinKind
    hazards: list[Hazard] | None = Field(default=None, min_length=1, description="Only of these; absent = of any.")
    other_than: list[Hazard] = Field(
        default_factory=list, description="Of any but these; one that names no hazard is taken."
    )

    def takes(self, hazard: str | None) -> bool:
        """Whether an announcement of its kind is taken, by what it warns of."""
        return (self.hazards is None or hazard in self.hazards) and hazard not in self.other_than


class Rule(BaseModel):
    """A rule on sensors or zones (`when`), on announcements (`bulletin`) or on sensors that say nothing (`absence`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule_id: RuleId
    domain: Domain
    name: Bilingual
    when: When | None = None
    bulletin: OnBulletin | None = None
    absence: OnAbsence | None = None
    covers: list[RuleId] = Field(
        default_factory=list,
        description="Rules whose alerts call nobody while one of this rule is active in their zone.",
    )
    levels: Annotated[list[RuleLevel], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if sum(each is not None for each in (self.when, self.bulletin, self.absence)) != 1:
            fix = "Give one of [rules.when], [rules.bulletin] and [rules.absence]"
            raise Misfit("it watches nothing, or two things", fix=fix)
        check_wording(self.name, None, ("name",))
        check_scale(self.levels)
        for number, one in enumerate(self.levels):
            check_wording(one.headline, self._allowed, ("levels", number, "headline"))
            check_wording(one.instruction, self._allowed, ("levels", number, "instruction"))
        if self.absence is not None:
            check_on_absence(self.levels)
        elif self.when is None:
            check_on_bulletin(self.levels)
        else:
            check_measure(self.domain, self.when)
            check_levels(self.domain, self.when, self.levels)
        check_order(self.levels)
        check_covers(self)
        return self

    @property
    def _allowed(self) -> tuple[str, ...]:
        """What its texts may name."""
        if self.when is not None:
            return OF_ALERTS if self.when.zone is None else OF_ZONES
        return OF_BULLETINS if self.bulletin is not None else OF_ABSENCE


class RuleFile(BaseModel):
    """One file of `seeds/rules/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[Rule]
