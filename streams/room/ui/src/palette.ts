/** The design tokens that canvas and chart need; read again when theme or size changes. */
import type { Rank } from "./levels";

const NAMES = [
  "bg", "ink", "ink-2", "ink-3", "ink-off", "line-2", "sel",
  "sea", "sea-1", "sea-2", "coast", "land", "ctx", "zone-line", "gu-line", "city-line", "river", "water", "river-ink", "road", "road-case", "map-ink", "map-ink-2", "halo", "hatch",
  "l1", "l2", "l3", "l4", "on-l1", "on-l2", "on-l3", "on-l4", "l2-edge", "l3-edge", "l4-rim", "l2-line", "l3-line", "l4-line",
  "wash-l1", "wash-l2", "wash-l3", "wash-l4", "tr-slow", "tr-jam", "ex", "data", "data-2", "data-fill", "grid",
] as const;
export type ColourName = (typeof NAMES)[number];

export interface Palette {
  readonly colour: Readonly<Record<ColourName, string>>;
  readonly font: string;
  /** Device-independent pixels to one unit of line weight: 1 on a desk, more on a wall. */
  readonly unit: number;
  /** Of names and of values beside them, CSS pixels. */
  readonly namePx: number;
  readonly valuePx: number;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<ColourName, string>;
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const wall = document.documentElement.dataset.size === "wall";
  return {
    colour,
    font: style.getPropertyValue("--font").trim(),
    unit: wall ? rem * 0.097 : 1,
    namePx: wall ? rem * 1.125 : 12.5,
    valuePx: wall ? rem * 1.25 : 13.5,
  };
}

export function fillOf(palette: Palette, rank: Rank): string {
  return rank > 0 ? palette.colour[`l${rank as 1 | 2 | 3 | 4}`] : palette.colour["map-ink"];
}

export function inkOn(palette: Palette, rank: Rank): string {
  return rank > 0 ? palette.colour[`on-l${rank as 1 | 2 | 3 | 4}`] : palette.colour.bg;
}

/** The colour of an outline or a river reach of a rank. */
export function lineOf(palette: Palette, rank: Rank): string {
  return rank === 1 ? palette.colour.l1 : palette.colour[`l${rank as 2 | 3 | 4}-line`];
}

export function edgeOf(palette: Palette, rank: Rank): string {
  return rank === 2 ? palette.colour["l2-edge"] : rank === 3 ? palette.colour["l3-edge"] : rank === 4 ? palette.colour.l4 : palette.colour.l1;
}
