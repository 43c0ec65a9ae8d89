"""Thresholds by a link's own free flow: each link has its own, one that the registry gives none for is not watched."""

from __future__ import annotations

import numpy as np

from streams.engine.rules import compiled
from tests.support.timeline import Partition, level, roster_of, rule, sensor

JAM = rule(
    "jam",
    {"measure": "speed_kmh", "window": "reading", "direction": "below"},
    level("advisory", {"at_most_free_flow_pct": 30}, {"above_free_flow_pct": 50, "margin": 1}),
    level("warning", {"at_most_free_flow_pct": 11.1}, {"above_free_flow_pct": 20}),
    domain="traffic",
)
LINKS = [
    sensor(f"road-{name}", domain="traffic", kind="road-link", free_flow_kmh=kmh)
    for name, kmh in (("fast", 80.0), ("odd", 55.5), ("slow", 50.0), ("unknown", None))
]


def test_each_link_has_thresholds_of_its_own() -> None:
    (found,) = compiled([JAM], roster_of(LINKS, "traffic"))

    by_id = dict(zip((each.sensor_id for each in roster_of(LINKS, "traffic").sensors), found.thresholds, strict=True))
    assert [(t.level, t.reach, t.leave) for t in by_id["road-fast"]] == [("advisory", 24, 41), ("warning", 8.88, 16)]
    assert [(t.reach, t.leave) for t in by_id["road-odd"]] == [(16.65, 28.75), (6.1605, 11.1)]
    assert [(t.reach, t.leave) for t in by_id["road-slow"]] == [(15, 26), (5.55, 10)]
    assert by_id["road-unknown"] == ()
    assert found.lowest.tolist().count(-np.inf) == 1


def test_one_speed_is_a_jam_on_a_fast_road_and_none_on_a_slow_street() -> None:
    partition = Partition(LINKS, [JAM], "traffic")

    for link in ("road-fast", "road-slow", "road-unknown"):
        partition.reads("10:00", link, speed_kmh=20)

    assert [(event["alert"]["scope"]["sensor_id"], event["threshold"]) for event in partition.events()] == [
        ("road-fast", 24)
    ]
