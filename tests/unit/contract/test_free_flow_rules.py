"""A rule whose thresholds are a share of a link's free flow: what is taken, and what is refused with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from streams.contract.rules import Rule
from tests.support.timeline import level, rule

ROAD = {"measure": "speed_kmh", "window": "reading", "direction": "below"}
JAM = level("advisory", {"at_most_free_flow_pct": 30}, {"above_free_flow_pct": 50})


def road(when: dict[str, Any], *levels: dict[str, Any]) -> Rule:
    return rule("jam", ROAD | when, *levels, domain="traffic")


def test_a_share_of_the_free_flow_is_a_threshold() -> None:
    assert road({}, JAM).levels[0].raised is not None
    racing = level("advisory", {"at_least_free_flow_pct": 120}, {"below_free_flow_pct": 110, "margin": 1})
    assert road({"direction": "above"}, racing).levels[0].clear is not None


@pytest.mark.parametrize(
    ("when", "levels", "told"),
    [
        ({"measure": "flow_vph"}, [JAM], "only a speed is measured by a free flow; take speed_kmh"),
        ({"window": "sliding", "window_s": 600, "aggregate": "rise"}, [JAM], "only a speed"),
        ({"direction": "above"}, [JAM], "direction above takes one of"),
        ({}, [level("advisory", {"at_most_free_flow_pct": 30}, {"above": 25})], "compared with a number"),
        ({}, [level("advisory", {"at_most": 15}, {"above_free_flow_pct": 50})], "compared with a number"),
        ({}, [JAM, level("warning", {"at_most": 5}, {"above": 10})], "compared with a number"),
        ({}, [level("advisory", {"at_most_free_flow_pct": 30}, {"above_free_flow_pct": 29})], "ends above 29 %"),
        (
            {"direction": "above"},
            [level("advisory", {"at_least_free_flow_pct": 120}, {"below_free_flow_pct": 121})],
            "ends below 121 %",
        ),
        ({}, [JAM, level("warning", {"at_most_free_flow_pct": 30}, {"above_free_flow_pct": 40})], "must fall"),
        ({}, [level("advisory", {"at_most_free_flow_pct": 0}, {"above_free_flow_pct": 50})], "greater than 0"),
        ({}, [level("advisory", {"at_most": 9, "at_most_free_flow_pct": 30}, {"above": 25})], "takes one of"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(
    when: dict[str, Any], levels: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        road(when, *levels)


def test_a_zone_has_no_free_flow() -> None:
    zone = {"scope": "zone", "zone": {"judge": "mean"}, "window": "final", "window_s": 600}
    words = {"headline": {"ko": "{zone} {value}", "en": "{zone} {value}"}}
    with pytest.raises(ValidationError, match="a zone has no free flow; judge each link"):
        road(zone, JAM | words)
