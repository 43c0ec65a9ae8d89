/**
 * What travels between the room's server and this page, as it is written in the hub's public contract.
 *
 * Times are RFC 3339 in UTC; a field that the server leaves out and one that is null mean the same.
 */

export interface Bilingual {
  readonly ko: string;
  readonly en: string;
}

export type Domain = "air-quality" | "traffic" | "disaster";
export type LevelWord = "advisory" | "warning" | "serious_warning" | "attention" | "caution" | "alert" | "serious";

export interface Zone {
  readonly zone_id: string;
  readonly name: Bilingual;
  readonly district: string;
}

export interface Owner {
  readonly owner_id: string;
  readonly name: Bilingual;
  readonly sector: string;
}

export interface Sensor {
  readonly sensor_id: string;
  readonly domain: Domain;
  readonly kind: string;
  readonly name: Bilingual;
  readonly zone: string;
  readonly lat: number;
  readonly lon: number;
  readonly certainty: string;
  readonly owner: string;
  readonly measures: readonly string[];
  readonly interval_s: number;
  readonly delay_s: number;
  readonly period_s: number;
  readonly modelled: boolean;
  readonly gauge_levels?: Readonly<Record<string, number | string | boolean>> | null;
  readonly free_flow_kmh?: number | null;
}

export interface Measure {
  readonly domain: Domain;
  readonly unit: string;
  readonly label: Bilingual;
  readonly decimals: number;
  readonly aggregate: "mean" | "sum" | "max" | "last";
}

export interface RuleLevel {
  readonly level: LevelWord;
  readonly name: Bilingual;
  readonly raise?: number | null;
  readonly clear?: number | null;
  readonly from_gauge_level?: string | null;
  readonly free_flow_pct?: number | null;
}

export interface Rule {
  readonly rule_id: string;
  readonly domain: Domain;
  readonly measure?: string | null;
  readonly kinds?: readonly string[] | null;
  readonly window?: "reading" | "final" | "sliding" | null;
  readonly window_s?: number | null;
  readonly aggregate?: string | null;
  readonly name: Bilingual;
  readonly levels: readonly RuleLevel[];
  readonly source?: string | null;
}

export interface City {
  readonly name: Bilingual;
  readonly centre: readonly [number, number];
  readonly time_zone: string;
  readonly domains: readonly Domain[];
  readonly zones: readonly Zone[];
  readonly owners: readonly Owner[];
  readonly sensors: readonly Sensor[];
  readonly measures: Readonly<Record<string, Measure>>;
  readonly rules: readonly Rule[];
}

export interface Remark {
  readonly by: string;
  readonly at: string;
  readonly note?: string | null;
}

export interface Alert {
  readonly alert_id: string;
  readonly exercise?: string | null;
  readonly rule_id: string;
  readonly domain?: Domain | null;
  readonly scope: { readonly sensor_id?: string | null; readonly zone?: string | null };
  readonly zone?: string | null;
  readonly measure?: string | null;
  readonly value?: number | null;
  readonly threshold?: number | null;
  readonly window_s?: number | null;
  readonly level?: LevelWord | null;
  readonly level_name?: Bilingual | null;
  readonly state: "active" | "cleared";
  readonly sequence: number;
  readonly headline: Bilingual;
  readonly instruction: Bilingual;
  readonly condition_since: string;
  readonly onset: string;
  readonly updated_at: string;
  readonly cleared_at?: string | null;
  readonly sensors: readonly string[];
  readonly area: readonly string[];
  readonly acknowledged?: Remark | null;
  readonly comments?: readonly Remark[];
  readonly silenced_until?: string | null;
  /** The active alert beneath which it is shown, and which calls people in its place. */
  readonly covered_by?: string | null;
  readonly source: string;
}

export interface Bulletin {
  readonly bulletin_id: string;
  readonly revision: number;
  readonly kind: string;
  readonly issued_at: string;
  readonly source: string;
  readonly area: readonly string[];
  readonly texts: Bilingual;
  readonly level?: LevelWord | null;
  readonly cancelled?: boolean;
  readonly magnitude?: number | null;
  readonly location?: { readonly lat: number; readonly lon: number } | null;
  readonly place?: Bilingual | null;
  readonly expected?: readonly { readonly place: string; readonly measure: string; readonly value: number; readonly at: string }[];
}

export interface LatestValue {
  readonly value: number;
  readonly at: string;
  readonly hour_sum?: number | null;
}

export interface HourValue {
  readonly mean: number;
  readonly sum: number;
  readonly max: number;
  readonly start: string;
  readonly final: boolean;
}

/** What an open alert's rule makes of the newest windows; without a value that is not known. */
export interface Judged {
  readonly value?: number | null;
  readonly at?: string | null;
  /** When the alert's own value, level and texts are of. */
  readonly stepped_at?: string | null;
}

export type BySensor<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

export interface SourceState {
  readonly owner: string;
  readonly domain: Domain;
  readonly sensors: number;
  readonly fresh: number;
  readonly stale: number;
  readonly absent: number;
  readonly last_at?: string | null;
}

export interface ZoneState {
  readonly state: "unknown" | "calm" | "alert";
  readonly level?: LevelWord | null;
  readonly alert_ids?: readonly string[];
}

export interface Exercise {
  readonly exercise: string;
  readonly name: Bilingual;
  readonly clock?: string | null;
  readonly last_arrival?: string | null;
  readonly running: boolean;
}

export interface InfluxState {
  readonly state: "ready" | "building" | "away" | "none";
  readonly note?: Bilingual | null;
}

/** The whole present picture of reality or of one exercise. */
export interface Picture {
  readonly position: string;
  readonly exercise?: string | null;
  readonly server_time: string;
  readonly clock?: string | null;
  readonly exercises: readonly Exercise[];
  readonly latest: BySensor<LatestValue>;
  readonly hour: BySensor<HourValue>;
  readonly alerts: readonly Alert[];
  readonly judged: Readonly<Record<string, Judged>>;
  readonly bulletins: readonly Bulletin[];
  readonly sources: readonly SourceState[];
  readonly zones: Readonly<Record<string, ZoneState>>;
  readonly influx?: InfluxState | null;
}

export interface ValuesEvent {
  readonly clock?: string | null;
  readonly latest?: BySensor<LatestValue>;
  readonly hour?: BySensor<HourValue>;
  readonly judged?: Readonly<Record<string, Judged>>;
}

export interface StatusEvent {
  readonly server_time: string;
  readonly clock?: string | null;
  readonly exercises: readonly Exercise[];
  readonly sources: readonly SourceState[];
  readonly zones: Readonly<Record<string, ZoneState>>;
  readonly influx?: InfluxState | null;
}

export interface HistoryPoint {
  readonly start: string;
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly final: boolean;
}

export interface History {
  readonly points: readonly HistoryPoint[];
  /** Before this, windows may be missing. */
  readonly whole_from: string;
  readonly source: string;
  readonly note?: Bilingual | null;
}

export type CommandKind = "acknowledge" | "comment" | "silence";

export interface Command {
  readonly command_id: string;
  readonly kind: CommandKind;
  readonly by: string;
  readonly note?: string;
  readonly until?: string;
  readonly exercise?: string;
}
