/** The shapes on the map: a sensor's kind is its silhouette, its freshness is filled, hollow or struck. */
import type { Freshness } from "../city";
import { INNERS, SHAPES, type Rank } from "../levels";
import { edgeOf, fillOf, inkOn, type Palette } from "../palette";

/** On a field of 20 × 20 around the origin. */
const KIND_SHAPES: Readonly<Record<string, string>> = {
  "river-gauge": "M-6.6-5H6.6L0 6Z",
  "rain-gauge": "M0-7.4C2.6-3.6 4.9-1 4.9 1.9a4.9 4.9 0 0 1-9.8 0C-4.9-1-2.6-3.6 0-7.4Z",
  "air-station": "M0-4.8a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6Z",
  "wind-station": "M-4.5-4.5h9v9h-9Z",
  "weather-station": "M-4.5-4.5h9v9h-9Z",
  "tide-gauge": "M0-6.4 6.4 0 0 6.4-6.4 0Z",
  "seismic-station": "M-1.7-5.6h3.4v3.9h3.9v3.4h-3.9v3.9h-3.4v-3.9h-3.9v-3.4h3.9Z",
  "road-link": "M-3.4-3.4h6.8v6.8h-6.8Z",
};
const paths = new Map<string, Path2D>();

function path(text: string): Path2D {
  let known = paths.get(text);
  if (!known) {
    known = new Path2D(text);
    paths.set(text, known);
  }
  return known;
}

export function shapeOf(kind: string): string {
  return KIND_SHAPES[kind] ?? "M-4.5-4.5h9v9h-9Z";
}

export function drawMark(context: CanvasRenderingContext2D, palette: Palette, kind: string, x: number, y: number, freshness: Freshness, scale = 1): void {
  const shape = path(shapeOf(kind));
  context.save();
  context.translate(x, y);
  context.scale(palette.unit * scale, palette.unit * scale);
  context.lineJoin = "round";
  if (freshness === "fresh") {
    context.strokeStyle = palette.colour.halo;
    context.lineWidth = 2.4;
    context.stroke(shape);
    context.fillStyle = palette.colour["map-ink"];
    context.fill(shape);
  } else {
    context.fillStyle = palette.colour.halo;
    context.fill(shape);
    context.strokeStyle = palette.colour["ink-off"];
    context.lineWidth = 1.6;
    context.setLineDash([2.4, 2]);
    context.stroke(shape);
    if (freshness !== "stale") {
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(-7, 7);
      context.lineTo(7, -7);
      context.stroke();
    }
  }
  context.restore();
}

/** The silhouette of a level; `size` is its height in CSS pixels, (x, y) its centre. */
export function drawGlyph(context: CanvasRenderingContext2D, palette: Palette, rank: Rank, x: number, y: number, size: number, inverse = false): void {
  if (rank < 1) return;
  const level = rank as 1 | 2 | 3 | 4;
  context.save();
  context.translate(x - size / 2, y - size / 2);
  context.scale(size / 24, size / 24);
  context.fillStyle = inverse ? inkOn(palette, rank) : fillOf(palette, rank);
  context.fill(path(SHAPES[level]));
  if (!inverse && (rank === 2 || rank === 3)) {
    context.strokeStyle = edgeOf(palette, rank);
    context.lineWidth = 1.2;
    context.stroke(path(SHAPES[level]));
  }
  context.fillStyle = inverse ? fillOf(palette, rank) : inkOn(palette, rank);
  context.fill(path(INNERS[level]));
  context.restore();
}

/** Hatch lines for what is not known, as a pattern for a fill. */
export function hatchPattern(palette: Palette): CanvasPattern | string {
  const size = Math.round(8 * palette.unit);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const context = tile.getContext("2d");
  if (!context) return palette.colour.ctx;
  context.fillStyle = palette.colour.ctx;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = palette.colour.hatch;
  context.lineWidth = 1.1 * palette.unit;
  for (const shift of [-size, 0, size]) {
    context.beginPath();
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
    context.stroke();
  }
  return context.createPattern(tile, "repeat") ?? palette.colour.ctx;
}
