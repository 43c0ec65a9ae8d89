"""Which level of a rule an announcement reaches, and by which of its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.contract.announced import BulletinWhen
from streams.contract.bulletins import Bulletin
from streams.contract.distance import distance_km
from streams.contract.rule_levels import RuleLevel

METRE_DECIMALS: Final = 3
"""A distance in km is compared as exact as an epicentre can be: whole metres."""


def distance_of(bulletin: Bulletin, centre: tuple[float, float]) -> float | None:
    """How far from the city's centre (longitude, latitude) it happened, km in whole metres; None where it does not say."""
    if bulletin.location is None:
        return None
    return round(distance_km(centre, (bulletin.location.lon, bulletin.location.lat)), METRE_DECIMALS)


def reached(levels: Sequence[RuleLevel], bulletin: Bulletin, centre: tuple[float, float]) -> int:
    """The highest level that it reaches, -1 for none."""
    held = (i for i in reversed(range(len(levels))) if held_by(levels[i], bulletin, centre) is not None)
    return next(held, -1)


def held_by(level: RuleLevel, bulletin: Bulletin, centre: tuple[float, float]) -> BulletinWhen | None:
    """The first of a level's alternatives that holds; None where none does."""
    km = distance_of(bulletin, centre)
    return next((one for one in level.when or () if _holds(one, bulletin, km)), None)


def _holds(when: BulletinWhen, bulletin: Bulletin, km: float | None) -> bool:
    return (
        when.level in (None, bulletin.level)
        and _is_at_least(bulletin.magnitude, when.magnitude_at_least)
        and _is_at_least(bulletin.intensity, when.intensity_at_least)
        # Where it is not said, it may be here: an unknown distance must not hide it.
        and (when.within_km is None or km is None or km <= when.within_km)
    )


def _is_at_least(value: float | None, least: float | None) -> bool:
    return least is None or (value is not None and value >= least)
