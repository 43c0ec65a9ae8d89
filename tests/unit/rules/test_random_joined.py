"""Twelve thousand random pasts, of a sensor by a rule: levels that ask for a further value, as the calculation has them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.support.random_rules import Said, agreed, speaking, write_alike
from tests.support.side_by_side import SideBySide
from tests.support.zone_city import PLACE, level

NAMES = [f"station-{i:04d}" for i in range(1000)]
LOGS = 4
MINUTE_MS = 60_000
STATION: dict[str, Any] = {
    "domain": "disaster",
    "kind": "weather-station",
    "zone": "ocheon-eup",
    "place": PLACE,
    "owner": "city",
    "measures": ["rainfall_mm", "wind_speed_ms"],
    "interval_s": 300,
    "source": "test",
}


def _rule(rule_id: str, when: dict[str, Any], *levels: dict[str, Any]) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "domain": "disaster",
        "name": {"ko": "규칙", "en": "Rule"},
        "when": when,
        "levels": levels,
    }


RULES = [
    _rule(
        "sums",
        {"measure": "rainfall_mm", "window": "sliding", "window_s": 600, "aggregate": "sum"},
        level("advisory", {"at_least": 20}, {"below": 10}),
        level(
            "warning",
            {"at_least": 20, "also": [{"window_s": 3600, "at_least": 50}], "or_at_least": 35},
            {"below": 15, "hold_s": 660},
        ),
    ),
    _rule(
        "wind-with-rain",
        {"measure": "wind_speed_ms", "window": "final", "window_s": 600, "aggregate": "max"},
        level(
            "advisory",
            {
                "at_least": 12,
                "hold_s": 1200,
                "also": [
                    {"measure": "rainfall_mm", "aggregate": "sum", "at_least": 10},
                    {"measure": "rainfall_mm", "aggregate": "rise", "at_most": 5},
                ],
            },
            {"below": 12},
        ),
    ),
    _rule(
        "calm-and-rising",
        {
            "measure": "wind_speed_ms",
            "window": "sliding",
            "window_s": 600,
            "aggregate": "mean",
            "direction": "below",
        },
        level(
            "advisory",
            {
                "at_most": 8,
                "hold_s": 660,
                "also": [{"measure": "rainfall_mm", "window_s": 3600, "aggregate": "rise", "at_least": 5}],
                "or_at_most": 3,
            },
            {"above": 10},
        ),
    ),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    return SideBySide(write_alike(tmp_path_factory.mktemp("joined"), STATION, NAMES, RULES))


def _past(name: str, rng: random.Random) -> list[Said]:
    """Six to ten readings, minutes or a hole apart: each of one measure or both, some late, repeated or disordered."""
    at_ms, said = rng.randrange(10) * MINUTE_MS, list[Said]()
    for _ in range(rng.randrange(6, 11)):
        at_ms += rng.choice((1, 4, 5, 5, 5, 6, 10, 25)) * MINUTE_MS
        fields = {
            "rainfall_mm": rng.choice((0, 5, 9.9, 10, 19.9, 20, 35)),
            "wind_speed_ms": rng.choice((2, 3, 8, 11.9, 12, 15)),
        }
        for measure in rng.choice(((), (), (), ("rainfall_mm",), ("wind_speed_ms",))):
            del fields[measure]
        late_ms = rng.choice((0, 0, 0, 30_000, 3 * MINUTE_MS, 20 * MINUTE_MS))
        said.append(Said(at_ms + late_ms, at_ms, name, fields))
        if rng.random() < 0.1:
            said.append(Said(at_ms + late_ms + 1000, at_ms, name, fields))
    return said


@pytest.mark.slow
def test_further_conditions_raise_as_the_calculation_has_it(both: SideBySide) -> None:
    seen = agreed(both, speaking(NAMES, _past, STATION["domain"]), LOGS)

    for happened in (
        "sums raised advisory",
        "sums raised warning",
        "sums stepped_up warning",
        "sums stepped_down advisory",
        "sums cleared -",
        "wind-with-rain raised advisory",
        "wind-with-rain cleared -",
        "calm-and-rising raised advisory",
        "calm-and-rising cleared -",
    ):
        assert seen[happened] > 20, seen
