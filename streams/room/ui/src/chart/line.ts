/** What a sensor's chart draws: which windows are asked for, and the line that the rule judges; pure. */
import type { Sensor, HistoryPoint, Rule } from "../contract";

const GAP_INTERVALS = 3.5; // one missed reading is no hole
const HOUR_S = 3600;

export interface Plan {
  /** `sum` slides by the minute over `overS`; `mean` is of whole windows; `last` is each reading. */
  readonly says: "sum" | "mean" | "last";
  readonly windowS: 60 | 3600;
  readonly overS: number;
  readonly hours: number;
}

export interface LinePoint {
  readonly atMs: number;
  readonly value: number;
}

/** What is asked for, so that the line is what the rule judges. */
export function planOf(sensor: Sensor, measure: string, rule: Rule | null): Plan {
  if (measure === "rainfall_mm") return { says: "sum", windowS: 60, overS: rule?.window === "sliding" ? (rule.window_s ?? HOUR_S) : HOUR_S, hours: 6 };
  if (rule?.window === "sliding") return { says: "mean", windowS: 60, overS: 60, hours: 6 };
  if ((rule?.window === "final" && rule.window_s === HOUR_S) || sensor.interval_s >= HOUR_S) return { says: "mean", windowS: 3600, overS: HOUR_S, hours: 24 };
  return { says: "last", windowS: 60, overS: 60, hours: 6 };
}

/** The line with what is known of the present: it replaces what history said of its minute, and nothing later. */
export function withPresent(line: readonly LinePoint[], present: LinePoint | null): readonly LinePoint[] {
  if (!present) return line;
  const minuteEndMs = Math.ceil(present.atMs / 60_000) * 60_000;
  if ((line.at(-1)?.atMs ?? 0) > minuteEndMs) return line;
  return [...line.filter((point) => point.atMs < present.atMs), present];
}

/** The line of a plan from the windows that history gave, none of which is missing from `wholeFromMs` on; oldest first. */
export function lineOf(plan: Plan, points: readonly HistoryPoint[], fromMs: number, wholeFromMs: number): readonly LinePoint[] {
  const overMs = plan.overS * 1000;
  if (plan.says === "sum") return slidingSums(overMs, points).filter((point) => point.atMs >= fromMs && point.atMs - overMs >= wholeFromMs);
  return points
    .map((point) => ({ atMs: Date.parse(point.start) + (plan.says === "mean" ? plan.windowS * 1000 : 0), value: plan.says === "mean" ? point.mean : point.last }))
    .filter((point) => point.atMs >= fromMs);
}

function slidingSums(overMs: number, points: readonly HistoryPoint[]): readonly LinePoint[] {
  const found: LinePoint[] = [];
  let first = 0;
  let sum = 0;
  points.forEach((point) => {
    const endMs = Date.parse(point.start) + 60_000;
    sum += point.sum;
    for (let oldest = points[first]; oldest && Date.parse(oldest.start) < endMs - overMs; oldest = points[first]) {
      sum -= oldest.sum;
      first += 1;
    }
    found.push({ atMs: endMs, value: Math.max(0, Math.round(sum * 1e6) / 1e6) });
  });
  return found;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where readings are missing. */
export function gapsOf(line: readonly LinePoint[], intervalS: number): readonly Gap[] {
  const limitMs = Math.max(intervalS, 60) * GAP_INTERVALS * 1000;
  return line.flatMap((point, i) => {
    const before = line[i - 1];
    return before && point.atMs - before.atMs > limitMs ? [{ fromMs: before.atMs, toMs: point.atMs }] : [];
  });
}

/** The top of the picture: the thresholds up to the next one above the line, as long as they leave the line its shape. */
export function topOf(line: readonly LinePoint[], thresholds: readonly number[]): number {
  const most = Math.max(0, ...line.map((point) => point.value));
  const next = thresholds.find((value) => value > most);
  const above = thresholds.filter((value) => value <= Math.max(most * 2.2, (next ?? 0) * 1.01) && (most > 0 || value === next));
  const fits = most <= 0 || (next !== undefined && next > most * 4) ? thresholds.filter((value) => value <= most) : above;
  const top = Math.max(most, ...fits) * 1.12;
  return top > 0 ? top : (thresholds[0] ?? 1) * 1.12;
}

/** Round steps of about `count` parts. */
export function ticksTo(top: number, count = 4): readonly number[] {
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => Math.round(i * step * 1e6) / 1e6);
}

/** Whole hours of Korean time inside a span, few enough to be read. */
export function hoursBetween(fromMs: number, toMs: number, most = 5): readonly number[] {
  const hourMs = 3_600_000;
  const spanHours = (toMs - fromMs) / hourMs;
  const step = ([0.5, 1, 2, 3, 6, 12, 24].find((each) => spanHours / each <= most) ?? 24) * hourMs;
  const shift = 9 * hourMs;
  const found: number[] = [];
  for (let at = Math.ceil((fromMs + shift) / step) * step - shift; at <= toMs; at += step) found.push(at);
  return found;
}
