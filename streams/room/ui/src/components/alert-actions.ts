/**
 * `<uh-alert-actions>`: acknowledge, comment on, or silence one alert.
 *
 * In     `alert`, `clockMs` (the view's clock, for "30 minutes from now").
 * Out    nothing: sends the command and says how it went; the alert itself comes back by the stream.
 * State  which form is open, sending, failed with the server's words. The name is remembered on this device.
 * Reads aloud the form's fields, and the outcome as a status.
 */
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ApiError, sendCommand } from "../api";
import { RoomElement, icon, sharedStyles, type IconName } from "../base";
import type { Alert, CommandKind } from "../contract";
import { t, type WordKey } from "../text";

const NAME_KEY = "urbanhub.name";
const SILENCE_MS = 30 * 60_000;
const NAME_LENGTH_MAX = 64; // the contract's
const NOTE_LENGTH_MAX = 1000; // the contract's
const ICON_OF: Readonly<Record<CommandKind, IconName>> = { acknowledge: "check", comment: "note", silence: "mute" };

@customElement("uh-alert-actions")
export class AlertActions extends RoomElement {
  static override styles = [sharedStyles, css`
    :host { display: block; border-top: var(--hair) solid var(--line); padding: var(--s3) var(--s4); background: var(--bg); }
    .buttons { display: flex; gap: var(--s2); }
    .buttons button, form button { height: 2.25rem; border-radius: var(--r2); box-shadow: inset 0 0 0 1px var(--line-2); font-weight: 600; display: inline-flex; align-items: center; justify-content: center; gap: .4em; white-space: nowrap; flex: 1 1 auto; padding: 0 .4rem; font-size: .8rem; }
    .buttons .main, form .main { background: var(--sel); color: var(--on-sel); box-shadow: none; flex: 1.6 1 auto; }
    button:disabled { color: var(--ink-3); box-shadow: inset 0 0 0 1px var(--line); background: none; cursor: default; }
    form { display: grid; gap: var(--s2); } form div { display: flex; gap: var(--s2); }
    label { display: grid; gap: .15rem; font-size: var(--t-small); color: var(--ink-2); flex: 1; }
    input, textarea { height: 2.25rem; padding: 0 .6rem; border: 0; border-radius: var(--r2); box-shadow: inset 0 0 0 1px var(--line-2); background: var(--bg); color: var(--ink); font-size: var(--t-body); width: 100%; min-width: 0; }
    textarea { height: 3.6rem; padding: .45rem .6rem; resize: none; display: block; }
    h4 { font-weight: var(--w-strong); font-size: var(--t-strong); display: flex; gap: .4em; align-items: center; }
    .outcome { font-size: var(--t-small); color: var(--ink-2); padding-top: var(--s2); } .outcome.failed { color: var(--ink); font-weight: 600; } .outcome:empty { display: none; }
    :host([size="phone"]) button, :host([size="phone"]) input { height: 2.75rem; } :host([size="phone"]) input, :host([size="phone"]) textarea { font-size: 1rem; }
  `];

  @property({ attribute: false }) alert!: Alert;
  @property({ attribute: false }) clockMs = 0;
  @property() exercise: string | null = null;
  @state() private form: CommandKind | null = null;
  @state() private name = localStorage.getItem(NAME_KEY) ?? "";
  @state() private sending = false;
  @state() private outcome = "";
  @state() private failed = false;
  private commandId = "";
  private alertId = "";
  private sequence = 0;

  override willUpdate(): void {
    if (this.sequence !== this.alert.sequence && !this.failed) this.outcome = "";
    this.sequence = this.alert.sequence;
    if (this.alertId === this.alert.alert_id) return;
    this.alertId = this.alert.alert_id;
    this.form = null;
    this.outcome = "";
  }

