/**
 * `<uh-frame-band>`: the bands over the page: an exercise is watched, the line is cut, reality has alerts meanwhile.
 *
 * In     `scene`, `exercise`, `realAlerts`, `link`, `cut`, `lastNewsMs`.
 * Out    `uh-look` (null = reality), `uh-retry`.
 * State  the ticking second of the countdown.
 * Reads aloud the cut as an alert, once; the countdown is not read.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { RoomElement, glyph, sharedStyles } from "../base";
import { hourMinuteSecond, nowMs, onTick } from "../clock";
import type { Alert, City, Exercise } from "../contract";
import { duration } from "../format";
import { rankOf } from "../levels";
import { alertPlace, alertTitle, levelWord } from "../place";
import type { Link } from "../stream";
import { said, t } from "../text";

@customElement("uh-frame-band")
export class FrameBand extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; flex: none; }
    .band { display: flex; align-items: center; gap: .2rem 1rem; min-height: 2.3rem; padding: .2rem var(--s4); font-weight: 600; }
    .band > b { font-weight: 740; white-space: nowrap; } .band > span { flex: 1; min-width: 0; font-weight: 500; } .band button { border-radius: var(--r2); padding: .25rem .75rem; background: color-mix(in srgb, currentColor 18%, transparent); font-weight: 600; white-space: nowrap; flex: none; } .band button:focus-visible { outline-color: currentColor; }
    .exercise { color: var(--on-ex); background: repeating-linear-gradient(-60deg, transparent 0 28px, rgb(0 0 0 / .16) 28px 56px), var(--ex); }
    .cut { background: var(--sel); color: var(--on-sel); }
    .real { background: var(--bg); color: var(--ink); border-bottom: var(--bar) solid var(--l2); } .real.r4 { border-color: var(--l4); } .real.r3 { border-color: var(--l3); } .real.r1 { border-color: var(--l1); }
    :host([size="wall"]) .band { min-height: 3rem; font-size: var(--t-body); padding: .3rem 1.5rem; } :host([size="wall"]) button { display: none; }
    :host([size="phone"]) .band { flex-wrap: wrap; padding: .4rem var(--s4); } :host([size="phone"]) .band > span { flex: 1 1 55%; } :host([size="phone"]) button { min-height: 2.5rem; }
  `];

  @property({ attribute: false }) city: City | null = null;
  @property({ attribute: false }) exercise: Exercise | null = null;
  @property({ attribute: false }) realAlerts: readonly Alert[] = [];
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
    return html`${this.cut ? this.cutBand() : nothing}${this.exercise ? this.exerciseBand(this.exercise) : nothing}${this.realAlerts.length ? this.realBand() : nothing}`;
  }

  private cutBand() {
    const s = this.link.retryAtMs === null ? 0 : Math.max(0, Math.ceil((this.link.retryAtMs - nowMs()) / 1000));
    const n = Math.max(1, this.link.attempt);
    const words = this.lastNewsMs === null ? t("cut.first", { s, n }) : t("cut.detail", { at: hourMinuteSecond(this.lastNewsMs), age: duration((nowMs() - this.lastNewsMs) / 1000), s, n });
    return html`<div class="band cut" data-testid="cut-band"><b role="alert">${t("cut.title")}</b><span>${words}</span><button @click=${() => this.ask("uh-retry", null)}>${t("cut.now")}</button></div>`;
  }

  private exerciseBand(exercise: Exercise) {
    const state = this.cut ? "" : ` · ${t(exercise.running ? "exercise.running" : "exercise.over")}`;
    return html`<div class="band exercise" data-testid="exercise-band"><b>${t("exercise")}</b><span>${said(exercise.name)} · ${t("exercise.notReal")}${state}</span>
      <button data-testid="leave-exercise" @click=${() => this.ask<string | null>("uh-look", null)}>${t("exercise.leave")}</button></div>`;
  }

  private realBand() {
    const worst = [...this.realAlerts].sort((a, b) => rankOf(b.level) - rankOf(a.level))[0];
    if (!worst || !this.city) return nothing;
    const rank = rankOf(worst.level);
    return html`<div class="band real r${rank}" data-testid="real-band">${glyph(rank)}<b>${t("exercise.realAlerts", { count: this.realAlerts.length })}</b>
      <span>${levelWord(worst)} · ${alertTitle(this.city, worst)} · ${alertPlace(this.city, worst)}</span><button @click=${() => this.ask<string | null>("uh-look", null)}>${t("exercise.leave")}</button></div>`;
  }
}
