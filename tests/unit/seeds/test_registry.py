"""The city's registry says true things, each with its source; a wrong entry is refused by file, entry and field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import Point, shape

from streams.errors import WrongSeed
from streams.registry import Registry, load
from tests.support.small_city import write_seeds

SEEDS = Path(__file__).parents[3] / "seeds"
METRES_PER_DEGREE = 111_320
UPSTREAM_M = 2_000
"""강동대교 stands about a kilometre above the city's border; further up, a gauge would be another city's."""
SECTORS = {"general", "economy-finance", "education-research", "enterprise", "health", "safety"}
"""일반, 경제·금융, 교육·연구, 기업, 의료, 생활안전: the six of the city's big-data council, 국민일보 0016250218."""
NAENGCHEON_ZONES = {"ocheon-eup", "jecheol-dong", "cheongnim-dong"}
"""Whom the city warned at 04:43 on 2022-09-06, 매일신문 2022090604564110082."""
HANGUL = re.compile("[가-힣]")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(SEEDS)


@pytest.fixture(scope="module")
def ground() -> dict[str, Any]:
    features = json.loads((SEEDS / "map" / "zones.geojson").read_text(encoding="utf-8"))["features"]
    return {f["properties"]["zone_id"]: shape(f["geometry"]) for f in features}


def metres_between(a: Any, b: Any) -> float:
    """Good to a tenth, which is enough to tell hundreds of metres from kilometres."""
    return float(a.distance(b)) * METRES_PER_DEGREE


def test_the_city_has_sensors_of_every_domain_and_kind_and_in_every_zone(registry: Registry) -> None:
    kinds = {s.kind for s in registry.sensors.values()}
    per_domain = {domain: len(registry.of_domain(domain)) for domain in registry.city.domains}

    assert per_domain == {"air-quality": 11, "traffic": 26, "disaster": 58}
    assert kinds == {
        "air-station", "river-gauge", "rain-gauge", "wind-station", "tide-gauge", "seismic-station", "road-link",
        "weather-station",
    }  # fmt: skip
    assert {s.zone for s in registry.sensors.values()} == set(registry.zones)


def test_every_sensor_stands_in_its_zone(registry: Registry, ground: dict[str, Any]) -> None:
    astray = {}
    for sensor in registry.sensors.values():
        place = Point(sensor.place.lon, sensor.place.lat)
        holding = [zone_id for zone_id, area in ground.items() if area.contains(place)]
        if holding != [sensor.zone]:
            astray[sensor.sensor_id] = holding, round(metres_between(place, ground[sensor.zone]))

    assert set(astray) == {"river-gangdong-bridge"}
    holding, metres = astray["river-gangdong-bridge"]
    assert holding == [], "it stands outside the city, not in another of its zones"
    assert metres < UPSTREAM_M


def test_every_fact_says_where_it_comes_from_and_how_sure_it_is(registry: Registry) -> None:
    for sensor in registry.sensors.values():
        assert len(sensor.source) > 5, sensor.sensor_id
        assert len(sensor.place.source) > 5, sensor.sensor_id
        if sensor.place.certainty == "exact":
            assert not sensor.modelled, f"{sensor.sensor_id}: a sensor that is only assumed has no exact place"
        else:
            assert re.search("어림값|개략도", sensor.place.source), sensor.sensor_id
        if sensor.modelled:
            assert re.search("가정|찾지 못함|저수위", sensor.source), f"{sensor.sensor_id}: says that it is assumed"
    assert all(owner.source for owner in registry.owners.values())


def test_names_are_korean_and_english_and_belong_to_one_sensor(registry: Registry) -> None:
    named = [s.name for s in registry.sensors.values()] + [o.name for o in registry.owners.values()]
    named += [z.name for z in registry.zones.values()]

    for name in named:
        assert HANGUL.search(name.ko), name
        assert name.en
        assert not HANGUL.search(name.en), name
    for language in ("ko", "en"):
        names = [getattr(s.name, language) for s in registry.sensors.values()]
        assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


def test_every_owner_measures_something_and_the_six_sectors_are_all_there(registry: Registry) -> None:
    assert {s.owner for s in registry.sensors.values()} == set(registry.owners)
    assert {o.sector for o in registry.owners.values()} == SECTORS


PERIODS_S = {"air-station": 3600, "rain-gauge": 60, "weather-station": 60}
"""Means of the hour; the rain of the minute."""


