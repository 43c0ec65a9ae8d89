"""A wrong file of rules is refused with file, line, value and what to do, by all who read it; all of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from streams import rule_watch, rulebook
from streams.errors import WrongSeed
from streams.seed_file import line_of
from streams.settings import load
from tests.support.small_city import write_seeds

RAIN = """# Rain of an hour.

[[rules]]
rule_id = "rain-1h"
domain = "disaster"
name = { ko = "비", en = "Rain" }

[rules.when]
measure = "rainfall_mm"
unit = "mm"
window = "sliding"
window_s = 3600
aggregate = "sum"

[[rules.levels]]
level = "advisory"
raise = { at_least = 30, hold_s = 0 }
clear = { below = 20 }
severity = "Moderate"
urgency = "Immediate"
certainty = "Observed"
headline.ko = "{zone} {value} {unit}"
headline.en = "{value} {unit} in {zone}"
instruction = { ko = "살피십시오.", en = "Watch." }
source = "test"

[[rules.levels]]
level = "warning"
raise = { at_least = 60 }
clear = { below = 40 }
severity = "Severe"
urgency = "Immediate"
certainty = "Observed"
headline.ko = "{zone} {value} {unit}"
headline.en = "{value} {unit} in {zone}"
instruction = { ko = "대피하십시오.", en = "Leave." }
source = "test"

[[rules]]
rule_id = "quake"
domain = "disaster"
name = { ko = "지진", en = "Quake" }
bulletin = { kind = "earthquake" }

[[rules.levels]]
level = "attention"
when = { magnitude_at_least = 3.5 }
severity = "Minor"
urgency = "Immediate"
certainty = "Observed"
headline = { ko = "{text}", en = "{text}" }
instruction = { ko = "확인하십시오.", en = "Check." }
source = "test"
"""


class Wrong(NamedTuple):
    old: str
    new: str
    """What stands in its place; the first one is changed."""
    line: int
    told: tuple[str, ...]
    """Value and what to do."""


OZONE = 'domain = "air-quality"\nname = { ko = "비", en = "Rain" }\n\n[rules.when]\nmeasure = "o3_ppm"\nunit = "ppm"'
TWO = "[\n{ within_km = 9 },\n{},\n]"
WRONG: dict[str, Wrong] = {
    "unknown measure": Wrong('"rainfall_mm"', '"rain_mm"', 9, ("rain-1h", "'rain_mm'", "Take one of rainfall_mm")),
    "a unit that does not fit": Wrong('unit = "mm"', 'unit = "cm"', 10, ("rain-1h", "'cm'", "Convert", "to mm")),
    "no such window": Wrong("window_s = 3600", "window_s = 61", 12, ("rain-1h: when.window_s", "'61'", "Take one of 600")),
    "thresholds out of order": Wrong("60 }\nclear = { below = 40", "30 }\nclear = { below = 20", 29, ("'30.0'", "must grow")),
    "an end above its threshold": Wrong("below = 40", "below = 61", 30, ("'61.0'", "60 no longer holds")),
    "a number that is none": Wrong("at_least = 60", "at_least = nan", 29, ("levels.1.raise.at_least", "nan", "Mend it")),
    "a word for a number": Wrong("at_least = 60", 'at_least = "much"', 29, ("levels.1.raise.at_least", "'much'")),
    "no text in English": Wrong('headline.en = "{value} {unit} in {zone}"\n', "", 22, ("headline.en", "Add it")),
    "no text in Korean": Wrong('ko = "대피하십시오.", ', "", 36, ("levels.1.instruction.ko", "Add it")),
    "an empty text": Wrong('en = "Leave."', 'en = " "', 36, ("levels.1.instruction.en", "in Korean and in English")),
    "a text that nothing fills in": Wrong("{value} {unit} in", "{amount} in", 23, ("{amount}", "Use one of {zone}")),
    "a brace too many": Wrong("{value} {unit} in", "{value in", 23, ("braces", "{value in")),
    "no source": Wrong('source = "test"\n', "", 15, ("levels.0.source", "Add it")),
    "an empty source": Wrong('source = "test"\n', 'source = "  "\n', 25, ("levels.0.source",)),
    "an unknown field": Wrong("hold_s = 0", "holds = 0", 17, ("levels.0.raise.holds", "'0'", "take it out")),
    "an unknown field of a rule": Wrong('domain = "d', 'colour = "red"\ndomain = "d', 5, ("colour", "'red'")),
    "a misspelt table": Wrong("# Rain of an hour.\n", "[[rule]]\n", 1, ("rule", "spelling")),
    "an unknown level": Wrong('level = "warning"', 'level = "red"', 28, ("levels.1.level", "'red'", "advisory")),
    "two scales": Wrong('level = "warning"', 'level = "serious"', 15, ("mix two scales", "Take all of one")),
    "the id of another": Wrong('rule_id = "quake"', 'rule_id = "rain-1h"', 40, ("rain.toml too", "'rain-1h'", "another id")),
    "a distance that is none": Wrong("magnitude_at_least = 3.5", "within_km = -1", 47, ("when", "within_km", "'-1'")),
    "an alternative of nothing": Wrong("{ magnitude_at_least = 3.5 }", TWO, 49, ("has no condition", "Give level")),
    "broken TOML": Wrong("window_s = 3600", "window_s 3600", 12, ("not valid TOML", "Mend that line")),
    "TOML that breaks off": Wrong('source = "test"\n', 'source = """test\n', 54, ("not valid TOML",)),
}  # fmt: skip


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    found = write_seeds(tmp_path / "seeds")
    (found / "rules" / "river.toml").unlink()
    return found


