"""Thresholds that are a share of a road link's own free-flow speed: where a rule may have them, and how they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.contract.rule_levels import RuleLevel
from streams.contract.watched import When
from streams.errors import Misfit

SPEED: Final = "speed_kmh"
"""The measure that has a free flow."""


def check_free_flow(when: When, levels: Sequence[RuleLevel]) -> None:
    """Only speeds of single links have them; a rule has all of its thresholds so, and each ends on its own side."""
    shares = [(number, *_shares(one)) for number, one in enumerate(levels)]
    if all(reach is None and leave is None for _, reach, leave in shares):
        return
    if when.measure != SPEED or when.aggregate in ("sum", "rise", "range"):
        what, fix = (
            "only a speed is measured by a free flow",
            f"Take {SPEED} and its mean, max, min or last; or numbers",
        )
        raise Misfit(what, at=("when", "measure"), value=when.measure, fix=fix)
    if when.scope == "zone":
        raise Misfit("a zone has no free flow", at=("when", "scope"), fix="Judge each link, or give numbers")
    for number, reach, leave in shares:
        if reach is None or leave is None:
            what = "a share of the free flow can't be compared with a number"
            raise Misfit(what, at=("levels", number), fix="Give each level's raise and clear as free_flow_pct")
        side = "above" if when.direction == "below" else "below"
        if leave < reach if side == "above" else leave > reach:
            what = f"it ends {side} {leave:g} %, while its threshold {reach:g} % still holds there"
            at = ("levels", number, "clear", f"{side}_free_flow_pct")
            raise Misfit(what, at=at, value=leave, fix=f"Let it end where {reach:g} % no longer holds")


def _shares(one: RuleLevel) -> tuple[float | None, float | None]:
    """A level's threshold and its end, percent; None where it is no share of a free flow."""
    assert one.raised is not None and one.clear is not None
    up, down = one.raised, one.clear
    return up.at_most_free_flow_pct or up.at_least_free_flow_pct, down.above_free_flow_pct or down.below_free_flow_pct
