/**
 * `<uh-zone-table>`: the zones in words and numbers, the map's twin.
 *
 * In     `scene`, `chosen` (a zone's id).
 * Out    `uh-choose` with a zone.
 * State  the words looked for. Zones without data say so; nothing found says so.
 * Reads aloud as a table.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import type { Scene, ZoneNow } from "../city";
import { figure } from "../format";
import { levelWord } from "../place";
import { said, t } from "../text";
import { tableStyles } from "./table-styles";

@customElement("uh-zone-table")
export class ZoneTable extends RoomElement {
  static override styles = [sharedStyles, tableStyles, css`
    .calm { display: inline-block; width: .5em; height: .5em; border-radius: 50%; border: 1.5px solid var(--ink-3); margin: 0 .6em 0 .35em; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property() chosen = "";
  @state() private wanted = "";

  focusSearch(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  override render() {
    const wanted = this.wanted.trim().toLowerCase();
    const zones = [...this.scene.zones.values()]
      .filter((now) => !wanted || `${now.zone.name.ko} ${now.zone.name.en}`.toLowerCase().includes(wanted))
      .sort((a, b) => order(b) - order(a) || said(a.zone.name).localeCompare(said(b.zone.name)));
    return html`
      <label class="find">${icon("search")}<span class="visually-hidden">${t("search.zones")}</span>
        <input type="search" placeholder=${t("search.zones")} .value=${this.wanted} @input=${(event: Event) => { this.wanted = (event.target as HTMLInputElement).value; }} /></label>
      <table>
        <thead><tr><th scope="col">${t("table.zone")}</th><th scope="col">${t("table.state")}</th><th scope="col" class="r">${t("table.rain")}<br />mm</th><th scope="col" class="r">${t("table.stage")}<br />m</th><th scope="col">${t("table.traffic")}</th></tr></thead>
        <tbody>${zones.map((now) => this.row(now))}</tbody>
      </table>
      ${zones.length ? nothing : html`<p class="none">${t("search.none")}</p>`}`;
  }

  private row(now: ZoneNow) {
    const { city, cut } = this.scene;
    const id = now.zone.zone_id;
    const worst = now.alerts[0];
    const word = now.rank > 0 && worst ? levelWord(worst) : now.rank === 0 ? t("state.normal") : cut ? t("state.unknown") : t("state.noData");
    const stage = now.stage?.value ?? null;
    const bracket = (text: string) => (cut ? `(${text})` : text);
    return html`<tr data-testid="zone-row" data-zone-id=${id} data-rank=${now.rank} class=${id === this.chosen ? "chosen" : ""}>
      <th scope="row"><button @click=${() => this.ask<Selection>("uh-choose", { kind: "zone", id })}>${said(now.zone.name)}</button></th>
      <td class="w${now.rank}">${now.rank === 0 ? html`<i class="calm"></i>` : glyph(now.rank)}<span>${word}</span></td>
      <td class="r">${now.rain === null ? "—" : bracket(figure(city, "rainfall_mm", now.rain))}</td>
      <td class="r">${stage === null ? "—" : html`<b>${bracket(figure(city, "water_level_m", stage))}</b>${now.stage?.rising ? "↑" : ""}`}</td>
      <td>${now.traffic ? t(`traffic.${now.traffic}`) : "—"}</td></tr>`;
  }
}

/** Worst first, and what is not known before what is calm. */
function order(now: ZoneNow): number {
  return now.rank > 0 ? now.rank + 1 : now.rank === -1 ? 1 : 0;
}
