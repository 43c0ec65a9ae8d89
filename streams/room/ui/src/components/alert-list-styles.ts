/** How the list of alerts looks: rows on a desk and a phone, fewer and larger ones on the wall. */
import { css } from "lit";

export const alertListStyles = css`
  :host { display: flex; flex-direction: column; min-height: 0; }
  .counts { display: flex; align-items: center; gap: var(--s3); white-space: nowrap; padding: var(--s3) var(--s4); overflow: hidden; }
  .counts span { display: inline-flex; align-items: center; gap: .3em; color: var(--ink-2); } .counts b { color: var(--ink); font-weight: var(--w-loud); }
  .counts:lang(en) .word-of { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } .counts .glyph { width: 1.05em; height: 1.05em; } .counts .un { margin-left: auto; }
  .row { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; column-gap: var(--s3); padding: .7rem var(--s4); border-top: var(--hair) solid var(--line); position: relative; width: 100%; text-align: left; }
  .row:hover { background: var(--bg-2); } .row:focus-visible { outline-offset: -3px; }
  .row > .glyph { width: 1.5rem; height: 1.5rem; grid-row: 1 / span 3; margin-top: .1rem; }
  .title { font-size: var(--t-strong); line-height: 1.3; font-weight: var(--w-strong); overflow-wrap: normal; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
  .word { font-weight: var(--w-loud); margin-right: .45em; } .a4 .word { color: var(--ink-l4); } .a3 .word { color: var(--ink-l3); } .a2 .word { color: var(--ink-l2); } .a1 .word { color: var(--ink-l1); }
  .place { color: var(--ink-2); line-height: 1.4; display: block; grid-column: 2; } .threshold { grid-column: 3; text-align: right; font-size: var(--t-small); color: var(--ink-3); white-space: nowrap; align-self: center; }
  .value { text-align: right; white-space: nowrap; line-height: 1.2; } .value b { font-size: var(--t-title); font-weight: var(--w-loud); letter-spacing: -.01em; } .value i { font-size: var(--t-small); color: var(--ink-2); margin-left: .2em; }
  .meta { grid-column: 2 / -1; display: flex; justify-content: space-between; gap: var(--s2); font-size: var(--t-small); color: var(--ink-3); margin-top: .15rem; white-space: nowrap; }
  .since b { color: var(--ink-2); } .ack { overflow: hidden; text-overflow: ellipsis; } .ack .ui { width: .95em; height: .95em; stroke-width: 2.4; margin-right: .25em; vertical-align: -.1em; }
  .new { color: var(--ink); font-weight: var(--w-strong); } .new::before { content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; background: var(--ink); margin-right: .4em; vertical-align: .06em; }
  .first.a4 { background: color-mix(in srgb, var(--wash-l4) 34%, var(--bg)); } .first.a3 { background: color-mix(in srgb, var(--wash-l3) 40%, var(--bg)); }
  .first.a4::before, .first.a3::before, .first.a2::before, .first.a1::before { content: ""; position: absolute; left: 0; top: 0; bottom: 0; width: var(--bar); background: var(--l4); } .first.a3::before { background: var(--l3); } .first.a2::before { background: var(--l2); } .first.a1::before { background: var(--l1); }
  .first.a4 .meta, .first.a3 .meta, .first .threshold, .first.a4 .meta b { color: var(--ink-2); } .first .meta .new { color: var(--ink); }
  .row.covered { padding-left: calc(var(--s4) + 1.5rem); background: var(--bg-2); } .row.covered .title, .row.covered .value b { font-weight: 450; font-size: var(--t-body); } .row.covered > .glyph { width: 1.15rem; height: 1.15rem; }
  .row.of { padding: .4rem var(--s4) .45rem calc(var(--s4) + 1.5rem + var(--s3)); background: var(--bg-2); grid-template-columns: minmax(0, 1fr) auto; } .row.of .place, .row.of .meta { grid-column: 1; } .row.of .meta { grid-column: 1 / -1; } .row.of .place { color: var(--ink); font-weight: 600; } .row.of .value b { font-size: var(--t-strong); } .row.of > .glyph { display: none; } .row.of .title { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } .row.of > span:first-of-type { position: absolute; }
  .fold { display: flex; align-items: center; gap: .4em; width: 100%; padding: .3rem var(--s4) .5rem calc(var(--s4) + 1.5rem + var(--s3)); color: var(--ink-2); font-size: var(--t-small); font-weight: 600; } .fold:hover { background: var(--bg-2); } .fold:focus-visible { outline-offset: -3px; } .fold i { margin-left: auto; font-weight: 450; color: var(--ink-3); } .fold .ui { transition: rotate var(--m-swap) var(--ease); } .fold[aria-expanded="true"] .ui { rotate: 180deg; }
  :host([size="phone"]) .fold { min-height: 2.75rem; }
  .then b { font-weight: 450; color: var(--ink-off); } .moment { grid-column: 2 / -1; text-align: right; font-size: var(--t-small); color: var(--ink-2); font-weight: 600; }
  .chosen { box-shadow: inset calc(-1 * var(--bar)) 0 0 var(--sel); }
  .cut .word, .cut .value b, .cut .title { color: var(--ink-off); font-weight: 450; }
  .empty { padding: var(--s6) var(--s4) var(--s5); } .empty b { font-size: var(--t-title); } .empty p { color: var(--ink-2); margin-top: .2em; }
  h3 { padding: var(--s3) var(--s4) var(--s2); color: var(--ink-3); font-size: var(--t-small); font-weight: 600; border-top: var(--hair) solid var(--line); }
  .ended { display: flex; gap: var(--s3); padding: var(--s2) var(--s4); align-items: flex-start; color: var(--ink-2); line-height: 1.4; width: 100%; text-align: left; }
  .ended:hover { background: var(--bg-2); } .ended > span:nth-of-type(1) { flex: 1; } .ended b { display: block; color: var(--ink); } .ended small, .ended .when { font-size: var(--t-small); color: var(--ink-3); } .ended .when { text-align: right; white-space: nowrap; }
  .ended:focus-visible { outline-offset: -3px; }
  :host([size="wall"]) { height: 100%; } :host([size="wall"]) .counts { padding: .9rem 1.5rem .7rem; gap: 1.1rem; }
  :host([size="wall"]) ol { flex: 1; display: flex; flex-direction: column; min-height: 0; } :host([size="wall"]) ol { overflow: hidden; } :host([size="wall"]) li { flex: none; min-height: 6.3rem; display: flex; } :host([size="wall"]) li.lead { min-height: 8.9rem; }
  :host([size="wall"]) .row { padding: .4rem 1.5rem; column-gap: 1rem; align-content: center; pointer-events: none; } :host([size="wall"]) .row > .glyph { width: 2.4rem; height: 2.4rem; } :host([size="wall"]) .value b { font-size: 1.75rem; }
  :host([size="wall"]) .first > .glyph { width: 3.2rem; height: 3.2rem; } :host([size="wall"]) .first .title { font-size: 1.875rem; line-height: 1.2; } :host([size="wall"]) .first .value b { font-size: 3rem; }
  :host([size="wall"]) .title { -webkit-line-clamp: 1; } :host([size="wall"]) .lead .title { -webkit-line-clamp: 2; }
  :host([size="wall"]) .place { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: var(--t-small); } :host([size="wall"]) .meta { color: var(--ink-2); }
  :host([size="wall"]) .rest { padding: .6rem 1.5rem; flex: none; color: var(--ink-2); border-top: var(--hair) solid var(--line); }
`;
