"""When an announcement reaches a level: what may be said of it, and which levels are refused because none can stand there."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from streams.contract.announced import BulletinWhen
from streams.contract.rules import Rule
from tests.support.timeline import level


def quake(*levels: tuple[str, Any]) -> Rule:
    entries = [
        {k: v for k, v in level(name, {}, {}).items() if k not in ("raise", "clear", "headline")}
        | {"when": when, "headline": {"ko": "{text}", "en": "{text}"}}
        for name, when in levels
    ]
    said = {"rule_id": "quake", "domain": "disaster", "name": {"ko": "지진", "en": "Quake"}}
    return Rule.model_validate(said | {"bulletin": {"kind": "earthquake"}, "levels": entries})


def test_one_condition_stands_for_a_list_of_it() -> None:
    one, many = quake(("attention", {"magnitude_at_least": 3})), quake(("attention", [{"magnitude_at_least": 3}]))
    assert one == many
    assert Rule.model_validate(many.model_dump(by_alias=True)) == many


def test_levels_of_several_alternatives_stand_where_each_can_be_the_highest() -> None:
    found = quake(
        ("attention", [{"magnitude_at_least": 3, "within_km": 50}, {"magnitude_at_least": 3.5, "within_km": 80}]),
        ("alert", [{"magnitude_at_least": 4}, {"intensity_at_least": 5}]),
        ("serious", [{"magnitude_at_least": 4, "within_km": 20}, {"intensity_at_least": 6}]),
    )
    assert [len(one.when or ()) for one in found.levels] == [2, 2, 2]


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ([("attention", {})], "it has no condition; give level, magnitude_at_least"),
        ([("attention", [])], "a rule on announcements has `when`"),
        ([("attention", {"within_km": 0})], "greater than 0"),
        ([("attention", {"intensity_at_least": 13})], "less than or equal to 12"),
        ([("attention", {"magnitude": 3})], "Extra inputs"),
        ([("attention", "3.5")], "valid list"),
        (
            [("attention", {"magnitude_at_least": 5}), ("alert", {"magnitude_at_least": 4})],
            "it must grow with the level: whatever reaches attention reaches alert too",
        ),
        ([("attention", {"magnitude_at_least": 4}), ("alert", {"magnitude_at_least": 4})], "must grow"),
        ([("attention", {"within_km": 50}), ("alert", {"within_km": 50})], "must grow"),
        (
            [
                ("attention", [{"magnitude_at_least": 5, "within_km": 50}, {"intensity_at_least": 6}]),
                ("alert", [{"magnitude_at_least": 4, "within_km": 80}, {"intensity_at_least": 5}]),
            ],
            "must grow",
        ),
        (
            [
                ("attention", {"magnitude_at_least": 5}),
                ("caution", {"intensity_at_least": 5}),
                ("alert", {"magnitude_at_least": 4.5}),
            ],
            "whatever reaches attention reaches alert",
        ),
    ],
)
def test_what_does_not_fit_is_refused(levels: list[tuple[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        quake(*levels)


@pytest.mark.parametrize(
    ("mine", "other", "implied"),
    [
        ({"magnitude_at_least": 4}, {"magnitude_at_least": 3}, True),
        ({"magnitude_at_least": 3}, {"magnitude_at_least": 4}, False),
        ({"magnitude_at_least": 4, "within_km": 50}, {"within_km": 80}, True),
        ({"within_km": 80}, {"within_km": 50}, False),
        ({"magnitude_at_least": 4}, {"within_km": 80}, False),
        ({"intensity_at_least": 5, "level": "warning"}, {"level": "warning"}, True),
        ({"level": "advisory"}, {"level": "warning"}, False),
        ({"intensity_at_least": 4}, {"intensity_at_least": 5}, False),
    ],
)
def test_one_condition_implies_another_only_where_it_is_as_strict_in_all(
    mine: dict[str, Any], other: dict[str, Any], implied: bool
) -> None:
    assert BulletinWhen.model_validate(mine).implies(BulletinWhen.model_validate(other)) is implied
