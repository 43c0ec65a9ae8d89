/** How zones, land, rivers and roads look in a scene: one OpenLayers layer each, from the sea up. */
import Feature from "ol/Feature";
import type { FeatureLike } from "ol/Feature";
import { LineString, type Geometry } from "ol/geom";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import { Fill, Stroke, Style } from "ol/style";
import { trafficOf, type Scene } from "../city";
import type { Rank } from "../levels";
import { zoneIdOf, type BaseMap } from "./base-map";
import { outlines } from "./borders";
import { hatchPattern } from "./marks";
import { lineOf, type Palette } from "../palette";

const OUTLINE_WIDTH: Readonly<Record<2 | 3 | 4, number>> = { 2: 1.6, 3: 2.2, 4: 3.4 };
const RIVER_WIDTH: Readonly<Record<number, number>> = { 1: 6, 2: 3.6, 3: 2.2 }; // by the river's rank in the base map
const ROAD_WIDTH: Readonly<Record<number, number>> = { 1: 4, 2: 3.2, 3: 2.4 };

type AnyFeature = Feature<Geometry>;

/** The layers, and the one way to make them follow a scene. */
export class MapLayers {
  readonly all: VectorLayer<VectorSource<AnyFeature>>[];
  private scene: Scene | null = null;
  private readonly zones: VectorLayer<VectorSource<AnyFeature>>;
  private readonly roads: VectorLayer<VectorSource<AnyFeature>>;
  private readonly rivers: VectorLayer<VectorSource<AnyFeature>>;
  private readonly borders = new VectorSource<AnyFeature>();
  private outlined = "";
  private hatch: CanvasPattern | string = "";

  constructor(
    private readonly base: BaseMap,
    private palette: Palette,
  ) {
    const layer = (source: VectorSource<AnyFeature>, style: (feature: FeatureLike) => Style | Style[]) =>
      new VectorLayer({ source, style, updateWhileAnimating: true, updateWhileInteracting: true, renderBuffer: 200 });
    const { land, water, roads, zones } = base;
    this.zones = layer(zones, (feature) => this.zoneStyle(feature as AnyFeature));
    this.rivers = layer(water, (feature) => this.riverStyle(feature as AnyFeature));
    this.roads = layer(roads, (feature) => this.roadStyle(feature as AnyFeature));
    this.all = [
      layer(land, (feature) => this.shore(feature as AnyFeature, "sea-1", 40)),
      layer(land, (feature) => this.shore(feature as AnyFeature, "sea-2", 18)),
      layer(land, () => new Style({ fill: new Fill({ color: this.palette.colour.ctx }) })),
      this.zones,
      layer(land, (feature) => this.landLine(feature as AnyFeature)),
      this.rivers,
      layer(this.borders, (feature) => this.borderStyle(feature as AnyFeature)),
      this.roads,
    ];
    this.usePalette(palette);
  }

  usePalette(palette: Palette): void {
    this.palette = palette;
    this.hatch = hatchPattern(palette);
    for (const each of this.all) each.changed();
  }

  follow(scene: Scene): void {
    this.scene = scene;
    const rank = (zoneId: string): Rank => scene.zones.get(zoneId)?.rank ?? -1;
    const key = [...scene.zones.values()].map((zone) => zone.rank).join("");
    if (key !== this.outlined) {
      this.outlined = key;
      this.borders.clear(true);
      for (const [level, lines] of outlines(this.base.zoneEdges, rank)) {
        for (const line of lines) {
          const feature: AnyFeature = new Feature<Geometry>(new LineString(line.map((point) => [...point])));
          feature.set("rank", level);
          this.borders.addFeature(feature);
        }
      }
      this.borders.changed();
      this.zones.changed();
    }
    this.roads.changed();
    this.rivers.changed();
  }

  private line(color: string, width: number, zIndex: number, dash?: number[]): Style {
    const unit = this.palette.unit;
    const lineDash = dash?.map((each) => each * unit);
    return new Style({ zIndex, stroke: new Stroke({ color, width: width * unit, lineJoin: "round", lineCap: dash ? "butt" : "round", ...(lineDash ? { lineDash } : {}) }) });
  }

  private zoneStyle(feature: AnyFeature): Style[] {
    const { colour } = this.palette;
    const rank = this.scene?.zones.get(zoneIdOf(feature))?.rank ?? -1;
    const wash = rank > 0 ? colour[`wash-l${rank as 1 | 2 | 3 | 4}`] : rank === 0 ? colour.land : this.hatch;
    return [new Style({ fill: new Fill({ color: wash as string }) }), this.line(colour["zone-line"], 1, 1)];
  }

  /** The water lines that follow the coast: under the land, so that only the half at sea is seen. */
  private shore(feature: AnyFeature, name: "sea-1" | "sea-2", width: number): Style[] {
    return feature.get("kind") === "coast" ? [this.line(this.palette.colour[name], width, 0)] : [];
  }

  private landLine(feature: AnyFeature): Style[] {
    const { colour } = this.palette;
    const kind: unknown = feature.get("kind");
    if (kind === "coast") return [this.line(colour.coast, 1.4, 2)];
    if (kind === "district-border") return [this.line(colour["gu-line"], 1.4, 1, [7, 3, 1.5, 3])];
    return [this.line(colour["city-line"], 0.8, 0, [1.5, 3])];
  }

  private borderStyle(feature: AnyFeature): Style[] {
    const rank = feature.get("rank") as 2 | 3 | 4;
    const width = OUTLINE_WIDTH[rank];
    return [
      this.line(this.palette.colour.halo, width + 2.4, rank * 2),
      this.line(lineOf(this.palette, rank), width, rank * 2 + 1, rank === 2 ? [5, 4] : undefined),
    ];
  }

  /** A river in a stage is cased in its level, with water kept inside. */
  private riverStyle(feature: AnyFeature): Style[] {
    const { colour } = this.palette;
    const gauges = this.base.riverGauges.get(feature) ?? [];
    const rank = Math.max(0, ...gauges.map((id) => this.scene?.sensors.get(id)?.rank ?? 0)) as Rank;
    const width = RIVER_WIDTH[Number(feature.get("rank"))] ?? 2.2;
    if (feature.getGeometry()?.getType() === "Point") return [];
    if (rank <= 0 || this.scene?.cut) return [this.line(colour.river, width, 0)];
    return [
      this.line(colour.halo, width + 7, rank),
      this.line(lineOf(this.palette, rank), width + 4.4, rank + 0.1),
      this.line(colour.water, width, rank + 0.2),
    ];
  }

  private roadStyle(feature: AnyFeature): Style[] {
    const { colour } = this.palette;
    const now = this.scene?.sensors.get(String(feature.get("sensor_id") ?? ""));
    const width = ROAD_WIDTH[Number(feature.get("rank"))] ?? 2.4;
    const plain = [this.line(colour["road-case"], width + 1.8, 0), this.line(colour.road, width, 1)];
    if (!now || this.scene?.cut || now.freshness !== "fresh") return plain;
    const traffic = trafficOf(now);
    if (traffic === "slow") return [...plain, this.line(colour["tr-slow"], 3.4, 2)];
    if (traffic === "jam") return [this.line(colour.halo, 7.6, 3), this.line(colour["tr-jam"], 5.4, 4), this.line(colour.halo, 1.7, 5, [2, 5])];
    return plain;
  }
}
