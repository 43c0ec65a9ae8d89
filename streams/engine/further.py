"""Further conditions of levels: how far back they look, and which of the values that are judged meet them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from streams.contract.further import Also
from streams.contract.readings import MEASURES_OF
from streams.contract.rules import Rule
from streams.engine.decimals import Floats
from streams.engine.instants import Bools, Ints
from streams.engine.panes import Rows

if TYPE_CHECKING:
    from streams.engine.rules import CompiledRule

Met = Mapping[Also, Bools]
"""By further condition: at which of the values that are judged it holds. (n,)"""


def further_of(rule: Rule) -> dict[Also, int]:
    """Every further condition of a rule's levels, with the number of its measure among the domain's."""
    when = rule.when
    if when is None:
        return {}
    found = dict.fromkeys(
        further.of(when) for one in rule.levels if one.raised is not None for further in one.raised.also
    )
    return {also: MEASURES_OF[rule.domain].index(also.measure) for also in found}


def looks_back(rules: Iterable[CompiledRule], *, rises: bool) -> dict[int, int]:
    """How far back the rules look with sums and means that slide, or with rises: measure → the greatest length, s."""
    longest: dict[int, int] = {}
    for rule in rules:
        for measure, length_s in _kept_spans(rule, rises=rises):
            longest[measure] = max(length_s, longest.get(measure, 0))
    return longest


def _kept_spans(rule: CompiledRule, *, rises: bool) -> Iterator[tuple[int, int]]:
    watched = [(rule.measure, rule.when.window_s or 0, rule.when.aggregate)]
    watched += [(measure, also.window_s, also.aggregate) for also, measure in rule.further.items()]
    for measure, length_s, aggregate in watched:
        if (aggregate == "rise") is rises and (rises or rule.when.window == "sliding"):
            yield measure, length_s


def is_met(also: Also, value: Floats) -> Bools:
    """Where values meet a further condition. (n,)"""
    if also.at_least is not None:
        return np.asarray(value >= also.at_least)
    return np.asarray(value <= (np.inf if also.at_most is None else also.at_most))


def joined_at(also: tuple[Also, ...], met: Met, row: int) -> bool:
    """Whether all of these conditions hold at one value."""
    return all(bool(met[each][row]) for each in also)


def places_of(series: Ints, rows: Rows) -> Ints:
    """Where each of these series stands in a window's rows, -1 where it has none. (n,)"""
    size = 1 + max(int(series.max(initial=-1)), int(rows.series.max(initial=-1)))
    place = np.full(size + 1, -1, np.int64)  # the last for those that have no number
    place[rows.series] = np.arange(len(rows.series))
    found: Ints = place[series]
    return found
