/**
 * The picture of one view and what follows from it: pure functions, no clock, no network.
 *
 * `apply…` give the next picture from the last one and an event; `sceneOf` derives what is drawn.
 */
import type { Alert, Bulletin, BySensor, City, Domain, Exercise, Picture, Sensor, StatusEvent, ValuesEvent, Zone } from "./contract";
import { judgedAfter } from "./judged";
import { rankOf, type Rank } from "./levels";

const STALE_INTERVALS = 2; // a sensor may miss one reading before its value is doubted
const ABSENT_INTERVALS = 4; // two more, and the value is no longer shown
const ALERTS_KEPT = 500; // open ones are never dropped; of the ended the oldest are
const BULLETINS_KEPT = 100;
const HOUR_S = 3600;
const CITY_WIDE_SHARE = 0.6; // an area of more of the city's zones is said as a chip, not painted

export function applyAlert(picture: Picture, alert: Alert): Picture {
  const known = picture.alerts.find((each) => each.alert_id === alert.alert_id);
  if (known && known.sequence >= alert.sequence) return picture;
  const others = picture.alerts.filter((each) => each.alert_id !== alert.alert_id);
  const alerts = [...others, alert];
  const judged = { ...picture.judged, [alert.alert_id]: judgedAfter(picture.judged[alert.alert_id], known, alert) };
  if (alerts.length <= ALERTS_KEPT) return { ...picture, alerts, judged };
  const open = alerts.filter((each) => each.state === "active");
  const ended = alerts.filter((each) => each.state !== "active").sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return { ...picture, judged, alerts: [...open, ...ended.slice(0, Math.max(0, ALERTS_KEPT - open.length))] };
}

export function applyValues(picture: Picture, values: ValuesEvent): Picture {
  return {
    ...picture,
    clock: values.clock ?? picture.clock,
    latest: merged(picture.latest, values.latest),
    hour: merged(picture.hour, values.hour),
    judged: { ...picture.judged, ...values.judged },
  };
}

export function applyStatus(picture: Picture, status: StatusEvent): Picture {
  return {
    ...picture,
    server_time: status.server_time,
    clock: status.clock ?? picture.clock,
    exercises: status.exercises,
    sources: status.sources,
    zones: status.zones,
    influx: status.influx ?? picture.influx,
  };
}

export function applyBulletin(picture: Picture, bulletin: Bulletin): Picture {
  const known = picture.bulletins.find((each) => each.bulletin_id === bulletin.bulletin_id);
  if (known && known.revision >= bulletin.revision) return picture;
  const others = picture.bulletins.filter((each) => each.bulletin_id !== bulletin.bulletin_id);
  return { ...picture, bulletins: [...others, bulletin].slice(-BULLETINS_KEPT) };
}

function merged<T>(before: BySensor<T>, change: BySensor<T> | undefined): BySensor<T> {
  if (!change) return before;
  const next: Record<string, Readonly<Record<string, T>>> = { ...before };
  for (const [sensorId, measures] of Object.entries(change)) next[sensorId] = { ...next[sensorId], ...measures };
  return next;
}

export type Freshness = "fresh" | "stale" | "absent" | "never";

export interface SensorNow {
  readonly sensor: Sensor;
  readonly freshness: Freshness;
  readonly atMs: number | null;
  /** What is shown of it first. */
  readonly measure: string | null;
  readonly value: number | null;
  readonly rising: boolean;
  readonly rank: Rank;
  readonly alert: Alert | null;
}

export interface ZoneNow {
  readonly zone: Zone;
  readonly rank: Rank;
  readonly alerts: readonly Alert[];
  readonly rain: number | null;
  readonly stage: SensorNow | null;
  readonly traffic: Traffic | null;
}

export type Traffic = "free" | "slow" | "jam";

