/**
 * `<uh-sensor-chart>`: the last hours of a sensor's measure with the rule's thresholds drawn in, and its table twin.
 *
 * In     `scene`, `sensor`, `measure`, `ruleId`.
 * Out    nothing; asks the server for history when the sensor, the measure or the hours change, and as time goes on.
 * State  loading; empty; failed with when it is tried again (the last picture stays); table or picture.
 * Reads aloud its name; the table says the values.
 */
import { LineChart } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { fetchHistory } from "../api";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import { expectedSensor, freshness, ruleFor, type Scene } from "../city";
import { hourMinute, nowMs } from "../clock";
import { gapsOf, lineOf, planOf, topOf, withPresent, type LinePoint, type Plan } from "../chart/line";
import { optionOf, type Drawing } from "../chart/option";
import type { Alert, History, Sensor } from "../contract";
import { figure, unitOf } from "../format";
import { rankOf } from "../levels";
import { paletteOf } from "../palette";
import { thresholdsFor, type Threshold } from "../thresholds";
import { said, t } from "../text";
import { chartStyles } from "./chart-styles";

use([LineChart, GridComponent, MarkLineComponent, MarkAreaComponent, TooltipComponent, SVGRenderer]);

const ASK_AGAIN_MS = 15_000;
const ASK_AT_ONCE_MS = 3_000; // an exercise may run sixty times as fast: asked sooner when its clock has moved on
const CLOCK_MOVED_MS = 5 * 60_000;
const TABLE_ROWS = 72;
const AHEAD = 0.06; // of the span, free at the right for the last point

