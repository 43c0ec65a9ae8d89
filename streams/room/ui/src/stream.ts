/**
 * The live stream of one view: Server-Sent Events whose ids are the server's resume positions.
 *
 * Order   a broken stream is opened again from the last id seen, after a wait that doubles up to a limit.
 * Limits  nothing is kept here; a stream that says nothing for SILENCE_MS counts as cut (the server speaks each 2 s).
 */
import { eventsAddress } from "./api";
import { nowMs } from "./clock";
import { openLine, type EventName, type Line, type ToTab } from "./line";
import type { Alert, Bulletin, StatusEvent, ValuesEvent } from "./contract";

const SILENCE_MS = 12_000; // six missed status events: slower than any hiccup, faster than a person's doubt
const WAITS_S = [1, 2, 4, 8, 15] as const; // the last one repeats: a wall must find its server again within seconds

export type LinkState = "connecting" | "live" | "cut";

export interface Link {
  readonly state: LinkState;
  readonly lastNewsMs: number | null;
  readonly retryAtMs: number | null;
  readonly attempt: number;
}

export interface StreamEvents {
  alert(alert: Alert): void;
  values(values: ValuesEvent): void;
  bulletin(bulletin: Bulletin): void;
  status(status: StatusEvent): void;
  /** Another tab opened this stream: what lies between the picture and now has to be fetched. */
  joined(): void;
  /** The position is too old: the whole picture has to be fetched again. */
  reset(): void;
  link(link: Link): void;
}

export class RoomStream {
  private line: Line | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private lastNewsMs: number | null = null;
  private attempt = 0;
  private closed = false;

  constructor(
    private readonly exercise: string | null,
    private position: string,
    private readonly events: StreamEvents,
  ) {}

  open(): void {
    this.closed = false;
    this.connect();
    this.watchdog = setInterval(() => this.watch(), 1000);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.watchdog);
    this.line?.close();
    this.line = null;
  }

  /** Tries again at once: a person pressed the button. */
  retryNow(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    this.line?.close();
    const line = openLine(this.exercise ?? "", eventsAddress(this.exercise, this.position), (message) => {
      if (this.line === line) this.hear(message);
    });
    this.line = line;
  }

  private hear(message: ToTab): void {
    if (message.kind === "broken") return this.broken();
    this.heard();
    if (message.kind === "joined") this.events.joined();
    else if (message.kind === "event") {
      if (message.id) this.position = message.id;
      this.take(message.name, JSON.parse(message.data));
    }
  }

  private take(name: EventName, told: unknown): void {
    if (name === "alert") this.events.alert(told as Alert);
    else if (name === "values") this.events.values(told as ValuesEvent);
    else if (name === "bulletin") this.events.bulletin(told as Bulletin);
    else if (name === "status") this.events.status(told as StatusEvent);
    else this.events.reset();
  }

  private heard(): void {
    const wasLive = this.attempt === 0 && this.lastNewsMs !== null;
    this.lastNewsMs = nowMs();
    this.attempt = 0;
    if (!wasLive) this.tell("live", null);
  }

  private watch(): void {
    if (this.line && this.lastNewsMs !== null && this.attempt === 0 && nowMs() - this.lastNewsMs > SILENCE_MS) {
      this.line.giveUp();
      this.broken();
    }
  }

  /** Reconnecting is done here, not by the browser, so that the page can say when and the position is the last one seen. */
  private broken(): void {
    this.line?.close();
    this.line = null;
    if (this.closed) return;
    const waitS = WAITS_S[Math.min(this.attempt, WAITS_S.length - 1)] ?? 15;
    this.attempt += 1;
    this.tell("cut", nowMs() + waitS * 1000);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), waitS * 1000);
  }

  private tell(state: LinkState, retryAtMs: number | null): void {
    this.events.link({ state, lastNewsMs: this.lastNewsMs, retryAtMs, attempt: this.attempt });
  }

  get newsMs(): number | null {
    return this.lastNewsMs;
  }
}
