/**
 * `<uh-alert-life>`: what happened to an alert, newest first.
 *
 * In     `alert`, `scene`.
 * Out    nothing; asks the server for the alert's states when its sequence moves on.
 * State  loading shows what the present state tells; a failed query keeps the last steps.
 * Reads aloud as a list.
 */
import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fetchStates } from "../api";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import type { Scene } from "../city";
import { momentSeenFrom } from "../clock";
import type { Alert } from "../contract";
import { alertValue } from "../format";
import { rankOf } from "../levels";
import { coveringName, levelWord } from "../place";
import { t } from "../text";

@customElement("uh-alert-life")
export class AlertLife extends RoomElement {
  static override styles = [sharedStyles, css`
    li { display: flex; gap: .5rem; align-items: baseline; line-height: 1.75; } .glyph { width: 1rem; height: 1rem; align-self: center; }
    em { margin-left: auto; color: var(--ink-3); font-size: var(--t-small); } .ui { width: 1em; height: 1em; color: var(--ink-3); align-self: center; } q { quotes: none; color: var(--ink-2); }
    .new { color: var(--ink); font-weight: var(--w-strong); }
  `];

  @property({ attribute: false }) alert!: Alert;
  @property({ attribute: false }) scene!: Scene;
  @state() private states: readonly Alert[] = [];
  private asked = "";

  override willUpdate(): void {
    const key = `${this.alert.alert_id} ${this.alert.sequence}`;
    if (key === this.asked) return;
    if (!this.asked.startsWith(`${this.alert.alert_id} `)) this.states = [];
    this.asked = key;
    void fetchStates(this.alert.alert_id).then(
      (states) => { if (this.asked === key) this.states = states; },
      () => undefined, // the present state is shown; the next change asks again
    );
  }

  override render() {
    const known = this.states.length ? this.states : [this.alert];
    return html`<ol>${[...this.stepsOf(known)].reverse()}</ol>`;
  }

  private stepsOf(states: readonly Alert[]): TemplateResult[] {
    const rows: TemplateResult[] = [];
    let before: Alert | null = null;
    for (const now of states) {
      rows.push(...this.changesBetween(before, now));
      before = now;
    }
    return rows;
  }

  private changesBetween(before: Alert | null, now: Alert): TemplateResult[] {
    const rows: TemplateResult[] = [];
    const at = momentSeenFrom(Date.parse(before ? now.updated_at : now.onset), this.scene.clockMs);
    if (now.state === "cleared" && before?.state !== "cleared") rows.push(this.row(html`${icon("check")}`, at, t("life.cleared")));
    else if (!before || (now.level && before.level !== now.level)) {
      const rank = rankOf(now.level);
      const word = !before ? `${levelWord(now)} ${t("life.raised")}` : t(rank > rankOf(before.level) ? "life.up" : "life.down", { level: levelWord(now) });
      const value = alertValue(this.scene.city, now);
      rows.push(this.row(glyph(rank), at, word, value ? `${value.value} ${value.unit}` : ""));
    }
    if (before && now.state === "active" && (now.covered_by ?? null) !== (before.covered_by ?? null)) {
      rows.push(this.row(html`${icon("note")}`, "", now.covered_by ? t("life.covered", { what: coveringName(this.scene, now) }) : t("life.uncovered")));
    }
    if (now.acknowledged && now.acknowledged.at !== before?.acknowledged?.at) rows.push(this.remark("check", now.acknowledged.at, t("life.acknowledged", { by: now.acknowledged.by }), now.acknowledged.note));
    for (const comment of now.comments ?? []) {
      if (!before?.comments?.some((each) => each.at === comment.at && each.by === comment.by)) rows.push(this.remark("note", comment.at, t("life.comment", { by: comment.by }), comment.note));
    }
    if (now.silenced_until && now.silenced_until !== before?.silenced_until) rows.push(this.row(html`${icon("mute")}`, at, t("life.silenced", { until: momentSeenFrom(Date.parse(now.silenced_until), this.scene.clockMs) })));
    return rows;
  }

  private remark(name: "check" | "note", at: string, what: string, note: string | null | undefined): TemplateResult {
    return html`<li>${icon(name)}<span>${what} ${note ? html`<q>${note}</q>` : nothing}</span><em>${momentSeenFrom(Date.parse(at), this.scene.clockMs)}</em></li>`;
  }

  private row(mark: TemplateResult, at: string, what: string, value = ""): TemplateResult {
    return html`<li>${mark}<b>${at}</b><span>${what}</span><em>${value}</em></li>`;
  }
}
