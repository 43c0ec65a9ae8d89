"""Thousands of links with random speeds, each judged by its own free flow: the stages say what the slow calculation says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.random_rules import Said, agreed, speaking, write_alike
from tests.support.side_by_side import SideBySide
from tests.support.timeline import level

LOGS: Final = 25
FREE_KMH: Final = (None, 40.0, 50.0, 55.5, 60.0, 77.7, 80.0, 100.0, 33.333)
"""In turn; a link without one is judged by no rule."""
FREE_OF: Final = {f"road-{number}": FREE_KMH[number % len(FREE_KMH)] for number in range(450)}
LINK: Final = {
    "domain": "traffic",
    "kind": "road-link",
    "zone": "ocheon-eup",
    "place": {"lat": 36.0, "lon": 129.4, "source": "test", "certainty": "modelled"},
    "owner": "city",
    "measures": ["speed_kmh"],
    "interval_s": 60,
    "source": "test",
}


def _rule(rule_id: str, when: dict[str, Any], *levels: dict[str, Any]) -> dict[str, Any]:
    name = {"ko": "속도", "en": "Speed"}
    when = {"measure": "speed_kmh", **when}
    return {"rule_id": rule_id, "domain": "traffic", "name": name, "when": when, "levels": list(levels)}


RULES: Final = [
    _rule(
        "jam",
        {"window": "reading", "direction": "below"},
        level("advisory", {"at_most_free_flow_pct": 30, "hold_s": 120}, {"above_free_flow_pct": 50}),
        level("warning", {"at_most_free_flow_pct": 12.3}, {"above_free_flow_pct": 20, "hold_s": 60}),
    ),
    _rule(
        "racing",
        {"window": "final", "window_s": 60, "aggregate": "mean"},
        level("advisory", {"at_least_free_flow_pct": 120}, {"below_free_flow_pct": 110}),
    ),
]


def _past(name: str, rng: random.Random) -> list[Said]:
    """Four to ten speeds near a bound, a minute or a hole apart, some behind the others or twice."""
    near = [round((FREE_OF[name] or 50) * pct / 100, 6) for pct in (12.3, 20, 30, 50, 110, 120)]
    said, arrives_ms, speed = list[Said](), 0, near[3]
    for _ in range(rng.randint(4, 10)):
        arrives_ms += rng.choice((60_000,) * 6 + (0, 95_000, 180_000, 600_000))
        if rng.random() < 0.35:
            speed = max(0.0, round(rng.choice(near) + rng.choice((0, 0, 1e-6, -1e-6, 3, -2)), 6))
        behind_ms = rng.choice((0,) * 8 + (45_000, 130_000))
        said += [Said(arrives_ms, arrives_ms - behind_ms, name, {"speed_kmh": speed})] * rng.choice((1,) * 12 + (2,))
    return said


@pytest.mark.slow
def test_the_stages_say_of_ten_thousand_links_what_the_slow_calculation_says(tmp_path: Path) -> None:
    own = [{} if free is None else {"free_flow_kmh": free} for free in FREE_KMH]
    both = SideBySide(write_alike(tmp_path, LINK, list(FREE_OF), RULES, own))

    seen = agreed(both, speaking(list(FREE_OF), _past, "traffic", None), LOGS, exercise=None)

    least = ("jam raised advisory", "jam stepped_up warning", "jam stepped_down advisory", "jam cleared -")
    assert {
        what: seen[what] for what in (*least, "racing raised advisory", "racing cleared -") if seen[what] <= 50
    } == {}
