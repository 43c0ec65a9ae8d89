"""Random timelines of many sensors: a value that hardly changes is told by the engine as the oracle calculates it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.random_rules import Said, agreed, speaking, write_alike
from tests.support.side_by_side import SideBySide
from tests.support.timeline import level

NAMES: Final = [f"s{number}" for number in range(400)]
LOGS: Final = 25
LENGTH_MS: Final = 3 * 3_600_000 + 600_000
MEASURE: Final = "temperature_c"
STATION: Final[dict[str, Any]] = {
    "domain": "disaster",
    "kind": "weather-station",
    "zone": "ocheon-eup",
    "place": {"lat": 36.0, "lon": 129.4, "source": "test", "certainty": "modelled"},
    "owner": "city",
    "measures": [MEASURE],
    "interval_s": 600,
    "source": "test",
}


def _rule(rule_id: str, window_s: int, direction: str, *levels: dict[str, Any]) -> dict[str, Any]:
    when = {"measure": MEASURE, "window": "final", "window_s": window_s, "aggregate": "range", "direction": direction}
    name = {"ko": "고정", "en": "Stuck"}
    return {"rule_id": rule_id, "domain": "disaster", "name": name, "when": when, "levels": list(levels)}


RULES: Final = [
    _rule(
        "stuck",
        3600,
        "below",
        level("attention", {"at_most": 0.2}, {"above": 0.2}),
        level("caution", {"at_most": 0, "hold_s": 7200}, {"above": 0.1}),
    ),
    _rule("restless", 3600, "above", level("attention", {"at_least": 1.5}, {"below": 1})),
]


def _past(name: str, rng: random.Random) -> list[Said]:
    """Three hours of values that stay, drift or leap, some doubtful, late or repeated, with holes."""
    said, at_ms, spread = list[Said](), 0, rng.choice((0, 0.1, 0.2, 2))
    while at_ms < LENGTH_MS:
        if rng.random() < 0.2:
            spread = rng.choice((0, 0.1, 0.2, 2))
        fields: dict[str, Any] = {MEASURE: round(20 + rng.choice((0, 0, spread)), 1)}
        fields |= {"quality": "suspect"} if rng.random() < 0.05 else {}
        arrives_ms = at_ms + rng.choice((0, 0, 0, 30_000, 90_000, 1_200_000 if rng.random() < 0.1 else 0))
        said += [Said(arrives_ms + again, at_ms, name, fields) for again in range(1 + (rng.random() < 0.05))]
        at_ms += rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 4)) * 600_000
    return said


@pytest.mark.slow
def test_ten_thousand_sensors_are_stuck_when_the_oracle_says(tmp_path: Path) -> None:
    both = SideBySide(write_alike(tmp_path, STATION, NAMES, RULES))

    seen = agreed(both, speaking(NAMES, _past, STATION["domain"]), LOGS)

    least = {"stuck raised attention": 2000, "restless raised attention": 1000}
    least |= {"stuck stepped_up caution": 100, "stuck cleared -": 100, "restless cleared -": 50}
    assert {what: seen[what] for what in least if seen[what] < least[what]} == {}, seen
