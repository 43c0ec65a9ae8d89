/**
 * What every component shares: it follows the page's language, and looks like the rest.
 */
import { LitElement, css, svg, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { INNERS, SHAPES, type Rank } from "./levels";
import { onLanguage } from "./text";

export const sharedStyles = css`
  :host { box-sizing: border-box; }
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, h4, p, ol, ul, dl, dd, dt, table, figure { margin: 0; padding: 0; font-size: inherit; font-weight: inherit; list-style: none; }
  b { font-weight: var(--w-strong); }
  i, em { font-style: normal; }
  button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; }
  button { background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
  :focus-visible { outline: var(--rule) solid var(--sel); outline-offset: 2px; border-radius: var(--r1); }
  .glyph { width: 1.25em; height: 1.25em; flex: none; vertical-align: -.26em; overflow: visible; }
  .ui { width: 1.25em; height: 1.25em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; vertical-align: -.22em; }
  .gs1 { fill: var(--l1); } .gs2 { fill: var(--l2); stroke: var(--l2-edge); stroke-width: 1.2; }
  .gs3 { fill: var(--l3); stroke: var(--l3-edge); stroke-width: 1; } .gs4 { fill: var(--l4); stroke: var(--l4-rim); stroke-width: 1.1; }
  .gi1 { fill: var(--on-l1); } .gi2 { fill: var(--on-l2); } .gi3 { fill: var(--on-l3); } .gi4 { fill: var(--on-l4); }
  .g0 { fill: none; stroke: var(--ok); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
  .gu { fill: none; stroke: var(--ink-off); stroke-width: 2; stroke-linecap: round; } .gu rect { stroke-dasharray: 3.4 2.6; }
  .ghost .g0 { stroke: var(--ink-3); } .ghost .gs { fill: none; stroke: var(--ink-3); stroke-width: 2; } .ghost .gi { fill: var(--ink-3); }
  .steps { display: inline-flex; gap: .14em; align-items: center; }
  .steps i { width: .34em; height: .8em; border-radius: .08em; border: var(--hair) solid currentColor; opacity: .55; }
  .steps .on { background: currentColor; opacity: 1; }
  .badge { display: inline-flex; align-items: center; gap: .4em; white-space: nowrap; }
  .badge b { font-weight: var(--w-loud); }
  .b4 { color: var(--ink-l4); } .b3 { color: var(--ink-l3); } .b2 { color: var(--ink-l2); } .b1 { color: var(--ink-l1); }
  .b0 { color: var(--ink-2); } .b-1 { color: var(--ink-off); } .b0 b, .b-1 b { font-weight: var(--w-strong); }
  .modelled { display: inline-block; font-size: var(--t-micro); line-height: 1.3; color: var(--ink-3); border: var(--hair) dashed var(--line-2); border-radius: var(--r1); padding: 0 .3em; font-weight: 500; white-space: nowrap; }
  .extag { background: var(--ex); color: var(--on-ex); border-radius: var(--r1); padding: 0 .35em; margin-right: .4em; font-size: .86em; font-weight: 700; white-space: nowrap; }
  .off { color: var(--ink-off); }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  kbd { font: inherit; font-size: .85em; border: var(--hair) solid currentColor; border-radius: var(--r1); padding: 0 .35em; opacity: .7; }
`;

export type Size = "wall" | "desk" | "phone";

/** A component that is drawn anew when the page's language changes, and knows where it hangs. */
export class RoomElement extends LitElement {
  @property({ reflect: true }) size: Size = "desk";
  private stopListening?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = onLanguage(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    this.stopListening?.();
    super.disconnectedCallback();
  }

  /** Tells the parents what a person asked for. */
  protected ask<T>(name: string, detail: T): void {
    this.dispatchEvent(new CustomEvent<T>(name, { detail, bubbles: true, composed: true }));
  }
}

/** The silhouette of a rank; `ghost` draws an ended one hollow. */
export function glyph(rank: Rank, ghost = false): TemplateResult {
  const inner = rank > 0
    ? svg`<path class="gs gs${rank}" d=${SHAPES[rank as 1]}></path><path class="gi gi${rank}" d=${INNERS[rank as 1]}></path>`
    : rank === 0
      ? svg`<g class="g0"><circle cx="12" cy="12" r="9.2"></circle><path d="m7.4 12.3 3.2 3.2 6-6.6"></path></g>`
      : svg`<g class="gu"><rect x="2.5" y="2.5" width="19" height="19" rx="2"></rect><path d="M8.6 9.2c.1-2 1.5-3.2 3.5-3.2s3.4 1.2 3.4 3c0 2.7-3.3 2.6-3.3 5.2M12.2 17.6v.2"></path></g>`;
  return html`<svg class="glyph ${ghost ? "ghost" : ""}" viewBox="0 0 24 24" aria-hidden="true">${inner}</svg>`;
}

/** Four bars, as many filled as the rank. */
export function steps(rank: Rank): TemplateResult | typeof nothing {
  if (rank <= 0) return nothing;
  return html`<span class="steps" aria-hidden="true">${[1, 2, 3, 4].map((n) => html`<i class=${n <= rank ? "on" : ""}></i>`)}</span>`;
}

const ICONS = {
  close: "m6 6 12 12M18 6 6 18",
  search: "M17.5 11a6.5 6.5 0 1 1-13 0a6.5 6.5 0 1 1 13 0ZM16 16l5 5",
  bell: "M6 16V11a6 6 0 1 1 12 0v5l1.6 2H4.4ZM10 21h4",
  mute: "M6 16V11a6 6 0 0 1 9-5.2M18 12v4l1.6 2H8M10 21h4M3 3l18 18",
  layers: "m12 3 9 5-9 5-9-5Zm-9 9 9 5 9-5M3 16l9 5 9-5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  check: "m5 12.5 4.5 4.5L19 7",
  down: "m6 9.5 6 6 6-6",
  up: "M12 20V5M5.5 11.5 12 5l6.5 6.5",
  table: "M3.5 5h17v14h-17ZM3.5 10h17M3.5 14.5h17M10 5v14",
  note: "M4 4h16v12H10l-4 4v-4H4Z",
  half: "M20.5 12a8.5 8.5 0 1 1-17 0a8.5 8.5 0 1 1 17 0ZM12 3.5v17M13.5 4v16M15.5 5v14M17.5 6.5v11M19.3 8.5v7",
  source: "M20 12a8 8 0 1 1-2.5-5.8M20 3v4.5h-4.5",
  "air-quality": "M3 9h11.5a3 3 0 1 0-2.8-4M3 13h15.5a3 3 0 1 1-2.8 4M3 17h7.5a2.4 2.4 0 1 1-2.2 3.2",
  traffic: "M8 3 5 21M16 3l3 18M12 4v3M12 10.5v3M12 17v3",
  disaster: "M2.5 9c2.4 0 2.4 2 4.8 2s2.4-2 4.7-2 2.4 2 4.8 2 2.4-2 4.7-2M2.5 15c2.4 0 2.4 2 4.8 2s2.4-2 4.7-2 2.4 2 4.8 2 2.4-2 4.7-2",
} as const;
export type IconName = keyof typeof ICONS;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="ui" viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]}></path></svg>`;
}
