/** The base map as read: zones, land, water and road links, in map units. */
import type Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import type { Geometry, MultiPolygon, Point as PointGeometry, Polygon } from "ol/geom";
import { fromLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import { fetchLayer, type MapLayer } from "../api";
import type { Bilingual, City, Sensor } from "../contract";
import { sharedEdges, type Point } from "./borders";

const GAUGE_REACH_M = 900; // a gauge stands on its bank or bridge; schematic rivers are off by some hundred metres
const LABEL_GRID = 9; // places tried for a zone's name, per side of its box

export interface BaseMap {
  readonly zones: VectorSource<Feature<Geometry>>;
  readonly land: VectorSource<Feature<Geometry>>;
  readonly water: VectorSource<Feature<Geometry>>;
  readonly roads: VectorSource<Feature<Geometry>>;
  readonly zoneEdges: ReturnType<typeof sharedEdges>;
  /** Points inside each zone, best for its name first. */
  readonly zoneAnchors: ReadonlyMap<string, readonly Point[]>;
  /** Sea and bay by their names, and the neighbours by theirs. */
  readonly names: readonly MapName[];
  /** The gauges of each river. */
  readonly riverGauges: ReadonlyMap<Feature<Geometry>, readonly string[]>;
}

export interface MapName {
  readonly text: Bilingual;
  readonly at: Point;
  readonly kind: "sea" | "land";
}

export async function readBaseMap(city: City): Promise<BaseMap> {
  const format = new GeoJSON({ featureProjection: "EPSG:3857" });
  const read = async (layer: MapLayer): Promise<VectorSource<Feature<Geometry>>> => {
    const features = format.readFeatures(await fetchLayer(layer)) as Feature<Geometry>[];
    return new VectorSource({ features: features.filter((feature) => feature.getGeometry()) });
  };
  const [zones, land, water, roads] = await Promise.all([read("zones"), read("land"), read("water"), read("roads")]);
  const anchors = new Map<string, readonly Point[]>();
  for (const feature of zones.getFeatures()) anchors.set(zoneIdOf(feature), anchorsOf(feature));
  const ringed = zones.getFeatures().map((feature) => ({ zoneId: zoneIdOf(feature), rings: ringsOf(feature.getGeometry()) }));
  const names = [...water.getFeatures().flatMap((feature) => nameOf(feature, "sea")), ...land.getFeatures().flatMap((feature) => nameOf(feature, "land"))];
  const rivers = new Map(water.getFeatures().map((feature) => [feature, gaugesOf(feature, city.sensors)]));
  return { zones, land, water, roads, zoneEdges: sharedEdges(ringed), zoneAnchors: anchors, names, riverGauges: rivers };
}

export function zoneIdOf(feature: Feature<Geometry>): string {
  return String(feature.get("zone_id") ?? "");
}

export function pointOf(sensor: Sensor): Point {
  const [x = 0, y = 0] = fromLonLat([sensor.lon, sensor.lat]);
  return [x, y];
}

function polygons(geometry: Geometry | undefined): Polygon[] {
  if (geometry?.getType() === "Polygon") return [geometry as Polygon];
  return geometry?.getType() === "MultiPolygon" ? (geometry as MultiPolygon).getPolygons() : [];
}

function ringsOf(geometry: Geometry | undefined): readonly (readonly Point[])[] {
  return polygons(geometry).flatMap((polygon) => polygon.getCoordinates() as unknown as Point[][]);
}

function anchorsOf(feature: Feature<Geometry>): readonly Point[] {
  const largest = polygons(feature.getGeometry()).sort((a, b) => b.getArea() - a.getArea())[0];
  if (!largest) return [];
  const label: unknown = feature.get("label");
  const [cx = 0, cy = 0] = Array.isArray(label) ? fromLonLat(label as number[]) : largest.getInteriorPoint().getCoordinates();
  const [left = 0, bottom = 0, right = 0, top = 0] = largest.getExtent();
  const found: Point[] = [[cx, cy]];
  for (let column = 1; column < LABEL_GRID; column += 1) {
    for (let row = 1; row < LABEL_GRID; row += 1) {
      const x = left + ((right - left) * column) / LABEL_GRID;
      const y = bottom + ((top - bottom) * row) / LABEL_GRID;
      if (largest.intersectsCoordinate([x, y])) found.push([x, y]);
    }
  }
  return found.sort((a, b) => Math.hypot(a[0] - cx, a[1] - cy) - Math.hypot(b[0] - cx, b[1] - cy));
}

function nameOf(feature: Feature<Geometry>, kind: MapName["kind"]): MapName[] {
  const geometry = feature.getGeometry();
  const ko: unknown = feature.get("name_ko");
  const point = geometry?.getType() === "Point" ? (geometry as PointGeometry).getCoordinates() : kind === "land" ? polygons(geometry)[0]?.getInteriorPoint().getCoordinates() : undefined;
  if (!point || typeof ko !== "string") return [];
  return [{ text: { ko, en: String(feature.get("name_en") ?? ko) }, at: [point[0] ?? 0, point[1] ?? 0], kind }];
}

function gaugesOf(river: Feature<Geometry>, sensors: readonly Sensor[]): readonly string[] {
  const named: unknown = river.get("sensor_ids") ?? river.get("sensors");
  if (Array.isArray(named)) return named.map(String);
  const geometry = river.getGeometry();
  if (!geometry || geometry.getType() === "Point") return [];
  return sensors.filter((sensor) => {
    if (sensor.kind !== "river-gauge") return false;
    const point = pointOf(sensor);
    const [x = 0, y = 0] = geometry.getClosestPoint([...point]);
    return Math.hypot(x - point[0], y - point[1]) * Math.cos((sensor.lat * Math.PI) / 180) < GAUGE_REACH_M;
  }).map((sensor) => sensor.sensor_id);
}
