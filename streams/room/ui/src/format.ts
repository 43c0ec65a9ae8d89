/** Numbers and durations as people read them. */
import type { Alert, City } from "./contract";
import { t } from "./text";

/** 4분, 2시간 40분, 3일: rounded down, the way an age is said. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t("age.second", { n: s });
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return t("age.minute", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return t("age.day", { n: Math.floor(hours / 24) });
  return minutes % 60 === 0 || hours >= 12 ? t("age.hour", { n: hours }) : t("age.hourMinute", { h: hours, n: minutes % 60 });
}

/** What an alert names as its measure where a sensor says nothing: its value is a duration in seconds. */
export const ABSENT = "absent_s";

export function figure(city: City, measure: string | null | undefined, value: number): string {
  if (measure === ABSENT) return duration(value);
  const decimals = (measure ? city.measures[measure]?.decimals : undefined) ?? 1;
  return value.toFixed(decimals);
}

/** The unit beside a sensor's present value: of rain it is the sum of the last hour. */
export function unitNow(city: City, measure: string | null | undefined): string {
  return unitOf(city, measure, measure === "rainfall_mm" ? 3600 : null);
}

/** The unit beside an alert's or a rule's value: a sum over hours says over how many. */
export function unitOf(city: City, measure: string | null | undefined, windowS?: number | null): string {
  if (!measure) return "";
  if (measure === "rainfall_mm" && windowS) return windowS === 3600 ? t("unit.perHour") : t("unit.perHours", { hours: windowS / 3600 });
  return city.measures[measure]?.unit ?? "";
}

/** The value at which an alert's level changed, and its unit; an announcement has none. */
export function alertValue(city: City, alert: Alert): { readonly value: string; readonly unit: string } | null {
  if (alert.value === null || alert.value === undefined || !alert.measure) return null;
  return { value: figure(city, alert.measure, alert.value), unit: unitOf(city, alert.measure, alert.window_s) };
}
