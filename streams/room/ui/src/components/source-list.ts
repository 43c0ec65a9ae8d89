/**
 * `<uh-source-list>`: how fresh each institution's data are.
 *
 * In     `scene`, `lastNewsMs`, `form`: `bar` (one line), `grid` (the wall), `table` (phone and tab).
 * Out    nothing.
 * State  fresh quiet; late, absent or partial in bold with the reason; cut off, everything is in doubt.
 * Reads aloud as a list.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { RoomElement, sharedStyles } from "../base";
import type { Scene } from "../city";
import { nowMs } from "../clock";
import type { SourceState } from "../contract";
import { duration } from "../format";
import { said, t, type WordKey } from "../text";

const GRID_CELLS = 8; // what fits beside the tiles on the wall

type How = "fresh" | "part" | "stale" | "absent";

@customElement("uh-source-list")
export class SourceList extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; min-width: 0; }
    li { display: inline-flex; align-items: baseline; gap: .4em; white-space: nowrap; min-width: 0; } .name { overflow: hidden; text-overflow: ellipsis; } .age { color: var(--ink-3); flex: none; } .doubt { color: var(--ink); font-weight: var(--w-strong); }
    .dot { width: .55em; height: .55em; border-radius: 50%; background: var(--ink-3); flex: none; align-self: center; } .part { background: linear-gradient(90deg, var(--ink-3) 50%, transparent 50%); box-shadow: inset 0 0 0 1.5px var(--ink-3); } .stale, .absent { background: none; border: 1.5px dashed var(--ink-off); }
    .absent { background: linear-gradient(135deg, transparent 44%, var(--ink-off) 44% 56%, transparent 56%); }
    :host([form="bar"]) ul { display: flex; justify-content: center; gap: 0 1.1rem; height: 1.4em; flex-wrap: wrap; overflow: hidden; }
    :host([form="grid"]) ul { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .25rem 1.6rem; }
    :host([form="table"]) li { display: flex; padding: .6rem var(--s4); border-top: var(--hair) solid var(--line); } :host([form="table"]) .age { margin-left: auto; } :host([form="table"]) .name { white-space: normal; } :host([form="grid"]) .age { margin-left: auto; } :host([form="grid"]) li.age { margin-left: 0; }
    .none { color: var(--ink-2); } :host([form="table"]) .none { padding: var(--s4); }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) lastNewsMs: number | null = null;
  @property({ reflect: true }) form: "bar" | "grid" | "table" = "bar";

  override render() {
    const rows = this.scene.picture.sources;
    if (rows.length === 0) return html`<p class="none">${t("sources.none")}</p>`;
    const ordered = this.form === "table" ? rows : [...rows].sort((a, b) => Number(isFresh(a)) - Number(isFresh(b)));
    const shown = this.form === "grid" && rows.length > GRID_CELLS ? ordered.slice(0, GRID_CELLS - 1) : ordered;
    const rest = ordered.slice(shown.length);
    return html`<ul aria-label=${t("sources.title")}>${shown.map((row) => this.row(row, rows))}${rest.length ? html`<li class="age">${t(!this.scene.cut && rest.every(isFresh) ? "sources.rest" : "sources.restDoubt", { count: rest.length })}</li>` : nothing}</ul>`;
  }

  private row(row: SourceState, rows: readonly SourceState[]) {
    const { city, clockMs, cut } = this.scene;
    const owner = said(city.owners.find((each) => each.owner_id === row.owner)?.name) || row.owner;
    const several = rows.filter((each) => each.owner === row.owner).length > 1;
    const how: How = cut ? "stale" : row.fresh === row.sensors ? "fresh" : row.fresh > 0 ? "part" : row.stale > 0 ? "stale" : "absent";
    const age = row.last_at ? duration((cut && this.lastNewsMs !== null ? nowMs() - this.lastNewsMs : clockMs - Date.parse(row.last_at)) / 1000) : "";
    const words = cut ? t("age.ago", { age })
      : how === "fresh" ? age
      : how === "part" ? `${row.fresh} / ${row.sensors}`
      : [age, t(`sensor.${row.last_at ? how : "never"}` as WordKey)].filter(Boolean).join(" · ");
    return html`<li data-testid="source-row" data-source=${row.owner} data-domain=${row.domain} data-state=${how}><i class="dot ${how}"></i><span class="name">${owner}${several ? ` ${t(`domain.${row.domain}`)}` : ""}</span><span class="age ${how === "fresh" ? "" : "doubt"}">${words}</span></li>`;
  }
}

function isFresh(row: SourceState): boolean {
  return row.fresh === row.sensors;
}
