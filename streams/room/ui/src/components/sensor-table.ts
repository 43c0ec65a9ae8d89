/**
 * `<uh-sensor-table>`: every sensor with its value and age, the twin of the map's marks.
 *
 * In     `scene`, `chosen` (a sensor's id).
 * Out    `uh-choose` with a sensor.
 * State  the words looked for; late values in brackets, absent ones a dash and their last time.
 * Reads aloud as a table.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import type { Scene, SensorNow } from "../city";
import { duration, figure, unitNow } from "../format";
import { zoneName } from "../place";
import { said, t, type WordKey } from "../text";
import { tableStyles } from "./table-styles";

const ROWS_SHOWN = 200; // more is what the search field is for

@customElement("uh-sensor-table")
export class SensorTable extends RoomElement {
  static override styles = [sharedStyles, tableStyles, css`
    td small, th small { display: block; color: var(--ink-3); font-size: var(--t-small); font-weight: 450; }
    th { white-space: normal; } .age { color: var(--ink-3); font-size: var(--t-small); } .late { color: var(--ink); font-weight: var(--w-strong); }
    td.r { white-space: nowrap; } td.r small { display: inline; } .glyph { width: 1em; height: 1em; margin-right: .3em; vertical-align: -.14em; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property() chosen = "";
  @state() private wanted = "";

  focusSearch(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  override render() {
    const { city } = this.scene;
    const wanted = this.wanted.trim().toLowerCase();
    const found = [...this.scene.sensors.values()]
      .filter(({ sensor }) => !wanted || [sensor.name.ko, sensor.name.en, sensor.sensor_id, zoneName(city, sensor.zone)].join(" ").toLowerCase().includes(wanted))
      .sort((a, b) => b.rank - a.rank || a.sensor.kind.localeCompare(b.sensor.kind) || said(a.sensor.name).localeCompare(said(b.sensor.name)));
    return html`
      <label class="find">${icon("search")}<span class="visually-hidden">${t("search.sensors")}</span>
        <input type="search" placeholder=${t("search.sensors")} .value=${this.wanted} @input=${(event: Event) => { this.wanted = (event.target as HTMLInputElement).value; }} /></label>
      <table>
        <thead><tr><th scope="col">${t("table.sensor")}</th><th scope="col" class="r">${t("table.value")}</th><th scope="col" class="r">${t("table.age")}</th></tr></thead>
        <tbody>${found.slice(0, ROWS_SHOWN).map((now) => this.row(now))}</tbody>
      </table>
      ${found.length > ROWS_SHOWN ? html`<p class="none">${t("alerts.more", { count: found.length - ROWS_SHOWN })}</p>` : nothing}
      ${found.length ? nothing : html`<p class="none">${t("search.none")}</p>`}`;
  }

  private row(now: SensorNow) {
    const { city, clockMs, cut } = this.scene;
    const { sensor } = now;
    const known = now.value !== null && (now.freshness === "fresh" || now.freshness === "stale");
    const text = known ? figure(city, now.measure, now.value ?? 0) : "—";
    const bracketed = known && (cut || now.freshness === "stale");
    const age = now.atMs === null ? t("sensor.never") : t("age.ago", { age: duration((clockMs - now.atMs) / 1000) });
    return html`<tr data-testid="sensor-row" data-sensor-id=${sensor.sensor_id} data-freshness=${now.freshness} class=${sensor.sensor_id === this.chosen ? "chosen" : ""}>
      <th scope="row"><button @click=${() => this.ask<Selection>("uh-choose", { kind: "sensor", id: sensor.sensor_id })}>${now.rank > 0 ? glyph(now.rank) : nothing}${said(sensor.name)}<small>${t(`kindLong.${sensor.kind}` as WordKey)} · ${zoneName(city, sensor.zone)}</small></button></th>
      <td class="r ${known && !bracketed ? "" : "off"}">${known && !bracketed ? html`<b>${text}</b>` : bracketed ? `(${text})` : text} <small>${unitNow(city, now.measure)}</small></td>
      <td class="r age">${now.freshness === "fresh" || now.freshness === "never" ? nothing : html`<b class="late">${t(`sensor.${now.freshness}`)}</b><br />`}${age}</td></tr>`;
  }
}
