/** Text on the map's canvas: measured, and drawn with a halo where it lies on the map itself. */
import type { Palette } from "../palette";

export class Pen {
  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly palette: Palette,
  ) {}

  width(text: string, px: number, weight: number): number {
    this.context.font = `${weight} ${px}px ${this.palette.font}`;
    return this.context.measureText(text).width;
  }

  /** From (x, y) to the right, centred on the line y. */
  text(text: string, x: number, y: number, style: { readonly px: number; readonly weight: number; readonly ink: string; readonly halo?: string }): void {
    const { context } = this;
    context.font = `${style.weight} ${style.px}px ${this.palette.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    if (style.halo) {
      context.strokeStyle = style.halo;
      context.lineWidth = style.px * 0.26;
      context.lineJoin = "round";
      context.strokeText(text, x, y);
    }
    context.fillStyle = style.ink;
    context.fillText(text, x, y + style.px * 0.04);
  }
}
