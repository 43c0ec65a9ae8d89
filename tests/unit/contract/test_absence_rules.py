"""A rule on absence: what may stand in it; a wrong one is refused with its place, its value and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams import rulebook
from streams.contract.rules import Rule
from streams.errors import WrongSeed
from tests.support.absence import absence_rule, on_absence

GOOD = """[[rules]]
rule_id = "absent"
domain = "disaster"
name = { ko = "무응답", en = "Absent" }
[rules.absence]
kinds = ["river-gauge"]

[[rules.levels]]
level = "attention"
raise = { intervals = 3 }
severity = "Unknown"
urgency = "Unknown"
certainty = "Observed"
headline = { ko = "{sensor} {value}", en = "{sensor} {value}" }
instruction = { ko = "전화하십시오.", en = "Call them." }
source = "test"
"""
SECOND = GOOD[GOOD.index("[[rules.levels]]") :].replace("attention", "caution")
WRONG: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "a threshold": ("intervals = 3", "at_least = 3", 8, ("says after how many intervals", "Write raise = { intervals")),
    "a duration": ("intervals = 3", "intervals = 3, hold_s = 60", 10, ("raise.hold_s", "'60.0'", "Take it away")),
    "less than one interval": ("intervals = 3", "intervals = 0.5", 10, ("raise.intervals", "'0.5'", "Mend it")),
    "an end of its own": ('severity = "U', 'clear = { below = 1 }\nseverity = "U', 11, ("next reading", "Take clear away")),
    "two levels": ('source = "test"\n', f'source = "test"\n{SECOND}', 17, ("one level", "another rule")),
    "an unknown kind": ('"river-gauge"', '"gauge"', 6, ("absence.kinds", "'gauge'", "Mend it")),
    "a measure": ("kinds =", 'measure = "rainfall_mm"\nkinds =', 6, ("absence.measure", "take it out")),
    "a unit in its texts": ('en = "{sensor} {value}"', 'en = "{value} {unit}"', 14, ("fills in {unit}", "Use one of {zone}")),
    "two things": ("[rules.absence]\n", '[rules.bulletin]\nkind = "earthquake"\n[rules.absence]\n', 1, ("two things",)),
}  # fmt: skip


def test_a_rule_on_absence_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "sensors.toml"
    path.write_text(GOOD, encoding="utf-8")

    (rule,) = rulebook.read(path)

    assert rule.absence is not None and rule.absence.kinds == ["river-gauge"]
    assert rule.levels[0].raised is not None and rule.levels[0].raised.intervals == 3
    assert on_absence().absence is not None, "without kinds it is on all"


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_told_with_line_value_and_fix(
    old: str, new: str, line: int, told: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "sensors.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(WrongSeed) as refused:
        rulebook.read(path)

    assert str(refused.value).startswith(f"{path}:{line}: ")
    for part in told:
        assert part in str(refused.value)


def test_only_a_rule_on_absence_asks_for_intervals() -> None:
    when = {"measure": "rainfall_mm", "window": "reading"}
    rule: dict[str, Any] = absence_rule(clear={"below": 1}) | {"when": when}
    del rule["absence"]

    with pytest.raises(ValueError, match=r"takes one of .*'gauge_level'., not .'intervals'."):
        Rule.model_validate(rule)
