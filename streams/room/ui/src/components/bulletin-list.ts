/**
 * `<uh-bulletin-list>`: what institutions announced, and what they expect beside what is observed.
 *
 * In     `scene`, `most` (how many are shown).
 * Out    `uh-choose` with the sensor that an expectation is about.
 * State  none; lifted ones say so; without any it shows nothing but a sentence.
 * Reads aloud as a list, newest first.
 */
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Selection } from "../address";
import { RoomElement, glyph, sharedStyles } from "../base";
import { expectedSensor, valueOf, type Scene } from "../city";
import { hourMinute, momentSeenFrom } from "../clock";
import type { Bulletin } from "../contract";
import { figure, unitOf } from "../format";
import { rankOf } from "../levels";
import { said, t, type WordKey } from "../text";

@customElement("uh-bulletin-list")
export class BulletinList extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; }
    li { padding: .6rem var(--s4); border-top: var(--hair) solid var(--line); line-height: 1.45; }
    .head { display: flex; align-items: center; gap: .45em; color: var(--ink-3); font-size: var(--t-small); white-space: nowrap; } .head b { color: var(--ink-2); } .head time { margin-left: auto; } .glyph { width: 1.1em; height: 1.1em; }
    .text { color: var(--ink); text-wrap: pretty; } .lifted .text { color: var(--ink-off); text-decoration: line-through; }
    .expected { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .8em; font-size: var(--t-small); color: var(--ink-2); width: 100%; padding: .2rem 0 0; } .expected b { color: var(--ink); } .expected:hover { text-decoration: underline; }
    .none { padding: var(--s4); color: var(--ink-2); } h3 { padding: var(--s3) var(--s4) var(--s2); color: var(--ink-3); font-size: var(--t-small); font-weight: 600; }
  `];

  @property({ attribute: false }) scene!: Scene;
  @property({ type: Number }) most = 20;

  override render() {
    const newest = [...this.scene.picture.bulletins].sort((a, b) => b.issued_at.localeCompare(a.issued_at) || b.revision - a.revision);
    return html`<h3>${t("bulletins.title", { count: newest.length })}</h3>
      ${newest.length ? html`<ol>${newest.slice(0, this.most).map((each) => this.row(each))}</ol>` : html`<p class="none">${t("bulletins.none")}</p>`}`;
  }

  private row(bulletin: Bulletin) {
    const rank = rankOf(bulletin.level);
    return html`<li class=${bulletin.cancelled ? "lifted" : ""} data-testid="bulletin-row" data-bulletin-id=${bulletin.bulletin_id}>
      <div class="head">${rank > 0 ? glyph(rank, bulletin.cancelled) : nothing}${this.scene.exercise ? html`<em class="extag">${t("exercise")}</em>` : nothing}<b>${t(`bulletin.${bulletin.kind}` as WordKey)}</b>
        <span>${bulletin.source}${bulletin.revision > 0 ? ` · ${t("bulletins.revision", { n: bulletin.revision })}` : ""}</span>${bulletin.cancelled ? html`<b>${t("bulletins.lifted")}</b>` : nothing}
        <time datetime=${bulletin.issued_at}>${momentSeenFrom(Date.parse(bulletin.issued_at), this.scene.clockMs)}</time></div>
      <p class="text">${said(bulletin.texts)}</p>${(bulletin.expected ?? []).map((each) => this.expectation(each))}</li>`;
  }

  private expectation(expected: NonNullable<Bulletin["expected"]>[number]) {
    const { city, picture, cut } = this.scene;
    const sensor = expectedSensor(city, expected);
    const observed = sensor ? valueOf(sensor, expected.measure, picture) : null;
    const unit = unitOf(city, expected.measure);
    const said_ = t("bulletins.expected", { place: sensor ? said(sensor.name) : expected.place, value: `${figure(city, expected.measure, expected.value)} ${unit}`, at: hourMinute(Date.parse(expected.at)) });
    const now = observed === null ? "—" : `${figure(city, expected.measure, observed)} ${unit}`;
    return html`<button class="expected" ?disabled=${!sensor} @click=${() => { if (sensor) this.ask<Selection>("uh-choose", { kind: "sensor", id: sensor.sensor_id }); }}>
      <span>${said_}</span><span>${t("bulletins.observed")} <b>${cut && observed !== null ? `(${now})` : now}</b></span></button>`;
  }
}
