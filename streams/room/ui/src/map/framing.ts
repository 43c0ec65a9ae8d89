/** What the map should show: the open alerts, else the whole city; in map units. */
import { boundingExtent, buffer, createEmpty, extend, isEmpty, type Extent } from "ol/extent";
import type { Selection } from "../address";
import type { Scene } from "../city";
import type { Rank } from "../levels";
import { pointOf, zoneIdOf, type BaseMap } from "./base-map";
import type { Point } from "./borders";

const SENSOR_ROOM_M = 5_500; // of sight around a sensor in alert
const HOME_SHARE = 0.08; // of the sensors may lie outside on each side
const ZONES_SHOWN_MAX = 12; // more is the whole city

/** Where most of the sensors are: what is worth seeing on a calm day. */
export function homeExtent(base: BaseMap, scene: Scene): Extent {
  const points = scene.city.sensors.map(pointOf);
  if (points.length === 0) return wholeCity(base);
  const span = (values: readonly number[]): readonly [number, number] => {
    const ordered = [...values].sort((a, b) => a - b);
    const at = (share: number): number => ordered[Math.round((ordered.length - 1) * share)] ?? 0;
    return [at(HOME_SHARE), at(1 - HOME_SHARE)];
  };
  const [left, right] = span(points.map((point) => point[0]));
  const [bottom, top] = span(points.map((point) => point[1]));
  return buffer([left, bottom, right, top], SENSOR_ROOM_M);
}

export function wholeCity(base: BaseMap): Extent {
  return base.zones.getExtent() ?? createEmpty();
}

/** Where a chosen thing is; none where it has no place. */
export function placeOf(base: BaseMap, scene: Scene, selection: Selection): Point | null {
  if (selection.kind === "zone") return base.zoneAnchors.get(selection.id)?.[0] ?? null;
  const alert = selection.kind === "alert" ? scene.picture.alerts.find((each) => each.alert_id === selection.id) : undefined;
  const now = selection.kind === "sensor" ? scene.sensors.get(selection.id) : alert?.scope.sensor_id ? scene.sensors.get(alert.scope.sensor_id) : undefined;
  return now ? pointOf(now.sensor) : (base.zoneAnchors.get(alert?.zone ?? "")?.[0] ?? null);
}

/** Around the alerts of the worst rank, and of those from `least` up. */
export function alertsExtent(base: BaseMap, scene: Scene, least: Rank): Extent {
  const extent = createEmpty();
  const located = [...scene.sensors.values()].filter((now) => now.rank > 0);
  const worst = Math.max(0, ...located.map((now) => now.rank), ...[...scene.zones.values()].map((zone) => zone.rank));
  if (scene.cut || worst < 1) return homeExtent(base, scene);
  for (const now of located) {
    if (now.rank >= Math.min(worst, least)) extend(extent, buffer(boundingExtent([[...pointOf(now.sensor)]]), SENSOR_ROOM_M));
  }
  const areas = base.zones.getFeatures().filter((feature) => (scene.zones.get(zoneIdOf(feature))?.rank ?? 0) === worst);
  if (isEmpty(extent) && areas.length <= ZONES_SHOWN_MAX) {
    for (const area of areas) extend(extent, area.getGeometry()?.getExtent() ?? createEmpty());
  }
  return isEmpty(extent) ? homeExtent(base, scene) : extent;
}
