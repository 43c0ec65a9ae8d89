"""What is no reading but calculated from a sensor's readings, and may be judged as a measure: the air-quality index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.contract.readings import MEASURES, Domain, Measure
from streams.contract.rule_levels import RuleLevel
from streams.contract.watched import When
from streams.errors import Misfit

CAI: Final = "cai"
"""Korea's comprehensive air-quality index (통합대기환경지수) of a station at the end of an hour; 0 to 500, without a unit."""
HOUR_S: Final = 3600

DERIVED: Final[dict[tuple[Domain, str], Measure]] = {
    ("air-quality", CAI): Measure(
        CAI, "air-quality", "", "통합대기환경지수", "Air-quality index (CAI)", 0, 500, decimals=0, says="last"
    )
}
"""As `MEASURES` has it of readings."""
INPUTS: Final[dict[str, tuple[str, ...]]] = {CAI: ("pm10_ugm3", "pm25_ugm3", "o3_ppm", "no2_ppm")}
"""The measures without which a sensor has no such value."""


def derived_of(domain: Domain) -> tuple[str, ...]:
    """The names of a domain's derived measures."""
    return tuple(name for of, name in DERIVED if of == domain)


def measure_of(domain: Domain, name: str) -> Measure:
    """A measure that a rule may judge, read or derived."""
    return MEASURES.get((domain, name)) or DERIVED[domain, name]


def inputs_of(name: str) -> tuple[str, ...]:
    """The measures that a sensor must have for a rule to judge this of it."""
    return INPUTS.get(name, (name,))


def check_derived(when: When, levels: Sequence[RuleLevel]) -> None:
    """A derived measure is judged of each sensor at each final hour, as it then stands."""
    if when.scope == "zone":
        what, fix = f"{when.measure} is a station's", "Judge each sensor's, without scope and zone"
        raise Misfit(what, at=("when", "scope"), value=when.scope, fix=fix)
    if when.window != "final" or when.window_s != HOUR_S:
        what, fix = (
            f"{when.measure} is calculated at the end of each hour",
            "Write window = 'final' and window_s = 3600",
        )
        raise Misfit(what, at=("when", "window"), value=when.window, fix=fix)
    if "aggregate" in when.model_fields_set:
        what, fix = f"{when.measure} says itself what it makes of the hours", "Leave aggregate out"
        raise Misfit(what, at=("when", "aggregate"), value=when.aggregate, fix=fix)
    for number, one in enumerate(levels):
        if one.raised is not None and one.raised.also:
            what, fix = f"{when.measure} is judged alone", "Leave also out"
            raise Misfit(what, at=("levels", number, "raise", "also"), fix=fix)
