"""A warning covers alerts that lie in other partitions than its own, wherever the hub is restarted."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from deploy.rules.offline import AlertState, Arrival, OfflineCity
from streams import registry
from streams.contract.rules import Rule
from streams.contract.times import format_ms
from streams.contract.topics import BULLETINS, readings_topic
from streams.kafka import partition_of
from tests.support.small_city import write_seeds
from tests.support.timeline import level, ms, rule
from tests.support.zone_city import level as zone_level
from tests.support.zone_city import zone_rule

PARTITIONS, SENSORS = 4, 24
READINGS = readings_topic("disaster")
GUST = rule(
    "gust",
    {"measure": "wind_gust_ms", "window": "reading"},
    level("advisory", {"at_least": 20}, {"below": 18}),
    level("warning", {"at_least": 26}, {"below": 24}),
)
ANY_GUST = Rule.model_validate(
    zone_rule(
        "any-gust",
        "disaster",
        {
            "measure": "wind_gust_ms",
            "window": "final",
            "window_s": 60,
            "aggregate": "max",
            "scope": "zone",
            "zone": {"judge": "max"},
        },
        zone_level("warning", {"at_least": 40}, {"below": 30}),
    )
    | {"covers": ["gust"]}
)


def warning(**more: Any) -> Rule:
    said = {k: v for k, v in level("warning", {}, {}).items() if k not in ("raise", "clear", "headline")}
    said |= {"when": {"level": "warning"}, "headline": {"ko": "{text}", "en": "{text}"}}
    named = {"rule_id": "typhoon", "domain": "disaster", "name": {"ko": "태풍특보", "en": "Typhoon warning"}}
    return Rule.model_validate(named | {"bulletin": {"kind": "weather-warning"}, "levels": [said], **more})


TYPHOON = warning(bulletin={"kind": "weather-warning", "hazards": ["typhoon"]}, covers=["gust", "any-gust"])


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> registry.Registry:
    found = registry.load(write_seeds(tmp_path_factory.mktemp("wind")))
    rain = found.sensors["rain-1"]
    zones = sorted(found.zones)
    wind = {"kind": "wind-station", "measures": ["wind_gust_ms"], "interval_s": 60.0}
    more = {
        f"wind-{n}": rain.model_copy(update={"sensor_id": f"wind-{n}", "zone": zones[n % len(zones)], **wind})
        for n in range(SENSORS)
    }
    return replace(found, sensors={**found.sensors, **more})


def gust(at: str, number: int, value: float, exercise: str | None = None) -> Arrival:
    said = {"sensor_id": f"wind-{number}", "observed_at": format_ms(ms(at)), "wind_gust_ms": value}
    said |= {} if exercise is None else {"exercise": exercise}
    return Arrival(READINGS, f"wind-{number}".encode(), json.dumps(said).encode(), ms(at))


def typhoon(at: str, revision: int = 0, **more: Any) -> Arrival:
    said = {
        "bulletin_id": "t",
        "revision": revision,
        "kind": "weather-warning",
        "hazard": "typhoon",
        "issued_at": format_ms(ms(at)),
        "source": "KMA",
        "level": "warning",
        "area": [],
        "texts": {"ko": "태풍경보", "en": "Typhoon warning"},
    }
    return Arrival(BULLETINS, b"t", json.dumps(said | more).encode(), ms(at))


def by_alert(states: list[AlertState]) -> dict[str, list[tuple[str, int, str | None]]]:
    found: dict[str, list[tuple[str, int, str | None]]] = {}
    for transition, alert in states:
        found.setdefault(alert.alert_id, []).append((transition, alert.sequence, alert.covered_by))
    return found


def test_alerts_of_every_partition_are_covered_and_uncovered(known: registry.Registry) -> None:
    city = OfflineCity(known, [GUST, TYPHOON], partitions=PARTITIONS)
    before, under = range(0, SENSORS, 2), range(1, SENSORS, 2)

    states = city.feed([*(gust("10:00", number, 21) for number in before), gust("10:00", 0, 21, "storm")])
    states += city.feed([typhoon("10:05")])
    states += city.feed([gust("10:10", number, 21) for number in under])
    states += city.feed([typhoon("10:20", 1, cancelled=True)])
    states += city.feed([gust("10:30", number, 10) for number in range(SENSORS)])

    lives = by_alert(states)
    own = partition_of(b"typhoon:t", PARTITIONS)
    assert {partition_of(alert_id.encode(), PARTITIONS) for alert_id in lives} == set(range(PARTITIONS))
    assert any(partition_of(alert_id.encode(), PARTITIONS) != own for alert_id in lives)
    for number in before:
        assert lives[f"gust:wind-{number}:20220906T100000Z"] == [
            ("raised", 1, None),
            ("covered", 2, "typhoon:t"),
            ("uncovered", 3, None),
            ("cleared", 4, None),
        ]
    for number in under:
        assert lives[f"gust:wind-{number}:20220906T101000Z"] == [
            ("raised", 1, "typhoon:t"),
            ("uncovered", 2, None),
            ("cleared", 3, None),
        ]
    assert lives["gust:wind-0:20220906T100000Z:storm"] == [("raised", 1, None)], "an exercise is no reality"


def test_only_what_lies_in_the_warnings_area_is_covered_and_a_revision_moves_it(known: registry.Registry) -> None:
    city = OfflineCity(known, [GUST, TYPHOON], partitions=PARTITIONS)
    zones = sorted(known.zones)
    city.feed([gust("10:00", number, 21) for number in range(SENSORS)])

    for at, revision, area in (("10:05", 0, [zones[0]]), ("10:06", 1, [zones[1]]), ("10:07", 2, [])):
        states = city.feed([typhoon(at, revision, area=area)])
        changed = {s.alert.zone: s.alert.covered_by for s in states if s.alert.rule_id == "gust"}
        now = dict.fromkeys(area or zones[:1] + zones[2:], "typhoon:t")
        left = dict.fromkeys([zones[0]] if revision == 1 else [])
        assert {zone: by for zone, by in changed.items() if zone in {*now, *left}} == now | left


def test_a_zones_alert_covers_and_is_covered(known: registry.Registry) -> None:
    city = OfflineCity(known, [GUST, ANY_GUST, TYPHOON], partitions=PARTITIONS)

    states = city.feed([gust(at, number, 45) for at in ("10:00", "10:01") for number in range(SENSORS)])
    states += city.pass_time(ms("10:10"))
    lives = by_alert(states)
    assert lives["gust:wind-0:20220906T100000Z"][-1][2] == f"any-gust:{known.sensors['wind-0'].zone}:20220906T100100Z"

    lives = by_alert(city.feed([typhoon("10:20")]))
    zone = known.sensors["wind-0"].zone
    assert lives[f"any-gust:{zone}:20220906T100100Z"] == [("covered", 2, "typhoon:t")]
    assert "gust:wind-0:20220906T100000Z" not in lives, "the cover that began first stays"


def test_restarts_change_nothing_of_it(known: registry.Registry) -> None:
    rules, seen = [GUST, ANY_GUST, TYPHOON], Counter[str]()
    for seed in range(5):
        draw = random.Random(seed)
        log: list[Arrival] = []
        for minute in range(30):
            at = f"10:{minute:02d}"
            log += [gust(at, n, draw.choice((10, 19, 21, 27, 45))) for n in range(SENSORS) if draw.random() < 0.3]
            if draw.random() < 0.2:
                area = draw.choice(([], sorted(known.zones)[:1], sorted(known.zones)[1:]))
                log.append(typhoon(at, minute, area=area, cancelled=draw.random() < 0.4))
        whole = OfflineCity(known, rules, partitions=PARTITIONS)
        expected, cut = [], OfflineCity(known, rules, partitions=PARTITIONS)
        found = []
        for begin in range(0, len(log), 37):
            expected += whole.feed(log[begin : begin + 37])
            found += cut.feed(log[begin : begin + 37])
            cut.restart()
        assert by_alert(found) == by_alert(expected), seed
        seen.update(transition for transition, _ in expected)
    assert min(seen[what] for what in ("covered", "uncovered", "raised", "cleared")) > 50, seen
