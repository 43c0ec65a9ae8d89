/** What an alert is called and where it is, in words of the page's language. */
import type { Alert, City } from "./contract";
import { isCityWide } from "./city";
import { said, t, type Language } from "./text";

export function levelWord(alert: Alert, as?: Language): string {
  return said(alert.level_name, as);
}

/** The rule's name; an announcement says itself. */
export function alertTitle(city: City, alert: Alert): string {
  const rule = city.rules.find((each) => each.rule_id === alert.rule_id);
  return together(rule?.measure ? said(rule.name) : said(alert.headline));
}

/** The name of the rule whose alert covers this one, as its id begins with it. */
export function coveringName(scene: { readonly city: City }, alert: Alert): string {
  const ruleId = alert.covered_by?.split(":")[0] ?? "";
  return said(scene.city.rules.find((each) => each.rule_id === ruleId)?.name) || ruleId;
}

/** What stands in brackets is not broken over two lines. */
function together(text: string): string {
  return text.replace(/\([^)]{1,12}\)/g, (bracket) => bracket.replaceAll(" ", "\u00a0"));
}

/** Who says so: an announcement's source names its institution first, then the law. */
function institution(alert: Alert): string {
  return alert.source.split(";")[0]?.trim() ?? "";
}

/** "문덕3교 · 오천읍", "대송면·오천읍", or the whole city. */
export function alertPlace(city: City, alert: Alert): string {
  const sensorId = alert.scope.sensor_id;
  const sensor = sensorId ? city.sensors.find((each) => each.sensor_id === sensorId) : undefined;
  const zone = zoneName(city, alert.zone ?? sensor?.zone);
  if (sensor) return [said(sensor.name), zone].filter(Boolean).join(" · ");
  if (isCityWide(alert, city)) return `${t("alerts.wholeCity")} · ${institution(alert)}`;
  const names = (alert.area.length ? alert.area : [alert.zone ?? alert.scope.zone ?? ""]).map((id) => zoneName(city, id)).filter(Boolean);
  return names.length > 4 ? t("sub.namesMore", { first: names.slice(0, 3).join("·"), count: names.length - 3 }).replace(/은$|는$/, "") : names.join("·");
}

export function zoneName(city: City, zoneId: string | null | undefined): string {
  return said(city.zones.find((each) => each.zone_id === zoneId)?.name);
}

export function sensorName(city: City, sensorId: string): string {
  return said(city.sensors.find((each) => each.sensor_id === sensorId)?.name) || sensorId;
}
