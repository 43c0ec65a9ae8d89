/** How the map's frame and what floats on it look. */
import { css } from "lit";

export const mapStyles = css`
  :host { display: block; position: relative; overflow: hidden; background: var(--sea); min-height: 0; }
  #map { position: absolute; inset: 0; } #map:focus-visible { outline-offset: -4px; }
  #map .ol-viewport, #map .ol-layers, #map .ol-layer { position: absolute; inset: 0; }
  .note { position: absolute; inset: auto 0 50% 0; text-align: center; color: var(--ink-2); pointer-events: none; }
  .zoom { position: absolute; right: var(--s3); top: var(--s3); display: flex; flex-direction: column; background: var(--bg); border-radius: var(--r2); box-shadow: var(--shadow-2); }
  .zoom button { width: 2.25rem; height: 2.25rem; display: grid; place-items: center; color: var(--ink); }
  .zoom button + button { border-top: var(--hair) solid var(--line); } .zoom button:hover { background: var(--bg-2); } .zoom button:focus-visible { outline-offset: -2px; }
  .overview { position: absolute; right: var(--s3); bottom: 5rem; width: 8rem; height: 8.4rem; border-radius: var(--r2); overflow: hidden; box-shadow: 0 0 0 1px var(--line-2); }
  .overview canvas { width: 100%; height: 100%; display: block; } .overview span { position: absolute; left: .4rem; top: .25rem; font-size: var(--t-small); color: var(--map-ink); text-shadow: 0 0 3px var(--halo), 0 0 3px var(--halo); }
  uh-map-legend { position: absolute; left: 0; right: 0; bottom: 0; }
  ::slotted([slot="chips"]) { position: absolute; left: var(--s3); top: var(--s3); max-width: calc(100% - 5.5rem); }
  ::slotted([slot="card"]) { position: absolute; right: 1.5rem; top: 1.5rem; width: 31rem; }
  :host([size="wall"]) .overview { width: 10.6rem; height: 11rem; right: 1.4rem; bottom: 3.4rem; } :host([size="wall"]) ::slotted([slot="chips"]) { left: 1.4rem; top: 1.4rem; }
  :host([size="phone"]) ::slotted([slot="chips"]) { max-width: calc(100% - 1.5rem); }
`;
