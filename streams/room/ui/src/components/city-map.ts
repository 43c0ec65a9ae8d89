/**
 * `<uh-city-map>`: zones coloured by state, rivers, roads and sensors, on OpenLayers' Canvas 2D.
 *
 * In     `scene`, `selection`, `theme` (to read the tokens anew).
 * Out    `uh-choose` with what was pointed at.
 * State  loading; failed, and when it is tried again; a new worst alert is framed unless a hand is on the map.
 * Reads aloud its name and where the same is said in words; keys + and − zoom, arrows pan.
 */
import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import OlMap from "ol/Map";
import View from "ol/View";
import type { Extent } from "ol/extent";
import { defaults as defaultInteractions } from "ol/interaction/defaults";
import Layer from "ol/layer/Layer";
import { fromLonLat } from "ol/proj";
import type { FrameState } from "ol/Map";
import type { Selection } from "../address";
import { RoomElement, icon, sharedStyles } from "../base";
import type { Scene } from "../city";
import { nowMs } from "../clock";
import { readBaseMap, type BaseMap } from "../map/base-map";
import { alertsExtent, placeOf, wholeCity } from "../map/framing";
import { Labels, type Target } from "../map/labels";
import { MapLayers } from "../map/layers";
import { drawOverview } from "../map/overview";
import { paletteOf, type Palette } from "../palette";
import type { Box } from "../map/placement";
import { t } from "../text";
import { mapStyles } from "./map-styles";

const RETRY_MS = 10_000;
const HAND_MS = 60_000; // after a hand moved the map it is not framed by itself for so long
const FRAME_MS = 600;
const SHEET_TOP_REM = 17.2; // where the phone's sheet begins
const REVEAL_PX = 48;
const OPEN_SEA = 0.5; // of the land's width may be seen beyond it

