"""`urbanhub rules test`: which files, and what a person is told of each test."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from deploy.rules.timelines import RuleTests, path_beside, read_tests
from deploy.rules.trials import Outcome, Trials
from streams import registry, rulebook
from streams.seed_file import line_of


def run(seeds: Path, files: Sequence[Path]) -> int:
    """Run tests of rules and print how they went.

    Args:
        seeds: of the city.
        files: files of rules or of their tests; none = all of the city's.

    Returns:
        1 where a test failed, else 0.

    Raises:
        WrongInput: a file is not there.
        WrongSeed: the city's data or a test is wrong.
    """
    known, untested = registry.load(seeds), list[Path]()
    if not files:
        rulebook.load(seeds)  # two files may have rules of one id
        every = rulebook.files(seeds)
        untested = [path for path in every if not path_beside(path).is_file()]
        beside = {path_beside(path) for path in every}
        lone = [path for path in sorted((seeds / "rules").glob(f"*{rulebook.OF_TESTS}")) if path not in beside]
        files = [*(path for path in every if path not in untested), *lone]
    found = [read_tests(path, known) for path in files]
    outcomes = Trials(seeds, known, found).outcomes()
    for tests in found:
        for line in _told(tests, [outcome for outcome in outcomes if outcome.path == tests.path]):
            typer.echo(line)
    for path in untested:
        typer.echo(f"no tests  {path.name}")
    failed = sum(not outcome.verdict.passed for outcome in outcomes)
    typer.echo(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _told(tests: RuleTests, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each rule of a file, and under it what failed."""
    for rule_id in tests.rules:
        mine = [outcome for outcome in outcomes if outcome.test.rule == rule_id]
        failed = [outcome for outcome in mine if not outcome.verdict.passed]
        mark = "no tests" if not mine else "FAILED" if failed else "passed"
        yield f"{mark:8}  {rule_id}: {len(mine) - len(failed)} of {len(mine)}"
        for outcome in failed:
            yield from (f"          {line}" for line in _failure(outcome))


def _failure(outcome: Outcome) -> list[str]:
    test, verdict = outcome.test, outcome.verdict
    line = line_of(outcome.path.read_text(encoding="utf-8"), ("tests", outcome.number))
    return [
        f"{os.path.relpath(outcome.path)}:{line}: {test.name}",
        f"clause    {test.clause}",
        *(f"expected  {one}" for one in verdict.expected or ["no alert"]),
        *(f"came      {one}" for one in verdict.came or ["no alert"]),
    ]
