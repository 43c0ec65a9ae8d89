/** Where labels find room: worst first, never over each other, never under what floats on the map; pure. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export type Side = "right" | "left" | "above" | "below";
const SIDES: readonly Side[] = ["right", "left", "above", "below"];

export class Placement {
  private readonly taken: Box[];

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly gap: number,
    floating: readonly Box[],
  ) {
    this.taken = [...floating];
  }

  isFree(box: Box): boolean {
    const inside = box.x >= this.gap && box.y >= this.gap && box.x + box.w <= this.width - this.gap && box.y + box.h <= this.height - this.gap;
    return inside && !this.taken.some((other) => overlaps(box, other, this.gap));
  }

  take(box: Box): Box {
    this.taken.push(box);
    return box;
  }

  /** The first free place beside a point, or none. */
  beside(x: number, y: number, w: number, h: number, distance: number): { readonly box: Box; readonly side: Side } | null {
    for (const side of SIDES) {
      const box = besideBox(side, x, y, w, h, distance);
      if (this.isFree(box)) return { box: this.take(box), side };
    }
    return null;
  }

  /** The first free place centred on one of the points, or none. */
  centred(points: readonly (readonly [number, number])[], w: number, h: number): Box | null {
    for (const [x, y] of points) {
      const box = { x: x - w / 2, y: y - h / 2, w, h };
      if (this.isFree(box)) return this.take(box);
    }
    return null;
  }
}

function besideBox(side: Side, x: number, y: number, w: number, h: number, distance: number): Box {
  if (side === "right") return { x: x + distance, y: y - h / 2, w, h };
  if (side === "left") return { x: x - distance - w, y: y - h / 2, w, h };
  if (side === "above") return { x: x - w / 2, y: y - distance - h, w, h };
  return { x: x - w / 2, y: y + distance, w, h };
}

export function contains(box: Box, x: number, y: number, margin: number): boolean {
  return x > box.x - margin && x < box.x + box.w + margin && y > box.y - margin && y < box.y + box.h + margin;
}

function overlaps(a: Box, b: Box, gap: number): boolean {
  return a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap;
}
