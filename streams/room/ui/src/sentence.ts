/** The one sentence that says what is the matter, and the line below it. */
import { momentSeenFrom, hourMinuteSecond } from "./clock";
import type { Alert } from "./contract";
import { isWaiting, type Scene } from "./city";
import { alertValue, duration } from "./format";
import { alertNow } from "./judged";
import { levelWord } from "./place";
import { said, t, type Language } from "./text";

export interface Sentence {
  readonly line: string;
  readonly sub: string;
}

export function sentenceOf(scene: Scene, lastNewsMs: number | null): Sentence {
  const city = said(scene.city.name);
  if (scene.cut) {
    return { line: t("sentence.unknown", { city }), sub: lastNewsMs === null ? "" : t("sub.cut", { at: hourMinuteSecond(lastNewsMs) }) };
  }
  const worst = scene.open[0];
  if (worst) return { line: said(worst.headline), sub: alertLine(scene, worst) };
  if (scene.rank < 0) return { line: t("sentence.unknown", { city }), sub: unknownLine(scene) };
  return { line: t("sentence.calm", { city }), sub: calmLine(scene) };
}

/** The other language's line, for the wall. */
export function sentenceIn(scene: Scene, as: Language): string {
  const worst = scene.open[0];
  if (scene.cut || scene.rank < 0) return t("sentence.unknown", { city: said(scene.city.name, as) }, as);
  return worst ? said(worst.headline, as) : t("sentence.calm", { city: said(scene.city.name, as) }, as);
}

function alertLine(scene: Scene, alert: Alert): string {
  const onsetMs = Date.parse(alert.onset);
  const since = t("sub.since", {
    level: levelWord(alert),
    since: momentSeenFrom(onsetMs, scene.clockMs),
    age: duration((scene.clockMs - onsetMs) / 1000),
  });
  const moment = momentOf(scene, alert);
  const others = scene.open.length > 1 ? t("sub.others", { count: scene.open.length - 1 }) : "";
  const waiting = scene.open.filter(isWaiting).length;
  return [...moment, since, others, waiting ? t("sub.waiting", { count: waiting }) : ""].filter(Boolean).join(" · ");
}

/** The sentence is of the moment at which the level changed: that moment, and how it is now. */
function momentOf(scene: Scene, alert: Alert): readonly string[] {
  const own = alertValue(scene.city, alert);
  if (!own) return [];
  const now = alertNow(scene, alert);
  const steppedAt = scene.picture.judged[alert.alert_id]?.stepped_at;
  const asOf = steppedAt ? t("sub.asOf", { at: momentSeenFrom(Date.parse(steppedAt), scene.clockMs) }) : t("judged.atStep");
  if (!now?.isNow || now.doubtful) return [asOf, t("judged.unknown")];
  return now.value === own.value ? [asOf] : [asOf, t("sub.now", { value: `${now.value} ${now.unit}` })];
}

function unknownLine(scene: Scene): string {
  const isPart = [...scene.zones.values()].some((zone) => zone.rank === 0);
  return isPart ? calmLine(scene) : t("sub.unknown", { sensors: scene.city.sensors.length });
}

function calmLine(scene: Scene): string {
  const unknown = [...scene.zones.values()].filter((zone) => zone.rank < 0);
  const zones = scene.zones.size;
  const first = unknown[0];
  if (!first) return t("sub.calm", { zones });
  const name = said(first.zone.name);
  const names = unknown.length === 1 ? t("sub.names", { first: name }) : t("sub.namesMore", { first: name, count: unknown.length - 1 });
  return t("sub.calmPart", { zones, known: zones - unknown.length, names });
}
