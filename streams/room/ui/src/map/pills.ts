/** A sensor in alert as a pill on the map: level, name, value, and whether it is modelled. */
import { said, t } from "../text";
import type { SensorNow } from "../city";
import { edgeOf, inkOn } from "../palette";
import { drawGlyph } from "./marks";
import type { Pen } from "./pen";
import type { Box } from "./placement";

const TAG_SHARE = 0.84; // of the name's size

export interface PillText {
  readonly name: string;
  readonly value: string;
  /** Empty where there is no room to say it; the lists do. */
  readonly tag: string;
  readonly nameWidth: number;
  readonly tagWidth: number;
  readonly w: number;
  readonly h: number;
}

export function pillText(pen: Pen, now: SensorNow, value: string, hasRoom: boolean): PillText {
  const { unit, namePx, valuePx } = pen.palette;
  const name = said(now.sensor.name);
  const shown = value + (now.rising ? " ↑" : "");
  const tag = now.sensor.modelled && hasRoom ? t("modelled") : "";
  const nameWidth = pen.width(name, namePx, 600);
  const tagWidth = tag ? pen.width(tag, namePx * TAG_SHARE, 500) + 8 * unit : 0;
  const w = valuePx * 1.25 + nameWidth + (tag ? tagWidth + 6 * unit : 0) + pen.width(shown, valuePx, 720) + 27 * unit;
  return { name, value: shown, tag, nameWidth, tagWidth, w, h: valuePx * 1.95 };
}

export function drawPill(pen: Pen, now: SensorNow, box: Box, text: PillText, chosen: boolean): void {
  const { context, palette } = pen;
  const { colour, unit, namePx, valuePx } = palette;
  const loud = now.rank === 4;
  const glyphPx = valuePx * 1.25;
  context.beginPath();
  context.roundRect(box.x, box.y, box.w, box.h, 4 * unit);
  context.fillStyle = loud ? colour.l4 : colour.bg;
  context.fill();
  context.lineWidth = (chosen ? 2.8 : 1.5) * unit;
  context.strokeStyle = chosen ? colour.sel : loud ? colour.l4 : edgeOf(palette, now.rank);
  context.stroke();
  const middle = box.y + box.h / 2;
  const ink = loud ? inkOn(palette, 4) : colour.ink;
  let at = box.x + 8 * unit;
  drawGlyph(context, palette, now.rank, at + glyphPx / 2, middle, glyphPx, loud);
  at += glyphPx + 6 * unit;
  pen.text(text.name, at, middle, { px: namePx, weight: 600, ink });
  at += text.nameWidth + 6 * unit;
  if (text.tag) {
    pen.text(text.tag, at + 4 * unit, middle, { px: namePx * TAG_SHARE, weight: 500, ink: loud ? ink : colour["ink-3"] });
    context.lineWidth = unit;
    context.setLineDash([2.5 * unit, 2 * unit]);
    context.strokeStyle = loud ? ink : colour["line-2"];
    context.strokeRect(at, middle - namePx * 0.62, text.tagWidth, namePx * 1.24);
    context.setLineDash([]);
    at += text.tagWidth + 6 * unit;
  }
  pen.text(text.value, at, middle, { px: valuePx, weight: 720, ink });
}
