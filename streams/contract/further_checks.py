"""Whether a level's further conditions fit what its rule watches; each misfit by its place, its value and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from streams.contract.further import Also, Further
from streams.contract.readings import MEASURES, MEASURES_OF, Domain
from streams.contract.rule_levels import Raise, RuleLevel
from streams.contract.watched import RISE_LENGTHS, SLIDING_LENGTHS, When
from streams.errors import Misfit

Place = tuple[str | int, ...]


def check_further(domain: Domain, when: When, levels: Sequence[RuleLevel]) -> None:
    """Each further condition is a value that is known beside the rule's own; what stands for it comes later than it."""
    for number, one in enumerate(levels):
        if one.raised is None:
            continue
        at: Place = ("levels", number, "raise")
        _check_alone(when, one.raised, at)
        if one.raised.also and (when.window == "reading" or when.scope == "zone"):
            what = "further conditions join windows of one sensor"
            fix = "Judge each sensor's final or sliding windows, or leave also out"
            raise Misfit(what, at=(*at, "also"), fix=fix)
        for place, further in enumerate(one.raised.also):
            _check_one(domain, when, further, (*at, "also", place))


def _check_alone(when: When, raised: Raise, at: Place) -> None:
    """What reaches a level without its further conditions lies beyond what reaches it with them."""
    name, other = ("or_at_least", "or_at_most") if when.direction == "above" else ("or_at_most", "or_at_least")
    if getattr(raised, other) is not None:
        raise Misfit(f"direction {when.direction} takes {name}", at=(*at, other), fix=f"Write {name}")
    alone = getattr(raised, name)
    if alone is None:
        return
    if not raised.also:
        fix = "Give the further condition that it stands in for, or take it away"
        raise Misfit(f"{name} is beside further conditions", at=(*at, name), value=alone, fix=fix)
    with_them = raised.at_least if when.direction == "above" else raised.at_most
    if with_them is None:
        fix = "Give the threshold as a number, or take it away"
        raise Misfit(f"{name} stands beside a threshold that is a number", at=(*at, name), value=alone, fix=fix)
    if alone <= with_them if when.direction == "above" else alone >= with_them:
        side = "above" if when.direction == "above" else "below"
        what = f"it reaches the level alone where {with_them:g} does not yet with the others"
        raise Misfit(what, at=(*at, name), value=alone, fix=f"Let it lie {side} {with_them:g}")


def _check_one(domain: Domain, when: When, further: Further, at: Place) -> None:
    also = further.of(when)
    if also.measure not in MEASURES_OF[domain]:
        fix = f"Take one of {', '.join(MEASURES_OF[domain])}"
        raise Misfit(f"{domain} has no such measure", at=(*at, "measure"), value=also.measure, fix=fix)
    lengths = (when.window_s,) if when.window == "final" else SLIDING_LENGTHS
    if also.window_s not in lengths:
        what = (
            "a further condition on final windows is of the same window" if when.window == "final" else "no such length"
        )
        fix = "Leave it out" if when.window == "final" else f"Take one of {', '.join(map(str, lengths))}"
        raise Misfit(what, at=(*at, "window_s"), value=also.window_s, fix=fix)
    if when.window == "sliding" and also.aggregate not in ("sum", "mean", "rise"):
        what, fix = "a sliding window gives no such value", "Take sum, mean or rise"
        raise Misfit(what, at=(*at, "aggregate"), value=also.aggregate, fix=fix)
    if also.aggregate == "range":
        what, fix = "a further condition is on a value, not on how much it changes", "Take another aggregate"
        raise Misfit(what, at=(*at, "aggregate"), value=also.aggregate, fix=fix)
    if also.aggregate == "rise" and also.window_s not in RISE_LENGTHS:
        fix = "Take another aggregate"
        raise Misfit(
            "a rise is within ten minutes to twelve hours", at=(*at, "aggregate"), value=also.window_s, fix=fix
        )
    if also[:3] == (when.measure, when.window_s, when.aggregate):
        what, fix = "it is the rule's own value once more", "Name another measure, window_s or aggregate"
        raise Misfit(what, at=at, fix=fix)
    _check_reach(domain, also, at)


def _check_reach(domain: Domain, also: Also, at: Place) -> None:
    """A bound that no reading can have was meant in another unit."""
    measure = MEASURES[domain, also.measure]
    for name in ("at_least", "at_most") if also.aggregate not in ("sum", "rise") else ():
        value = getattr(also, name)
        if value is not None and not measure.low <= value <= measure.high:
            what = f"{also.measure} lies between {measure.low:g} and {measure.high:g} {measure.unit}"
            raise Misfit(what, at=(*at, name), value=value, fix=f"Give the bound in {measure.unit}")
