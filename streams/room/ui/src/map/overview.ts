/** The small map of the whole city with the frame of what is looked at. */
import { getCenter, type Extent } from "ol/extent";
import type { MultiPolygon, Polygon } from "ol/geom";
import type { Scene } from "../city";
import { zoneIdOf, type BaseMap } from "./base-map";
import { fillOf, type Palette } from "../palette";

const MARGIN = 1.08;

export function drawOverview(canvas: HTMLCanvasElement, base: BaseMap, scene: Scene, palette: Palette, shown: Extent): void {
  const ratio = devicePixelRatio;
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (!w || !h || !base.zones.getFeatures().length) return;
  canvas.width = w * ratio;
  canvas.height = h * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  context.fillStyle = palette.colour.sea;
  context.fillRect(0, 0, w, h);
  const extent = base.zones.getExtent() ?? [0, 0, 1, 1];
  const [left = 0, bottom = 0, right = 1, top = 1] = extent;
  const [cx = 0, cy = 0] = getCenter(extent);
  const scale = Math.min(w / (right - left), h / (top - bottom)) / MARGIN;
  const at = (point: readonly number[]): [number, number] => [w / 2 + ((point[0] ?? 0) - cx) * scale, h / 2 - ((point[1] ?? 0) - cy) * scale];
  const fill = (features: BaseMap["land"], colourOf: (zoneId: string) => string): void => {
    for (const feature of features.getFeatures()) {
      const geometry = feature.getGeometry();
      const type = geometry?.getType();
      const polygons = type === "Polygon" ? [(geometry as Polygon).getCoordinates()] : type === "MultiPolygon" ? (geometry as MultiPolygon).getCoordinates() : [];
      context.beginPath();
      for (const ring of polygons.flat()) {
        ring.forEach((point, i) => (i ? context.lineTo(...at(point)) : context.moveTo(...at(point))));
        context.closePath();
      }
      context.fillStyle = colourOf(zoneIdOf(feature));
      context.fill("evenodd");
    }
  };
  fill(base.land, () => palette.colour.ctx);
  fill(base.zones, (zoneId) => {
    const rank = scene.zones.get(zoneId)?.rank ?? -1;
    return rank > 0 ? fillOf(palette, rank) : rank === 0 ? palette.colour.land : palette.colour.hatch;
  });
  const [x0, y1] = at([shown[0] ?? 0, shown[1] ?? 0]);
  const [x1, y0] = at([shown[2] ?? 0, shown[3] ?? 0]);
  const clamp = (value: number, limit: number): number => Math.min(limit - 1.5, Math.max(1.5, value));
  context.strokeStyle = palette.colour.sel;
  context.lineWidth = 1.6 * palette.unit;
  context.strokeRect(clamp(x0, w), clamp(y0, h), clamp(x1, w) - clamp(x0, w), clamp(y1, h) - clamp(y0, h));
}
