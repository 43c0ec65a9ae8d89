"""Thousands of random earthquakes, revised, moved, lifted, replaced: the stages say what the slow calculation says."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.oracle import Arrived
from streams.contract.times import format_ms
from tests.support.random_rules import agreed
from tests.support.side_by_side import SideBySide
from tests.support.small_city import CITY, SENSORS
from tests.support.storm_city import write_in_its_zones

QUAKES, LOGS = 400, 25
BEGIN_MS = 1_662_390_000_000
_LEVEL = """
[[rules.levels]]
level = "{level}"
when = {when}
severity = "Minor"
urgency = "Immediate"
certainty = "Observed"
headline = {{ ko = "{{text}}", en = "{{text}}" }}
instruction = {{ ko = "보라", en = "Watch" }}
source = "test"
"""
RULES = '[[rules]]\nrule_id = "quake"\ndomain = "disaster"\nname = { ko = "지진", en = "Quake" }\n'
RULES += 'bulletin = { kind = "earthquake" }\n' + "".join(
    _LEVEL.format(level=name, when=when)
    for name, when in (
        (
            "attention",
            "[{ magnitude_at_least = 3.0, within_km = 50 }, { magnitude_at_least = 3.5, within_km = 80.5 }, "
            "{ intensity_at_least = 3, within_km = 50 }]",
        ),
        ("alert", "[{ magnitude_at_least = 4.0, within_km = 400 }, { intensity_at_least = 5 }]"),
        ("serious", "{ magnitude_at_least = 5.0 }"),
    )
)


def place(draw: random.Random, centre: tuple[float, float]) -> dict[str, float] | None:
    """Somewhere around the city, often near a bound, north or south of it; now and then not said."""
    if draw.random() < 0.15:
        return None
    km = draw.choice((0, 49.9, 50.1, 79.9, 80.4, 80.6, 399, 401, draw.uniform(0, 900)))
    if draw.random() < 0.5:
        return {"lon": centre[0], "lat": round(centre[1] + draw.choice((1, -1)) * km / 111.19493, 6)}
    return {"lon": round(centre[0] + draw.uniform(-9, 9), 6), "lat": round(centre[1] + draw.uniform(-6, 6), 6)}


def revisions(draw: random.Random, number: int, centre: tuple[float, float]) -> Iterator[tuple[int, dict[str, Any]]]:
    """One earthquake's reports: arrival (ms) and what is said; some late, repeated, lifted or in place of another."""
    at_ms = BEGIN_MS + draw.randint(0, 86_400_000)
    occurred = {"occurred_at": format_ms(at_ms)} if draw.random() < 0.6 else {}
    for revision in range(draw.choice((1, 2, 2, 3, 4))):
        at_ms += draw.choice((0, 1_000, 240_000))
        said: dict[str, Any] = {
            "bulletin_id": f"q{number}",
            "revision": draw.choice((revision, revision, revision, max(0, revision - 1))),
            "kind": "earthquake",
            "issued_at": format_ms(at_ms),
            "source": "KMA",
            "texts": {"ko": "지진", "en": "Quake"},
            **occurred,
        }
        said["magnitude"] = draw.choice((2.2, 2.9, 3, 3.0, 3.4, 3.5, 3.9, 4.0, 4.9, 5.0, 5.4, None))
        said["intensity"] = draw.choice((None, None, None, 2, 3, 4, 5.0, 6))
        said["location"] = place(draw, centre)
        if draw.random() < 0.05:
            said["cancelled"] = True
        if draw.random() < 0.05:
            said["supersedes"] = f"q{draw.randrange(QUAKES)}"
        if draw.random() < 0.03:
            said["location"] = {"lat": 91.0, "lon": 129.0}  # refused
        sent = {name: value for name, value in said.items() if value is not None or draw.random() < 0.5}
        for _ in range(draw.choice((1, 1, 1, 2))):
            yield at_ms, sent


def log_of(rng: random.Random, centre: tuple[float, float]) -> list[Arrived]:
    said = [one for number in range(QUAKES) for one in revisions(rng, number, centre)]
    said.sort(key=lambda one: one[0])
    return [Arrived("bulletins", 0, at_ms, json.dumps(value).encode()) for at_ms, value in said]


@pytest.mark.slow
def test_the_stages_say_of_ten_thousand_earthquakes_what_the_slow_calculation_says(tmp_path: Path) -> None:
    both = SideBySide(write_in_its_zones(tmp_path, CITY, SENSORS, RULES), partitions=2)

    seen = agreed(both, lambda rng: log_of(rng, both.known.city.centre), LOGS, exercise=None)

    happened = ("raised attention", "raised alert", "raised serious", "stepped_up alert", "stepped_down attention")
    least = [f"quake {what}" for what in (*happened, "revised alert", "cleared -")]
    assert {what: seen[what] for what in least if seen[what] <= QUAKES / 4} == {}