@customElement("uh-city-map")
export class CityMap extends RoomElement {
  static override styles = [sharedStyles, mapStyles];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) selection: Selection = { kind: "none" };
  @property() theme = "light";
  @state() private failed = false;
  @state() private base: BaseMap | null = null;
  @state() private metresPerPixel = 0;
  @query("#map") private place!: HTMLElement;
  @query("#overview") private overview?: HTMLCanvasElement;
  private map: OlMap | null = null;
  private layers: MapLayers | null = null;
  private palette: Palette | null = null;
  private targets: readonly Target[] = [];
  private framed = "";
  private handMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly canvas = document.createElement("canvas");

  override disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.map?.setTarget(undefined);
    this.map = null;
    super.disconnectedCallback();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.openMap();
  }

  override firstUpdated(): void {
    this.openMap();
  }

  private openMap(): void {
    this.palette = paletteOf(this);
    const view = new View({ center: fromLonLat([...this.scene.city.centre]), zoom: 11, minZoom: 8, maxZoom: 16, enableRotation: false });
    this.map = new OlMap({ target: this.place, view, controls: [], interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }) });
    this.map.on("movestart", () => { if (this.map?.getView().getInteracting()) this.handMs = nowMs(); });
    this.map.on("moveend", () => this.drawFrame());
    this.map.on("click", (event) => this.point(event.pixel));
    this.map.on("pointermove", (event) => { if (!event.dragging) this.place.style.cursor = this.targetAt(event.pixel) ? "pointer" : ""; });
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      this.base ??= await readBaseMap(this.scene.city);
      await document.fonts.ready;
      this.failed = false;
    } catch {
      this.failed = true;
      this.timer = setTimeout(() => void this.load(), RETRY_MS);
      return;
    }
    if (!this.map || !this.palette) return;
    this.keepInside(this.base);
    this.layers = new MapLayers(this.base, this.palette);
    for (const layer of this.layers.all) this.map.addLayer(layer);
    this.map.addLayer(new Layer({ render: (frame) => this.drawLabels(frame) }));
    this.layers.follow(this.scene);
    this.frame(this.scene, 0);
    this.map.renderSync();
    this.reveal();
  }

  /** No looking past the edge of what the base map knows. */
  private keepInside(base: BaseMap): void {
    const [left = 0, bottom = 0, right = 0, top = 0] = base.land.getExtent() ?? wholeCity(base);
    const view = new View({
      center: fromLonLat([...this.scene.city.centre]), zoom: 11, maxZoom: 16, enableRotation: false,
      extent: [left, bottom, right + (right - left) * OPEN_SEA, top], smoothExtentConstraint: false,
    });
    this.map?.setView(view);
  }

  override updated(changed: PropertyValues<this>): void {
    if (!this.layers || !this.map) return;
    if (changed.has("theme") || changed.has("size")) {
      this.palette = paletteOf(this);
      this.layers.usePalette(this.palette);
    }
    if (changed.has("selection") && changed.get("selection") !== undefined) this.reveal();
    if (changed.has("scene")) {
      this.layers.follow(this.scene);
      this.frame(this.scene, FRAME_MS);
    }
    this.map.updateSize();
    this.map.render();
    this.drawFrame();
  }

  /** A new worst alert takes the stage, unless a hand is on the map. */
  private frame(scene: Scene, duration: number): void {
    const key = scene.cut ? this.framed : [scene.exercise ?? "", scene.rank, ...scene.open.filter((alert) => alert.scope.sensor_id).slice(0, 1).map((alert) => alert.alert_id)].join(" ");
    if (!this.base || key === this.framed || nowMs() - this.handMs < HAND_MS) return;
    this.framed = key;
    this.show(alertsExtent(this.base, scene, this.size === "phone" ? 4 : 3), duration);
  }

  private show(extent: Extent, duration: number): void {
    const card = this.size === "wall" && this.scene.open.length > 0 ? this.clientWidth * 0.3 : 30;
    this.map?.getView().fit(extent, { padding: [54, card, 64, 30], duration: still() ? 0 : duration, maxZoom: 13.6 });
  }

  /** Brings what was chosen in a list into sight; on a phone above the sheet that opens. */
  private reveal(): void {
    const view = this.map?.getView();
    const at = this.base ? placeOf(this.base, this.scene, this.selection) : null;
    if (!view || !at) return;
    const sheetPx = SHEET_TOP_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const box = this.getBoundingClientRect();
    const height = this.size === "phone" ? Math.min(box.height, sheetPx - box.top) : box.height;
    const [x = 0, y = 0] = this.map?.getPixelFromCoordinate([...at]) ?? [];
    const seen = x > REVEAL_PX && x < box.width - REVEAL_PX && y > REVEAL_PX && y < height - REVEAL_PX;
    if (seen) return;
    const resolution = view.getResolution() ?? 1;
    view.animate({ center: [at[0], at[1] - ((box.height - height) / 2) * resolution], duration: still() ? 0 : FRAME_MS });
  }

  private drawLabels(frame: FrameState): HTMLElement {
    const [width = 0, height = 0] = frame.size;
    const ratio = frame.pixelRatio;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    }
    const context = this.canvas.getContext("2d");
    if (!context || !this.base || !this.palette) return this.canvas;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { center, resolution } = frame.viewState;
    const [cx = 0, cy = 0] = center;
    const latitude = this.scene.city.centre[1];
    const view = {
      width,
      height,
      toPixel: (point: readonly [number, number]) => [width / 2 + (point[0] - cx) / resolution, height / 2 - (point[1] - cy) / resolution] as const,
      metresPerPixel: resolution * Math.cos((latitude * Math.PI) / 180),
      floating: this.floating(),
      selection: this.selection,
    };
    this.targets = new Labels(context, this.palette, this.base, this.scene, view).draw();
    return this.canvas;
  }

  /** What floats on the map, where no label may lie. */
  private floating(): Box[] {
    const own = this.getBoundingClientRect();
    const parts = [...this.renderRoot.querySelectorAll(".floating"), ...this.querySelectorAll("[slot]")];
    return parts.map((part) => part.getBoundingClientRect()).filter((box) => box.width > 0).map((box) => ({ x: box.x - own.x, y: box.y - own.y, w: box.width, h: box.height }));
  }

  private drawFrame(): void {
    const view = this.map?.getView();
    const size = this.map?.getSize();
    if (!view || !size || !this.base || !this.palette) return;
    this.metresPerPixel = (view.getResolution() ?? 1) * Math.cos((this.scene.city.centre[1] * Math.PI) / 180);
    if (this.overview) drawOverview(this.overview, this.base, this.scene, this.palette, view.calculateExtent(size));
  }

  private targetAt(pixel: readonly number[]): Target | undefined {
    const [x = 0, y = 0] = pixel;
    return this.targets.find(({ box }) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h);
  }

  private point(pixel: number[]): void {
    const target = this.targetAt(pixel);
    const zone: unknown = this.map?.forEachFeatureAtPixel(pixel, (feature) => feature.get("zone_id") as unknown);
    if (target) this.ask<Selection>("uh-choose", target.selection);
    else if (typeof zone === "string") this.ask<Selection>("uh-choose", { kind: "zone", id: zone });
  }

  private zoom(by: number): void {
    const view = this.map?.getView();
    this.handMs = nowMs();
    view?.animate({ zoom: (view.getZoom() ?? 11) + by, duration: 160 });
  }

  private lookAt(extent: (base: BaseMap) => Extent): void {
    this.handMs = nowMs();
    if (this.base) this.show(extent(this.base), FRAME_MS);
  }

  override render() {
    const button = (label: string, name: "plus" | "minus" | "fit" | "layers", act: () => void) => html`<button aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
    return html`
      <div id="map" tabindex="0" role="application" aria-label=${t("map.label")} data-testid="map" data-ready=${this.base ? "yes" : "no"}></div>
      ${this.base ? nothing : html`<p class="note" role="status">${this.failed ? t("map.failed", { s: RETRY_MS / 1000 }) : t("map.loading")}</p>`}
      <slot name="chips"></slot><slot name="card"></slot>
      ${this.size === "wall" || this.size === "phone" ? nothing : html`<div class="zoom floating">${button(t("map.zoomIn"), "plus", () => this.zoom(1))}${button(t("map.zoomOut"), "minus", () => this.zoom(-1))}
        ${button(t("map.fit"), "fit", () => this.lookAt((base) => alertsExtent(base, this.scene, 3)))}${button(t("map.whole"), "layers", () => this.lookAt(wholeCity))}</div>`}
      ${this.size === "phone" ? nothing : html`<div class="overview floating"><canvas id="overview" aria-hidden="true"></canvas><span>${t("map.whole")}</span></div>`}
      ${this.size === "phone" ? nothing : html`<uh-map-legend class="floating" .scene=${this.scene} .metresPerPixel=${this.metresPerPixel} .size=${this.size}></uh-map-legend>`}`;
  }
}

function still(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
