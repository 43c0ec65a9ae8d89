"""`urbanhub rules test`: what an officer may write in a test, what is told of one that fails, and of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.rules.series import OF_THE_RULE, Said, values_of
from deploy.rules.timelines import Timeline, read_tests
from deploy.rules.trial import tried
from streams import registry, rulebook
from streams.errors import HubError, Misfit, WrongInput, WrongSeed
from tests.support.small_city import write_seeds
from tests.support.zone_city import write_zone_city

HEAD = 'rule = "river-level"\nname = "the water rises"\nclause = "§ 1"\n'
GOOD = f"""[[tests]]
{HEAD}readings = {{ river-1 = "0.99 for 10m, 1 for 10m" }}
expect = [{{ at = "00:10", transition = "raised", level = "attention", value = 1 }}]
"""


@pytest.fixture(autouse=True)
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = write_seeds(tmp_path / "seeds")
    monkeypatch.setenv("URBANHUB_SEEDS", str(found))
    return found


def ran(*files: Path) -> Result:
    return CliRunner().invoke(app, ["rules", "test", *map(str, files)])


def write_tests(seeds: Path, text: str) -> Path:
    path = seeds / "rules" / "river.test.toml"
    path.write_text(text, encoding="utf-8")
    return path


# -- how it goes --------------------------------------------------------------------------------------------------------


def test_a_test_that_passes_is_counted_by_its_rule(seeds: Path) -> None:
    write_tests(seeds, GOOD)

    done = ran()

    assert done.output.splitlines() == ["passed    river-level: 1 of 1", "1 passed, 0 failed"]
    assert done.exit_code == 0


def test_one_that_fails_is_told_with_place_clause_and_both_sides(seeds: Path) -> None:
    path = write_tests(seeds, f"# Tests.\n\n{GOOD}".replace("value = 1 ", "value = 2 "))

    done = ran()

    told = done.output.splitlines()
    assert told[0] == "FAILED    river-level: 0 of 1"
    assert told[1].endswith(f"{path.name}:3: the water rises")
    assert [line.strip() for line in told[2:]] == [
        "clause    § 1",
        "expected  00:10 raised attention 2",
        "came      00:10 raised attention 1 river-1",
        "0 passed, 1 failed",
    ]
    assert done.exit_code == 1


def test_of_many_the_one_that_fails_is_told(seeds: Path) -> None:
    names = [f"the water rises, {number}" for number in range(9)]
    many = [GOOD.replace("the water rises", name) for name in names]
    many[2] = many[2].replace("value = 1 ", "value = 2 ")
    path = write_tests(seeds, "".join(many))

    told = ran().output.splitlines()

    assert told[0] == "FAILED    river-level: 8 of 9"
    assert [line for line in told if path.name in line] == [told[1]] and told[1].endswith(names[2])


@pytest.mark.parametrize(
    "expect",
    [
        "[]",
        '[{ at = "00:10", transition = "raised", level = "attention" }, { at = "00:20", transition = "cleared" }]',
        '[{ at = "00:20", transition = "raised", level = "attention" }]',
        '[{ at = "00:10", transition = "raised", level = "caution" }]',
        '[{ at = "00:10", transition = "stepped_up", level = "attention" }]',
        '[{ at = "00:10", transition = "raised", level = "attention", scope = "river-2" }]',
        '[{ at = "00:10", transition = "raised", level = "attention", value = 1.1 }]',
    ],
)
def test_anything_else_than_what_is_expected_fails(expect: str, seeds: Path) -> None:
    text = GOOD.partition("expect")[0] + f"expect = {expect}\n"
    write_tests(seeds, text)
    assert ran().exit_code == 1


@pytest.mark.parametrize("name", ["river.toml", "river.test.toml"])
def test_a_file_may_be_that_of_the_rules_or_that_of_their_tests(name: str, seeds: Path) -> None:
    write_tests(seeds, GOOD)
    assert ran(seeds / "rules" / name).output.splitlines()[-1] == "1 passed, 0 failed"


def test_rules_that_are_not_the_citys_yet_are_tested_on_its_sensors(seeds: Path, tmp_path: Path) -> None:
    for name in ("river.toml", "river.test.toml"):
        text = GOOD if "test" in name else (seeds / "rules" / "river.toml").read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace('"attention" }\nclear', '"caution" }\nclear'), encoding="utf-8")

    done = ran(tmp_path / "river.toml")

    assert done.exit_code == 1
    assert "came      no alert" in done.output


def test_rules_without_tests_are_named(seeds: Path) -> None:
    done = ran()
    assert done.output.splitlines() == ["no tests  river.toml", "0 passed, 0 failed"]
    assert done.exit_code == 0


def test_tests_whose_rules_are_gone_are_told(seeds: Path) -> None:
    path = write_tests(seeds, GOOD)
    path.rename(path.with_name("canal.test.toml"))

    done = ran()

    assert isinstance(done.exception, WrongInput)
    assert "canal.toml: the file is not there" in str(done.exception)


def test_a_file_that_is_not_there_is_told(seeds: Path) -> None:
    done = ran(seeds / "rules" / "river.toml")
    assert isinstance(done.exception, WrongInput)
    assert "river.test.toml" in str(done.exception)


# -- what a test may say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "step_s", "said"),
    [
        ("149 for 2h", 3600, [(0, 149.0, None), (3600, 149.0, None)]),
        ("-1.5 for 1m", 60, [(0, -1.5, None)]),
        ("1 for 1m,  nothing for 2m, 2 for 1m", 60, [(0, 1.0, None), (180, 2.0, None)]),
        ("1 suspect for 30s", 30, [(0, 1.0, "suspect")]),
        ("1 to 2 for 3m", 60, [(0, 1.0, None), (60, 1.5, None), (120, 2.0, None)]),
        ("1 to 2 for 1m", 60, [(0, 1.0, None)]),
        ("1 for 1h30m", 1800, [(0, 1.0, None), (1800, 1.0, None), (3600, 1.0, None)]),
    ],
)
def test_a_series_is_a_value_for_each_step(text: str, step_s: int, said: list[tuple[int, float, str | None]]) -> None:
    test = Timeline.model_validate({"rule": "r", "name": "n", "clause": "c", "readings": {"s": text}, "expect": []})
    assert list(values_of(test.readings["s"][OF_THE_RULE], step_s)) == [Said(*one) for one in said]


def test_a_stretch_that_is_no_whole_number_of_steps_is_refused() -> None:
    test = Timeline.model_validate(
        {"rule": "r", "name": "n", "clause": "c", "readings": {"s": "1 for 90s"}, "expect": []}
    )
    with pytest.raises(Misfit, match="no whole number of steps of 60 s"):
        list(values_of(test.readings["s"][OF_THE_RULE], 60))


def test_a_zone_rule_is_tested_by_the_sensors_of_its_zone(tmp_path: Path) -> None:
    seeds = write_zone_city(tmp_path / "zones")
    known, rules = registry.load(seeds), {one.rule_id: one for one in rulebook.load(seeds)}
    test = Timeline.model_validate(
        {
            "rule": "clear-nowhere",
            "name": "n",
            "clause": "c",
            "readings": {"haze-0": "149 for 1h, 150 for 3h", "haze-1": "200 for 4h", "haze-2": "200 for 4h"},
            "expect": [
                {"at": "03:00", "transition": "raised", "level": "advisory", "value": 150, "scope": "jukdo-dong"}
            ],
        }
    )
    assert tried(test, rules["clear-nowhere"], known).came == ["03:00 raised advisory 150 jukdo-dong"]
    assert tried(test, rules["clear-nowhere"], known).passed


# -- what is wrong ------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "no such rule": ('"river-level"', '"rivers"', 2, ("'rivers'", "Name one of river-level")),
    "no such sensor": ("river-1 =", "river-9 =", 5, ("readings.river-9", "urbanhub sensors list")),
    "a sensor without the measure": ("river-1 =", "rain-1 =", 5, ("rain-1 has no water_level_m",)),
    "a series that says nothing": ("0.99 for 10m", "0.99 in 10m", 5, ("'0.99 in 10m'", "Write for example")),
    "a length that is none": ("0.99 for 10m", "0.99 for 10", 5, ("'0.99 for 10'",)),
    "a stretch between two steps": ("0.99 for 10m", "0.99 for 15m", 5, ("900 s", "600 s")),
    "a value that the hub would refuse": ("0.99 for 10m", "201 for 10m", 5, ("between -20 and 200 m", "'201.0'")),
    "a step of nothing": ("readings =", 'every = "0m"\nreadings =', 5, ("every", "greater than 0")),
    "a time that is none": ('at = "00:10"', 'at = "10 past"', 6, ("expect.0.at", "'10 past'", "HH:MM")),
    "a level at the end": ('"raised", level', '"cleared", level', 6, ("Take level away",)),
    "no level": (', level = "attention"', "", 6, ("Name the level",)),
    "an unknown field": ("clause", "claus", 1, ("clause", "Add it")),
    "nothing expected": ("expect = [", "restart_at = []\n# [", 1, ("it expects nothing", "[] where")),
    "nothing happening": ("readings = { river-1", "# {", 1, ("nothing happens",)),
    "bulletins for a rule on sensors": (
        "readings =",
        'bulletins = [{ at = "01:00" }]\nreadings =',
        5,
        ("no bulletins",),
    ),
    "a scenario beside readings": ("readings =", 'scenario = "typhoon"\nreadings =', 5, ("'typhoon'", "alone")),
    "no tests": ("[[tests]]", "[[test]]", 1, ("tests", "Add it")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_test_is_told_with_file_line_value_and_fix(name: str, seeds: Path) -> None:
    old, new, line, parts = WRONG[name]
    assert old in GOOD
    path = write_tests(seeds, GOOD.replace(old, new, 1))

    with pytest.raises(WrongSeed) as refused:
        read_tests(path, registry.load(seeds))

    told = str(refused.value)
    assert f"{path}:{line}: " in told, told
    for part in parts:
        assert part in told, told


def test_a_scenario_that_is_not_there_is_told(seeds: Path) -> None:
    write_tests(seeds, f'[[tests]]\n{HEAD}scenario = "flood"\n')
    done = ran()
    assert isinstance(done.exception, HubError)
    assert "flood" in str(done.exception)
