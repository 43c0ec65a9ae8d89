"""The shipped rules say what law and institutions say, in both languages; their timelines hold what they do."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from streams.contract.alerts import Bilingual
from streams.contract.derived import DERIVED
from streams.contract.readings import MEASURES
from streams.rulebook import load

SEEDS = Path(__file__).parents[3] / "seeds"
RULES = {rule.rule_id: rule for rule in load(SEEDS)}
TEXTS = [
    (f"{rule.rule_id}/{level.level}/{name}", text)
    for rule in RULES.values()
    for level in rule.levels
    for name, text in (("headline", level.headline), ("instruction", level.instruction))
]
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_a_text_is_korean_in_korean(name: str, text: Bilingual) -> None:
    assert HANGUL.search(text.ko)
    assert not HANGUL.search(re.sub("관심|주의|경계|심각", "", text.en)), (
        "only the crisis levels keep their Korean names"
    )


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_headline_tells_where_and_how_much(rule_id: str) -> None:
    rule = RULES[rule_id]
    needed = {"zone", "sensor", "value"} if rule.bulletin is None else {"text"}
    for level in rule.levels:
        for said in (level.headline.ko, level.headline.en):
            assert needed <= {field for _, field, _, _ in Formatter().parse(said)}, said


@pytest.mark.parametrize("rule_id", ["river-level", "river-rise", "heavy-rain-3h", "heavy-rain-12h", "extreme-rain"])
def test_a_gauges_alert_says_that_it_was_observed(rule_id: str) -> None:
    for level in RULES[rule_id].levels:
        assert "관측" in level.headline.ko
        assert "observed" in level.headline.en
        assert level.certainty == "Observed"


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_number_names_its_source_and_when_it_was_read(rule_id: str) -> None:
    rule = RULES[rule_id]
    for level in rule.levels:
        numbers = level.raised is not None and level.raised.gauge_level is None
        numbers |= any(one.magnitude_at_least is not None for one in level.when or ())
        if rule.absence is not None:
            assert "이 허브의 자체 기준" in level.source, "no law says after how long a sensor is absent"
            continue
        if numbers and rule_id != "shaking":
            assert re.search(r"에서 20\d\d-\d\d-\d\d 확인|^이 허브의 자체 기준", level.source), level.source
        assert re.search("법|규정|기준|가이드라인|구간|4단계|홍수예보", level.source)


def test_a_number_whose_source_was_not_at_hand_says_so() -> None:
    assert all("미열람" in level.source for level in RULES["shaking"].levels)


def test_severity_never_falls_as_the_level_rises() -> None:
    order = ["Unknown", "Minor", "Moderate", "Severe", "Extreme"]
    for rule in RULES.values():
        ranks = [order.index(level.severity) for level in rule.levels]
        assert ranks == sorted(ranks), rule.rule_id


def test_every_measure_that_a_rule_watches_is_of_its_domain() -> None:
    for rule in RULES.values():
        if rule.when is not None:
            assert (rule.domain, rule.when.measure) in MEASURES | DERIVED


def test_a_typhoon_warning_covers_what_blows_and_nothing_that_drowns() -> None:
    assert {rule.rule_id: rule.covers for rule in RULES.values() if rule.covers} == {
        "typhoon-warning": ["strong-wind", "strong-gust"]
    }
