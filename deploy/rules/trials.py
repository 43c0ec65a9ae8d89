"""Many tests of rules, run one after another, each scenario only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deploy.rules import scenarios
from deploy.rules.offline import AlertState
from deploy.rules.timelines import RuleTests, Timeline
from deploy.rules.trial import Verdict, tried
from streams.registry import Registry


class Outcome(NamedTuple):
    """One test, and how it went."""

    path: Path
    number: int
    """Its place in its file, from 0."""
    test: Timeline
    verdict: Verdict


@dataclass(slots=True)
class Trials:
    """The tests of some files of rules.

    Args:
        seeds: of the city.
        known: its registry.
        files: what is run.
    """

    seeds: Path
    known: Registry
    files: Sequence[RuleTests]
    _played: dict[str, list[AlertState]] = field(default_factory=dict)
    """By scenario."""

    def __iter__(self) -> Iterator[Outcome]:
        """Run each test when it is asked for, in the order of its file."""
        for file in self.files:
            for number, test in enumerate(file.tests):
                yield Outcome(file.path, number, test, self.verdict(file, test))

    def verdict(self, file: RuleTests, test: Timeline) -> Verdict:
        """Run one test.

        Raises:
            WrongInput, WrongSeed: it names a scenario that is not there or can't be played.
        """
        rule = file.rules[test.rule]
        if test.scenario is None:
            return tried(test, rule, self.known)
        if test.scenario not in self._played:
            rules = {
                one.rule: other.rules[one.rule]
                for other in self.files
                for one in other.tests
                if one.scenario == test.scenario
            }
            self._played[test.scenario] = scenarios.played(test.scenario, self.seeds, self.known, list(rules.values()))
        return scenarios.compared(test.scenario, self.seeds, self.known, rule, self._played[test.scenario])
