"""Which rules may cover others: known ones, never each other, and only from rules whose alerts nobody closes by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from streams import rulebook
from streams.contract.rules import OnBulletin, Rule
from streams.errors import WrongSeed
from tests.support.small_city import write_seeds
from tests.support.timeline import RAIN_RULE, level

TEXT = {"ko": "{text}", "en": "{text}"}


def announced(kind: str, **more: Any) -> Rule:
    one = {k: v for k, v in level("advisory", {}, {}).items() if k not in ("raise", "clear")}
    one |= {"when": {"level": "advisory"}, "headline": TEXT}
    said = {"rule_id": "announced", "domain": "disaster", "name": {"ko": "특보", "en": "Warning"}}
    return Rule.model_validate(said | {"bulletin": {"kind": kind}, "levels": [one], **more})


@pytest.mark.parametrize("kind", ["weather-warning", "flood-notice"])
def test_what_its_institution_lifts_may_cover(kind: str) -> None:
    assert announced(kind, covers=["gust"]).covers == ["gust"]


@pytest.mark.parametrize("kind", ["earthquake", "emergency-message"])
def test_what_an_officer_may_close_covers_nothing(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"an alert on a {kind} is closed by hand, so it covers nothing"):
        announced(kind, covers=["gust"])


def test_a_rule_on_sensors_may_cover_and_names_each_once() -> None:
    said = RAIN_RULE.model_dump(by_alias=True)
    assert Rule.model_validate(said | {"covers": ["gust", "wind"]}).covers == ["gust", "wind"]
    with pytest.raises(ValidationError, match="it stands twice; keep one of them"):
        Rule.model_validate(said | {"covers": ["gust", "gust"]})


@pytest.mark.parametrize(
    ("hazard", "only", "other_than", "taken"),
    [
        ("typhoon", ["typhoon"], [], True),
        ("heat", ["typhoon"], [], False),
        (None, ["typhoon"], [], False),
        ("typhoon", None, ["typhoon"], False),
        ("heat", None, ["typhoon"], True),
        ("tornado", None, ["typhoon"], True),
        (None, None, ["typhoon"], True),
        (None, None, [], True),
    ],
)
def test_a_rule_takes_the_hazards_that_it_names(hazard: str | None, only: Any, other_than: Any, taken: bool) -> None:
    on = OnBulletin(kind="weather-warning", hazards=only, other_than=other_than)
    assert on.takes(hazard) is taken


# -- over all of a city's files ---------------------------------------------------------------------------------------

RULE = """
[[rules]]
rule_id = "{rule_id}"
domain = "disaster"
name = {{ ko = "규칙", en = "Rule" }}
covers = {covers}
[rules.when]
measure = "wind_gust_ms"
window = "reading"
[[rules.levels]]
level = "advisory"
raise = {{ at_least = 20 }}
clear = {{ below = 20 }}
severity = "Minor"
urgency = "Immediate"
certainty = "Observed"
headline = {{ ko = "{{value}}", en = "{{value}}" }}
instruction = {{ ko = "보라", en = "Watch" }}
source = "test"
"""


@pytest.mark.parametrize(
    ("covers", "told"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, None),
        ({"a": ["b", "c"], "b": ["c"], "c": []}, None),
        ({"a": ["wind"], "b": []}, ("rules.toml:6: a: covers.0: there is no such rule", "'wind'", "Name one of b")),
        ({"a": ["a"]}, ("rules.toml:6: a: covers.0: it would cover itself", "'a'")),
        ({"a": ["b"], "b": ["a"]}, ("rules.toml:6: a: covers.0: b covers a, too", "rules.toml:25: b: covers.0")),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, ("a: covers.0: b covers a, too", "Let only the wider one cover")),
    ],
)
def test_what_a_rule_covers_is_checked_with_its_place(
    tmp_path: Path, covers: dict[str, list[str]], told: tuple[str, ...] | None
) -> None:
    seeds = write_seeds(tmp_path)
    (seeds / "rules" / "river.toml").unlink()
    text = "".join(RULE.format(rule_id=rule_id, covers=f"{covered}") for rule_id, covered in covers.items())
    (seeds / "rules" / "rules.toml").write_text(text, encoding="utf-8")
    if told is None:
        assert {rule.rule_id: rule.covers for rule in rulebook.load(seeds)} == covers
        return
    with pytest.raises(WrongSeed) as refused:
        rulebook.load(seeds)
    for part in told:
        assert part in str(refused.value)