export interface DomainNow {
  readonly domain: Domain;
  readonly rank: Rank;
  readonly worst: Alert | null;
  readonly fresh: number;
  readonly absent: number;
  readonly all: number;
  readonly measure: string | null;
  readonly value: number | null;
  readonly atMs: number | null;
  /** The value is made of late readings only. */
  readonly doubtful: boolean;
}

/** Everything that is drawn, derived once per change. */
export interface Scene {
  readonly city: City;
  readonly picture: Picture;
  readonly clockMs: number;
  readonly exercise: string | null;
  /** The exercise's frame: whatever is drawn of an exercise is drawn in it. */
  readonly frame: Exercise | null;
  /** No news from the server: nothing may look known. */
  readonly cut: boolean;
  readonly rank: Rank;
  readonly open: readonly Alert[];
  readonly ended: readonly Alert[];
  readonly sensors: ReadonlyMap<string, SensorNow>;
  readonly zones: ReadonlyMap<string, ZoneNow>;
  readonly domains: readonly DomainNow[];
}

export function sceneOf(city: City, picture: Picture, clockMs: number, cut: boolean): Scene {
  const exercise = picture.exercise ?? null;
  const open = beneath(picture.alerts.filter((alert) => alert.state === "active").sort(worstFirst));
  const ended = picture.alerts
    .filter((alert) => alert.state === "cleared")
    .sort((a, b) => (b.cleared_at ?? b.updated_at).localeCompare(a.cleared_at ?? a.updated_at));
  const bySensor = new Map<string, Alert>();
  for (const alert of open) {
    const sensorId = alert.scope.sensor_id;
    if (sensorId && !bySensor.has(sensorId)) bySensor.set(sensorId, alert);
  }
  const sensors = new Map(city.sensors.map((sensor) => [sensor.sensor_id, sensorNow(sensor, picture, clockMs, bySensor.get(sensor.sensor_id) ?? null)]));
  const zones = new Map(city.zones.map((zone) => [zone.zone_id, zoneNow(zone, city, picture, open, sensors, cut)]));
  const domains = city.domains.map((domain) => domainNow(domain, city, picture, open, sensors));
  return { city, picture, clockMs, exercise, frame: frameOf(picture), cut, rank: cityRank(city, open, zones, cut), open, ended, sensors, zones, domains };
}

/** The exercise that a picture is of, also where the server no longer lists it. */
export function frameOf(picture: Picture): Exercise | null {
  const id = picture.exercise;
  if (!id) return null;
  return picture.exercises.find((each) => each.exercise === id) ?? { exercise: id, name: { ko: id, en: id }, running: false };
}

function worstFirst(a: Alert, b: Alert): number {
  return rankOf(b.level) - rankOf(a.level)
    || Number(Boolean(a.acknowledged)) - Number(Boolean(b.acknowledged))
    || b.onset.localeCompare(a.onset)
    || a.alert_id.localeCompare(b.alert_id);
}

/** Each covered alert behind the one that covers it, in the same order otherwise. */
function beneath(open: readonly Alert[]): readonly Alert[] {
  const ids = new Set(open.map((alert) => alert.alert_id));
  const under = (id: string | null): Alert[] => open
    .filter((alert) => (alert.covered_by && ids.has(alert.covered_by) ? alert.covered_by : null) === id)
    .flatMap((alert) => [alert, ...under(alert.alert_id)]);
  const placed = under(null);
  // While rules change, two might name each other for a moment: none may vanish.
  return placed.length === open.length ? placed : [...placed, ...open.filter((alert) => !placed.includes(alert))];
}

/** Whether somebody still has to take note of an open alert; one that another covers calls nobody by itself. */
export function isWaiting(alert: Alert): boolean {
  return !alert.acknowledged && !alert.covered_by;
}

/** A city is calm only where nearly all of it is known: "all clear" over silence is how a flood is missed. */
const LEAST_KNOWN = 0.9;