def test_each_kind_is_measured_as_often_as_its_source_publishes(registry: Registry) -> None:
    expected = {"air-station": 3600, "river-gauge": 600}

    for sensor in registry.sensors.values():
        assert sensor.interval_s == expected.get(sensor.kind, 60), sensor.sensor_id
        hourly = sensor.kind == "air-station"
        assert sensor.period_s == PERIODS_S.get(sensor.kind, 0), sensor.sensor_id
        assert (sensor.delay_s >= 900) == hourly, f"{sensor.sensor_id}: AirKorea publishes a quarter past the hour"


def test_the_flood_offices_gauges_have_the_levels_that_its_notices_name(registry: Registry) -> None:
    hyeongsan = registry.sensors["river-hyeongsan-bridge"].gauge_levels
    gangdong = registry.sensors["river-gangdong-bridge"].gauge_levels

    assert hyeongsan is not None
    assert gangdong is not None
    assert (hyeongsan.caution, hyeongsan.alert) == (2.50, 3.00), "매일신문 2023081014033624003"
    assert (gangdong.caution, gangdong.alert) == (6.5, 7.5), "노컷뉴스, notices of 2022-09-06"
    assert (hyeongsan.attention, hyeongsan.serious) == (None, None), "not found: not made up"
    assert (gangdong.attention, gangdong.serious) == (None, None), "not found: not made up"


def test_a_gauge_whose_levels_were_not_found_says_that_they_are_modelled(registry: Registry) -> None:
    gauges = [s for s in registry.sensors.values() if s.kind == "river-gauge"]
    known = {"river-hyeongsan-bridge", "river-gangdong-bridge"}
    judged = {s.sensor_id: s.gauge_levels for s in gauges if s.gauge_levels is not None}

    assert {s.sensor_id for s in gauges} - set(judged) == {"river-oeoji"}, "a reservoir shown, not judged"
    for sensor_id, levels in judged.items():
        given = [v for v in (levels.attention, levels.caution, levels.alert, levels.serious) if v is not None]
        assert given == sorted(set(given))
        assert levels.modelled == (sensor_id not in known), sensor_id
        assert len(given) == (2 if sensor_id in known else 4), sensor_id
        assert levels.source


def test_rain_and_stage_are_measured_in_each_zone_that_the_naengcheon_threatens(registry: Registry) -> None:
    for measure in ("rainfall_mm", "water_level_m"):
        assert {s.zone for s in registry.sensors.values() if measure in s.measures} >= NAENGCHEON_ZONES, measure


def test_every_road_link_has_a_speed_and_a_free_flow_speed_to_hold_it_against(registry: Registry) -> None:
    for sensor in registry.of_domain("traffic"):
        assert "speed_kmh" in sensor.measures, sensor.sensor_id
        assert sensor.free_flow_kmh is not None, sensor.sensor_id
        assert 30 <= sensor.free_flow_kmh <= 110, sensor.sensor_id


def test_another_city_loads_as_well(tmp_path: Path) -> None:
    other = load(write_seeds(tmp_path))

    assert other.city.name.en == "Small City"
    assert set(other.sensors) == {"rain-1", "river-1", "air-1", "road-1"}


