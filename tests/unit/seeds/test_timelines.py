"""Each shipped rule does what the clause of its law says; each timeline is a case of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.rules.scenarios import Played, compared, played
from deploy.rules.timelines import RuleTests, Timeline, path_beside, read_tests
from deploy.rules.trials import Trials
from streams import registry, rulebook

SEEDS = Path(__file__).parents[3] / "seeds"
KNOWN = registry.load(SEEDS)
FILES = [read_tests(path, KNOWN) for path in rulebook.files(SEEDS)]
TRIALS = Trials(SEEDS, KNOWN, FILES)
CASES = [pytest.param(file, test, id=f"{test.rule}: {test.name}") for file in FILES for test in file.tests]
RULES = {rule_id: (file, rule) for file in FILES for rule_id, rule in file.rules.items()}


@pytest.mark.parametrize(("file", "test"), CASES)
def test_a_rule_does_what_its_clause_says(file: RuleTests, test: Timeline) -> None:
    verdict = TRIALS.verdict(file, test)
    assert verdict.passed, "\n".join([test.clause, "expected", *verdict.expected, "came", *verdict.came])


def test_a_scenario_tells_a_state_that_is_missing_and_one_too_many() -> None:
    rule = RULES["pm10"][1]
    found = played("dust-and-quake", SEEDS, KNOWN, [rule])

    assert compared(found, KNOWN, rule).passed
    assert not compared(Played(found.states[1:], found.promised), KNOWN, rule).passed
    assert not compared(Played([*found.states, found.states[0]], found.promised), KNOWN, rule).passed


@pytest.mark.parametrize("rule_id", RULES)
def test_every_level_is_reached_in_a_timeline_and_every_rule_ends_in_one(rule_id: str) -> None:
    file, rule = RULES[rule_id]
    expected = [one for test in file.tests if test.rule == rule_id for one in test.expect or []]
    reached = {one.level for one in expected if one.transition in ("raised", "stepped_up")}
    assert reached == {level.level for level in rule.levels}
    if rule_id != "earthquake":  # it has no end of its own
        assert "cleared" in {one.transition for one in expected}


@pytest.mark.parametrize("rule_id", RULES)
def test_every_timeline_has_a_name_of_its_own(rule_id: str) -> None:
    names = [test.name for test in RULES[rule_id][0].tests if test.rule == rule_id]
    assert len(names) == len(set(names))


def test_every_duration_has_a_timeline_with_a_hole_in_it() -> None:
    for rule_id, (file, rule) in RULES.items():
        holds = [part.hold_s for level in rule.levels for part in (level.raised, level.clear) if part is not None]
        series = [
            s for test in file.tests if test.rule == rule_id for by in test.readings.values() for s in by.values()
        ]
        holes = any(stretch.first is None for one in series for stretch in one)
        assert holes or not any(holds), rule_id


def test_every_file_of_rules_has_its_tests_beside_it() -> None:
    assert [path for path in rulebook.files(SEEDS) if not path_beside(path).is_file()] == []
