/**
 * `<uh-status-bar>`: the room's name, which view is looked at, how fresh each source is, and the line to the server.
 *
 * In     `scene`, `link`, `cut`, `lastNewsMs`.
 * Out    `uh-look` (an exercise's id, or null for reality).
 * State  the ticking second.
 * Reads aloud as a footer.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { RoomElement, sharedStyles } from "../base";
import type { Scene } from "../city";
import { nowMs, onTick } from "../clock";
import { duration } from "../format";
import type { Link } from "../stream";
import { said, t } from "../text";

@customElement("uh-status-bar")
export class StatusBar extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: flex; align-items: center; gap: 1rem; min-height: 2rem; padding: 0 var(--s4); background: var(--bg-2); border-top: var(--hair) solid var(--line); font-size: var(--t-small); color: var(--ink-2); flex: none; white-space: nowrap; }
    b { color: var(--ink); } uh-source-list { flex: 1; } .live { display: inline-flex; align-items: center; gap: .45em; } .live i { width: .6em; height: .6em; border-radius: 50%; background: var(--ok); } .live.cut i { background: none; border: 1.5px dashed var(--ink); } .influx { color: var(--ink); font-weight: 600; overflow: hidden; text-overflow: ellipsis; }
    select { border: 0; border-radius: var(--r1); background: var(--bg); box-shadow: inset 0 0 0 1px var(--line-2); height: 1.5rem; padding: 0 .3rem; max-width: 13rem; }
    :host([size="phone"]) { flex-wrap: wrap; padding: .6rem var(--s4); gap: .5rem 1rem; white-space: normal; } :host([size="phone"]) select { height: 2.75rem; flex: 1 1 100%; max-width: none; font-size: 1rem; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) link!: Link;
  @property({ type: Boolean }) cut = false;
  @property({ attribute: false }) lastNewsMs: number | null = null;
  @state() private tick = 0;
  private stopTicking?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopTicking = onTick(() => { this.tick += 1; });
  }

  override disconnectedCallback(): void {
    this.stopTicking?.();
    super.disconnectedCallback();
  }

  override render() {
    const { picture } = this.scene;
    const influx = picture.influx;
    const note = !influx || influx.state === "ready" ? "" : said(influx.note) || t(`influx.${influx.state}`);
    const live = this.cut ? t("stream.cut")
      : this.lastNewsMs === null ? t("stream.connecting")
      : `${t("stream.live")} · ${t("stream.last", { age: duration((nowMs() - this.lastNewsMs) / 1000) })}`;
    return html`${this.size === "phone" ? nothing : html`<b>${t("room.name")}</b>`}${this.views()}
      ${note ? html`<span class="influx" data-testid="influx-note" title=${note}>${note}</span>` : nothing}
      ${this.size === "phone" ? nothing : html`<uh-source-list form="bar" .scene=${this.scene} .lastNewsMs=${this.lastNewsMs} .size=${this.size}></uh-source-list>`}
      <span class="live ${this.cut ? "cut" : ""}" data-testid="link" data-state=${this.cut ? "cut" : this.link.state}><i></i>${live}</span>`;
  }

  private views() {
    const { exercises } = this.scene.picture;
    if (exercises.length === 0) return nothing;
    return html`<select aria-label=${t("view.label")} data-testid="view-picker" @change=${(event: Event) => this.ask<string | null>("uh-look", (event.target as HTMLSelectElement).value || null)}>
      <option value="" ?selected=${this.scene.exercise === null}>${t("view.reality")}</option>
      ${exercises.map((each) => html`<option value=${each.exercise} ?selected=${this.scene.exercise === each.exercise}>${t("view.exercise", { name: said(each.name) })}</option>`)}</select>`;
  }
}
