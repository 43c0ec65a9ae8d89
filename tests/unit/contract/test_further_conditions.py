"""Further conditions and the air-quality index in a rule: what does not fit is told with its place, value and what to do."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from streams.contract.further import Also
from streams.contract.rules import Rule
from tests.support.timeline import level

JOINED: dict[str, Any] = {
    "rule_id": "joined",
    "domain": "disaster",
    "name": {"ko": "규칙", "en": "Rule"},
    "when": {"measure": "rainfall_mm", "window": "sliding", "window_s": 3600, "aggregate": "sum"},
    "levels": [
        level("advisory", {"at_least": 50}, {"below": 25}),
        level(
            "warning",
            {"at_least": 50, "also": [{"window_s": 10_800, "at_least": 90}], "or_at_least": 72},
            {"below": 40},
        ),
    ],
}
INDEX: dict[str, Any] = {
    "rule_id": "index",
    "domain": "air-quality",
    "name": {"ko": "지수", "en": "Index"},
    "when": {"measure": "cai", "window": "final", "window_s": 3600},
    "levels": [level("advisory", {"at_least": 101}, {"below": 101})],
}


def changed(rule: dict[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A rule with values put, by dotted place, where None takes one away."""
    other = deepcopy(rule)
    for place, value in changes:
        *keys, last = [int(key) if key.isdigit() else key for key in place.split(".")]
        found: Any = other
        for key in keys:
            found = found[key]
        found[last] = value
        if value is None:
            del found[last]
    return other


def test_a_further_condition_is_as_the_rule_is_but_for_what_it_says() -> None:
    rule = Rule.model_validate(JOINED)
    assert rule.when is not None and rule.levels[1].raised is not None

    (further,) = rule.levels[1].raised.also

    assert further.of(rule.when) == Also("rainfall_mm", 10_800, "sum", 90, None)


ALSO = "levels.1.raise.also"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([(f"{ALSO}.0.at_least", None)], "one bound; give it as at_least or at_most"),
        ([(f"{ALSO}.0.at_most", 9)], "one bound; give it as at_least or at_most"),
        ([(f"{ALSO}.0.measure", "pm10_ugm3")], "disaster has no such measure; take one of rainfall_mm"),
        ([(f"{ALSO}.0.window_s", 7200)], "no such length; take one of 600, 3600"),
        ([(f"{ALSO}.0.window_s", 3600)], "the rule's own value once more; name another"),
        ([(f"{ALSO}.0.window_s", None)], "the rule's own value once more; name another"),
        ([(f"{ALSO}.0.aggregate", "max")], "a sliding window gives no such value; take sum, mean or rise"),
        ([(f"{ALSO}.0", {"measure": "temperature_c", "aggregate": "mean", "at_least": 300})], "between -60 and 60 °C"),
        ([(f"{ALSO}.0.below", 9)], "Extra inputs are not permitted"),
        ([(ALSO, [])], "or_at_least is beside further conditions"),
        ([("levels.1.raise.or_at_least", 50)], "it reaches the level alone where 50 does not yet"),
        ([("levels.1.raise.or_at_most", 72)], "direction above takes or_at_least"),
        ([(ALSO, None), ("levels.1.raise.or_at_least", None)], "it must grow with the level"),
        (
            [("when", {"measure": "rainfall_mm", "window": "reading"})],
            "further conditions join windows of one sensor; judge each sensor's final or sliding windows",
        ),
        (
            [("when", {"measure": "rainfall_mm", "window": "final", "window_s": 3600, "aggregate": "sum"})],
            "a further condition on final windows is of the same window; leave it out",
        ),
        (
            [
                ("when", {"measure": "rainfall_mm", "window": "final", "window_s": 86_400, "aggregate": "sum"}),
                (f"{ALSO}.0", {"aggregate": "rise", "at_least": 9}),
            ],
            "a rise is within ten minutes to twelve hours; take another aggregate",
        ),
        (
            [
                (
                    "when",
                    {
                        "measure": "rainfall_mm",
                        "window": "final",
                        "window_s": 3600,
                        "aggregate": "sum",
                        "scope": "zone",
                        "zone": {"judge": "max"},
                    },
                ),
                ("levels.0.headline", {"ko": "{zone}", "en": "{zone}"}),
                ("levels.1.headline", {"ko": "{zone}", "en": "{zone}"}),
            ],
            "further conditions join windows of one sensor",
        ),
    ],
)
def test_a_further_condition_that_does_not_fit_is_refused(changes: list[tuple[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told.replace("(", r"\(")):
        Rule.model_validate(changed(JOINED, *changes))


def test_what_reaches_a_low_level_alone_lies_below_it() -> None:
    calm = changed(
        JOINED,
        ("when", JOINED["when"] | {"direction": "below"}),
        ("levels", [level("advisory", {"at_most": 5, "also": [{"window_s": 600, "at_most": 1}]}, {"above": 9})]),
    )
    Rule.model_validate(changed(calm, ("levels.0.raise.or_at_most", 4)))
    with pytest.raises(ValidationError, match="let it lie below 5"):
        Rule.model_validate(changed(calm, ("levels.0.raise.or_at_most", 5)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("when.window_s", 600)], "cai is calculated at the end of each hour; write window = 'final'"),
        ([("when.window", "sliding"), ("when.aggregate", "mean")], "cai is calculated at the end of each hour"),
        ([("when.aggregate", "last")], "cai says itself what it makes of the hours; leave aggregate out"),
        ([("when.unit", "µg/m³")], "thresholds of cai are in no unit; leave unit out"),
        ([("when.scope", "zone"), ("when.zone", {"judge": "max"})], "cai is a station's; judge each sensor's"),
        ([("levels.0.raise.also", [{"measure": "o3_ppm", "at_least": 0.1}])], "cai is judged alone; leave also out"),
        ([("levels.0.raise.at_least", 501)], "cai lies between 0 and 500"),
        ([("domain", "disaster")], "disaster has no such measure"),
    ],
)
def test_a_rule_on_the_index_that_does_not_fit_is_refused(changes: list[tuple[str, Any]], told: str) -> None:
    zone = {"ko": "{zone}", "en": "{zone}"}
    Rule.model_validate(INDEX)
    with pytest.raises(ValidationError, match=told):
        Rule.model_validate(changed(INDEX, ("levels.0.headline", zone), *changes))
