/**
 * `<uh-room-app>`: the page: what is known, in which frame, size, language and light.
 *
 * In     the address.
 * Out    the address, which follows every choice.
 * State  loading, failed (with the next try), cut, an exercise's frame; each said in words on top.
 * Reads aloud new, changed and ended alerts, once, wherever the focus is.
 */
import { LitElement, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { readAddress, writeAddress, type Address, type Selection, type Tab } from "../address";
import { icon, sharedStyles, type Size } from "../base";
import type { Scene } from "../city";
import { nowMs, onTick } from "../clock";
import { rankOf } from "../levels";
import { alertPlace, alertTitle, levelWord } from "../place";
import { Room, type AlertChange } from "../room";
import { onLanguage, setLanguage, t } from "../text";
import type { DetailPanel } from "./detail-panel";
import { roomStyles } from "./room-styles";
import type { SidePanel } from "./side-panel";

const WALL_PX_MIN = 3000; // a desk screen is not as wide; a smaller wall says ?wall
const PHONE_PX_MAX = 760;
const DETAIL_PX_MIN = 1240; // narrower, and the detail opens only when asked for
const TOAST_MS = 12_000;

@customElement("uh-room-app")
export class RoomApp extends LitElement {
  static override styles = [sharedStyles, roomStyles];

  @state() private address: Address = readAddress(location.search);
  @state() private scene: Scene | null = null;
  @state() private size: Size = "desk";
  @state() private announced = "";
  @state() private toast: AlertChange | null = null;
  @query("uh-detail-panel") private detail?: DetailPanel;
  @query("uh-side-panel") private side?: SidePanel;
  private room!: Room;
  private wasCut = false;
  private toastTimer: ReturnType<typeof setTimeout> | undefined;
  private stops: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.room = new Room(this.address.exercise, { changed: () => this.look(), alertChanged: (change) => this.announce(change) });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const dress = (): void => this.dress();
    addEventListener("resize", dress);
    dark.addEventListener("change", dress);
    addEventListener("keydown", this.key);
    this.stops = [onTick(() => this.look()), onLanguage(() => this.requestUpdate()),
      () => { removeEventListener("resize", dress); dark.removeEventListener("change", dress); removeEventListener("keydown", this.key); }];
    setLanguage(this.address.language);
    this.dress();
    this.room.start();
  }

  override disconnectedCallback(): void {
    for (const stop of this.stops) stop();
    this.room.stop();
    super.disconnectedCallback();
  }

  private look(): void {
    this.scene = this.room.scene();
    const cut = this.room.isCut;
    if (cut !== this.wasCut) this.announced = t(cut ? "announce.cut" : "announce.back");
    this.wasCut = cut;
    this.requestUpdate();
  }

  /** Size and light of the whole page. */
  private dress(): void {
    const wall = this.address.wall ?? innerWidth >= WALL_PX_MIN;
    this.size = wall ? "wall" : innerWidth <= PHONE_PX_MAX ? "phone" : "desk";
    const dark = this.address.theme === "auto" ? this.size === "wall" || matchMedia("(prefers-color-scheme: dark)").matches : this.address.theme === "dark";
    document.documentElement.dataset.size = this.size;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    this.requestUpdate();
  }

  private announce(change: AlertChange): void {
    if (!this.room.city) return;
    const { alert } = change;
    const what = [levelWord(alert), alertTitle(this.room.city, alert), alertPlace(this.room.city, alert)].filter(Boolean).join(", ");
    const said = t(`announce.${change.change}`, { what });
    this.announced = change.real && this.room.exercise !== null ? t("announce.real", { what: said }) : said;
    const worst = rankOf(alert.level) >= (this.scene?.rank ?? 0) || (change.real && this.room.exercise !== null);
    if (change.change === "end" || !worst) return;
    this.toast = change;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => { this.toast = null; }, TOAST_MS);
  }

  private go(change: Partial<Address>): void {
    this.address = { ...this.address, ...change };
    history.replaceState(null, "", `${location.pathname}${writeAddress(this.address)}`);
    this.dress();
  }

  private get selection(): Selection {
    const { selection } = this.address;
    if (selection) return selection;
    const worst = this.scene?.open[0];
    return worst && this.size === "desk" && innerWidth >= DETAIL_PX_MIN ? { kind: "alert", id: worst.alert_id } : { kind: "none" };
  }

  private choose = (event: CustomEvent<Selection>): void => this.go({ selection: event.detail });
  private leave = (event: CustomEvent<string | null>): void => {
    this.go({ exercise: event.detail, selection: undefined });
    this.room.look(event.detail);
  };
  private turnLight = (): void => this.go({ theme: document.documentElement.dataset.theme === "dark" ? "light" : "dark" });
  private turnLanguage = (): void => {
    this.go({ language: this.address.language === "ko" ? "en" : "ko" });
    setLanguage(this.address.language);
  };
  private search = async (): Promise<void> => {
    this.go({ tab: this.address.tab === "zones" ? "zones" : "sensors" });
    await this.updateComplete;
    await this.side?.updateComplete;
    this.side?.focusSearch();
  };

  private key = (event: KeyboardEvent): void => {
    const typing = event.composedPath().some((each) => each instanceof HTMLInputElement || each instanceof HTMLTextAreaElement || each instanceof HTMLSelectElement);
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.size === "wall") return;
    if (event.key === "Escape" && this.selection.kind !== "none") this.go({ selection: { kind: "none" } });
    else if (event.key === "/") void this.search();
    else if (event.code === "KeyA") this.detail?.acknowledge();
    else return;
    event.preventDefault();
  };

  override render() {
    const { scene, size, room } = this;
    const exercise = scene ? scene.frame : room.exerciseNow;
    this.toggleAttribute("data-exercise", exercise !== null);
    this.setAttribute("size", size);
    return html`
      <div class="page" lang=${this.address.language} @uh-choose=${this.choose} @uh-look=${this.leave} @uh-retry=${() => room.retryNow()} @uh-language=${this.turnLanguage} @uh-theme=${this.turnLight} @uh-search=${this.search} @uh-tab=${(event: CustomEvent<Tab>) => this.go({ tab: event.detail })}>
        <a class="skip" href="#alerts" @click=${(event: Event) => { event.preventDefault(); this.side?.focus(); }}>${t("alertsList.label")}</a>
        <uh-frame-band .city=${room.city} .exercise=${exercise} .realAlerts=${room.realAlerts} .link=${room.link} ?cut=${room.isCut || room.failure !== null} .lastNewsMs=${room.lastNewsMs} .size=${size}></uh-frame-band>
        <uh-city-line .scene=${scene} .clockMs=${scene ? () => room.clockMs : null} .lastNewsMs=${room.lastNewsMs} .theme=${this.address.theme} .size=${size}></uh-city-line>
        ${scene === null ? html`<main class="loading" aria-busy="true"><p>${room.failure ?? t("sentence.loading")}</p></main>` : size === "wall" ? this.wall(scene) : size === "phone" ? this.phone(scene) : this.desk(scene)}
        ${this.toastCard()}
        <div class="visually-hidden" role="log" aria-live="assertive" data-testid="announcer">${this.announced}</div>
      </div>`;
  }

  private map(scene: Scene) {
    return html`<uh-city-map .scene=${scene} .selection=${this.selection} .theme=${document.documentElement.dataset.theme ?? ""} .size=${this.size}>
      <uh-city-chips slot="chips" .scene=${scene} .size=${this.size}></uh-city-chips>${this.size === "wall" ? html`<uh-wall-card slot="card" .scene=${scene} .size=${this.size}></uh-wall-card>` : nothing}</uh-city-map>`;
  }

  private tiles(scene: Scene) {
    return scene.domains.map((now) => html`<uh-domain-tile data-testid="tile-${now.domain}" .scene=${scene} .now=${now} .size=${this.size}></uh-domain-tile>`);
  }

  private panel(scene: Scene) {
    return html`<uh-side-panel id="alerts" tabindex="-1" .scene=${scene} .tab=${this.address.tab} .selection=${this.selection} .lastNewsMs=${this.room.lastNewsMs} .size=${this.size}></uh-side-panel>`;
  }

  private detailPanel(scene: Scene) {
    return this.selection.kind === "none" ? nothing : html`<uh-detail-panel role="region" aria-label=${t("detail.label")} .scene=${scene} .selection=${this.selection} .size=${this.size}></uh-detail-panel>`;
  }

  private bar(scene: Scene) {
    return html`<uh-status-bar .scene=${scene} .link=${this.room.link} ?cut=${this.room.isCut} .lastNewsMs=${this.room.lastNewsMs} .size=${this.size}></uh-status-bar>`;
  }

  private desk(scene: Scene) {
    return html`<main class="desk ${this.selection.kind === "none" ? "" : "with"}">${this.panel(scene)}<section class="centre">${this.map(scene)}<div class="tiles">${this.tiles(scene)}</div></section>${this.detailPanel(scene)}</main>${this.bar(scene)}`;
  }

  private wall(scene: Scene) {
    const news = this.room.lastNewsMs === null ? 0 : Math.round((nowMs() - this.room.lastNewsMs) / 1000);
    return html`<main class="wall ${scene.open.length ? "with" : ""}">${scene.open.length ? html`<section class="side"><uh-alert-list .scene=${scene} .size=${this.size}></uh-alert-list></section>` : nothing}${this.map(scene)}</main>
      <section class="band">${this.tiles(scene)}<section class="sources"><h2>${t("sources.title")}<span class=${scene.cut ? "off" : ""}><i></i>${t("age.ago", { age: t("age.second", { n: news }) })}</span></h2><uh-source-list form="grid" .scene=${scene} .lastNewsMs=${this.room.lastNewsMs} .size=${this.size}></uh-source-list></section></section>`;
  }

  private phone(scene: Scene) {
    const tabs = [["alerts", "bell"], ["map", "layers"], ["zones", "table"], ["sources", "source"]] as const;
    const { tab } = this.address;
    const current = tab === "sensors" || tab === "bulletins" ? "zones" : tab;
    return html`<main class="phone ${tab}">${tab === "alerts" || tab === "map" ? this.map(scene) : nothing}
      ${tab === "alerts" ? html`<div class="tiles">${this.tiles(scene)}</div>` : nothing}${tab === "sources" ? this.bar(scene) : nothing}${tab === "map" ? nothing : this.panel(scene)}</main>
      ${this.selection.kind === "none" ? nothing : html`<section class="sheet">${this.detailPanel(scene)}</section>`}
      <nav aria-label=${t("nav.label")}>${tabs.map(([name, mark]) => html`<button data-testid="nav-${name}" aria-current=${current === name ? "page" : "false"} @click=${() => this.go({ tab: name, selection: { kind: "none" } })}>${icon(mark)}<span>${t(`tab.${name}`)}</span></button>`)}</nav>`;
  }

  private toastCard() {
    const { toast, room } = this;
    if (!toast || !room.city || this.size === "wall") return nothing;
    const real = toast.real && room.exercise !== null;
    return html`<aside class="toast" data-testid="toast"><b>${t(`announce.${toast.change}`, { what: "" }).replace(/[:\s]+$/, "")}</b><span>${levelWord(toast.alert)} · ${alertTitle(room.city, toast.alert)} · ${alertPlace(room.city, toast.alert)}</span>
      <button @click=${() => { this.toast = null; if (real) this.leave(new CustomEvent("", { detail: null })); this.go({ selection: { kind: "alert", id: toast.alert.alert_id } }); }}>${t("toast.show")}</button>
      <button aria-label=${t("toast.close")} @click=${() => { this.toast = null; }}>${icon("close")}</button></aside>`;
  }
}
