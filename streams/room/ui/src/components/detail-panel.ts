/**
 * `<uh-detail-panel>`: the chosen alert, sensor or zone.
 *
 * In     `scene`, `selection`.
 * Out    `uh-choose` (another thing, or none).
 * State  none; what is not in this view is said to be so.
 * Reads aloud from its heading on; the chart has its table twin.
 */
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, icon, sharedStyles, steps } from "../base";
import { ruleFor, valueOf, type Scene, type SensorNow, type ZoneNow } from "../city";
import { hourMinute, momentSeenFrom } from "../clock";
import type { Alert } from "../contract";
import { duration, figure, unitNow, unitOf } from "../format";
import { alertNow, momentWords, type AlertNow } from "../judged";
import { rankOf, type Rank } from "../levels";
import { alertPlace, alertTitle, coveringName, levelWord, zoneName } from "../place";
import { nextLevel } from "../thresholds";
import { said, t, type WordKey } from "../text";
import type { AlertActions } from "./alert-actions";
import { detailStyles } from "./detail-styles";

@customElement("uh-detail-panel")
export class DetailPanel extends RoomElement {
  static override styles = [sharedStyles, detailStyles, css``];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) selection!: Selection;
  @state() private measure = "";
  private shownId = "";
  @query("uh-alert-actions") private actions?: AlertActions;

  /** The key A. */
  acknowledge(): void {
    void this.actions?.openForm("acknowledge");
  }

  override willUpdate(): void {
    const id = this.selection.kind === "none" ? "" : this.selection.id;
    if (id !== this.shownId) this.measure = "";
    this.shownId = id;
  }

  override render() {
    const { scene, selection } = this;
    if (selection.kind === "alert") {
      const alert = scene.picture.alerts.find((each) => each.alert_id === selection.id);
      if (alert) return this.ofAlert(alert);
    } else if (selection.kind === "sensor") {
      const now = scene.sensors.get(selection.id);
      if (now) return this.ofSensor(now);
    } else if (selection.kind === "zone") {
      const now = scene.zones.get(selection.id);
      if (now) return this.ofZone(now);
    }
    return html`<header>${this.close()}<h2>${selection.kind === "none" ? "" : selection.id}</h2><p>${t("detail.notFound")}</p></header>`;
  }

  private close() {
    return html`<button class="close" aria-label=${t("detail.close")} title=${t("detail.close")} @click=${() => this.ask<Selection>("uh-choose", { kind: "none" })}>${icon("close")}</button>`;
  }

  private tag() {
    return this.scene.exercise ? html`<em class="extag">${t("exercise")}</em>` : nothing;
  }

  private badge(rank: Rank, word: string) {
    return html`<span class="badge b${rank}">${glyph(rank)}<b>${word}</b>${steps(rank)}</span>`;
  }

  private ofAlert(alert: Alert) {
    const { city, clockMs } = this.scene;
    const ended = alert.state !== "active";
    const rank = rankOf(alert.level);
    const value = alertNow(this.scene, alert);
    const sensor = alert.scope.sensor_id ? this.scene.sensors.get(alert.scope.sensor_id) : undefined;
    const measure = (alert.measure && sensor?.sensor.measures.includes(alert.measure) ? alert.measure : sensor?.measure) ?? null;
    const rule = city.rules.find((each) => each.rule_id === alert.rule_id);
    return html`
      <header>${this.close()}
        <div>${ended ? html`<span class="badge">${glyph(rank, true)}<b>${t("life.cleared")}</b></span>` : this.badge(rank, levelWord(alert))}
          <span class="quiet">${t("since.before")}${momentSeenFrom(Date.parse(alert.onset), clockMs)}${t("since.after")} · ${duration((Date.parse(alert.cleared_at ?? new Date(clockMs).toISOString()) - Date.parse(alert.onset)) / 1000)}</span></div>
        <h2>${this.tag()}${alertTitle(city, alert)}</h2>
        <p>${alertPlace(city, alert)} ${alert.covered_by ? html`· ${t("alerts.covered", { what: coveringName(this.scene, alert) })} ` : nothing}${sensor?.sensor.modelled ? html`<span class="modelled">${t("modelled")}</span>` : nothing}</p>
      </header>
      <div class="scroll" tabindex="-1">
        ${value ? html`<div class="figure"><div class="hero l${ended || value.doubtful ? 0 : rank}" data-testid="hero"><b>${value.doubtful ? `(${value.value})` : value.value}</b><i>${value.unit}</i></div><div class="facts">${this.facts(alert, sensor, value)}</div></div>` : nothing}
        ${sensor && measure ? this.chart(sensor, measure, alert.rule_id) : nothing}
        ${said(alert.instruction) ? html`<section><h3>${t("detail.do")}</h3><p class="loud">${said(alert.instruction)}</p></section>` : nothing}
        <section><h3>${t("detail.life")}</h3><uh-alert-life .alert=${alert} .scene=${this.scene} .size=${this.size}></uh-alert-life></section>
        <section class="why">${rule ? html`<p><b>${t("detail.rule")}</b>${said(rule.name)}</p>` : nothing}<p><b>${t("detail.basis")}</b>${alert.source}</p></section>
      </div>
      <uh-alert-actions .alert=${alert} .clockMs=${clockMs} .exercise=${alert.exercise ?? this.scene.exercise} .size=${this.size}></uh-alert-actions>`;
  }

  private facts(alert: Alert, now: SensorNow | undefined, shown: AlertNow) {
    const { city, clockMs } = this.scene;
    const next = now && alert.measure && shown.isNow ? nextLevel(city, now.sensor, alert.measure, shown.number, alert.rule_id) : null;
    return html`
      ${alert.threshold !== null && alert.threshold !== undefined ? html`<b>${t("detail.over", { level: levelWord(alert) || t("detail.rule") })} ${figure(city, alert.measure, alert.threshold)} ${unitOf(city, alert.measure, alert.window_s)}</b>` : nothing}
      ${next ? html`<b>${t("detail.to", { level: next.word })} ${figure(city, alert.measure, next.distance)}</b>` : nothing}
      ${now && shown.isNow ? this.age(now, shown.atMs) : html`<span class="quiet">${momentWords(shown, clockMs)}${alert.state === "active" ? ` · ${t("judged.unknown")}` : ""}</span>`}`;
  }

  /** When the value is of, and how old that is; `atMs` where it is not the sensor's newest. */
  private age(now: SensorNow, atMs: number | null = now.atMs) {
    if (atMs === null) return html`<span class="quiet">${t("sensor.never")}</span>`;
    const age = duration((this.scene.clockMs - atMs) / 1000);
    const late = now.freshness === "fresh" ? nothing : html`<b class="late">${t(`sensor.${now.freshness}`)}</b> `;
    return html`<span class="quiet">${late}${t("detail.observed", { at: hourMinute(atMs) })} · ${t("age.ago", { age })} · ${t("detail.every", { age: duration(now.sensor.interval_s) })}</span>`;
  }

  private chart(now: SensorNow, measure: string, ruleId?: string) {
    return html`<uh-sensor-chart .scene=${this.scene} .sensor=${now.sensor} .measure=${measure} .ruleId=${ruleId} .size=${this.size}></uh-sensor-chart>`;
  }

  private ofSensor(chosen: SensorNow) {
    const { city, cut, open, picture } = this.scene;
    const { sensor } = chosen;
    const measure = sensor.measures.includes(this.measure) ? this.measure : chosen.measure;
    const value = measure ? valueOf(sensor, measure, picture) : null;
    const known = value !== null && (chosen.freshness === "fresh" || chosen.freshness === "stale");
    const bracketed = cut || chosen.freshness === "stale";
    const text = known ? figure(city, measure, value) : "—";
    const rank: Rank = cut ? -1 : chosen.rank > 0 ? chosen.rank : chosen.freshness === "fresh" ? 0 : -1;
    const word = chosen.alert && !cut ? levelWord(chosen.alert) : rank === 0 ? t("state.normal") : t(cut ? "state.unknown" : `sensor.${chosen.freshness}`);
    const rule = measure ? ruleFor(city, sensor, measure) : null;
    const next = known && measure ? nextLevel(city, sensor, measure, value, rule?.rule_id) : null;
    const owner = city.owners.find((each) => each.owner_id === sensor.owner);
    const own = open.filter((alert) => alert.scope.sensor_id === sensor.sensor_id);
    const place = sensor.certainty === "exact" ? "" : ` · ${t(sensor.certainty === "modelled" ? "detail.modelledPlace" : "detail.approximate")}`;
    return html`
      <header>${this.close()}<div>${this.badge(rank, word)}<span class="quiet">${owner ? said(owner.name) : ""}</span></div>
        <h2>${this.tag()}${said(sensor.name)}</h2>
        <p>${t(`kindLong.${sensor.kind}` as WordKey)} · ${zoneName(city, sensor.zone)} ${sensor.modelled ? html`<span class="modelled">${t("modelled")}</span>` : nothing}</p></header>
      <div class="scroll" tabindex="-1">
        <div class="figure"><div class="hero l${bracketed ? 0 : rank} ${known ? "" : "hatched"}"><b>${bracketed && known ? `(${text})` : text}</b><i>${unitNow(city, measure)}</i></div>
          <div class="facts">${measure ? html`<b>${said(city.measures[measure]?.label)}</b>` : nothing}${next ? html`<b>${t("detail.to", { level: next.word })} ${figure(city, measure, next.distance)}</b>` : nothing}${this.age(chosen)}</div></div>
        ${sensor.measures.length > 1 ? this.measures(sensor.measures, measure) : nothing}
        ${measure ? this.chart(chosen, measure) : nothing}
        ${own.length ? html`<section><h3>${t("detail.alerts")}</h3>${own.map((alert) => this.alertRow(alert))}</section>` : nothing}
        <section class="why">${rule ? html`<p><b>${t("detail.rule")}</b>${said(rule.name)}</p>${rule.source ? html`<details><summary>${t("detail.basisShow")}</summary>${rule.source.split("; ").map((each) => html`<p>${each}</p>`)}</details>` : nothing}` : nothing}
          <p><b>${t("detail.place")}</b>${sensor.lat.toFixed(4)}, ${sensor.lon.toFixed(4)}${place}</p></section>
      </div>`;
  }

  private measures(names: readonly string[], shown: string | null) {
    return html`<div class="measures" role="group" aria-label=${t("table.value")}>${names.map((name) => html`<button aria-pressed=${name === shown} @click=${() => { this.measure = name; }}>${said(this.scene.city.measures[name]?.label)}</button>`)}</div>`;
  }

  private ofZone(now: ZoneNow) {
    const { city, cut } = this.scene;
    const worst = now.alerts[0];
    const word = worst && now.rank > 0 ? levelWord(worst) : now.rank === 0 ? t("state.normal") : cut ? t("state.unknown") : t("state.noData");
    const own = [...this.scene.sensors.values()].filter((each) => each.sensor.zone === now.zone.zone_id);
    return html`
      <header>${this.close()}<div>${this.badge(now.rank, word)}</div><h2>${this.tag()}${said(now.zone.name)}</h2></header>
      <div class="scroll" tabindex="-1">
        ${now.alerts.length ? html`<section><h3>${t("detail.alerts")}</h3>${now.alerts.map((alert) => this.alertRow(alert))}</section>` : nothing}
        <section><h3>${t("detail.sensors")} ${own.length}</h3>${own.map((each) => {
          const known = each.value !== null && (each.freshness === "fresh" || each.freshness === "stale");
          const text = known ? figure(city, each.measure, each.value ?? 0) : "—";
          return html`<button class="line" @click=${() => this.ask<Selection>("uh-choose", { kind: "sensor", id: each.sensor.sensor_id })}>
            <span>${said(each.sensor.name)} <small>${t(`kind.${each.sensor.kind}` as WordKey)}</small></span>
            <span class=${known ? "" : "off"}><b>${known && (cut || each.freshness === "stale") ? `(${text})` : text}</b> <small>${known ? unitNow(city, each.measure) : t(`sensor.${each.freshness}`)}</small></span></button>`;
        })}</section>
      </div>`;
  }

  private alertRow(alert: Alert) {
    const { city } = this.scene;
    const value = alertNow(this.scene, alert);
    return html`<button class="line" @click=${() => this.ask<Selection>("uh-choose", { kind: "alert", id: alert.alert_id })}>
      <span>${glyph(rankOf(alert.level))} <b>${levelWord(alert)}</b> ${alertTitle(city, alert)}</span><span>${value ? html`<b>${value.doubtful ? `(${value.value})` : value.value}</b> <small>${value.unit}</small>` : nothing}</span></button>`;
  }
}
