"""Whether rules may cover others: which can, and that no two cover each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from streams.contract.bulletins import HELD_KINDS
from streams.errors import Misfit

if TYPE_CHECKING:
    from streams.contract.rules import Rule


def check_covers(rule: Rule) -> None:
    """Only a rule whose alerts it holds until they end covers others: what an officer may close ends unseen by it."""
    if not rule.covers:
        return
    if rule.absence is not None:
        raise Misfit("a sensor that says nothing covers nothing", at=("covers",), fix="Take it away")
    if rule.bulletin is not None and rule.bulletin.kind not in HELD_KINDS:
        what = f"an alert on a {rule.bulletin.kind} is closed by hand, so it covers nothing"
        raise Misfit(what, at=("covers",), fix=f"Take it away; {' and '.join(sorted(HELD_KINDS))} may cover")
    for number, other in enumerate(rule.covers):
        if other in rule.covers[:number]:
            raise Misfit("it stands twice", at=("covers", number), value=other, fix="Keep one of them")


def misfits_between(rules: Mapping[str, Rule]) -> Iterator[tuple[str, Misfit]]:
    """By rule id: what does not fit of the rules that it covers; `rules` by id, all of a city's."""
    for rule_id, rule in rules.items():
        for number, other in enumerate(rule.covers):
            at = ("covers", number)
            if other not in rules:
                fix = f"Name one of {', '.join(sorted(set(rules) - {rule_id}))}"
                yield rule_id, Misfit("there is no such rule", at=at, value=other, fix=fix)
            elif rule_id in _covered_by(other, rules):
                what = "it would cover itself" if other == rule_id else f"{other} covers {rule_id}, too"
                yield rule_id, Misfit(what, at=at, value=other, fix="Let only the wider one cover the other")


def _covered_by(rule_id: str, rules: Mapping[str, Rule]) -> set[str]:
    """The rule and all that it covers, those of the covered ones too."""
    found: set[str] = set()
    waiting = [rule_id]
    while waiting:
        one = waiting.pop()
        if one not in found and one in rules:
            found.add(one)
            waiting += rules[one].covers
    return found
