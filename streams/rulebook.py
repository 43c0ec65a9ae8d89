"""The rules of a city, read from `seeds/rules/*.toml`."""

from __future__ import annotations

from pathlib import Path

from streams.contract.rules import Rule
from streams.errors import WrongSeed
from streams.registry import read_model, read_toml


def files(seeds: Path) -> list[Path]:
    """The city's files of rules, in the order in which they are read."""
    return sorted(path for path in (seeds / "rules").glob("*.toml") if not path.name.endswith(".test.toml"))


def load(seeds: Path) -> list[Rule]:
    """Every rule, in the order of its files and of its place there.

    Raises:
        WrongSeed: a file is not TOML, a rule is wrong, or two rules have one id; named by file, rule, field and value.
    """
    rules: dict[str, tuple[Rule, Path]] = {}
    for path in files(seeds):
        for entry in read_toml(path).get("rules", []):
            rule = read_model(path, Rule, entry, str(entry.get("rule_id", "a rule without rule_id")))
            if rule.rule_id in rules:
                other = rules[rule.rule_id][1].name
                raise WrongSeed(
                    f"this rule_id stands in {other} too",
                    field=str(path),
                    value=rule.rule_id,
                    fix="Give it another id",
                )
            rules[rule.rule_id] = rule, path
    return [rule for rule, _ in rules.values()]
