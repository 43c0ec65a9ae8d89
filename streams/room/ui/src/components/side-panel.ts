/**
 * `<uh-side-panel>`: the lists beside the map, one at a time: alerts, zones, sensors, announcements, sources.
 *
 * In     `scene`, `tab`, `selection`, `lastNewsMs`.
 * Out    `uh-tab`; what the lists tell passes through.
 * State  none.
 * Reads aloud as tabs; arrows move between them.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Selection, Tab } from "../address";
import { RoomElement, sharedStyles } from "../base";
import type { Scene } from "../city";
import { t, type WordKey } from "../text";
import type { SensorTable } from "./sensor-table";

const TABS: readonly Tab[] = ["alerts", "zones", "sensors", "bulletins"];

@customElement("uh-side-panel")
export class SidePanel extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: flex; flex-direction: column; min-height: 0; background: var(--bg); border-right: var(--hair) solid var(--line); }
    [role="tablist"] { display: flex; gap: 1.1rem; padding: 0 var(--s4); border-bottom: var(--hair) solid var(--line); flex: none; }
    [role="tab"] { height: 2.5rem; font-size: .875rem; color: var(--ink-2); white-space: nowrap; border-bottom: var(--rule) solid transparent; font-weight: 500; } [role="tab"] b { color: var(--ink-3); margin-left: .35em; font-weight: 500; }
    [aria-selected="true"] { color: var(--ink); font-weight: var(--w-strong); border-bottom-color: var(--ink); } [aria-selected="true"] b { color: var(--ink); font-weight: var(--w-strong); }
    [role="tabpanel"] { flex: 1; min-height: 0; overflow-y: auto; }
    :host([size="phone"]) { border: 0; } :host([size="phone"]) [role="tablist"] { display: none; } :host([size="phone"]) [role="tabpanel"] { overflow: visible; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) selection: Selection = { kind: "none" };
  @property({ attribute: false }) lastNewsMs: number | null = null;
  @property() tab: Tab = "alerts";

  /** The key /. */
  focusSearch(): void {
    this.renderRoot.querySelector<SensorTable>("uh-sensor-table, uh-zone-table")?.focusSearch();
  }

  override render() {
    const { city, open, picture, cut } = this.scene;
    const shown = TABS.includes(this.tab) || this.size === "phone" ? this.tab : "alerts";
    const counts: Readonly<Partial<Record<Tab, string>>> = {
      alerts: cut ? "?" : String(open.length), zones: String(city.zones.length), sensors: String(city.sensors.length), bulletins: String(picture.bulletins.length),
    };
    return html`<div role="tablist" aria-label=${t("nav.label")} @keydown=${this.walk}>${TABS.map((tab) => html`<button role="tab" id=${tab} data-testid="tab-${tab}" aria-selected=${tab === shown} aria-controls="panel" tabindex=${tab === shown ? 0 : -1}
        @click=${() => this.ask<Tab>("uh-tab", tab)}>${t(`tab.${tab}` as WordKey)}<b>${counts[tab]}</b></button>`)}</div>
      <div role="tabpanel" id="panel" aria-labelledby=${shown}>${this.list(shown)}</div>`;
  }

  private list(tab: Tab) {
    const { scene, size, selection } = this;
    const chosen = (kind: Selection["kind"]): string => (selection.kind === kind && selection.kind !== "none" ? selection.id : "");
    if (tab === "zones") return html`<uh-zone-table .scene=${scene} .size=${size} .chosen=${chosen("zone")}></uh-zone-table>`;
    if (tab === "sensors") return html`<uh-sensor-table .scene=${scene} .size=${size} .chosen=${chosen("sensor")}></uh-sensor-table>`;
    if (tab === "bulletins") return html`<uh-bulletin-list .scene=${scene} .size=${size}></uh-bulletin-list>`;
    if (tab === "sources") return html`<uh-source-list form="table" .scene=${scene} .size=${size} .lastNewsMs=${this.lastNewsMs}></uh-source-list><uh-bulletin-list .scene=${scene} .size=${size}></uh-bulletin-list>`;
    return tab === "map" ? nothing : html`<uh-alert-list .scene=${scene} .size=${size} .chosen=${chosen("alert")}></uh-alert-list>`;
  }

  private walk = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    const next = TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length] ?? "alerts";
    this.ask<Tab>("uh-tab", next);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#${next}`)?.focus());
    event.preventDefault();
  };
}
