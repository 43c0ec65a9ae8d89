/**
 * `<uh-alert-list>`: what is open, worst first, and what ended.
 *
 * In     `scene`, `chosen` (an alert's id).
 * Out    `uh-choose` with a selection.
 * State  which alerts of one rule and level are unfolded; on the wall how many rows find room. Empty says when the last
 *        one ended; cut says that it does not know.
 * Reads aloud row by row: level, name, place, value, since when, who acknowledged; alike ones behind a button that says
 *        how many they are.
 */
import { html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import { isWaiting, type Scene } from "../city";
import { momentSeenFrom, hourMinute } from "../clock";
import type { Alert } from "../contract";
import { duration, figure } from "../format";
import { alertNow, momentWords } from "../judged";
import { rankOf, type Rank } from "../levels";
import { alertPlace, alertTitle, coveringName, levelWord } from "../place";
import { language, t, type WordKey } from "../text";
import { alertListStyles } from "./alert-list-styles";

const ENDED_SHOWN = 12;
const WALL_ROWS_MAX = 9; // more is no longer read from four metres

@customElement("uh-alert-list")
export class AlertList extends RoomElement {
  static override styles = [sharedStyles, alertListStyles];

  @property({ attribute: false }) scene!: Scene;
  @property() chosen = "";
  /** By group, where a person has said so; else a group is unfolded for what is chosen in it. */
  @state() private unfolded: ReadonlyMap<string, boolean> = new Map();
  @state() private rowsMost = WALL_ROWS_MAX;
  @query("ol") private list?: HTMLElement;
  private listed = "";
  private resizing: ResizeObserver | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.resizing = new ResizeObserver(() => { this.rowsMost = WALL_ROWS_MAX; });
    this.resizing.observe(this);
  }

  override disconnectedCallback(): void {
    this.resizing?.disconnect();
    super.disconnectedCallback();
  }

  override willUpdate(): void {
    const listed = alikeTogether(this.scene.open).map((group) => `${group.key} ${group.alerts.length}`).join();
    if (listed !== this.listed) this.rowsMost = WALL_ROWS_MAX;
    this.listed = listed;
  }

  /** A wall has no scrolling: a row that does not fit whole is counted with the rest. */
  override updated(): void {
    if (this.size !== "wall" || !this.list) return;
    const bottom = this.list.getBoundingClientRect().bottom + 1;
    const rows = [...this.list.children];
    const fitting = rows.filter((row) => row.getBoundingClientRect().bottom <= bottom).length;
    if (fitting < rows.length) this.rowsMost = Math.max(1, fitting);
  }

  override render() {
    const { open, ended, cut } = this.scene;
    if (open.length === 0) return html`${this.empty()}${this.endedRows()}`;
    const every = alikeTogether(open);
    // A wall has few rows: what calls people comes before what another alert covers.
    const groups = this.size === "wall" ? [...every.filter(calls), ...every.filter((group) => !calls(group))] : every;
    const shown = this.size === "wall" ? groups.slice(0, this.rowsMost) : groups;
    const rest = groups.slice(shown.length).reduce((sum, group) => sum + group.alerts.length, 0);
    return html`
      ${this.counts()}
      <ol class=${cut ? "cut" : ""} aria-label=${t("alertsList.label")}>${shown.map((group, i) => this.group(group, i === 0))}</ol>
      ${rest ? html`<p class="rest" data-testid="rest">${t("alerts.more", { count: rest })}</p>` : nothing}
      ${this.size === "wall" || ended.length === 0 ? nothing : this.endedRows()}`;
  }

  private group({ key, alerts }: Group, first: boolean) {
    const [head, ...others] = alerts;
    if (!head) return nothing;
    if (this.size === "wall") return html`<li class=${first ? "lead" : ""}>${this.row(head, first ? "first" : "", others.length)}</li>`;
    return html`<li>${this.row(head, first ? "first" : "")}${others.length ? this.alike(key, others) : nothing}</li>`;
  }

  private alike(key: string, others: readonly Alert[]) {
    const isOpen = this.unfolded.get(key) ?? others.some((alert) => alert.alert_id === this.chosen);
    const waiting = others.filter(isWaiting).length;
    const turn = (): void => { this.unfolded = new Map(this.unfolded).set(key, !isOpen); };
    return html`<button class="fold" data-testid="fold" aria-expanded=${isOpen} @click=${turn} @keydown=${this.walk}>${icon("down")}${t("alerts.alikeMore", { count: others.length })}
        ${waiting ? html`<i>${t("alerts.waiting", { count: waiting })}</i>` : nothing}</button>
      ${isOpen ? html`<ol>${others.map((alert) => html`<li>${this.row(alert, "of")}</li>`)}</ol>` : nothing}`;
  }

  private counts() {
    const of = (rank: Rank) => this.scene.open.filter((alert) => rankOf(alert.level) === rank).length;
    const waiting = this.scene.open.filter(isWaiting).length;
    return html`<p class="counts" lang=${language()}>${([4, 3, 2, 1] as const).map((rank) => (of(rank) ? html`<span>${glyph(rank)}<i class="word-of">${t(`level.${rank}` as WordKey)}</i><b>${of(rank)}</b></span>` : nothing))}
      ${waiting ? html`<span class="un">${t("alerts.unacknowledged")}<b>${waiting}</b></span>` : nothing}</p>`;
  }

  private row(alert: Alert, how: "first" | "" | "of", alike = 0) {
    const { city, clockMs, cut } = this.scene;
    const rank = rankOf(alert.level);
    const onsetMs = Date.parse(alert.onset);
    const place = html`<span class="place">${alertPlace(city, alert)}${alike ? html` <b>${t("alerts.alike", { count: alike })}</b>` : nothing}</span>`;
    return html`<button class="row a${rank} ${how === "first" && cut ? "" : how} ${alert.covered_by ? "covered" : ""} ${alert.alert_id === this.chosen ? "chosen" : ""}"
        data-testid="alert-row" data-alert-id=${alert.alert_id} data-rank=${rank} aria-pressed=${alert.alert_id === this.chosen}
        @click=${() => this.ask<Selection>("uh-choose", { kind: "alert", id: alert.alert_id })} @keydown=${this.walk}>
      ${glyph(cut ? -1 : rank)}
      <span><span class="title"><span class="word">${levelWord(alert)}</span>${this.exerciseTag(alert)}${alertTitle(city, alert)}</span></span>
      ${this.value(alert)}${place}${this.threshold(alert)}
      <span class="meta"><span class="since">${t("since.before")}<b>${momentSeenFrom(onsetMs, clockMs)}</b>${t("since.after")}${this.size === "wall" ? "" : ` · ${duration((clockMs - onsetMs) / 1000)}`}</span>${this.mark(alert)}</span>
    </button>`;
  }

  /** What the rule judges now; a number of another moment stands in brackets. */
  private value(alert: Alert) {
    const now = alertNow(this.scene, alert);
    const sensor = this.scene.sensors.get(alert.scope.sensor_id ?? "");
    return html`<span class="value ${now?.doubtful ? "then" : ""}" data-testid="alert-value">${now ? html`<b>${now.doubtful ? `(${now.value})` : now.value}</b><i>${now.unit}${sensor?.rising && alert.measure === "water_level_m" ? " ↑" : ""}</i>` : nothing}</span>`;
  }

  /** Below the value: whether it is modelled, what it is measured against, and which moment it is of unless of now. */
  private threshold(alert: Alert) {
    const { city, clockMs, cut, sensors } = this.scene;
    const now = alertNow(this.scene, alert);
    const moment = now?.doubtful && !cut ? html`<b class="moment">${momentWords(now, clockMs)}</b>` : nothing;
    const modelled = sensors.get(alert.scope.sensor_id ?? "")?.sensor.modelled ? html`<span class="modelled">${t("modelled")}</span> ` : nothing;
    const limit = alert.threshold === null || alert.threshold === undefined ? nothing : t("alerts.threshold", { value: figure(city, alert.measure, alert.threshold) });
    return html`<span class="threshold">${modelled}${limit}</span>${moment}`;
  }

  private exerciseTag(alert: Alert) {
    return alert.exercise || this.scene.exercise ? html`<em class="extag">${t("exercise")}</em>` : nothing;
  }

  private mark(alert: Alert) {
    if (alert.silenced_until && Date.parse(alert.silenced_until) > this.scene.clockMs) {
      return html`<span class="ack">${icon("mute")} ${t("alerts.silenced", { until: hourMinute(Date.parse(alert.silenced_until)) })}</span>`;
    }
    if (alert.covered_by && !alert.acknowledged) return html`<span class="ack" data-testid="covered">${t("alerts.covered", { what: coveringName(this.scene, alert) })}</span>`;
    if (!alert.acknowledged) return html`<span class="new">${t("alerts.unacknowledged")}</span>`;
    return html`<span class="ack">${icon("check")}<span class="visually-hidden">${t("act.acknowledge")} </span>${alert.acknowledged.by} ${hourMinute(Date.parse(alert.acknowledged.at))}</span>`;
  }

  private empty() {
    const { cut, ended, clockMs } = this.scene;
    if (this.size === "wall") return nothing;
    if (cut) return html`<div class="empty"><b>${t("alerts.unknown")}</b><p>${t("alerts.unknownSub")}</p></div>`;
    const last = ended[0];
    const line = last ? t("alerts.noneLast", { at: momentSeenFrom(Date.parse(last.cleared_at ?? last.updated_at), clockMs) }) : t("alerts.noneEver");
    return html`<div class="empty"><b>${t("alerts.none")}</b><p>${line}</p></div>`;
  }

  private endedRows() {
    const { city, ended, clockMs } = this.scene;
    if (ended.length === 0) return nothing;
    return html`<h3>${t("alerts.ended", { count: ended.length })}</h3>${ended.slice(0, this.size === "wall" ? 3 : ENDED_SHOWN).map((alert) => {
      const endMs = Date.parse(alert.cleared_at ?? alert.updated_at);
      return html`<button class="ended" data-testid="ended-row" data-alert-id=${alert.alert_id} @click=${() => this.ask<Selection>("uh-choose", { kind: "alert", id: alert.alert_id })}>
        ${glyph(rankOf(alert.level), true)}
        <span><b>${this.exerciseTag(alert)}${alertTitle(city, alert)}</b><small>${alertPlace(city, alert)}</small></span>
        <span class="when">${momentSeenFrom(Date.parse(alert.onset), clockMs)}<br />–${momentSeenFrom(endMs, clockMs)}</span></button>`;
    })}`;
  }

  private walk = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    const rows = [...this.renderRoot.querySelectorAll<HTMLButtonElement>("button")];
    rows[rows.indexOf(event.currentTarget as HTMLButtonElement) + step]?.focus();
    event.preventDefault();
  };
}

interface Group {
  readonly key: string;
  readonly alerts: readonly Alert[];
}

function calls(group: Group): boolean {
  return !group.alerts[0]?.covered_by;
}

/** Sensors' alerts of one rule at one level stand together, in the order of their first; each announcement says its own. */
function alikeTogether(open: readonly Alert[]): readonly Group[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of open) {
    const key = alert.measure ? `${alert.rule_id} ${alert.level ?? ""} ${alert.covered_by ?? ""}` : alert.alert_id;
    const known = groups.get(key);
    if (known) known.push(alert);
    else groups.set(key, [alert]);
  }
  return [...groups].map(([key, alerts]) => ({ key, alerts }));
}