@customElement("uh-sensor-chart")
export class SensorChart extends RoomElement {
  static override styles = [sharedStyles, chartStyles];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) sensor!: Sensor;
  @property() measure = "";
  @property({ attribute: false }) ruleId: string | undefined;
  @state() private history: History | null = null;
  @state() private failed = false;
  @state() private table = false;
  @state() private drawn: Drawing | null = null;
  @query(".picture") private place?: HTMLElement;
  private chart: EChartsType | null = null;
  private asked = "";
  private askedMs = 0;
  private askedClockMs = 0;
  private resizing: ResizeObserver | null = null;

  override disconnectedCallback(): void {
    this.closeChart();
    super.disconnectedCallback();
  }

  override willUpdate(): void {
    const key = [this.scene.exercise, this.sensor.sensor_id, this.measure, this.ruleId].join(" ");
    if (key !== this.asked) {
      this.asked = key;
      this.history = null;
      this.failed = false;
      void this.askHistory();
    } else if (!this.scene.cut) {
      const sinceMs = nowMs() - this.askedMs;
      if (sinceMs > ASK_AGAIN_MS || (sinceMs > ASK_AT_ONCE_MS && this.scene.clockMs - this.askedClockMs > CLOCK_MOVED_MS)) void this.askHistory();
    }
    this.drawn = this.drawing();
  }

  override updated(_changed: PropertyValues<this>): void {
    if (!this.place || !this.drawn?.line.length) return this.closeChart();
    if (!this.chart) {
      this.chart = init(this.place, undefined, { renderer: "svg" });
      this.resizing = new ResizeObserver(() => { this.chart?.resize(); this.requestUpdate(); });
      this.resizing.observe(this.place);
    }
    this.chart.setOption(optionOf(this.drawn, paletteOf(this)), { notMerge: true });
  }

  private closeChart(): void {
    this.resizing?.disconnect();
    this.chart?.dispose();
    this.chart = null;
  }

  private plan(): Plan {
    return planOf(this.sensor, this.measure, ruleFor(this.scene.city, this.sensor, this.measure, this.ruleId));
  }

  private async askHistory(): Promise<void> {
    const key = this.asked;
    const plan = this.plan();
    const toMs = this.scene.clockMs;
    this.askedMs = nowMs();
    this.askedClockMs = toMs;
    const extraMs = plan.says === "sum" ? plan.overS * 1000 : 0;
    try {
      const history = await fetchHistory({
        sensor_id: this.sensor.sensor_id, measure: this.measure, window_s: plan.windowS, exercise: this.scene.exercise,
        from: new Date(toMs - plan.hours * 3_600_000 - extraMs).toISOString(), to: new Date(toMs + 60_000).toISOString(),
      });
      if (key !== this.asked) return;
      this.history = history;
      this.failed = false;
    } catch {
      if (key === this.asked) this.failed = true;
    }
  }

  /** The open alert of the rule that the line is drawn for. */
  private judgedAlert(): Alert | undefined {
    return this.scene.open.find((alert) => alert.rule_id === this.ruleId && alert.scope.sensor_id === this.sensor.sensor_id && alert.measure === this.measure);
  }

  /** The number that the alert or the sensor shows elsewhere, so that the line ends in it. */
  private present(plan: Plan): LinePoint | null {
    const { picture } = this.scene;
    const judged = picture.judged[this.judgedAlert()?.alert_id ?? ""];
    if (typeof judged?.value === "number" && judged.at) return { atMs: Date.parse(judged.at), value: judged.value };
    const latest = picture.latest[this.sensor.sensor_id]?.[this.measure];
    const value = plan.says === "last" ? latest?.value : plan.says === "sum" && plan.overS === 3600 ? latest?.hour_sum : null;
    return latest && typeof value === "number" ? { atMs: Date.parse(latest.at), value } : null;
  }

  private drawing(): Drawing | null {
    if (!this.history) return null;
    const { scene, sensor, measure } = this;
    const plan = this.plan();
    const fromMs = scene.clockMs - plan.hours * 3_600_000;
    const present = this.present(plan);
    const latest = scene.picture.latest[sensor.sensor_id]?.[measure];
    const points = plan.says === "mean" && this.judgedAlert() ? this.history.points.filter((point) => point.final) : this.history.points;
    const line = withPresent(lineOf(plan, points, fromMs, Date.parse(this.history.whole_from)), present && present.atMs >= fromMs ? present : null);
    const start = Math.max(fromMs, line[0] ? line[0].atMs - 600_000 : fromMs);
    const expected = this.expectations(line.at(-1));
    const toMs = Math.max(scene.clockMs, ...expected.map((each) => each.atMs)) + (scene.clockMs - start) * AHEAD;
    const thresholds = thresholdsFor(scene.city, sensor, measure, this.ruleId);
    const wall = this.size === "wall";
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const names = Math.max(60, ...thresholds.map((each) => labelWidth(each, figure(scene.city, measure, each.value))));
    const ordered = [...thresholds].map((each) => each.value).sort((a, b) => a - b);
    return {
      line, intervalS: Math.max(sensor.interval_s, plan.windowS), thresholds, expected, fromMs: start, toMs, clockMs: scene.clockMs,
      top: topOf([...line, ...expected], ordered),
      rank: scene.sensors.get(sensor.sensor_id)?.rank ?? 0,
      doubtful: scene.cut || freshness(sensor, latest ? Date.parse(latest.at) : null, scene.clockMs) !== "fresh",
      fontPx: wall ? rem : 11,
      margin: wall ? { left: rem * 2.6, right: names * 1.5 * (rem / 16), top: rem * 1.2, bottom: rem * 1.9 } : { left: 34, right: names, top: 16, bottom: 24 },
      gapWord: t("chart.gap"),
      said: (point) => `${figure(scene.city, measure, point.value)} ${unitOf(scene.city, measure, plan.says === "sum" ? plan.overS : null)}`,
    };
  }

  /** What institutions expect of this sensor, after its last value. */
  private expectations(last: LinePoint | undefined): readonly LinePoint[] {
    const { city, picture } = this.scene;
    if (!last) return [];
    return picture.bulletins
      .filter((bulletin) => !bulletin.cancelled)
      .flatMap((bulletin) => bulletin.expected ?? [])
      .filter((each) => each.measure === this.measure && expectedSensor(city, each)?.sensor_id === this.sensor.sensor_id && Date.parse(each.at) > last.atMs)
      .map((each) => ({ atMs: Date.parse(each.at), value: each.value }))
      .sort((a, b) => a.atMs - b.atMs);
  }

  override render() {
    const plan = this.plan();
    const label = said(this.scene.city.measures[this.measure]?.label);
    const basis = plan.says === "sum" ? t("chart.slidingSum", { hours: plan.overS / 3600 }) : plan.says === "mean" && plan.windowS === 3600 ? t("chart.hourMean") : t("chart.minuteLast");
    const note = this.failed ? t("chart.failed", { s: ASK_AGAIN_MS / 1000 }) : said(this.history?.note);
    const empty = this.history && !this.drawn?.line.length;
    return html`<figure aria-label=${t("chart.label", { what: `${said(this.sensor.name)} ${label}`, hours: plan.hours })}>
      ${this.size === "wall" ? nothing : html`<figcaption><span>${label} ${unitOf(this.scene.city, this.measure)} · ${basis}</span>
        <button data-testid="chart-table" aria-pressed=${this.table} @click=${() => { this.table = !this.table; }}>${icon("table")}${t(this.table ? "chart.picture" : "chart.table")}</button></figcaption>`}
      ${this.table && this.drawn ? this.tableOf(this.drawn) : html`<div class="frame"><div class="picture" data-testid="chart" role="img" aria-label=${label}></div>
        ${this.drawn?.line.length ? this.beside(this.drawn) : html`<p class="state" role="status">${empty ? t("chart.empty") : this.failed ? "" : t("chart.loading")}</p>`}</div>`}
      ${this.drawn?.line.length && this.size !== "wall" ? this.stats(this.drawn, plan.hours) : nothing}
      ${note && this.size !== "wall" ? html`<p class="note">${note}</p>` : nothing}</figure>`;
  }

  /** The thresholds' names at the right, worst on top, moved apart where they are near; and the alerts' marks on the axis. */
  private beside(drawing: Drawing) {
    const box = this.place?.getBoundingClientRect();
    const height = box?.height ?? 0;
    if (!height || !box) return nothing;
    const { margin, top, fontPx } = drawing;
    const inner = height - margin.top - margin.bottom;
    const yOf = (value: number): number => margin.top + inner * (1 - value / top);
    const inside = drawing.thresholds.filter((each) => each.value <= top).sort((a, b) => b.value - a.value);
    const off = drawing.thresholds.filter((each) => each.value > top).sort((a, b) => a.value - b.value)[0];
    const apart = fontPx * 1.55;
    const ys: number[] = [];
    inside.forEach((each, i) => ys.push(Math.max(yOf(each.value), i ? (ys[i - 1] ?? 0) + apart : off ? apart * 1.6 : 0)));
    const whole = drawing.thresholds.every((each) => Number.isInteger(each.value));
    const label = (each: Threshold, y: number, arrow = "") => html`<span class="threshold" style="top:${y}px;left:${box.width - margin.right + 8}px">${glyph(each.rank)}<b>${each.word}</b> ${whole ? each.value : figure(this.scene.city, this.measure, each.value)}${arrow}</span>`;
    return html`${off ? label(off, fontPx * 1.1, " ↑") : nothing}${inside.map((each, i) => label(each, ys[i] ?? 0))}${this.marks(drawing, box.width, height)}${this.expectedNames(drawing, box.width, yOf)}`;
  }

  private xOf(drawing: Drawing, atMs: number, width: number): number {
    const { margin, fromMs, toMs } = drawing;
    return margin.left + ((width - margin.left - margin.right) * (atMs - fromMs)) / (toMs - fromMs);
  }

  private marks(drawing: Drawing, width: number, height: number) {
    const own = [...this.scene.open, ...this.scene.ended].filter((alert) => alert.scope.sensor_id === this.sensor.sensor_id && alert.measure === this.measure && (!this.ruleId || alert.rule_id === this.ruleId) && Date.parse(alert.onset) > drawing.fromMs);
    return own.slice(0, 6).map((alert) => html`<span class="mark" style="left:${this.xOf(drawing, Date.parse(alert.onset), width)}px;top:${height - drawing.margin.bottom}px" title=${hourMinute(Date.parse(alert.onset))}>${glyph(rankOf(alert.level), alert.state !== "active")}</span>`);
  }

  private expectedNames(drawing: Drawing, width: number, yOf: (value: number) => number) {
    const last = drawing.expected.at(-1);
    if (!last) return nothing;
    const bulletin = this.scene.picture.bulletins.find((each) => each.expected?.some((one) => Date.parse(one.at) === last.atMs && one.value === last.value));
    return html`<span class="expected" style="right:${width - this.xOf(drawing, last.atMs, width)}px;top:${yOf(last.value)}px">${t("chart.expected", { source: bulletin?.source ?? "", at: hourMinute(last.atMs) })}</span>`;
  }

  private stats(drawing: Drawing, hours: number) {
    const values = drawing.line.map((point) => point.value);
    const cells = [["detail.min", Math.min(...values)], ["detail.mean", values.reduce((a, b) => a + b, 0) / values.length], ["detail.max", Math.max(...values)]] as const;
    return html`<dl class="stats"><div><dt>${t("detail.stats", { hours })}</dt></div>${cells.map(([key, value]) => html`<div><dt>${t(key)}</dt><dd>${figure(this.scene.city, this.measure, value)}</dd></div>`)}
      <div><dt>${t("detail.missing")}</dt><dd>${gapsOf(drawing.line, drawing.intervalS).length}</dd></div></dl>`;
  }

  private tableOf(drawing: Drawing) {
    const every = Math.max(1, Math.ceil(drawing.line.length / TABLE_ROWS));
    const rows = drawing.line.filter((_, i) => (drawing.line.length - 1 - i) % every === 0).reverse();
    return html`<div class="table" tabindex="0"><table data-testid="chart-twin"><thead><tr><th scope="col">${t("table.time")}</th><th scope="col">${t("chart.value")}</th></tr></thead>
      <tbody>${drawing.expected.map((point) => html`<tr><th scope="row">${hourMinute(point.atMs)}</th><td><i>${drawing.said(point)} · ${t("chart.expected", { source: "", at: "" }).trim()}</i></td></tr>`)}
      ${rows.map((point) => html`<tr><th scope="row">${hourMinute(point.atMs)}</th><td>${drawing.said(point)}</td></tr>`)}</tbody></table></div>`;
  }
}

/** Room for a threshold's glyph, word and value; words in Hangul are twice as wide as letters. */
function labelWidth(threshold: Threshold, value: string): number {
  const units = [...threshold.word].reduce((sum, letter) => sum + (letter > "\u1100" ? 11.5 : 6.6), 0);
  return 36 + units + value.length * 7;
}
