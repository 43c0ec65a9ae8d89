/**
 * `<uh-city-chips>`: alerts about the whole city, said as chips on the map because painting all of it would say nothing.
 *
 * In     `scene`.
 * Out    `uh-choose` with the alert.
 * State  none; hidden while cut off.
 * Reads aloud as buttons.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, sharedStyles } from "../base";
import { isCityWide, type Scene } from "../city";
import { momentSeenFrom } from "../clock";
import { rankOf } from "../levels";
import { said, t } from "../text";
import { alertPlace, alertTitle, levelWord } from "../place";

const SHOWN = 2;

@customElement("uh-city-chips")
export class CityChips extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: flex; flex-direction: column; align-items: flex-start; gap: .4rem; }
    button { display: flex; align-items: center; gap: .45em; background: var(--bg); border-radius: var(--r2); box-shadow: var(--shadow-2); padding: .3rem .65rem; max-width: 100%; font-size: var(--t-body); }
    .extag { margin: 0; } b { white-space: nowrap; } span { color: var(--ink-2); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .c4 { color: var(--ink-l4); } .c3 { color: var(--ink-l3); } .c2 { color: var(--ink-l2); } .c1 { color: var(--ink-l1); }
    :host([size="wall"]) button { pointer-events: none; padding: .5rem 1rem; }
  `];

  @property({ attribute: false }) scene!: Scene;

  override render() {
    const { city, open, clockMs, cut, exercise } = this.scene;
    if (cut) return nothing;
    return html`${open.filter((alert) => isCityWide(alert, city)).slice(0, SHOWN).map((alert) => html`<button data-testid="city-chip" @click=${() => this.ask<Selection>("uh-choose", { kind: "alert", id: alert.alert_id })}>
      ${glyph(rankOf(alert.level))}${exercise === null ? nothing : html`<em class="extag">${t("exercise")}</em>`}<b class="c${rankOf(alert.level)}">${levelWord(alert)}</b><span>${said(city.rules.find((each) => each.rule_id === alert.rule_id)?.name) || alertTitle(city, alert)}${this.size === "phone" ? "" : ` · ${alertPlace(city, alert)} ${momentSeenFrom(Date.parse(alert.onset), clockMs)}`}</span></button>`)}`;
  }
}
