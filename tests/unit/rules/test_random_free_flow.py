"""Thousands of links with random speeds, each judged by its own free flow: the stages say what the slow calculation says."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived
from streams.contract.times import format_ms
from tests.support.side_by_side import SideBySide
from tests.support.small_city import CITY
from tests.support.storm_city import write_in_its_zones

LINKS, EXAMPLES = 400, 25
FREE_KMH = (40.0, 50.0, 55.5, 60.0, 77.7, 80.0, 100.0, 33.333)
BEGIN_MS = 1_662_390_000_000
TOPIC = "readings.traffic"
ZONE = "ocheon-eup"

_LINK = """
[[sensors]]
sensor_id = "road-{number}"
domain = "traffic"
kind = "road-link"
name = {{ ko = "길 {number}", en = "Road {number}" }}
zone = "ocheon-eup"
place = {{ lat = 36.0, lon = 129.4, source = "test", certainty = "modelled" }}
owner = "city"
measures = ["speed_kmh"]
interval_s = 60
source = "test"
{free}
"""
_LEVEL = """
[[rules.levels]]
level = "{level}"
raise = {{ {up} }}
clear = {{ {down} }}
severity = "Minor"
urgency = "Future"
certainty = "Observed"
headline = {{ ko = "{{value}}", en = "{{value}}" }}
instruction = {{ ko = "보라", en = "Watch" }}
source = "test"
"""
_RULE = '[[rules]]\nrule_id = "{rule_id}"\ndomain = "traffic"\nname = {{ ko = "규칙", en = "Rule" }}\n[rules.when]\n{when}\n'
RULES = "".join(
    (
        _RULE.format(rule_id="jam", when='measure = "speed_kmh"\nwindow = "reading"\ndirection = "below"'),
        _LEVEL.format(level="advisory", up="at_most_free_flow_pct = 30, hold_s = 120", down="above_free_flow_pct = 50"),
        _LEVEL.format(
            level="warning",
            up="at_most_free_flow_pct = 12.3",
            down="above_free_flow_pct = 20, hold_s = 60",
        ),
        _RULE.format(
            rule_id="racing", when='measure = "speed_kmh"\nwindow = "final"\nwindow_s = 60\naggregate = "mean"'
        ),
        _LEVEL.format(level="advisory", up="at_least_free_flow_pct = 120", down="below_free_flow_pct = 110"),
    )
)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    links = "".join(
        _LINK.format(
            number=number, free="" if number % 20 == 0 else f"free_flow_kmh = {FREE_KMH[number % len(FREE_KMH)]}"
        )
        for number in range(LINKS)
    )
    return write_in_its_zones(tmp_path_factory.mktemp("roads"), CITY, links, RULES)


def timeline(draw: random.Random, free_kmh: float) -> Iterator[tuple[int, int, float]]:
    """Arrival (ms), `observed_at` (ms) and speed of one link's readings, in the order of arrival."""
    near = [round(free_kmh * pct / 100, 6) for pct in (12.3, 20, 30, 50, 110, 120)]
    at_ms, speed = BEGIN_MS, near[3]
    for _ in range(draw.randint(4, 10)):
        at_ms += draw.choice((60_000,) * 6 + (0, 95_000, 180_000, 600_000))
        if draw.random() < 0.35:
            speed = draw.choice(near) + draw.choice((0, 0, 1e-6, -1e-6, 3, -2))
        behind_ms = draw.choice((0,) * 8 + (45_000, 130_000))
        yield at_ms, at_ms - behind_ms, max(0.0, round(speed, 6))


def log_of(seed: int) -> list[Arrived]:
    """All links' readings in the order of arrival."""
    draw, found = random.Random(seed), list[Arrived]()
    for number in range(LINKS):
        for arrival_ms, at_ms, speed in timeline(draw, FREE_KMH[number % len(FREE_KMH)]):
            said = {"sensor_id": f"road-{number}", "observed_at": format_ms(at_ms), "speed_kmh": speed}
            record = Arrived(TOPIC, 0, arrival_ms, json.dumps(said).encode())
            found += [record] * draw.choice((1,) * 12 + (2,))
    return sorted(found, key=lambda record: record.arrival_ms)


@pytest.mark.slow
def test_the_stages_say_of_ten_thousand_links_what_the_slow_calculation_says(seeds: Path) -> None:
    both, seen = SideBySide(seeds), Counter[str]()

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.floats(0.2, 0.8))
    def holds(seed: int, part: float) -> None:
        log = log_of(seed)
        assert both.differences(log, None, restarts=[int(len(log) * part)], seen=seen) == []

    holds()

    least = ("jam raised advisory", "jam stepped_up warning", "jam stepped_down advisory", "jam cleared -")
    assert {
        what: seen[what] for what in (*least, "racing raised advisory", "racing cleared -") if seen[what] <= 50
    } == {}
