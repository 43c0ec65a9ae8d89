/**
 * `<uh-city-line>`: the level of the city, the sentence that says what is the matter, and the view's clock.
 *
 * In     `scene` (null while loading), `lastNewsMs`.
 * Out    `uh-language`, `uh-theme`, `uh-search`: what a person asked for.
 * State  none of its own but the ticking second.
 * Reads aloud as a heading; changes are announced elsewhere, once.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Theme } from "../address";
import { RoomElement, glyph, icon, sharedStyles, steps } from "../base";
import type { Scene } from "../city";
import { hourMinuteSecond, longDate, onTick } from "../clock";
import { levelWord } from "../place";
import { sentenceIn, sentenceOf } from "../sentence";
import { language, t, type WordKey } from "../text";

@customElement("uh-city-line")
export class CityLine extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: flex; align-items: stretch; background: var(--bg); border-bottom: var(--hair) solid var(--line); height: 5rem; flex: none; }
    .level { width: 7rem; flex: none; display: flex; flex-direction: column; align-items: center; justify-content: center; line-height: 1.1; }
    .level .glyph { width: 1.6rem; height: 1.6rem; } .level b { font-weight: 800; font-size: 1.25rem; margin-top: .15rem; } .steps { font-size: .5rem; margin-top: .25rem; }
    .r4 { background: var(--l4); color: var(--on-l4); } .r4 .gs4 { fill: var(--on-l4); stroke: none; } .r4 .gi4 { fill: var(--l4); }
    .r3 { background: var(--l3); color: var(--on-l3); } .r3 .gs3 { fill: var(--on-l3); stroke: none; } .r3 .gi3 { fill: var(--l3); }
    .r2 { background: var(--l2); color: var(--on-l2); } .r2 .gs2 { fill: var(--on-l2); stroke: none; } .r2 .gi2 { fill: var(--l2); }
    .r1 { background: var(--l1); color: var(--on-l1); } .r1 .gs1 { fill: var(--on-l1); } .r1 .gi1 { fill: var(--l1); }
    .r-1 { background: repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 7px); } .r-1 .gu { stroke: var(--ink); } .r-1 b { background: var(--bg); padding: 0 .25em; border-radius: var(--r1); }
    .line { flex: 1; min-width: 0; display: flex; flex-direction: column; justify-content: center; padding: 0 var(--s5); }
    h1 { font-size: var(--t-line); font-weight: var(--w-loud); line-height: var(--lh-tight); letter-spacing: -.022em; text-wrap: balance; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
    h1.long { font-size: calc(var(--t-line) * .8); }
    .line p { color: var(--ink-2); font-size: .875rem; margin-top: .2em; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    
    .tools { display: flex; align-items: center; gap: var(--s1); padding-right: var(--s3); flex: none; }
    .tools button { height: 2rem; min-width: 2rem; border-radius: var(--r2); color: var(--ink-2); display: inline-flex; align-items: center; justify-content: center; gap: .3rem; padding: 0 .4rem; font-size: var(--t-small); font-weight: 600; }
    .tools button:hover { background: var(--bg-2); }
    .clock { display: flex; flex-direction: column; align-items: flex-end; justify-content: center; padding: 0 var(--s5); white-space: nowrap; border-left: var(--hair) solid var(--line); flex: none; }
    .clock time { font-size: var(--t-value); line-height: 1.1; letter-spacing: -.01em; font-weight: var(--w-strong); }
    .clock i { font-size: .5em; font-weight: 600; margin-left: .4em; color: var(--ink-2); } .clock span { color: var(--ink-2); font-size: var(--t-small); margin-top: .2em; }
    :host([size="wall"]) { height: 9.6rem; border: 0; }
    :host([size="wall"]) .level { width: 15rem; } :host([size="wall"]) .level .glyph { width: 2.7rem; height: 2.7rem; } :host([size="wall"]) .level b { font-size: 2.5rem; } :host([size="wall"]) .steps { font-size: 1.1rem; margin-top: .35rem; }
    :host([size="wall"]) .line p { font-size: var(--t-title); margin-top: .1em; } :host([size="wall"]) h1 { -webkit-line-clamp: 1; }
    :host([size="wall"]) .line .other { color: var(--ink-3); font-size: 1.2rem; letter-spacing: 0; line-height: 1.3; margin-top: 0; } :host([size="wall"]) h1.long { font-size: calc(var(--t-line) * .64); -webkit-line-clamp: 2; }
    :host([size="wall"]) .clock { border: 0; } :host([size="wall"]) .clock time { font-size: 3rem; } :host([size="wall"]) .clock span { font-size: var(--t-body); }
    :host([size="phone"]) { height: auto; flex-wrap: wrap; }
    :host([size="phone"]) .level { order: 0; flex: 1; width: auto; flex-direction: row; justify-content: flex-start; gap: .5rem; padding: 0 var(--s4); height: 2.6rem; }
    :host([size="phone"]) .level b { font-size: 1.125rem; margin: 0; } :host([size="phone"]) .steps { margin: 0; font-size: .75rem; } :host([size="phone"]) .level .glyph { width: 1.25rem; height: 1.25rem; }
    :host([size="phone"]) .clock { order: 1; flex-direction: row; align-items: center; padding: 0 var(--s4); border: 0; } :host([size="phone"]) .clock time { font-size: 1rem; } :host([size="phone"]) .clock i { color: inherit; font-size: .75em; } :host([size="phone"]) .clock span { display: none; }
    :host([size="phone"]) .line { order: 3; flex: 0 0 100%; padding: .6rem var(--s4) .7rem; } :host([size="phone"]) .line p { white-space: normal; } :host([size="phone"]) h1 { -webkit-line-clamp: 4; }
    :host([size="phone"]) .tools { order: 2; padding: 0 .25rem 0 0; } :host([size="phone"]) .tools .wide { display: none; }
    :host([size="phone"]) .tools button { color: inherit; min-height: 2.6rem; }
    @media (max-width: 68rem) { .clock span { display: none; } .line { padding: 0 var(--s4); } }
  `];

  @property({ attribute: false }) scene: Scene | null = null;
  @property({ attribute: false }) clockMs: (() => number) | null = null;
  @property({ attribute: false }) lastNewsMs: number | null = null;
  @property() theme: Theme = "auto";
  @state() private tick = 0;
  private stopTicking?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopTicking = onTick(() => { this.tick += 1; });
  }

  override disconnectedCallback(): void {
    this.stopTicking?.();
    super.disconnectedCallback();
  }

  override render() {
    const scene = this.scene;
    const rank = scene?.rank ?? -1;
    const worst = scene && !scene.cut ? scene.open[0] : undefined;
    const word = worst ? levelWord(worst) : t(`level.${rank}` as WordKey);
    const sentence = scene ? sentenceOf(scene, this.lastNewsMs) : { line: t("sentence.loading"), sub: "" };
    const clockMs = this.clockMs?.() ?? null;
    return html`
      <div class="level r${rank}" data-testid="level-block" data-rank=${rank}>${glyph(rank)}<b>${word}</b>${steps(rank)}</div>
      <div class="line">
        <h1 data-testid="sentence" class=${sentence.line.length > (this.size === "wall" ? 34 : 44) ? "long" : ""}>${scene?.exercise ? html`<em class="extag">${t("exercise")}</em>` : nothing}${sentence.line}</h1>
        <p>${sentence.sub}</p>${this.size === "wall" && scene && language() === "ko" ? html`<p class="other" lang="en">${sentenceIn(scene, "en")}</p>` : nothing}
      </div>
      ${this.size === "wall" ? nothing : this.tools()}
      <div class="clock ${this.size === "phone" ? `r${rank}` : ""}">${clockMs === null ? nothing : html`<time>${hourMinuteSecond(clockMs)}<i>KST</i></time><span>${longDate(clockMs)}</span>`}</div>`;
  }

  private tools() {
    const mode = t(`theme.${this.theme}`);
    return html`<div class="tools ${this.size === "phone" ? `r${this.scene?.rank ?? -1}` : ""}">
      <button class="wide" aria-label=${t("search.label")} title=${t("search.label")} @click=${() => this.ask("uh-search", null)}>${icon("search")}<kbd aria-hidden="true">/</kbd></button>
      <button data-testid="lang-switch" aria-label=${t("tool.language")} lang=${language() === "ko" ? "en" : "ko"} @click=${() => this.ask("uh-language", null)}>${t("tool.languageShort")}</button>
      <button aria-label=${t("tool.theme", { mode })} title=${t("tool.theme", { mode })} @click=${() => this.ask("uh-theme", null)}>${icon("half")}</button>
    </div>`;
  }
}
