/** How the detail of an alert, a sensor or a zone looks. */
import { css } from "lit";

export const detailStyles = css`
  :host { display: flex; flex-direction: column; min-height: 0; background: var(--bg); overflow: hidden; }
  header { padding: var(--s3) var(--s4) 0; position: relative; flex: none; }
  header > div { display: flex; gap: var(--s3); align-items: center; padding-right: 2rem; }
  .quiet { color: var(--ink-3); font-size: var(--t-small); }
  .close { position: absolute; right: var(--s2); top: var(--s2); width: 2.25rem; height: 2.25rem; color: var(--ink-2); display: grid; place-items: center; border-radius: var(--r2); }
  .close:hover { background: var(--bg-2); }
  h2 { font-size: 1.375rem; font-weight: var(--w-loud); letter-spacing: -.02em; margin-top: .2rem; line-height: 1.3; text-wrap: balance; }
  header p { color: var(--ink-2); }
  .scroll { flex: 1; min-height: 0; overflow-y: auto; padding-bottom: var(--s2); }
  .figure { display: flex; gap: var(--s4); align-items: center; padding: var(--s2) var(--s4); }
  .hero { white-space: nowrap; } .hero b { font-size: var(--t-hero); font-weight: var(--w-loud); letter-spacing: -.03em; line-height: 1; } .hero i { font-size: var(--t-title); margin-left: .2em; color: var(--ink-2); }
  .hero.l4 b { color: var(--ink-l4); } .hero.l3 b { color: var(--ink-l3); } .hero.l2 b { color: var(--ink-l2); } .hero.l1 b { color: var(--ink-l1); } .hero.l-1 b { color: var(--ink-off); font-weight: 450; }
  .hatched { padding: .2em .6em; border: var(--hair) dashed var(--line-2); border-radius: var(--r2); background: repeating-linear-gradient(135deg, color-mix(in srgb, var(--hatch) 30%, transparent) 0 1px, transparent 1px 6px); }
  .facts { display: flex; flex-direction: column; line-height: 1.4; min-width: 0; } .facts b { font-weight: var(--w-strong); } .late { color: var(--ink); }
  section { padding: var(--s2) var(--s4); border-top: var(--hair) solid var(--line); }
  h3 { font-size: var(--t-small); font-weight: 600; color: var(--ink-3); margin-bottom: .15rem; }
  .loud { font-weight: var(--w-strong); font-size: var(--t-strong); line-height: 1.4; text-wrap: pretty; }
  .why p { color: var(--ink-2); font-size: var(--t-small); display: flex; gap: .6em; } .why b { color: var(--ink-3); flex: none; }
  .measures { display: flex; gap: .25rem; padding: .2rem var(--s4) .3rem; overflow-x: auto; scrollbar-width: none; } .measures button { flex: none; padding: .25rem .6rem; border-radius: var(--r2); color: var(--ink-2); background: var(--bg-2); font-size: var(--t-small); white-space: nowrap; } .measures [aria-pressed="true"] { background: var(--bg); color: var(--ink); font-weight: var(--w-strong); box-shadow: inset 0 0 0 1.5px var(--sel); }
  summary { color: var(--ink-2); font-size: var(--t-small); cursor: pointer; padding: .15rem 0; } details p { padding-left: .9rem; }
  .line { display: flex; justify-content: space-between; gap: var(--s3); width: 100%; padding: .35rem 0; text-align: left; }
  .line:hover { background: var(--bg-2); } .line span:last-child { white-space: nowrap; } small { color: var(--ink-3); font-size: var(--t-small); }
`;
