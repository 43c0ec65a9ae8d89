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

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.alerts import Bilingual
from streams.contract.announced import check_on_bulletin
from streams.contract.bulletins import BulletinKind
from streams.contract.ids import RuleId
from streams.contract.readings import Domain
from streams.contract.rule_checks import check_levels, check_measure, check_order, check_scale
from streams.contract.rule_levels import RuleLevel
from streams.contract.watched import When
from streams.contract.wording import OF_ALERTS, OF_BULLETINS, OF_ZONES, check_wording
from streams.errors import Misfit


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
        check_scale(self.levels)
        allowed = OF_BULLETINS if self.when is None else OF_ALERTS if self.when.zone is None else OF_ZONES
        for number, one in enumerate(self.levels):
            check_wording(one.headline, allowed, ("levels", number, "headline"))
            check_wording(one.instruction, allowed, ("levels", number, "instruction"))
        if self.when is None:
            check_on_bulletin(self.levels)
        else:
            check_measure(self.domain, self.when)
            check_levels(self.domain, self.when, self.levels)
        check_order(self.levels)
        return self


class RuleFile(BaseModel):
    """One file of `seeds/rules/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[Rule]