function cityRank(city: City, open: readonly Alert[], zones: ReadonlyMap<string, ZoneNow>, cut: boolean): Rank {
  if (cut) return -1;
  const worst = Math.max(0, ...open.map((alert) => rankOf(alert.level)));
  if (worst) return worst as Rank;
  // A zone without a sensor can't be known; the others speak for the city.
  const measured = new Set(city.sensors.map((sensor) => sensor.zone));
  const known = [...measured].filter((id) => zones.get(id)?.rank === 0).length;
  return known > 0 && known >= LEAST_KNOWN * measured.size ? 0 : -1;
}

const SHOWN_FIRST: Readonly<Record<string, readonly string[]>> = {
  "river-gauge": ["water_level_m"],
  "rain-gauge": ["rainfall_mm"],
  "air-station": ["pm25_ugm3", "pm10_ugm3"],
  "wind-station": ["wind_gust_ms", "wind_speed_ms"],
  "weather-station": ["wind_gust_ms", "wind_speed_ms", "temperature_c"],
  "tide-gauge": ["tide_level_m"],
  "seismic-station": ["pga_gal"],
  "road-link": ["speed_kmh"],
};

function sensorNow(sensor: Sensor, picture: Picture, clockMs: number, alert: Alert | null): SensorNow {
  const latest = picture.latest[sensor.sensor_id];
  const judged = alert?.measure && sensor.measures.includes(alert.measure) ? [alert.measure] : [];
  const wanted = [...judged, ...(SHOWN_FIRST[sensor.kind] ?? []), ...sensor.measures];
  const measure = wanted.find((name) => latest?.[name]) ?? wanted[0] ?? null;
  const value = measure ? valueOf(sensor, measure, picture) : null;
  const times = latest ? Object.values(latest).map((each) => Date.parse(each.at)) : [];
  const atMs = times.length ? Math.max(...times) : null;
  const mean = measure ? picture.hour[sensor.sensor_id]?.[measure]?.mean : undefined;
  const rising = measure === "water_level_m" && value !== null && mean !== undefined && value - mean > 0.02;
  const fresh = freshness(sensor, atMs, clockMs);
  return { sensor, freshness: fresh, atMs, measure, value, rising: rising && fresh === "fresh", rank: rankOf(alert?.level), alert };
}

/** The value that stands for a sensor now: of rain the sum of the last hour (none while a part of it is unknown), else the last reading. */
export function valueOf(sensor: Sensor, measure: string, picture: Picture): number | null {
  const latest = picture.latest[sensor.sensor_id]?.[measure];
  if (!latest) return null;
  return measure === "rainfall_mm" ? (latest.hour_sum ?? null) : latest.value;
}

export function freshness(sensor: Sensor, atMs: number | null, clockMs: number): Freshness {
  if (atMs === null) return "never";
  const ageS = (clockMs - atMs) / 1000 - sensor.delay_s;
  if (ageS > ABSENT_INTERVALS * sensor.interval_s) return "absent";
  return ageS > STALE_INTERVALS * sensor.interval_s ? "stale" : "fresh";
}

/** Whether an alert is about most of the city, so that painting it would say nothing. */
export function isCityWide(alert: Alert, city: City): boolean {
  if (alert.scope.sensor_id || alert.scope.zone) return false;
  return alert.area.length === 0 || alert.area.length > city.zones.length * CITY_WIDE_SHARE;
}

