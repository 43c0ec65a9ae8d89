"""A rule on zones says how it judges them; what does not fit together is refused with the field and the way out."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from pydantic import ValidationError

from streams import rulebook
from streams.contract.rules import Rule
from streams.errors import WrongSeed
from tests.support.zone_city import MEAN, SHARE, level


def _changed(rule: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    rule = deepcopy(rule)
    at, *names = rule, *path.split(".")
    for name in names[:-1]:
        at = at[int(name) if name.isdigit() else name]
    if value is None:
        del at[names[-1]]
    else:
        at[names[-1]] = value
    return rule


@pytest.mark.parametrize("rule", [MEAN, SHARE])
def test_a_rule_on_zones_is_read(rule: dict[str, Any]) -> None:
    read = Rule.model_validate(rule)
    assert read.when is not None
    assert read.when.zone is not None


@pytest.mark.parametrize(
    ("rule", "path", "value", "why"),
    [
        (MEAN, "when.zone", None, "write zone = { judge = 'mean' }"),
        (MEAN, "when.scope", "sensor", "zone is for scope = 'zone'"),
        (MEAN, "when.scope", None, "zone is for scope = 'zone'"),
        (MEAN, "when.scope", "city", "Input should be 'sensor' or 'zone'"),
        (MEAN, "when.window", "sliding", "scope = 'zone' judges final windows; write window = 'final'"),
        (MEAN, "when.zone.judge", "median", "Input should be 'mean', 'min', 'max' or 'share'"),
        (MEAN, "when.zone.at_least", 5, "at_least is for judge = 'share'"),
        (SHARE, "when.zone.at_least", None, "give it as at_least or at_most"),
        (SHARE, "when.zone.at_most", 9, "give it as at_least or at_most"),
        (SHARE, "when.zone.above", 9, "Extra inputs are not permitted"),
        (SHARE, "levels.1.raise.at_least", 101, "a share is 0 to 100 percent of the zone's sensors"),
        (SHARE, "levels.0.clear.below", -1, "a share is 0 to 100 percent of the zone's sensors; give it in percent"),
        (
            MEAN,
            "levels.0.headline.ko",
            "{sensor} 위험",
            "nothing fills in {sensor}; use one of {zone}",
        ),
        (
            MEAN,
            "levels",
            [level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention"})],
            "a zone has no gauge levels; give its thresholds as numbers",
        ),
    ],
)
def test_a_rule_on_zones_that_does_not_fit_together_is_refused(
    rule: dict[str, Any], path: str, value: Any, why: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Rule.model_validate(_changed(rule, path, value))
    assert why in str(refused.value)


def test_its_refusal_names_file_rule_field_value_and_fix(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    wrong = _changed(MEAN, "when.window_s", 61)
    (tmp_path / "rules" / "zones.toml").write_text(tomli_w.dumps({"rules": [SHARE, wrong]}))

    with pytest.raises(WrongSeed) as refused:
        rulebook.load(tmp_path)
    told = str(refused.value)
    for part in ("zones.toml:", "rain-mean", "when.window_s", "61", "Take one of"):
        assert part in told
