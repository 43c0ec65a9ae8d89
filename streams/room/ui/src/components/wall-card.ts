/**
 * `<uh-wall-card>`: what the wall lays on the sea: the worst alert's chart and what to do, or what ended lately.
 *
 * In     `scene`.
 * Out    nothing: the wall has no controls.
 * State  none; cut off it shows nothing, because nothing on it would be known.
 * Reads aloud nothing beyond its texts.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { RoomElement, glyph, sharedStyles } from "../base";
import type { Scene, SensorNow } from "../city";
import { hourMinute, momentSeenFrom } from "../clock";
import type { Alert } from "../contract";
import { duration } from "../format";
import { alertNow } from "../judged";
import { rankOf } from "../levels";
import { alertPlace, alertTitle } from "../place";
import { said, t } from "../text";

const ENDED_SHOWN = 3;

@customElement("uh-wall-card")
export class WallCard extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; background: color-mix(in srgb, var(--bg) 94%, transparent); border-radius: var(--r3); box-shadow: var(--shadow-2); padding: .9rem 1.2rem 1rem; }
    :host([hidden]) { display: none; }
    h2 { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; font-size: var(--t-title); font-weight: var(--w-strong); line-height: 1.25; } h2 > span { text-wrap: balance; } h2 em { color: var(--ink-2); font-size: var(--t-small); font-weight: 500; flex: none; white-space: nowrap; }
    .do { border-top: var(--hair) solid var(--line); padding-top: .6rem; margin-top: .4rem; font-size: var(--t-body); font-weight: var(--w-strong); line-height: 1.35; text-wrap: pretty; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; } .do i { display: block; color: var(--ink-3); font-size: var(--t-small); font-weight: 500; }
    li { display: flex; gap: .8rem; align-items: flex-start; padding: .5rem 0; } li .glyph { width: 1.9rem; height: 1.9rem; margin-top: .1rem; } li b { display: block; font-size: var(--t-body); } li span { color: var(--ink-2); font-size: var(--t-small); }
    p { color: var(--ink-2); }
  `];

  @property({ attribute: false }) scene!: Scene;

  override willUpdate(): void {
    this.hidden = this.scene.cut || this.scene.rank < 0;
  }

  override render() {
    if (this.hidden) return nothing;
    const worst = this.scene.open[0];
    if (!worst) return this.lately();
    const charted = this.scene.open.find((alert) => alert.scope.sensor_id && this.scene.city.measures[alert.measure ?? ""] && this.scene.sensors.has(alert.scope.sensor_id));
    const now = charted?.scope.sensor_id ? this.scene.sensors.get(charted.scope.sensor_id) : undefined;
    return html`${charted && now ? this.chart(charted, now) : nothing}
      ${said(worst.instruction) ? html`<div class="do"><i>${t("wall.do")}</i>${said(worst.instruction)}</div>` : nothing}`;
  }

  private chart(alert: Alert, now: SensorNow) {
    const atMs = alertNow(this.scene, alert)?.atMs ?? null;
    const age = atMs === null ? "" : `${hourMinute(atMs)} · ${t("age.ago", { age: duration((this.scene.clockMs - atMs) / 1000) })}`;
    return html`<h2><span>${said(now.sensor.name)} ${said(this.scene.city.measures[alert.measure ?? ""]?.label)} ${now.sensor.modelled ? html`<span class="modelled">${t("modelled")}</span>` : nothing}</span><em>${age}</em></h2>
      <uh-sensor-chart .scene=${this.scene} .sensor=${now.sensor} .measure=${alert.measure} .ruleId=${alert.rule_id} .size=${this.size}></uh-sensor-chart>`;
  }

  private lately() {
    const { city, ended, clockMs } = this.scene;
    return html`<h2><span>${t("wall.past")}</span></h2>
      ${ended.length ? html`<ol>${ended.slice(0, ENDED_SHOWN).map((alert) => html`<li>${glyph(rankOf(alert.level), true)}<div><b>${alertTitle(city, alert)}</b><span>${alertPlace(city, alert)} · ${momentSeenFrom(Date.parse(alert.cleared_at ?? alert.updated_at), clockMs)}</span></div></li>`)}</ol>` : html`<p>${t("wall.pastNone")}</p>`}`;
  }
}
