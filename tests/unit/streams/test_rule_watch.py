"""Rule files that change: read when they stand still, refused once where they are wrong, the old set going on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from streams import metrics, rule_watch
from streams.rule_watch import RuleSet, RuleWatch, read
from tests.support.small_city import RULES, write_seeds

OTHER = RULES.replace('rule_id = "river-level"', 'rule_id = "river-level-2"')
WRONG = RULES.replace('measure = "water_level_m"', 'measure = "water_level"')


class Watched:
    """The rule files of a city, and what watches them.

    Args:
        folder: where the city is written.
    """

    def __init__(self, folder: Path) -> None:
        self.seeds = write_seeds(folder)
        self.watch = RuleWatch(self.seeds, read(self.seeds))

    def write(self, text: str, name: str = "river.toml") -> None:
        (self.seeds / "rules" / name).write_text(text)

    def looks(self, times: int = 2) -> tuple[list[RuleSet], list[MutableMapping[str, Any]]]:
        """What is taken up in so many looks, and what is logged."""
        with capture_logs() as logs:
            found = [each for _ in range(times) if (each := self.watch.look()) is not None]
        return found, logs


@pytest.fixture
def rules(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def _ids(found: list[RuleSet]) -> list[list[str]]:
    return [[rule.rule_id for rule in each.rules] for each in found]


def _is_older() -> bool:
    (sample,) = next(iter(metrics.RULES_OLDER.collect())).samples
    return bool(sample.value)


def test_another_set_is_taken_up_once(rules: Watched) -> None:
    rules.write(OTHER)

    found, _ = rules.looks(5)

    assert _ids(found) == [["river-level-2"]]
    assert found[0].digest == read(rules.seeds).digest


def test_what_is_still_being_written_is_not_read(rules: Watched) -> None:
    rules.write(OTHER.replace("river-level-2", "river-level"), "copied.toml")
    assert rules.looks(1) == ([], [])  # as if a rule moved to another file, and this half of it came first
    rules.write(OTHER)

    found, logs = rules.looks(3)

    assert _ids(found) == [["river-level", "river-level-2"]]
    assert logs == []


def test_what_changes_while_it_is_read_is_read_again(rules: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    load = rule_watch.rulebook.load

    def slow(seeds: Path) -> Any:
        found = load(seeds)
        rules.write(OTHER.replace("river-level-2", "river-level-3"))
        return found

    rules.write(OTHER)
    monkeypatch.setattr(rule_watch.rulebook, "load", slow)
    assert rules.looks(2) == ([], [])
    monkeypatch.undo()

    assert _ids(rules.looks(3)[0]) == [["river-level-3"]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (WRONG, "water_level"),
        (RULES + "\n[[rules", "TOML"),
        (RULES.replace("source", "sources"), "source"),
        (RULES + OTHER.replace("river-level-2", "river-level"), "river-level"),
    ],
)
def test_a_wrong_set_is_told_once_with_its_place_and_the_old_goes_on(rules: Watched, text: str, place: str) -> None:
    before = metrics.RULE_CHANGES.labels("refused")._value.get()
    rules.write(text)

    found, logs = rules.looks(5)

    assert found == []
    (told,) = logs
    assert (told["event"], told["log_level"]) == ("rules_refused", "error")
    assert "river.toml" in told["error"] and place in told["error"]
    assert metrics.RULE_CHANGES.labels("refused")._value.get() == before + 1
    assert _is_older()


def test_each_version_of_a_wrong_set_is_told(rules: Watched) -> None:
    rules.write(WRONG)
    rules.looks()
    rules.write(WRONG + "\n")

    assert [told["event"] for told in rules.looks(3)[1]] == ["rules_refused"]


def test_a_wrong_set_that_is_mended_is_taken_up_or_is_the_old_one_again(rules: Watched) -> None:
    rules.write(WRONG)
    rules.looks()
    rules.write(RULES)

    found, logs = rules.looks(3)

    assert found == []
    assert [told["event"] for told in logs] == ["rules_mended"]
    assert not _is_older()
    rules.write(WRONG)
    rules.looks()
    rules.write(OTHER)
    assert _ids(rules.looks(3)[0]) == [["river-level-2"]]
    assert not _is_older()


def test_files_that_are_gone_end_no_alert(rules: Watched) -> None:
    (rules.seeds / "rules" / "river.toml").unlink()

    found, logs = rules.looks(3)

    assert found == []
    assert "the rule files are gone" in logs[0]["error"]


def test_a_file_that_cannot_be_read_is_a_wrong_one(rules: Watched) -> None:
    (rules.seeds / "rules" / "more.toml").mkdir()  # as good as one of another owner, which root may read

    found, logs = rules.looks(3)

    assert found == []
    assert "more.toml: cannot be read" in logs[0]["error"]


def test_what_no_reader_of_toml_comes_through_ends_nothing(rules: Watched) -> None:
    rules.write("rules = " + "[" * 5000)

    found, logs = rules.looks(3)

    assert found == []
    assert [each["event"] for each in logs] == ["rules_refused"]
    assert _is_older()


def test_a_copy_of_the_same_and_what_is_no_rule_change_nothing(rules: Watched) -> None:
    os.utime(rules.seeds / "rules" / "river.toml", (1, 1))
    rules.write("no rule", "river.test.toml")
    rules.write("no rule", "notes.txt")

    assert rules.looks(3) == ([], [])


async def test_who_waits_is_given_the_next_set_that_is_right(rules: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_watch, "LOOK_EVERY_S", 0.01)
    rules.write(WRONG)
    waiting = asyncio.create_task(rules.watch.changed())
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    rules.write(OTHER)

    assert _ids([await asyncio.wait_for(waiting, 10)]) == [["river-level-2"]]
