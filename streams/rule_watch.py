"""Rule files that change while a process runs: a set that is right is taken up, a wrong one is refused while the old goes on.

Planned work on sensors (`maintenance.toml`) belongs to the set: it too decides what is judged, and changes from day to day.

They are read when two looks find them the same, so that files which are written one after the other are read when all are
there. They are compared by what they hold: a copy's time says nothing, and all of a country's law is a hundred kilobytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams import maintenance, rulebook
from streams.contract.maintenance import Period
from streams.contract.rules import Rule
from streams.errors import WrongSeed
from streams.logs import get
from streams.metrics import RULE_CHANGES, RULES_OLDER
from streams.registry import digest_of
from streams.seed_file import together

LOOK_EVERY_S: Final = 2.0
"""A person who has saved a file looks for what comes of it after some seconds."""
log = get("streams.rule_watch")


class RuleSet(NamedTuple):
    """A city's rules and the planned work on its sensors, and the digest of what their files hold."""

    rules: list[Rule]
    digest: str
    periods: Sequence[Period] = ()


def read(seeds: Path) -> RuleSet:
    """The rules as they stand.

    Raises:
        WrongSeed: a file is wrong.
    """
    digest = _digest(seeds)  # first: what is written while they are read is then another set, to be read next
    return _read(seeds, digest)


def _read(seeds: Path, digest: str) -> RuleSet:
    """All that is wrong in rules and planned work is told at once."""
    try:
        rules = rulebook.load(seeds)
    except WrongSeed as e:
        try:
            maintenance.load(seeds)
        except WrongSeed as other:
            raise together([e, other]) from None
        raise
    return RuleSet(rules, digest, maintenance.load(seeds))


class RuleWatch:
    """Looks at the rule files of a city again and again.

    Args:
        seeds: the city's folder.
        judging: the rules by which this process judges.
    """

    def __init__(self, seeds: Path, judging: RuleSet) -> None:
        self._seeds = seeds
        self._judging = self._seen = judging.digest
        self._refused: str | None = None

    async def changed(self) -> RuleSet:
        """Wait for another set of rules that is right; from then on it is the one that judges."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            found = await asyncio.to_thread(self.look)
            if found is not None:
                return found

    def look(self) -> RuleSet | None:
        """Another set than the one that judges, if there is one and it is right; a wrong one is told once."""
        digest = _digest(self._seeds)
        stands_still, self._seen = digest == self._seen, digest
        if not stands_still or digest == self._refused:
            return None
        if digest == self._judging:
            self._judge_by(digest)
            return None
        found: RuleSet | WrongSeed
        try:
            found = self._load(digest)
        except WrongSeed as e:
            found = e
        except (
            OSError,
            ValueError,
            RecursionError,
        ) as e:  # a file that is changed or gone while it is told what is wrong
            found = WrongSeed(
                f"cannot be read ({type(e).__name__}: {e})", field=str(self._seeds / "rules"), fix="Look at its files"
            )
        if _digest(self._seeds) != digest:
            return None  # somebody is still writing
        if isinstance(found, WrongSeed):
            self._refuse(digest, found)
            return None
        self._judge_by(digest)
        RULE_CHANGES.labels("taken_up").inc()
        return found

    def _load(self, digest: str) -> RuleSet:
        if not rulebook.files(self._seeds):
            raise WrongSeed(
                "the rule files are gone",
                field=str(self._seeds / "rules"),
                fix="Put them back; a city that is to have no rules begins so at a start",
            )
        return _read(self._seeds, digest)

    def _refuse(self, digest: str, wrong: WrongSeed) -> None:
        self._refused = digest
        RULE_CHANGES.labels("refused").inc()
        RULES_OLDER.set(1)
        log.error("rules_refused", error=str(wrong), judging="the rules before them")

    def _judge_by(self, digest: str) -> None:
        if self._refused is not None:
            log.info("rules_mended")
        self._judging, self._refused = digest, None
        RULES_OLDER.set(0)


def _digest(seeds: Path) -> str:
    return digest_of(seeds, [*rulebook.files(seeds), *maintenance.files(seeds)])
