/** Marks, pills and names of a scene, drawn into one canvas over the map; gives back what can be pointed at. */
import type { Selection } from "../address";
import type { Scene, SensorNow } from "../city";
import { hourMinute } from "../clock";
import { figure, unitNow } from "../format";
import { alertNow } from "../judged";
import { said, t } from "../text";
import { pointOf, type BaseMap } from "./base-map";
import { drawGlyph, drawMark } from "./marks";
import { fillOf, lineOf, type Palette } from "../palette";
import { Pen } from "./pen";
import { drawPill, pillText, type PillText } from "./pills";
import { contains, Placement, type Box, type Side } from "./placement";

const ROOM_FOR_VALUES = 46; // metres a pixel; farther out the marks alone are enough
const ROOM_FOR_ZONES = 75;
const WATERMARK_STEP = 150;
const TAG_ROOM_PX = 500; // on a narrower map the lists alone say what is modelled

export interface Target {
  readonly box: Box;
  readonly selection: Selection;
}

export interface LabelView {
  readonly width: number;
  readonly height: number;
  /** Map units to CSS pixels. */
  readonly toPixel: (point: readonly [number, number]) => readonly [number, number];
  readonly metresPerPixel: number;
  readonly floating: readonly Box[];
  readonly selection: Selection;
}

interface Spot {
  readonly now: SensorNow;
  readonly x: number;
  readonly y: number;
}

interface PlacedPill {
  readonly spot: Spot;
  readonly text: PillText;
  readonly found: { readonly box: Box; readonly side: Side } | null;
}

