"""Random timelines of many sensors: a value that hardly changes is told by the engine as the oracle calculates it."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived, Change, answer_to
from deploy.oracle.city import City, Times
from deploy.oracle.city import Sensor as Registered
from deploy.oracle.records import Ranges
from deploy.rules.offline import Arrival, OfflineCity
from streams.contract.readings import MEASURES
from streams.contract.rules import Rule
from streams.contract.times import format_ms, parse_ms, to_ms
from streams.contract.topics import readings_topic
from streams.registry import Registry
from tests.support.timeline import CITY, level, sensor

TOPIC: Final = readings_topic("disaster")
SENSORS: Final = 400
RUNS: Final = 25
BEGIN_MS: Final = parse_ms("2022-09-06T00:00:00Z")
LENGTH_MS: Final = 3 * 3_600_000 + 600_000
RANGES: Final[dict[str, Ranges]] = {
    "disaster": {m.name: (m.low, m.high) for m in MEASURES.values() if m.domain == "disaster"}
}
MEASURE: Final = "temperature_c"
EXERCISE: Final = "drill"


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
SEEN: Final[Counter[str]] = Counter()


def _arrivals(rng: random.Random) -> list[Arrival]:
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
                found.append(Arrival(TOPIC, said["sensor_id"].encode(), json.dumps(said).encode(), arrival_ms + again))
            at_ms += rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 4)) * 600_000
    return sorted(found, key=lambda arrival: arrival.timestamp)


@settings(max_examples=RUNS, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def _equal(seed: int) -> None:
    rng = random.Random(seed)
    arrivals = _arrivals(rng)
    sensors = [sensor(f"s{number}", interval_s=600, measures=[MEASURE]) for number in range(SENSORS)]
    city = OfflineCity(
        Registry(CITY, {s.sensor_id: s for s in sensors}, {}, {}), [Rule.model_validate(r) for r in RULES]
    )
    found: dict[str, list[Change]] = {}
    fed = 0
    while fed < len(arrivals):
        chunk = arrivals[fed : fed + rng.choice((100, 5000))]
        fed += len(chunk)
        for state in city.feed(chunk):
            alert = state.alert
            change = Change(
                rule_id=alert.rule_id,
                scope=alert.scope.sensor_id or "",
                transition=state.transition,
                level=alert.level,
                at_ms=to_ms(alert.updated_at),
                value=alert.value,
                threshold=alert.threshold,
                onset_ms=to_ms(alert.onset),
                condition_since_ms=to_ms(alert.condition_since),
            )
            found.setdefault(alert.alert_id.removesuffix(f":{EXERCISE}"), []).append(change)
        if rng.random() < 0.2:
            SEEN["restart"] += 1
            city.restart()

    registered = {
        s.sensor_id: Registered(s.sensor_id, s.domain, s.kind, s.zone, tuple(s.measures), 600_000, 0) for s in sensors
    }
    oracle = City(registered, RULES, {"disaster": Times(60_000, 60_000, 300_000)})
    log = [Arrived(TOPIC, 0, each.timestamp, each.value) for each in arrivals]
    wanted = answer_to(log, oracle, RANGES, EXERCISE).alerts

    assert {i: c for i, c in found.items() if wanted.get(i) != c} == {
        i: c for i, c in wanted.items() if found.get(i) != c
    }
    for changes in wanted.values():
        SEEN[changes[0].rule_id] += 1
        SEEN.update(change.transition for change in changes)
        SEEN["none"] += changes[0].value == 0


def test_ten_thousand_sensors_are_stuck_when_the_oracle_says() -> None:
    SEEN.clear()

    _equal()

    least = {"stuck": 2000, "restless": 1000, "raised": 3000, "stepped_up": 100, "cleared": 500}
    least |= {"none": 300, "restart": 15}
    assert {what: SEEN[what] for what in least if SEEN[what] < least[what]} == {}, SEEN
