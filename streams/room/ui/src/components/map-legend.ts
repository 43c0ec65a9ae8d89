/**
 * `<uh-map-legend>`: what the shapes and colours now on the map mean, and its scale.
 *
 * In     `scene`, `metresPerPixel`.
 * Out    nothing.
 * State  none; names only what is there.
 * Reads aloud as a list.
 */
import { css, html, nothing, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import { RoomElement, glyph, sharedStyles } from "../base";
import { trafficOf, type Scene } from "../city";
import type { Rank } from "../levels";
import { shapeOf } from "../map/marks";
import { t, type WordKey } from "../text";

const STEPS_KM = [0.2, 0.5, 1, 2, 5, 10, 20] as const;
const SCALE_PX_MAX = 150;

@customElement("uh-map-legend")
export class MapLegend extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: flex; gap: .1rem 1rem; align-items: flex-end; justify-content: space-between; padding: .45rem var(--s3); font-size: var(--t-small); color: var(--ink-2); background: color-mix(in srgb, var(--bg) 88%, transparent); pointer-events: none; }
    ul { display: flex; flex-wrap: wrap; gap: .1rem .85rem; } li { display: inline-flex; align-items: center; gap: .35em; white-space: nowrap; }
    .glyph { width: 1.05em; height: 1.05em; } .shape { width: 1.15em; height: 1.15em; overflow: visible; } .shape path { fill: var(--map-ink); } .hollow path { fill: none; stroke: var(--ink-off); stroke-width: 1.8; stroke-dasharray: 2.6 2.2; } .hollow .strike { stroke-dasharray: none; }
    .hatch { width: 1.3em; height: .9em; background: repeating-linear-gradient(135deg, var(--hatch) 0 1.5px, transparent 1.5px 5px); box-shadow: inset 0 0 0 1px var(--line-2); }
    .slow, .jam { width: 1.8em; height: .3em; background: var(--tr-slow); } .jam { height: .42em; background: radial-gradient(circle, var(--halo) 0 .09em, transparent .1em) 0 50% / .4em 100%, var(--tr-jam); }
    .end { text-align: right; white-space: nowrap; color: var(--ink-3); flex: none; }
    .scale { display: inline-flex; align-items: flex-end; gap: .5em; color: var(--ink-2); } .scale i { display: inline-block; height: .35em; border: solid var(--ink-2); border-width: 0 1.5px 1.5px; margin-bottom: .35em; }
    :host([size="wall"]) { padding: .6rem 1.4rem; background: color-mix(in srgb, var(--bg) 76%, transparent); } :host([size="wall"]) .sources { display: none; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) metresPerPixel = 0;

  override render() {
    return html`<ul>${this.levels()}${this.kinds()}${this.roads()}</ul><div class="end">${this.scale()}<div class="sources">${t("map.bounds")} · ${t("map.schematic")}</div></div>`;
  }

  private levels() {
    const ranks = new Set([...this.scene.zones.values(), ...this.scene.sensors.values()].map((each) => each.rank));
    const unknown = [...this.scene.zones.values()].some((zone) => zone.rank < 0);
    return html`${([4, 3, 2, 1] as const).filter((rank) => ranks.has(rank)).map((rank: Rank) => html`<li>${glyph(rank)}${t(`legend.${rank}` as WordKey)}</li>`)}
      ${unknown ? html`<li><i class="hatch"></i>${t(this.scene.cut ? "state.unknown" : "state.noData")}</li>` : nothing}`;
  }

  private kinds() {
    const there = [...this.scene.sensors.values()].filter((now) => now.freshness !== "never" && now.sensor.kind !== "road-link");
    const byShape = new Map<string, string[]>();
    for (const kind of [...new Set(there.map((now) => now.sensor.kind))].sort()) byShape.set(shapeOf(kind), [...(byShape.get(shapeOf(kind)) ?? []), kind]);
    const shape = (kind: string, mark = "", strike = false) => html`<svg class="shape ${mark}" viewBox="-8 -8 16 16" aria-hidden="true">${svg`<path d=${shapeOf(kind)}></path>`}${strike ? svg`<path class="strike" d="M-7 7 7-7"></path>` : nothing}</svg>`;
    return html`${[...byShape.values()].map((kinds) => html`<li>${shape(kinds[0] ?? "")}${kinds.map((kind) => t(`kind.${kind}` as WordKey)).join("·")}</li>`)}
      ${there.some((now) => now.freshness === "stale") ? html`<li>${shape("air-station", "hollow")}${t("sensor.stale")}</li>` : nothing}
      ${there.some((now) => now.freshness === "absent") ? html`<li>${shape("air-station", "hollow", true)}${t("sensor.absent")}</li>` : nothing}`;
  }

  private roads() {
    if (this.scene.cut) return nothing;
    const states = new Set([...this.scene.sensors.values()].map(trafficOf));
    return html`${states.has("slow") ? html`<li><i class="slow"></i>${t("traffic.slow")}</li>` : nothing}${states.has("jam") ? html`<li><i class="jam"></i>${t("traffic.jam")}</li>` : nothing}`;
  }

  private scale() {
    if (!this.metresPerPixel) return nothing;
    const km = [...STEPS_KM].reverse().find((each) => (each * 1000) / this.metresPerPixel <= SCALE_PX_MAX) ?? STEPS_KM[0];
    return html`<div class="scale"><i style="width:${Math.round((km * 1000) / this.metresPerPixel)}px"></i>${km < 1 ? `${km * 1000} m` : `${km} km`}</div>`;
  }
}