function zoneNow(
  zone: Zone, city: City, picture: Picture, open: readonly Alert[], sensors: ReadonlyMap<string, SensorNow>, cut: boolean,
): ZoneNow {
  const stated = picture.zones[zone.zone_id];
  const alerts = open.filter((alert) => alert.zone === zone.zone_id
    || stated?.alert_ids?.includes(alert.alert_id)
    || (!isCityWide(alert, city) && alert.area.includes(zone.zone_id)));
  const worst = alerts[0];
  const rank: Rank = cut ? -1 : worst ? rankOf(worst.level) : !stated || stated.state === "unknown" ? -1 : 0;
  const here = [...sensors.values()].filter((each) => each.sensor.zone === zone.zone_id && each.freshness !== "never" && each.freshness !== "absent");
  const rains = here.map((each) => valueOf(each.sensor, "rainfall_mm", picture)).filter((each) => each !== null);
  const stages = here.filter((each) => each.sensor.kind === "river-gauge").sort((a, b) => b.rank - a.rank);
  const roads = here.map(trafficOf).filter((each) => each !== null);
  return {
    zone, rank, alerts,
    rain: rains.length ? Math.max(...rains) : null,
    stage: stages[0] ?? null,
    traffic: roads.includes("jam") ? "jam" : roads.includes("slow") ? "slow" : roads.length ? "free" : null,
  };
}

/** How a road link runs, by the share of its free speed. */
export function trafficOf(now: SensorNow): Traffic | null {
  const free = now.sensor.free_flow_kmh;
  if (!free || now.sensor.kind !== "road-link" || now.value === null || now.measure !== "speed_kmh") return null;
  const share = now.value / free;
  return share <= 0.3 ? "jam" : share < 0.6 ? "slow" : "free";
}

function domainNow(domain: Domain, city: City, picture: Picture, open: readonly Alert[], sensors: ReadonlyMap<string, SensorNow>): DomainNow {
  const own = [...sensors.values()].filter((each) => each.sensor.domain === domain && (!picture.exercise || each.freshness !== "never"));
  const fresh = own.filter((each) => each.freshness === "fresh");
  const stale = own.filter((each) => each.freshness === "stale");
  const spoken = fresh.length ? fresh : stale;
  const worst = open.filter((alert) => alert.domain === domain).sort(worstFirst)[0] ?? null;
  const measure = { "air-quality": ["pm25_ugm3", "pm10_ugm3"], traffic: ["speed_kmh"], disaster: ["rainfall_mm"] }[domain]
    .find((name) => city.measures[name] && spoken.some((each) => valueOf(each.sensor, name, picture) !== null)) ?? null;
  const shown = spoken.filter((each) => measure !== null && valueOf(each.sensor, measure, picture) !== null);
  const values = shown.map((each) => valueOf(each.sensor, measure ?? "", picture) ?? 0);
  const value = values.length === 0 ? null : domain === "disaster" ? Math.max(...values) : values.reduce((a, b) => a + b, 0) / values.length;
  return {
    domain,
    rank: worst ? rankOf(worst.level) : fresh.length ? 0 : -1,
    worst,
    fresh: fresh.length,
    absent: own.filter((each) => each.freshness === "absent" || each.freshness === "never").length,
    all: own.length,
    measure,
    value,
    atMs: shown.length ? Math.max(...shown.map((each) => each.atMs ?? 0)) : null,
    doubtful: fresh.length === 0,
  };
}

/** The sensor that an institution's expectation is about: it is named by id or by either name. */
export function expectedSensor(city: City, expected: { readonly place: string; readonly measure: string }): Sensor | null {
  return city.sensors.find((sensor) => sensor.measures.includes(expected.measure)
    && [sensor.sensor_id, sensor.name.ko, sensor.name.en].includes(expected.place)) ?? null;
}

/** The rule that judges a measure of a sensor, for the thresholds in its chart. */
export function ruleFor(city: City, sensor: Sensor, measure: string, ruleId?: string) {
  // How much it may rise or range is no height that could be drawn beside its values.
  const fits = city.rules.filter((rule) => rule.measure === measure && rule.aggregate !== "rise" && rule.aggregate !== "range" && (!rule.kinds || rule.kinds.length === 0 || rule.kinds.includes(sensor.kind)));
  const asShown = fits.find((rule) => rule.window === "sliding" && rule.window_s === HOUR_S); // of rain the last hour is shown
  return fits.find((rule) => rule.rule_id === ruleId) ?? asShown ?? fits[0] ?? null;
}
