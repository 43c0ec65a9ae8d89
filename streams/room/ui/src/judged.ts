/**
 * An alert's number as people see it: what its rule judges now, or, where that is not known, its own with its moment.
 */
import type { Scene } from "./city";
import { momentSeenFrom } from "./clock";
import type { Alert, Judged } from "./contract";
import { ABSENT, figure, unitOf } from "./format";
import { t } from "./text";

export interface AlertNow {
  readonly number: number;
  readonly value: string;
  readonly unit: string;
  /** The event time that it is of; null where that is not known. */
  readonly atMs: number | null;
  /** What the rule judges now; else the value at which the level changed. */
  readonly isNow: boolean;
  /** Not to be read as present: of another moment, of a sensor that is late, or the line is cut. */
  readonly doubtful: boolean;
}

export function alertNow(scene: Scene, alert: Alert): AlertNow | null {
  if (!alert.measure) return null;
  if (alert.measure === ABSENT && alert.state === "active") return absentNow(scene, alert);
  const judged = scene.picture.judged[alert.alert_id];
  const isNow = alert.state === "active" && typeof judged?.value === "number";
  const number = isNow ? judged.value : alert.value;
  if (typeof number !== "number") return null;
  const at = isNow ? judged.at : alert.state === "active" ? judged?.stepped_at : endedAt(alert);
  const sensor = scene.sensors.get(alert.scope.sensor_id ?? "");
  const late = alert.state === "active" && sensor !== undefined && sensor.freshness !== "fresh";
  return {
    number,
    value: figure(scene.city, alert.measure, number),
    unit: unitOf(scene.city, alert.measure, alert.window_s),
    atMs: at ? Date.parse(at) : null,
    isNow,
    doubtful: scene.cut || late || (!isNow && alert.state === "active"),
  };
}

/** A sensor that says nothing: for how long until now. */
function absentNow(scene: Scene, alert: Alert): AlertNow {
  const sinceMs = Date.parse(alert.condition_since);
  const number = (scene.clockMs - sinceMs) / 1000;
  return { number, value: figure(scene.city, alert.measure, number), unit: "", atMs: sinceMs, isNow: true, doubtful: scene.cut };
}

/** The moment that a number which is not of now is of, in words. */
export function momentWords(now: AlertNow, clockMs: number): string {
  return now.atMs === null ? t("judged.atStep") : t("judged.then", { at: momentSeenFrom(now.atMs, clockMs) });
}

/** What is known of an alert's number once its next state has come, until the server says more. */
export function judgedAfter(before: Judged | undefined, known: Alert | undefined, alert: Alert): Judged {
  if (known && known.level === alert.level && known.value === alert.value) return before ?? {};
  return { ...before, stepped_at: isAct(alert) ? null : alert.updated_at };
}

/** Closed by hand, it ended with a value of some earlier moment. */
function endedAt(alert: Alert): string | null {
  return isAct(alert) ? null : (alert.cleared_at ?? null);
}

/** An officer's act made this state, so its time is that of the act. */
function isAct(alert: Alert): boolean {
  const acts = [...(alert.comments ?? []), ...(alert.acknowledged ? [alert.acknowledged] : [])];
  return acts.some((act) => act.at === alert.updated_at);
}