def replaced(path: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(seeds: Path) -> None:
        text = (seeds / path).read_text(encoding="utf-8")
        assert old in text
        (seeds / path).write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def second_file(seeds: Path) -> None:
    first = (seeds / "sensors" / "all.toml").read_text(encoding="utf-8")
    (seeds / "sensors" / "more.toml").write_text(first, encoding="utf-8")


def without(path: str) -> Callable[[Path], None]:
    return lambda seeds: (seeds / path).unlink()


ALL = "sensors/all.toml"
WRONG: dict[str, tuple[Callable[[Path], None], str, tuple[str, ...]]] = {
    "unknown owner": (
        replaced(ALL, 'owner = "river-office"', 'owner = "nobody"'), ALL, ("river-1", "owner", "nobody")),
    "unknown zone": (
        replaced(ALL, 'zone = "ocheon-eup"', 'zone = "atlantis"'), ALL, ("rain-1", "zone", "atlantis")),
    "unknown measure": (
        replaced(ALL, '"discharge_m3s"', '"speed_kmh"'), ALL, ("river-1", "disaster has no measure speed_kmh")),
    "no measure": (replaced(ALL, '["speed_kmh"]', "[]"), ALL, ("road-1", "measures")),
    "unknown domain": (replaced(ALL, '"traffic"', '"noise"'), ALL, ("road-1", "domain", "noise")),
    "unknown kind": (replaced(ALL, '"road-link"', '"road"'), ALL, ("road-1", "kind")),
    "unknown field": (replaced(ALL, "free_flow_kmh", "free_flow"), ALL, ("road-1", "free_flow")),
    "the same id twice": (replaced(ALL, '"river-1"', '"rain-1"'), ALL, ("sensor_id", "twice", "rain-1")),
    "the same id in two files": (second_file, "sensors/more.toml", ("sensor_id", "two files", "rain-1")),
    "no interval": (replaced(ALL, "interval_s = 600\n", ""), ALL, ("river-1", "interval_s", "required")),
    "a place off the earth": (replaced(ALL, "lat = 36.0", "lat = 136.0"), ALL, ("rain-1", "place.lat", "136")),
    "a place without source": (
        replaced(ALL, 'source = "test", certainty', "certainty"), ALL, ("rain-1", "place.source", "required")),
    "levels that descend": (
        replaced(ALL, "caution = 2.0", "caution = 9.0"), ALL, ("river-1", "gauge_levels", "ascend", "9.0")),
    "an id with a space": (replaced(ALL, '"road-1"', '"road 1"'), ALL, ("road 1", "sensor_id")),
    "broken TOML": (replaced(ALL, "[[sensors]]", "[[sensors]"), ALL, ("not valid TOML", "line")),
    "an owner without sector": (
        replaced("owners.toml", 'sector = "environment"', ""), "owners.toml", ("river-office", "sector")),
    "an owner twice": (replaced("owners.toml", '"river-office"', '"city"'), "owners.toml", ("owner_id", "twice")),
    "a misspelt table": (replaced(ALL, "[[sensors]]", "[[sensor]]"), ALL, ("no [[sensors]]",)),
    "no owners": (replaced("owners.toml", "[[owners]]", "[[people]]"), "owners.toml", ("owners",)),
    "no time zone": (replaced("city.toml", 'time_zone = "Asia/Seoul"', ""), "city.toml", ("time_zone",)),
    "no city file": (without("city.toml"), "city.toml", ("not there",)),
    "no zones": (without("map/zones.geojson"), "map/zones.geojson", ("not there",)),
    "a zone without name": (
        replaced("map/zones.geojson", '"name_ko": "jukdo-dong", ', ""), "map/zones.geojson", ("jukdo-dong", "name_ko")),
    "a zone with a wrong id": (
        replaced("map/zones.geojson", "jukdo-dong", "jukdo dong"), "map/zones.geojson", ("jukdo dong", "zone_id")),
    "a zone twice": (replaced("map/zones.geojson", "jukdo-dong", "ocheon-eup"), "map/zones.geojson", ("twice",)),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_entry_is_refused_naming_file_entry_and_field(case: str, tmp_path: Path) -> None:
    spoil, file, said = WRONG[case]
    seeds = write_seeds(tmp_path)
    load(seeds)  # right before it is spoiled

    spoil(seeds)

    with pytest.raises(WrongSeed) as refused:
        load(seeds)
    for words in (str(seeds / file), *said):
        assert words in str(refused.value)


def test_a_road_link_stands_on_its_own_line(registry: Registry) -> None:
    features = json.loads((SEEDS / "map" / "roads.geojson").read_text(encoding="utf-8"))["features"]
    lines = {f["properties"]["sensor_id"]: shape(f["geometry"]) for f in features}

    assert set(lines) == {s.sensor_id for s in registry.of_domain("traffic")}
    for sensor_id, line in lines.items():
        place = registry.sensors[sensor_id].place
        assert metres_between(line, Point(place.lon, place.lat)) < 10, sensor_id


def test_every_river_gauge_stands_by_one_river(registry: Registry) -> None:
    features = json.loads((SEEDS / "map" / "water.geojson").read_text(encoding="utf-8"))["features"]
    gauged = [
        (sensor_id, shape(f["geometry"])) for f in features for sensor_id in f["properties"].get("sensor_ids", [])
    ]

    assert sorted(sensor_id for sensor_id, _ in gauged) == sorted(
        s.sensor_id for s in registry.sensors.values() if s.kind == "river-gauge"
    )
    for sensor_id, river in gauged:
        place = registry.sensors[sensor_id].place
        assert metres_between(river, Point(place.lon, place.lat)) < 100, sensor_id


def test_no_two_sensors_hide_each_other_on_the_map(registry: Registry) -> None:
    drawn = [s for s in registry.sensors.values() if s.kind != "road-link"]  # links are lines
    points = [Point(s.place.lon, s.place.lat) for s in drawn]
    near = shapely.STRtree(points).query(points, predicate="dwithin", distance=60 / METRES_PER_DEGREE)

    assert [(drawn[a].sensor_id, drawn[b].sensor_id) for a, b in near.T if a < b] == []
