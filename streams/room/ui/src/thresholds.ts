/** A rule's thresholds for one sensor: the gauge's own levels, or a share of the link's free flow, where the rule says so. */
import { ruleFor } from "./city";
import type { City, RuleLevel, Sensor } from "./contract";
import { rankOf, type Rank } from "./levels";
import { said } from "./text";

export interface Threshold {
  readonly rank: Rank;
  readonly word: string;
  readonly value: number;
}

/** From the mildest up; a level without a number for this sensor is left out. */
export function thresholdsFor(city: City, sensor: Sensor, measure: string, ruleId?: string): readonly Threshold[] {
  const rule = ruleFor(city, sensor, measure, ruleId);
  const found: Threshold[] = [];
  for (const level of rule?.levels ?? []) {
    const own = ownOf(level, sensor);
    if (typeof own === "number") found.push({ rank: rankOf(level.level), word: said(level.name), value: own });
  }
  return found;
}

function ownOf(level: RuleLevel, sensor: Sensor): unknown {
  if (level.from_gauge_level) return sensor.gauge_levels?.[level.from_gauge_level];
  if (level.free_flow_pct) return sensor.free_flow_kmh ? (sensor.free_flow_kmh * level.free_flow_pct) / 100 : null;
  return level.raise;
}

/** The next worse level above a value, and how far away it is; none for rules that fall below. */
export function nextLevel(city: City, sensor: Sensor, measure: string, value: number | null, ruleId?: string): { readonly word: string; readonly distance: number } | null {
  const levels = thresholdsFor(city, sensor, measure, ruleId);
  const falls = levels.length > 1 && (levels[0]?.value ?? 0) > (levels.at(-1)?.value ?? 0);
  if (value === null || falls || measure === "speed_kmh") return null;
  const next = levels.find((level) => level.value > value);
  return next ? { word: next.word, distance: next.value - value } : null;
}
