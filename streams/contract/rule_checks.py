"""Whether the parts of a rule fit together; each misfit is told by its place in the rule, its value and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from streams.contract.alerts import LEVEL_RANKS, SCALES
from streams.contract.derived import INPUTS, check_derived, derived_of, measure_of
from streams.contract.free_flow import check_free_flow
from streams.contract.further_checks import check_further
from streams.contract.readings import MEASURES_OF, Domain
from streams.contract.rule_levels import RuleLevel
from streams.contract.watched import SHARE, When, ZoneJudge
from streams.errors import Misfit

_THRESHOLDS: Final = {
    "at_least": 1,
    "at_most": -1,
    "gauge_level": 1,
    "at_least_free_flow_pct": 1,
    "at_most_free_flow_pct": -1,
    "or_at_least": 1,
    "or_at_most": -1,
}
"""What must rise (1) or fall (-1) from level to level."""
_BESIDE: Final = frozenset({"hold_s", "margin", "also", "or_at_least", "or_at_most"})
"""What of a `raise` or `clear` is not its threshold."""


def check_scale(levels: Sequence[RuleLevel]) -> None:
    """Levels are of one scale, from the lowest up."""
    names = [one.level for one in levels]
    if not any(set(names) <= set(scale) for scale in SCALES):
        raise Misfit(f"levels {names} mix two scales", at=("levels",), fix="Take all of one")
    ranks = [LEVEL_RANKS[level] for level in names]
    if ranks != sorted(set(ranks)):
        raise Misfit(f"levels are {names}", at=("levels",), fix="Let them stand once each, from the lowest up")


def check_order(levels: Sequence[RuleLevel]) -> None:
    """A higher level has a higher threshold (a lower one, of a rule on what falls), or the same with further conditions."""
    for name, sign in _THRESHOLDS.items():
        last: float | None = None
        for number, one in enumerate(levels):
            value = getattr(one.raised, name, None)
            if value is None:
                continue
            height = LEVEL_RANKS[value] if name == "gauge_level" else sign * value
            is_stricter = one.raised is not None and bool(one.raised.also) and not name.startswith("or_")
            if last is not None and (height < last or (height == last and not is_stricter)):
                what = f"it must {'fall' if sign < 0 else 'grow'} with the level"
                at = ("levels", number, "raise", name)
                raise Misfit(what, at=at, value=value, fix="Mend the number or the order of the levels")
            last = height


def check_measure(domain: Domain, when: When) -> None:
    """The domain has the measure, and thresholds are in its unit."""
    measures = (*MEASURES_OF[domain], *derived_of(domain))
    if when.measure not in measures:
        fix = f"Take one of {', '.join(measures)}"
        raise Misfit(f"{domain} has no such measure", at=("when", "measure"), value=when.measure, fix=fix)
    is_share = when.zone is not None and when.zone.judge == "share"
    unit = "%" if is_share else measure_of(domain, when.measure).unit
    if when.unit is not None and _plain(when.unit) != _plain(unit):
        what = f"thresholds of {SHARE if is_share else when.measure} are in {unit or 'no unit'}"
        fix = f"Convert the rule's numbers to {unit}, then write unit = '{unit}'" if unit else "Leave unit out"
        raise Misfit(what, at=("when", "unit"), value=when.unit, fix=fix)


def check_levels(domain: Domain, when: When, levels: Sequence[RuleLevel]) -> None:
    """Each level of a rule on sensors or zones says when it is reached and left, by what its rule watches."""
    for number, one in enumerate(levels):
        _check_level(when, one, ("levels", number))
    _check_reach(domain, when, levels)
    if when.measure in INPUTS:
        check_derived(when, levels)
    check_further(domain, when, levels)
    check_free_flow(when, levels)
    if when.zone is not None:
        _check_zone(when.zone, levels)


def _check_level(when: When, one: RuleLevel, at: tuple[str | int, ...]) -> None:
    if one.raised is None or one.clear is None or one.when is not None:
        raise Misfit("a rule on sensors or zones has raise and clear", at=at, fix="Give both, and no `when`")
    above = when.direction == "above"
    raise_by = {"at_least", "gauge_level", "at_least_free_flow_pct"} if above else {"at_most", "at_most_free_flow_pct"}
    clear_by = {"below", "below_gauge_level", "below_free_flow_pct"} if above else {"above", "above_free_flow_pct"}
    for name, part, allowed in (("raise", one.raised, raise_by), ("clear", one.clear, clear_by)):
        given = {k for k, v in part if v is not None and k not in _BESIDE}
        if len(given) != 1 or not given <= allowed:
            what = f"direction {when.direction} takes one of {sorted(allowed)}, not {sorted(given)}"
            raise Misfit(what, at=(*at, name), fix="Give that one, or another direction")
    if when.aggregate in ("rise", "range") and (one.raised.gauge_level or one.clear.below_gauge_level):
        raise Misfit(
            f"a gauge's levels are heights, not {when.aggregate}s", at=at, fix="Give its thresholds as numbers"
        )
    reach, leave, side = one.raised.at_least, one.clear.below, "below"
    if not above:
        reach, leave, side = one.raised.at_most, one.clear.above, "above"
    if reach is not None and leave is not None and (leave > reach if above else leave < reach):
        what = f"it ends {side} {leave:g}, while its threshold {reach:g} still holds there"
        raise Misfit(what, at=(*at, "clear", side), value=leave, fix=f"Let it end where {reach:g} no longer holds")
    if one.raised.gauge_level and one.clear.below_gauge_level:
        _check_gauge_levels(one, at)
    if when.aggregate == "range" and reach is not None and reach < 0:
        what, place = "a range is never below zero", (*at, "raise", "at_least" if above else "at_most")
        raise Misfit(what, at=place, value=reach, fix="Give 0 for what must not change at all")


def _check_gauge_levels(one: RuleLevel, at: tuple[str | int, ...]) -> None:
    """A level that ended below a higher gauge level than it is reached at would end while it holds."""
    assert one.raised is not None and one.clear is not None
    reach, leave = one.raised.gauge_level, one.clear.below_gauge_level
    if reach is not None and leave is not None and LEVEL_RANKS[leave] > LEVEL_RANKS[reach]:
        what = f"it ends below {leave}, while {reach} still holds there"
        raise Misfit(what, at=(*at, "clear", "below_gauge_level"), value=leave, fix=f"Write {reach}, or a lower one")


def _check_reach(domain: Domain, when: When, levels: Sequence[RuleLevel]) -> None:
    """A threshold that no reading can have was meant in another unit."""
    measure = measure_of(domain, when.measure)
    is_share = when.zone is not None and when.zone.judge == "share"
    for number, one in enumerate(levels if not is_share and when.aggregate not in ("sum", "rise", "range") else []):
        for name in ("at_least", "at_most"):
            value = getattr(one.raised, name)
            if value is not None and not measure.low <= value <= measure.high:
                what = f"{when.measure} lies between {measure.low:g} and {measure.high:g} {measure.unit}"
                fix = f"Give the threshold in {measure.unit}"
                raise Misfit(what, at=("levels", number, "raise", name), value=value, fix=fix)


def _check_zone(zone: ZoneJudge, levels: Sequence[RuleLevel]) -> None:
    for number, one in enumerate(levels):
        assert one.raised is not None and one.clear is not None
        at = ("levels", number)
        if one.raised.gauge_level or one.clear.below_gauge_level:
            raise Misfit("a zone has no gauge levels", at=at, fix="Give its thresholds as numbers")
        if zone.judge == "share":
            _check_shares(one, at)


def _check_shares(one: RuleLevel, at: tuple[str | int, ...]) -> None:
    for part, bounds, names in (
        ("raise", one.raised, ("at_least", "at_most")),
        ("clear", one.clear, ("below", "above")),
    ):
        for name in names:
            value = getattr(bounds, name)
            if value is not None and not 0 <= value <= 100:
                what, fix = "a share is 0 to 100 percent of the zone's sensors", "Give it in percent"
                raise Misfit(what, at=(*at, part, name), value=value, fix=fix)


def _plain(unit: str) -> str:
    """A unit however its signs are typed: µ has two codes, and m³ may be m3."""
    return unicodedata.normalize("NFKC", unit).replace(" ", "")