export class Labels {
  private readonly targets: Target[] = [];
  private readonly placement: Placement;
  private readonly pen: Pen;

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly palette: Palette,
    private readonly base: BaseMap,
    private readonly scene: Scene,
    private readonly view: LabelView,
  ) {
    this.pen = new Pen(context, palette);
    this.placement = new Placement(view.width, view.height, 2 * palette.unit, view.floating);
  }

  draw(): readonly Target[] {
    const seen = this.visibleSensors();
    const pills = this.placedPills(seen.filter(({ now }) => this.stands(now)));
    const covered = (x: number, y: number): boolean => pills.some(({ spot, found }) => Math.hypot(x - spot.x, y - spot.y) < 9 * this.palette.unit || (found !== null && contains(found.box, x, y, 5)));
    const quiet = seen.filter(({ now, x, y }) => !this.stands(now) && !covered(x, y));
    for (const { x, y } of quiet) this.placement.take(this.around(x, y, 7));
    for (const each of quiet) this.mark(each);
    for (const pill of [...pills].reverse()) this.pill(pill);
    this.zoneNames((rank) => rank > 0);
    const near = this.view.metresPerPixel < ROOM_FOR_VALUES;
    if (near) for (const each of quiet.filter(({ now }) => hasPlaceName(now))) this.value(each);
    if (this.view.metresPerPixel < ROOM_FOR_ZONES) this.zoneNames((rank) => rank <= 0);
    if (near) for (const each of quiet.filter(({ now }) => !hasPlaceName(now))) this.value(each);
    this.seaNames();
    if (this.scene.exercise) this.watermark();
    return this.targets;
  }

  /** The pills of sensors in alert, worst first; a milder alert's point under a worse one's pill gives way. */
  private placedPills(standing: readonly Spot[]): readonly PlacedPill[] {
    const ordered = [...standing].sort((a, b) => b.now.rank - a.now.rank || Number(this.isChosen(b.now)) - Number(this.isChosen(a.now)));
    const placed: PlacedPill[] = [];
    for (const rank of [4, 3, 2, 1]) {
      const own = ordered.filter(({ now, x, y }) => now.rank === rank && !placed.some(({ found }) => found !== null && contains(found.box, x, y, 2)));
      for (const { x, y } of own) this.placement.take(this.around(x, y, 7));
      for (const spot of own) {
        const text = pillText(this.pen, spot.now, this.valueText(spot.now), this.view.width > TAG_ROOM_PX);
        placed.push({ spot, text, found: this.placement.beside(spot.x, spot.y, text.w, text.h, 13 * this.palette.unit) });
      }
    }
    return placed;
  }

  private visibleSensors(): Spot[] {
    const inExercise = this.scene.exercise !== null;
    return [...this.scene.sensors.values()]
      .filter((now) => (now.freshness !== "never" || !inExercise) && (now.sensor.kind !== "road-link" || now.rank > 0))
      .map((now) => {
        const [x, y] = this.view.toPixel(pointOf(now.sensor));
        return { now, x, y };
      })
      .filter(({ x, y }) => x > 0 && y > 0 && x < this.view.width && y < this.view.height);
  }

  /** In alert, and known to be: it stands out as a pill. */
  private stands(now: SensorNow): boolean {
    return !this.scene.cut && now.rank > 0;
  }

  private isChosen(now: SensorNow): boolean {
    const { selection } = this.view;
    return (selection.kind === "sensor" && selection.id === now.sensor.sensor_id) || (selection.kind === "alert" && now.alert?.alert_id === selection.id);
  }

  private around(x: number, y: number, reach: number): Box {
    const r = reach * this.palette.unit;
    return { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
  }

  private mark({ now, x, y }: Spot): void {
    const freshness = this.scene.cut && now.freshness === "fresh" ? "stale" : now.freshness;
    drawMark(this.context, this.palette, now.sensor.kind, x, y, freshness, this.view.metresPerPixel < ROOM_FOR_VALUES ? 1 : 0.72);
    if (this.isChosen(now)) this.ring(x, y);
    this.targets.push({ box: this.around(x, y, 11), selection: { kind: "sensor", id: now.sensor.sensor_id } });
  }

  private ring(x: number, y: number): void {
    this.context.strokeStyle = this.palette.colour.sel;
    this.context.lineWidth = 2.2 * this.palette.unit;
    this.context.beginPath();
    this.context.arc(x, y, 10.5 * this.palette.unit, 0, 2 * Math.PI);
    this.context.stroke();
  }

  /** Name, value and arrow of a sensor in alert, tied to its point; without room only its level. */
  private pill({ spot: { now, x, y }, text, found }: PlacedPill): void {
    const { context, palette } = this;
    const { unit, valuePx } = palette;
    const selection: Selection = now.alert ? { kind: "alert", id: now.alert.alert_id } : { kind: "sensor", id: now.sensor.sensor_id };
    this.targets.push({ box: this.around(x, y, 11), selection });
    if (!found) {
      drawGlyph(context, palette, now.rank, x, y, valuePx * 1.25);
      return;
    }
    const { box, side } = found;
    context.lineWidth = 2 * unit;
    context.strokeStyle = lineOf(palette, now.rank);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(side === "right" ? box.x : side === "left" ? box.x + box.w : x, side === "above" ? box.y + box.h : side === "below" ? box.y : y);
    context.stroke();
    this.point(now, x, y);
    drawPill(this.pen, now, box, text, this.isChosen(now));
    this.targets.push({ box, selection });
  }

  private point(now: SensorNow, x: number, y: number): void {
    const { context, palette } = this;
    context.beginPath();
    context.arc(x, y, 5.4 * palette.unit, 0, 2 * Math.PI);
    context.fillStyle = fillOf(palette, now.rank);
    context.fill();
    context.lineWidth = 2 * palette.unit;
    context.strokeStyle = now.rank === 4 ? palette.colour.bg : palette.colour.ink;
    context.stroke();
  }

  private valueText(now: SensorNow): string {
    const { city, cut } = this.scene;
    if (now.freshness === "absent") return "—";
    const judged = now.alert?.measure === now.measure ? alertNow(this.scene, now.alert) : null;
    if (judged && !judged.isNow) return `(${[`${judged.value} ${judged.unit}`, judged.atMs === null ? "" : hourMinute(judged.atMs)].filter(Boolean).join(", ")})`;
    if (!judged && now.value === null) return "—";
    const text = judged ? `${judged.value} ${judged.unit}` : `${figure(city, now.measure, now.value ?? 0)} ${unitNow(city, now.measure)}`.trim();
    return cut || now.freshness === "stale" ? `(${text})` : text;
  }

  /** A quiet sensor's value beside its mark; one that finds no room stays a mark. */
  private value({ now, x, y }: Spot): void {
    if (this.stands(now) || now.value === null || now.freshness === "never") return;
    if (now.sensor.kind === "rain-gauge" && now.value === 0) return;
    const { namePx, unit, colour } = this.palette;
    const name = hasPlaceName(now) ? said(now.sensor.name) : "";
    const text = now.freshness === "absent" ? t("sensor.absent") : now.sensor.kind === "air-station" ? this.valueText(now).replace(/ [^ ()]+/, "") : this.valueText(now);
    const nameWidth = name ? this.pen.width(name, namePx, 500) + 5 * unit : 0;
    const w = nameWidth + this.pen.width(text, namePx, 640);
    const found = this.placement.beside(x, y, w, namePx * 1.4, 9 * unit);
    if (!found) return;
    const middle = found.box.y + found.box.h / 2;
    const doubtful = this.scene.cut || now.freshness !== "fresh";
    if (name) this.pen.text(name, found.box.x, middle, { px: namePx, weight: 500, ink: colour["map-ink-2"], halo: colour.halo });
    this.pen.text(text, found.box.x + nameWidth, middle, { px: namePx, weight: doubtful ? 450 : 640, ink: doubtful ? colour["ink-off"] : colour["map-ink"], halo: colour.halo });
  }

  private zoneNames(wanted: (rank: number) => boolean): void {
    const { namePx, unit, colour } = this.palette;
    const zones = [...this.scene.zones.values()].filter((now) => wanted(now.rank)).sort((a, b) => b.rank - a.rank);
    for (const now of zones) {
      const anchors = (this.base.zoneAnchors.get(now.zone.zone_id) ?? []).map((point) => this.view.toPixel(point));
      const name = said(now.zone.name);
      const loud = now.rank > 0;
      const px = loud ? namePx * 1.08 : namePx;
      const glyphPx = loud ? px * 1.15 : 0;
      const unknown = now.rank < 0 && !this.scene.cut;
      const note = t("state.noData");
      const w = Math.max(this.pen.width(name, px, loud ? 720 : 500) + (loud ? glyphPx + 4 * unit : 0), unknown ? this.pen.width(note, px * 0.88, 450) : 0);
      const h = px * (unknown ? 2.5 : 1.4);
      const selection: Selection = { kind: "zone", id: now.zone.zone_id };
      const box = this.placement.centred(anchors, w, h);
      if (!box) {
        const small = loud ? this.placement.centred(anchors, glyphPx * 1.2, glyphPx * 1.2) : null;
        if (small) drawGlyph(this.context, this.palette, now.rank, small.x + small.w / 2, small.y + small.h / 2, glyphPx * 1.1);
        continue;
      }
      const middle = box.y + px * 0.7;
      if (loud) drawGlyph(this.context, this.palette, now.rank, box.x + glyphPx / 2, middle, glyphPx);
      const ownWidth = this.pen.width(name, px, loud ? 720 : 500);
      const at = loud ? box.x + glyphPx + 4 * unit : box.x + (w - ownWidth) / 2;
      this.pen.text(name, at, middle, { px: px, weight: loud ? 720 : 500, ink: loud ? colour.ink : colour["map-ink-2"], halo: colour.halo });
      if (unknown) this.pen.text(note, box.x + (w - this.pen.width(note, px * 0.88, 450)) / 2, middle + px * 1.15, { px: px * 0.88, weight: 450, ink: colour["ink-off"], halo: colour.halo });
      this.targets.push({ box, selection });
    }
  }

  private seaNames(): void {
    const { context, palette } = this;
    for (const name of this.base.names) {
      const atSea = name.kind === "sea";
      const text = said(name.text);
      const px = palette.namePx * (atSea ? 1.2 : 1);
      context.letterSpacing = atSea ? `${px * 0.3}px` : "0px";
      const w = this.pen.width(text, px, 500);
      const [x, y] = this.view.toPixel(name.at);
      const box = this.placement.centred([[x, y]], w, px * 1.4);
      if (box) this.pen.text(text, box.x, box.y + box.h / 2, { px, weight: 500, ink: atSea ? palette.colour["river-ink"] : palette.colour["ink-off"] });
      context.letterSpacing = "0px";
    }
  }

  private watermark(): void {
    const { context, palette, view } = this;
    const step = WATERMARK_STEP * palette.unit;
    context.save();
    context.globalAlpha = 0.2;
    context.fillStyle = palette.colour.ex;
    context.font = `700 ${22 * palette.unit}px ${palette.font}`;
    context.rotate(-0.31);
    for (let y = 0; y < view.height * 1.6; y += step * 0.64) {
      for (let x = -view.height; x < view.width; x += step) context.fillText(t("exercise"), x + (y % (step * 1.28) ? step / 2 : 0), y);
    }
    context.restore();
  }
}

function hasPlaceName(now: SensorNow): boolean {
  return now.sensor.kind !== "air-station" && now.sensor.kind !== "rain-gauge";
}
