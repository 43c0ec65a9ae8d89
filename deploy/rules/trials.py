"""Many tests of rules, on all of the machine's processors; each scenario is played only once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final, NamedTuple

from deploy.rules.scenarios import Played, compared, played
from deploy.rules.timelines import RuleTests, Timeline
from deploy.rules.trial import Verdict, tried
from streams.contract.rules import Rule
from streams.registry import Registry

CHUNK: Final = 4
"""Timelines that a process takes at a time, with one copy of the registry."""


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
    _played: dict[str, Played] = field(default_factory=dict)
    """By scenario."""

    def outcomes(self) -> list[Outcome]:
        """Run every test; what came, in the order of the files.

        Raises:
            WrongInput, WrongSeed: a test names a scenario that is not there or can't be played.
        """
        every = [(file, number, test) for file in self.files for number, test in enumerate(file.tests)]
        timelines = [(test, file.rules[test.rule]) for file, _, test in every if test.scenario is None]
        names = dict.fromkeys(test.scenario for _, _, test in every if test.scenario is not None)
        with ProcessPoolExecutor(mp_context=_context()) as others:
            # A scenario takes as long as a hundred timelines: first.
            playing = {
                name: others.submit(played, name, self.seeds, self.known, self._rules_of(name)) for name in names
            }
            tests, rules = [test for test, _ in timelines], [rule for _, rule in timelines]
            verdicts = others.map(tried, tests, rules, repeat(self.known), chunksize=CHUNK)
            found = dict(zip(map(id, tests), verdicts, strict=True))
            self._played.update({name: coming.result() for name, coming in playing.items()})
        found |= {id(test): self.verdict(file, test) for file, _, test in every if test.scenario is not None}
        return [Outcome(file.path, number, test, found[id(test)]) for file, number, test in every]

    def verdict(self, file: RuleTests, test: Timeline) -> Verdict:
        """Run a timeline, or look at a scenario, which is played the first time.

        Raises:
            WrongInput, WrongSeed: the scenario is not there or can't be played.
        """
        rule = file.rules[test.rule]
        if test.scenario is None:
            return tried(test, rule, self.known)
        if test.scenario not in self._played:
            rules = self._rules_of(test.scenario)
            self._played[test.scenario] = played(test.scenario, self.seeds, self.known, rules)
        return compared(self._played[test.scenario], self.known, rule)

    def _rules_of(self, scenario: str) -> list[Rule]:
        """Those of which a test names this scenario."""
        named = {
            one.rule: file.rules[one.rule] for file in self.files for one in file.tests if one.scenario == scenario
        }
        return list(named.values())


def _context() -> BaseContext:
    """A fork has everything loaded already; beside threads, whose locks it would have without them, it is none."""
    return get_context("fork" if threading.active_count() == 1 else "spawn")
