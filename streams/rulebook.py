"""The rules of a city, read from `seeds/rules/*.toml`; their tests stand beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.contract.covering import misfits_between
from streams.contract.rules import Rule, RuleFile
from streams.errors import Misfit, WrongSeed
from streams.seed_file import placed, read_file, together

OF_TESTS: Final = ".test.toml"
"""How the file of tests beside a file of rules ends."""
ANOTHER_ID: Final = (
    "Give it another id; to change a rule, change the file that it stands in, or a copy of the same name"
)


def files(seeds: Path, changed: Path | None = None) -> list[Path]:
    """The city's files of rules, in the order in which they are read.

    Args:
        seeds: the city's folder.
        changed: a file that stands for the city's one of its name, or beside them where there is none.
    """
    by_name = {path.name: path for path in (seeds / "rules").glob("*.toml") if not path.name.endswith(OF_TESTS)}
    if changed is not None:
        by_name[changed.name] = changed
    return [by_name[name] for name in sorted(by_name)]


def read(path: Path) -> list[Rule]:
    """The rules of one file, in its order.

    Raises:
        WrongSeed: all that is wrong in it, each by line, rule, field and value.
    """
    rules = read_file(path, RuleFile, "rules", "rule_id").rules
    if wrong := _twice([(path, rules)]):
        raise together(wrong)
    return rules


def load(seeds: Path, changed: Path | None = None) -> list[Rule]:
    """Every rule, in the order of its file and of its place there; `changed` as in `files`.

    Raises:
        WrongSeed: all that is wrong in any of them (no TOML, a wrong rule, two rules of one id), each by file and line.
    """
    found: list[tuple[Path, list[Rule]]] = []
    wrong: list[WrongSeed] = []
    for path in files(seeds, changed):
        try:
            found.append((path, read_file(path, RuleFile, "rules", "rule_id").rules))
        except WrongSeed as e:
            wrong.append(e)
    newest_last = sorted(found, key=lambda each: each[0] == changed)  # the new one is told, not what stood before
    wrong += _twice(newest_last) or _covers(found)
    if wrong:
        raise together(wrong)
    return [rule for _, rules in found for rule in rules]


def _covers(found: list[tuple[Path, list[Rule]]]) -> list[WrongSeed]:
    """Rules that cover what is not there, or each other."""
    places = {rule.rule_id: (path, ("rules", number)) for path, rules in found for number, rule in enumerate(rules)}
    misfits = misfits_between({rule.rule_id: rule for _, rules in found for rule in rules})
    return [placed(*places[rule_id], misfit, rule_id) for rule_id, misfit in misfits]


def _twice(found: list[tuple[Path, list[Rule]]]) -> list[WrongSeed]:
    """Rules whose id another has already."""
    seen: dict[str, Path] = {}
    wrong = []
    for path, rules in found:
        for number, rule in enumerate(rules):
            if rule.rule_id not in seen:
                seen[rule.rule_id] = path
                continue
            what = f"this rule_id stands in {seen[rule.rule_id].name} too"
            misfit = Misfit(what, at=("rule_id",), value=rule.rule_id, fix=ANOTHER_ID)
            wrong.append(placed(path, ("rules", number), misfit, rule.rule_id))
    return wrong
