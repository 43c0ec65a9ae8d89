"""Whatever is changed in a shipped rule, one of its timelines falls; scenarios are not needed for it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from deploy.rules.timelines import RuleTests, read_tests
from deploy.rules.trial import tried
from streams import registry, rulebook
from streams.contract.bulletins import HELD_KINDS, BulletinKind
from streams.contract.rules import Rule
from tests.support.rule_mutants import Mutant, mutants

SEEDS = Path(__file__).parents[3] / "seeds"
KNOWN = registry.load(SEEDS)
ENTRIES = [
    (path, entry)
    for path in rulebook.files(SEEDS)
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["rules"]
]
CANT_MATTER = {
    (entry["rule_id"], f"bulletin.kind → {kind}"): "a timeline announces what its rule is on; scenarios tell it"
    for _, entry in ENTRIES
    for kind in get_args(BulletinKind)
    if "bulletin" in entry and kind != entry["bulletin"]["kind"] and ("covers" not in entry or kind in HELD_KINDS)
}
"""By rule and change: why no timeline can tell it."""


def is_noticed(mutant: Mutant, tests: RuleTests) -> bool:
    """Whether the changed rule is refused, or a timeline falls."""
    try:
        rule = Rule.model_validate(mutant.rule)
    except ValidationError:
        return True
    mine = [test for test in tests.tests if test.rule == rule.rule_id and test.scenario is None]
    return any(not tried(test, rule, KNOWN).passed for test in mine)


def interval_of(tests: RuleTests, rule_id: str) -> float:
    sensors = {sensor_id for test in tests.tests if test.rule == rule_id for sensor_id in test.readings}
    return max((KNOWN.sensors[sensor_id].interval_s for sensor_id in sensors), default=0)


@pytest.mark.parametrize(("path", "entry"), ENTRIES, ids=[entry["rule_id"] for _, entry in ENTRIES])
def test_a_timeline_falls_whatever_is_changed_in_a_rule(path: Path, entry: dict[str, Any]) -> None:
    tests, rule_id = read_tests(path, KNOWN), entry["rule_id"]
    every = list(mutants(entry, interval_of(tests, rule_id)))

    unnoticed = {(rule_id, mutant.what) for mutant in every if not is_noticed(mutant, tests)}

    assert len(every) > 4
    assert unnoticed == {each for each in CANT_MATTER if each[0] == rule_id}


def test_a_rule_as_it_stands_is_no_mutant() -> None:
    path, entry = ENTRIES[0]
    assert not is_noticed(Mutant("nothing", entry), read_tests(path, KNOWN))
