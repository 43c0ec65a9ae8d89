/** How the tables of zones, sensors and sources look. */
import { css } from "lit";

export const tableStyles = css`
  :host { display: block; }
  .find { display: flex; align-items: center; gap: .5em; margin: var(--s3) var(--s4); padding: 0 .6rem; height: 2rem; border-radius: var(--r2); box-shadow: inset 0 0 0 1px var(--line-2); color: var(--ink-3); }
  .find:focus-within { box-shadow: inset 0 0 0 2px var(--sel); }
  .find input { flex: 1; min-width: 0; border: 0; background: none; outline: none; color: var(--ink); }
  .find input::placeholder { color: var(--ink-3); opacity: 1; }
  table { width: 100%; border-collapse: collapse; }
  th, td { text-align: left; padding: .34rem .3rem; border-top: var(--hair) solid var(--line); white-space: nowrap; font-weight: inherit; }
  thead th { font-size: var(--t-small); color: var(--ink-3); vertical-align: bottom; line-height: 1.25; font-weight: 500; }
  tr > :first-child { padding-left: var(--s4); } tr > :last-child { padding-right: var(--s4); }
  tbody th { font-weight: var(--w-strong); } tbody th button { font-weight: inherit; width: 100%; }
  tbody tr:hover { background: var(--bg-2); }
  .r { text-align: right; }
  td span { margin-left: .4em; font-weight: 600; }
  .w4 { color: var(--ink-l4); } .w3 { color: var(--ink-l3); } .w2 { color: var(--ink-l2); } .w1 { color: var(--ink-l1); } .w0 { color: var(--ink-3); } .w0 span { font-weight: 400; margin: 0; } .w-1 { color: var(--ink-off); } .w-1 span { font-weight: 450; }
  .chosen { background: var(--bg-2); box-shadow: inset .1875rem 0 0 var(--sel); }
  .none { padding: var(--s4); color: var(--ink-2); }
  :host([size="phone"]) th, :host([size="phone"]) td { padding-top: .6rem; padding-bottom: .6rem; }
  :host([size="phone"]) .find { height: 2.75rem; }
`;
