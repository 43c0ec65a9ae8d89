"""Ten thousand random timelines of each kind of rule on sensors and zones: the engine answers as calculated.

The calculation shares no code with the engine. Gaps, readings out of order, after the grace and twice, restarts and step-ups
are in it, and are counted, lest it compare nothing.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.random_timelines import ManyTimelines, Speaking
from tests.support.timeline import level

TIMELINES = 10_000
SENSORS = 500
"""In one run."""
PER_ZONE = 3
EXERCISE = "random-20261130T000000Z"
LEVELS = {"attention": 1.0, "caution": 2.0, "alert": 3.0, "serious": 4.0}
STAGES = (0.5, 0.899999, 0.9, 0.95, 1.0, 1.5, 1.999999, 2.0, 2.5, 3.0, 2.9, 4.0, 4.2)
HEARD = {"gap", "reordered", "late", "repeated"}
TRANSITIONS = ("raised", "stepped_up", "stepped_down", "cleared")


class Case(NamedTuple):
    """A kind of rule: how sensors speak of it, and the rules."""

    speaking: Speaking
    rules: list[dict[str, Any]]
    partitions: int = 1


KINDS = ("river-gauge", "tide-gauge", "rain-gauge", "wind-station")


def rule(rule_id: str, kind: int | None, when: dict[str, Any], *levels: dict[str, Any]) -> dict[str, Any]:
    """A rule as it stands in a file, on sensors of the kind of this number (None: of each)."""
    return {
        "rule_id": rule_id,
        "domain": "disaster",
        "name": {"ko": "규칙", "en": "Rule"},
        "when": {"measure": "water_level_m", "kinds": KINDS if kind is None else [KINDS[kind]], **when},
        "levels": [each | {"headline": {"ko": "{value}", "en": "{value}"}} for each in levels],
    }


def windows(kind: str, window_s: int, aggregate: str, **more: Any) -> dict[str, Any]:
    return {"window": kind, "window_s": window_s, "aggregate": aggregate, **more}


def of_zones(
    rule_id: str, window_s: int, aggregate: str, zone: dict[str, Any], *levels: dict[str, Any]
) -> dict[str, Any]:
    """A rule on zones by all of their sensors."""
    return rule(rule_id, None, windows("final", window_s, aggregate, scope="zone", zone=zone), *levels)


def two(reach: float, higher: float, leave: float, **hold: float) -> list[dict[str, Any]]:
    """Two levels with durations of their own."""
    return [
        level("advisory", {"at_least": reach, "hold_s": hold.get("up", 0)}, {"below": leave}),
        level("warning", {"at_least": higher}, {"below": reach, "hold_s": hold.get("down", 0)}),
    ]


def two_below(reach: float, lower: float, leave: float) -> list[dict[str, Any]]:
    return [
        level("advisory", {"at_most": reach}, {"above": leave}),
        level("warning", {"at_most": lower, "hold_s": 60}, {"above": reach}),
    ]


def gauge(name: str, **hold: float) -> dict[str, Any]:
    clear = {"below_gauge_level": name, "margin": 0.1, "hold_s": hold.get("down", 0)}
    return level(name, {"gauge_level": name, "hold_s": hold.get("up", 0)}, clear)


def stage(every_s: int, rules: int, readings: int = 12, **more: Any) -> Speaking:
    return Speaking("disaster", "water_level_m", KINDS[:rules], STAGES, every_s, readings, **more)


CASES: dict[str, Case] = {
    "single readings": Case(
        stage(600, 2, gauge_levels=LEVELS),
        [
            rule(
                "gauge",
                0,
                {"window": "reading"},
                gauge("attention"),
                gauge("caution", up=600),
                gauge("alert", down=1200),
            ),
            rule("low", 1, {"window": "reading", "direction": "below"}, *two_below(2, 1, 2.5)),
        ],
    ),
    "final windows": Case(
        stage(60, 4),
        [
            rule("minute", 0, windows("final", 60, "last"), *two(1, 2, 0.9, up=180, down=120)),
            rule("ten-minutes", 1, windows("final", 600, "mean"), *two(1.5, 2.4, 1.5, up=1200)),
            rule("greatest", 2, windows("final", 600, "max"), *two(2, 4, 1)),
            rule("least", 3, windows("final", 600, "min", direction="below"), *two_below(1, 0.5, 1)),
        ],
    ),
    "hours": Case(
        stage(600, 3),
        [
            rule("hour", 0, windows("final", 3600, "mean"), *two(1.5, 2.4, 1.5, up=7200)),
            rule("hour-sum", 1, windows("final", 3600, "sum"), *two(9, 14, 8)),
            rule("three-hours", 2, windows("final", 10_800, "last"), *two(1, 2.5, 1)),
        ],
    ),
    "sums and means that slide": Case(
        stage(60, 2, 16),
        [
            rule("sum", 0, windows("sliding", 600, "sum"), *two(15, 20, 12, up=120, down=60)),
            rule("mean", 1, windows("sliding", 3600, "mean"), *two(1.5, 2, 1.4)),
        ],
    ),
    "rises and falls": Case(
        stage(60, 2, 16),
        [
            rule("rise", 0, windows("sliding", 600, "rise"), *two(1, 2, 0.5, up=120)),
            rule("fall", 1, windows("final", 600, "rise", direction="below"), *two_below(-0.5, -2, 0)),
        ],
    ),
    "zones": Case(
        stage(60, 1, 16, per_zone=PER_ZONE),
        [
            of_zones("zone-mean", 600, "mean", {"judge": "mean"}, *two(1.9, 2, 1.9)),
            of_zones("zone-most", 60, "max", {"judge": "max"}, *two(4.0, 4.2, 4.0)),
            of_zones("zone-least", 60, "min", {"judge": "min"}, *two(0.6, 0.9, 0.6)),
            of_zones("zone-share", 600, "last", {"judge": "share", "at_least": 2}, *two(50, 54, 50, up=1200)),
        ],
        partitions=4,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_engine_answers_as_calculated(name: str, tmp_path: Path) -> None:
    case, seen = CASES[name], Counter[str]()
    many = ManyTimelines(tmp_path, case.speaking, case.rules, sensors=SENSORS, partitions=case.partitions)
    judged = SENSORS // PER_ZONE * len(case.rules) if case.speaking.per_zone else SENSORS
    for run in range(TIMELINES // judged):
        assert many.differences(run, EXERCISE if run % 2 else None, seen) == [], run
    assert {what for what in HEARD if not seen[what]} == set()
    told = {(rule["rule_id"], what) for rule in case.rules for what in TRANSITIONS}
    assert {(rule_id, what) for rule_id, what, _ in map(str.split, seen.keys() - HEARD)} == told