  /** Opens a form with the cursor where a person goes on. */
  async openForm(kind: CommandKind): Promise<void> {
    if (kind === "acknowledge" && this.alert.acknowledged) return;
    this.form = kind;
    this.outcome = "";
    this.failed = false;
    this.commandId = commandId();
    await this.updateComplete;
    const target = this.name ? (kind === "comment" ? "textarea" : "[type=submit]") : "input";
    this.renderRoot.querySelector<HTMLElement>(target)?.focus();
  }

  override render() {
    return html`${this.form ? this.formFor(this.form) : this.buttons()}
      <p class="outcome ${this.failed ? "failed" : ""}" role="status">${this.outcome}</p>`;
  }

  private buttons() {
    const active = this.alert.state === "active";
    const acknowledged = Boolean(this.alert.acknowledged);
    const button = (kind: CommandKind, enabled: boolean) => html`<button class=${kind === "acknowledge" && enabled ? "main" : ""}
      data-testid=${kind === "acknowledge" ? "ack-button" : `${kind}-button`} ?disabled=${!enabled} @click=${() => void this.openForm(kind)}>
      ${icon(ICON_OF[kind])}${t(`act.${kind}` as WordKey)}${kind === "acknowledge" && enabled && this.size !== "phone" ? html`<kbd aria-hidden="true">A</kbd>` : nothing}</button>`;
    return html`<div class="buttons">${button("acknowledge", active && !acknowledged)}${button("comment", true)}${button("silence", active)}</div>`;
  }

  private formFor(kind: CommandKind) {
    return html`<form @submit=${this.send} @keydown=${this.leave}>
      <h4>${icon(ICON_OF[kind])}${t(`act.${kind}` as WordKey)}</h4>
      <div><label>${t("act.name")}<input data-testid="ack-name" autocomplete="name" maxlength=${NAME_LENGTH_MAX} .value=${this.name} @input=${(event: Event) => { this.name = (event.target as HTMLInputElement).value; }} /></label>
      ${kind === "comment" ? nothing : html`<label>${t("act.noteOptional")}<input name="note" data-testid="ack-note" maxlength=${NOTE_LENGTH_MAX} /></label>`}</div>
      ${kind === "comment" ? html`<label>${t("act.note")}<textarea name="note" data-testid="ack-note" maxlength=${NOTE_LENGTH_MAX}></textarea></label>` : nothing}
      <div><button type="submit" class="main" data-testid="ack-submit" ?disabled=${this.sending}>${this.sending ? t("act.sending") : t(`act.${kind}` as WordKey)}</button>
      <button type="button" @click=${() => { this.form = null; }}>${t("act.cancel")}</button></div>
    </form>`;
  }

  private leave = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.form = null;
  };

  private send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const kind = this.form;
    const note = this.renderRoot.querySelector<HTMLInputElement>("[name=note]")?.value.trim() ?? "";
    const by = this.name.trim();
    if (!kind || this.sending) return;
    if (!by) return this.tell(t("act.nameMissing"), true);
    if (kind === "comment" && !note) return this.tell(t("act.noteMissing"), true);
    localStorage.setItem(NAME_KEY, by);
    this.sending = true;
    try {
      await sendCommand(this.alert.alert_id, {
        command_id: this.commandId,
        kind,
        by,
        ...(note ? { note } : {}),
        ...(kind === "silence" ? { until: new Date(this.clockMs + SILENCE_MS).toISOString() } : {}),
        ...(this.exercise ? { exercise: this.exercise } : {}),
      });
      this.form = null;
      this.tell(t("act.sent"), false);
    } catch (error) {
      this.tell([t("act.failed"), error instanceof ApiError ? `${error.what} ${error.fix}`.trim() : String(error)].join(": "), true);
    } finally {
      this.sending = false;
    }
  };

  private tell(outcome: string, failed: boolean): void {
    this.outcome = outcome;
    this.failed = failed;
  }
}

/** Drawn at random, also where the page is not served from a secure context, as on the room's own network. */
function commandId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
