"""Random timelines of many sensors: a value that hardly changes is told by the engine as the oracle calculates it."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived
from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import readings_topic
from tests.support.random_rules import EXERCISE, write_alike
from tests.support.side_by_side import SideBySide
from tests.support.timeline import level

TOPIC: Final = readings_topic("disaster")
SENSORS: Final = 400
RUNS: Final = 25
BEGIN_MS: Final = parse_ms("2022-09-06T00:00:00Z")
LENGTH_MS: Final = 3 * 3_600_000 + 600_000
MEASURE: Final = "temperature_c"
STATION: Final = {
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


def _log(rng: random.Random) -> list[Arrived]:
    found = []
    for number in range(SENSORS):
        at_ms, value, spread = BEGIN_MS, 20.0, rng.choice((0, 0.1, 0.2, 2))
        while at_ms < BEGIN_MS + LENGTH_MS:
            if rng.random() < 0.2:
                spread = rng.choice((0, 0.1, 0.2, 2))
            said = {"sensor_id": f"s{number}", "observed_at": format_ms(at_ms), "exercise": EXERCISE}
            said[MEASURE] = round(value + rng.choice((0, 0, spread)), 1)
            said |= {"quality": "suspect"} if rng.random() < 0.05 else {}
            arrival_ms = at_ms + rng.choice((0, 0, 0, 30_000, 90_000, 1_200_000 if rng.random() < 0.1 else 0))
            for again in range(1 + (rng.random() < 0.05)):
                found.append(Arrived(TOPIC, 0, arrival_ms + again, json.dumps(said).encode()))
            at_ms += rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 4)) * 600_000
    return sorted(found, key=lambda record: record.arrival_ms)


@pytest.mark.slow
def test_ten_thousand_sensors_are_stuck_when_the_oracle_says(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(SENSORS)]
    both = SideBySide(write_alike(tmp_path, STATION, names, RULES))
    seen: Counter[str] = Counter()

    @settings(max_examples=RUNS, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def equal(seed: int) -> None:
        rng = random.Random(seed)
        log = _log(rng)
        assert both.differences(log, EXERCISE, restarts=rng.sample(range(1, len(log)), 2), seen=seen) == []

    equal()

    least = {"stuck raised attention": 2000, "restless raised attention": 1000}
    least |= {"stuck stepped_up caution": 100, "stuck cleared -": 100, "restless cleared -": 50}
    assert {what: seen[what] for what in least if seen[what] < least[what]} == {}, seen