def spoilt(seeds: Path, wrong: Wrong) -> Path:
    path = seeds / "rules" / "rain.toml"
    assert wrong.old in RAIN
    path.write_text(RAIN.replace(wrong.old, wrong.new, 1), encoding="utf-8")
    return path


def test_the_file_is_right_before_it_is_spoilt(seeds: Path) -> None:
    (seeds / "rules" / "rain.toml").write_text(RAIN, encoding="utf-8")
    assert [rule.rule_id for rule in rulebook.load(seeds)] == ["rain-1h", "quake"]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_file_line_value_and_fix(name: str, seeds: Path) -> None:
    path = spoilt(seeds, WRONG[name])

    with pytest.raises(WrongSeed) as refused:
        rulebook.load(seeds)

    told = str(refused.value)
    assert told.startswith(f"{path}:{WRONG[name].line}: ")
    for part in WRONG[name].told:
        assert part in told, told
    assert len(told.splitlines()) == 1


def test_a_threshold_of_another_unit_is_one_that_no_reading_has(seeds: Path) -> None:
    begin, end = RAIN.index("domain"), RAIN.index("\nwindow")
    text = RAIN[:begin] + OZONE + RAIN[end:]
    text = text.replace('window = "sliding"', 'window = "final"').replace('"sum"', '"mean"')
    path = seeds / "rules" / "ozone.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(WrongSeed, match=f"{path}:17: .*between 0 and 2 ppm.*Give the threshold in ppm"):
        rulebook.load(seeds)


@pytest.mark.parametrize("unit", ["µg/m³", "μg/m³", "µg / m3"])
def test_a_unit_may_be_typed_as_keyboards_have_it(unit: str, seeds: Path) -> None:
    text = (
        RAIN.replace('"disaster"', '"air-quality"', 1).replace("rainfall_mm", "pm10_ugm3").replace('"mm"', f'"{unit}"')
    )
    (seeds / "rules" / "dust.toml").write_text(text, encoding="utf-8")
    assert len(rulebook.load(seeds)) == 2


def test_everything_that_is_wrong_in_all_files_is_told_at_once(seeds: Path) -> None:
    first = spoilt(seeds, WRONG["a number that is none"])
    first.write_text(first.read_text(encoding="utf-8").replace('source = "test"', "", 1), encoding="utf-8")
    second = seeds / "rules" / "broken.toml"
    second.write_text("[[rules]\n", encoding="utf-8")

    with pytest.raises(WrongSeed) as refused:
        rulebook.load(seeds)

    told = str(refused.value).splitlines()
    assert told[0].startswith("3 things are wrong")
    assert {line.split(": ")[0].strip() for line in told[1:]} == {f"{second}:1", f"{first}:15", f"{first}:29"}
    assert len(refused.value.parts) == 3


def test_two_files_with_rules_of_one_id_are_told_with_both(seeds: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (seeds / "rules" / name).write_text(RAIN, encoding="utf-8")

    with pytest.raises(WrongSeed) as refused:
        rulebook.load(seeds)

    told = str(refused.value)
    assert f"{seeds / 'rules' / 'b.toml'}:4: rain-1h: rule_id: this rule_id stands in a.toml too" in told
    assert f"{seeds / 'rules' / 'b.toml'}:40: quake" in told


def test_a_changed_copy_of_another_name_is_told_with_what_to_do(seeds: Path, tmp_path: Path) -> None:
    (seeds / "rules" / "rain.toml").write_text(RAIN, encoding="utf-8")
    copy = tmp_path / "a-copy.toml"
    copy.write_text(RAIN, encoding="utf-8")

    with pytest.raises(WrongSeed) as refused:
        rulebook.load(seeds, copy)

    told = str(refused.value)
    assert f"{copy}:4: rain-1h: rule_id: this rule_id stands in rain.toml too" in told
    assert "a copy of the same name" in told


@pytest.mark.parametrize("command", [["check"], ["rules", "test"]])
def test_the_commands_tell_it_and_a_start_does(
    command: list[str], seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spoilt(seeds, WRONG["unknown measure"])
    monkeypatch.setenv("URBANHUB_SEEDS", str(seeds))

    ended = CliRunner().invoke(app, command)

    assert isinstance(ended.exception, WrongSeed)
    assert str(ended.exception).startswith(f"{path}:9: ")
    with pytest.raises(WrongSeed, match=f"{path}:9: "):
        rule_watch.read(load().seeds)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b",), 2),
        (("b", 0), 3),
        (("b", 1), 5),
        (("b", 1, "x"), 5),
        (("b", 2), 2),
        (("c",), 7),
        (("d",), 10),
        (("d", 0), 10),
        (("d", 0, "e"), 11),
        (("d", 1, "f", "g"), 13),
        (("d", 1, "gone"), 12),
        (("gone",), 1),
    ],
)
def test_the_line_of_an_entry_is_where_it_begins(where: tuple[str | int, ...], line: int) -> None:
    text = 'a = 1\nb = [\n  { x = 1 },\n  # two\n  { x = 2 },\n]\nc = """\n[[d]]\n"""\n[[d]]\ne = 1\n[[d]]\nf.g = 2\n'
    assert line_of(text, where) == line
