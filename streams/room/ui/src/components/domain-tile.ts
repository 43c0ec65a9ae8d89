/**
 * `<uh-domain-tile>`: one domain at a glance: its level, one number, how many of its sensors speak.
 *
 * In     `scene`, `now`.
 * Out    nothing.
 * State  none; without a value a dash, cut off in brackets with the word *unknown*.
 * Reads aloud as a group.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { RoomElement, glyph, icon, sharedStyles } from "../base";
import { trafficOf, type DomainNow, type Scene } from "../city";
import { hourMinute } from "../clock";
import { figure, unitOf } from "../format";
import { levelWord } from "../place";
import { t, type WordKey } from "../text";

@customElement("uh-domain-tile")
export class DomainTile extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; padding: .7rem var(--s4) .75rem; background: var(--bg); border-top: var(--bar) solid transparent; box-shadow: inset 0 1px var(--line); min-width: 0; overflow: hidden; }
    :host([rank="4"]) { border-top-color: var(--l4); } :host([rank="3"]) { border-top-color: var(--l3); } :host([rank="2"]) { border-top-color: var(--l2); } :host([rank="1"]) { border-top-color: var(--l1); }
    header { display: flex; justify-content: space-between; gap: .5rem; align-items: center; } h2 { font-size: var(--t-strong); font-weight: var(--w-strong); display: flex; gap: .5em; align-items: center; white-space: nowrap; }
    .badge { font-size: var(--t-strong); min-width: 0; }
    .value { display: flex; align-items: baseline; gap: .3em; line-height: 1.15; margin-top: .3rem; white-space: nowrap; } .value b { font-size: var(--t-value); font-weight: var(--w-loud); letter-spacing: -.015em; } .value i { color: var(--ink-2); } .value .what { font-weight: 600; font-size: var(--t-small); }
    .value.off b { font-weight: 450; color: var(--ink-off); }
    p { line-height: 1.4; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .foot { color: var(--ink-3); }
    :host([size="wall"]) { padding: 1rem 1.5rem; border-right: var(--hair) solid var(--line); } :host([size="wall"]) h2, :host([size="wall"]) .badge { font-size: var(--t-title); } :host([size="wall"]) p { font-size: var(--t-small); }
    :host([size="phone"]) { padding: .55rem .75rem .6rem; } :host([size="phone"]) header { flex-direction: column; align-items: flex-start; gap: .1rem; } :host([size="phone"]) h2 { font-size: var(--t-small); color: var(--ink-2); font-weight: 500; } :host([size="phone"]) .badge { font-size: var(--t-title); } :host([size="phone"]) .value b { font-size: 1.125rem; } :host([size="phone"]) p { display: none; } :host([size="phone"]) .value i { font-size: var(--t-small); }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ attribute: false }) now!: DomainNow;

  override willUpdate(): void {
    this.setAttribute("rank", String(this.scene.cut ? -1 : this.now.rank));
  }

  override render() {
    const { city, cut } = this.scene;
    const { domain, measure, value, atMs, worst } = this.now;
    const doubtful = cut || this.now.doubtful;
    const rank = cut ? -1 : this.now.rank;
    const word = cut ? t("state.unknown") : worst ? levelWord(worst) : rank === 0 ? t("state.normal") : t("state.noData");
    const text = value === null ? "—" : figure(city, domain === "disaster" ? measure : null, domain === "disaster" ? value : Math.round(value)).replace(/\.0$/, domain === "disaster" ? ".0" : "");
    const foot = { "air-quality": "tile.airFoot", traffic: "tile.trafficFoot", disaster: "tile.rainFoot" } as const satisfies Record<string, WordKey>;
    return html`
      <header><h2>${icon(domain)}${t(`domain.${domain}`)}</h2><span class="badge b${rank}">${glyph(rank)}<b>${word}</b></span></header>
      <div class="value ${doubtful || value === null ? "off" : ""}">${measure === "pm25_ugm3" || measure === "pm10_ugm3" ? html`<span class="what">${t(measure === "pm25_ugm3" ? "tile.pm25" : "tile.pm10")}</span>` : nothing}
        <b>${doubtful && value !== null ? `(${text})` : text}</b><i>${unitOf(city, measure)}</i></div>
      <p>${this.reporting()}</p>
      <p class="foot">${atMs === null ? nothing : t(foot[domain], { at: hourMinute(atMs) })}</p>`;
  }

  private reporting(): string {
    const { domain, fresh, all, absent } = this.now;
    const counts = [t("tile.reporting", { fresh, all }), ...(absent ? [t("tile.absent", { count: absent })] : [])];
    if (this.scene.cut) return t("tile.then");
    if (domain === "traffic") {
      const roads = [...this.scene.sensors.values()].filter((now) => now.freshness === "fresh").map(trafficOf);
      const of = (state: string) => roads.filter((each) => each === state).length;
      return [t("tile.roads", { jam: of("jam"), slow: of("slow") }), ...(fresh < all ? [t("tile.reportingShort", { fresh, all })] : [])].join(" · ");
    }
    return counts.join(" · ");
  }
}
