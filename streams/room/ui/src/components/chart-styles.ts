/** How a sensor's chart and its table twin look. */
import { css } from "lit";

export const chartStyles = css`
  :host { display: block; } figure { display: flex; flex-direction: column; height: 100%; }
  figcaption { display: flex; justify-content: space-between; align-items: center; gap: .5rem; padding: .35rem var(--s4) 0; color: var(--ink-3); font-size: var(--t-small); } figcaption button { display: inline-flex; gap: .3em; align-items: center; padding: .2rem .3rem; white-space: nowrap; border-radius: var(--r2); } figcaption button:hover { background: var(--bg-2); color: var(--ink); } figcaption .ui { width: 1.1em; height: 1.1em; }
  .frame { position: relative; height: 12.5rem; margin: 0 var(--s2) 0 var(--s2); } .picture { position: absolute; inset: 0; }
  .threshold { position: absolute; transform: translateY(-50%); white-space: nowrap; font-size: var(--t-small); color: var(--ink-2); display: inline-flex; align-items: center; gap: .25em; pointer-events: none; } .threshold b { color: var(--ink); } .threshold .glyph { width: 1.15em; height: 1.15em; }
  .mark { position: absolute; transform: translate(-50%, -115%); } .mark .glyph { width: 1.05rem; height: 1.05rem; display: block; }
  .expected { position: absolute; transform: translateY(-175%); font-size: var(--t-small); font-weight: 600; background: color-mix(in srgb, var(--bg) 80%, transparent); padding: 0 .2em; white-space: nowrap; }
  .stats { display: grid; grid-template-columns: 1.3fr repeat(4, 1fr); padding: .1rem var(--s4) .5rem; align-items: end; } .stats dt { font-size: var(--t-small); color: var(--ink-3); } .stats dd { font-weight: var(--w-strong); font-size: var(--t-strong); }
  .state { position: absolute; inset: 40% 0 auto; text-align: center; color: var(--ink-2); } .note { padding: 0 var(--s4) .3rem; font-size: var(--t-small); color: var(--ink-2); }
  .table { height: 12.5rem; overflow: auto; margin: .2rem var(--s4); border-top: var(--hair) solid var(--line); } table { width: 100%; border-collapse: collapse; } th, td { text-align: left; padding: .18rem 0; border-bottom: var(--hair) solid var(--line); font-weight: inherit; } td, thead th:last-child { text-align: right; } thead th { color: var(--ink-3); font-size: var(--t-small); position: sticky; top: 0; background: var(--bg); }
  :host([size="wall"]) .frame { height: 14.5rem; margin: 0; } :host([size="wall"]) .mark .glyph { width: 1.5rem; height: 1.5rem; }
`;
