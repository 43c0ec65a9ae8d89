/**
 * What this page knows: the city, the picture of the view that is looked at, and the line to the server.
 *
 * Order   city, then the picture, then the stream from the picture's position; on `reset` both again, as rules may be others.
 * Choice  without a wish in the address, reality is shown if any of its sensors is fresh, else the newest exercise.
 * Limits  one picture; a second, thin stream of reality's alerts while an exercise is looked at.
 */
import { ApiError, fetchCity, fetchPicture } from "./api";
import { applyAlert, applyBulletin, applyStatus, applyValues, frameOf, freshness, sceneOf, type Scene } from "./city";
import { nowMs } from "./clock";
import type { Alert, City, Exercise, Picture, StatusEvent } from "./contract";
import { RoomStream, type Link } from "./stream";

const RETRY_S = [2, 4, 8, 15] as const;
const CUT_AFTER_MS = 5_000; // a restarted server is back sooner; longer, and nothing on the page may look known

export interface AlertChange {
  readonly alert: Alert;
  readonly change: "new" | "step" | "end";
  /** Of reality, also while an exercise is looked at. */
  readonly real: boolean;
}

export interface RoomListener {
  changed(): void;
  alertChanged(change: AlertChange): void;
}

export class Room {
  city: City | null = null;
  picture: Picture | null = null;
  /** Open alerts of reality while an exercise is looked at. */
  realAlerts: readonly Alert[] = [];
  link: Link = { state: "connecting", lastNewsMs: null, retryAtMs: null, attempt: 0 };
  failure: string | null = null;

  private stream: RoomStream | null = null;
  private realStream: RoomStream | null = null;
  /** Changes since a picture was asked for anew; null while none is awaited. */
  private waiting: ((before: Picture) => Picture)[] | null = null;
  private realPicture: Picture | null = null;
  private serverAheadMs = 0;
  private isCityOld = false;
  private loads = 0;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private wish: string | null | undefined,
    private readonly listener: RoomListener,
  ) {}

  get exercise(): string | null {
    return this.picture?.exercise ?? null;
  }

  get exerciseNow(): Exercise | null {
    return this.picture ? frameOf(this.picture) : null;
  }

  /** The time that ages are counted from: an exercise has its own clock. */
  get clockMs(): number {
    const stated = this.picture?.clock ? Date.parse(this.picture.clock) : Number.NaN;
    if (this.exercise !== null && !Number.isNaN(stated)) return stated;
    const server = nowMs() + this.serverAheadMs;
    return Number.isNaN(stated) ? server : Math.max(stated, server);
  }

  get lastNewsMs(): number | null {
    return this.stream?.newsMs ?? this.link.lastNewsMs;
  }

  get isCut(): boolean {
    if (this.link.state !== "cut") return false;
    const last = this.lastNewsMs;
    return last === null || nowMs() - last > CUT_AFTER_MS;
  }

  scene(): Scene | null {
    return this.city && this.picture ? sceneOf(this.city, this.picture, this.clockMs, this.isCut) : null;
  }

  start(): void {
    void this.load();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    this.realStream?.close();
  }

  /** Looks at an exercise, or at reality (null). */
  look(exercise: string | null): void {
    this.wish = exercise;
    void this.load();
  }

  retryNow(): void {
    if (this.stream) this.stream.retryNow();
    else void this.load();
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    this.loads += 1;
    const turn = this.loads;
    try {
      if (this.isCityOld || !this.city) this.city = await fetchCity();
      this.isCityOld = false;
      const picture = await this.chosenPicture(this.city);
      if (turn !== this.loads) return;
      this.take(picture);
    } catch (error) {
      if (turn !== this.loads) return;
      this.failLoad(error);
    }
    this.listener.changed();
  }

  private failLoad(error: unknown): void {
    const waitS = RETRY_S[Math.min(this.attempt, RETRY_S.length - 1)] ?? 15;
    this.attempt += 1;
    this.failure = error instanceof ApiError ? error.what : String(error);
    this.link = { state: "cut", lastNewsMs: this.lastNewsMs, retryAtMs: nowMs() + waitS * 1000, attempt: this.attempt };
    this.timer = setTimeout(() => void this.load(), waitS * 1000);
  }

  private async chosenPicture(city: City): Promise<Picture> {
    if (this.wish !== undefined) return fetchPicture(this.wish);
    const reality = await fetchPicture(null);
    const exercise = isSilent(city, reality) ? newestExercise(reality.exercises) : null;
    return exercise ? fetchPicture(exercise.exercise) : reality;
  }

  private take(picture: Picture): void {
    this.attempt = 0;
    this.failure = null;
    this.picture = picture;
    this.serverAheadMs = Date.parse(picture.server_time) - nowMs();
    this.stream?.close();
    this.stream = new RoomStream(picture.exercise ?? null, picture.position, {
      alert: (alert) => this.takeAlert(alert),
      values: (values) => this.update((before) => applyValues(before, values)),
      bulletin: (bulletin) => this.update((before) => applyBulletin(before, bulletin)),
      status: (status) => this.takeStatus(status),
      joined: () => void this.catchUp(),
      reset: () => {
        this.isCityOld = true;
        void this.load();
      },
      link: (link) => {
        this.link = link;
        this.listener.changed();
      },
    });
    this.stream.open();
    void this.watchReality();
  }

  /** Fetches the picture anew under a running stream; what the stream tells meanwhile is applied to the new one. */
  private async catchUp(): Promise<void> {
    const turn = this.loads;
    this.waiting = [];
    const picture = await fetchPicture(this.exercise).catch(() => null);
    const waiting = this.waiting ?? [];
    this.waiting = null;
    if (turn !== this.loads) return;
    if (!picture) return this.stream?.retryNow();
    this.picture = waiting.reduce((before, next) => next(before), picture);
    this.listener.changed();
  }

  private update(next: (before: Picture) => Picture): void {
    if (!this.picture) return;
    this.waiting?.push(next);
    this.picture = next(this.picture);
    this.listener.changed();
  }

  private takeAlert(alert: Alert): void {
    const before = this.picture?.alerts.find((each) => each.alert_id === alert.alert_id);
    this.update((picture) => applyAlert(picture, alert));
    this.tellChange(before, alert, this.exercise === null);
  }

  private tellChange(before: Alert | undefined, alert: Alert, real: boolean): void {
    if (alert.state === "cleared") {
      if (before?.state === "active" && !before.covered_by) this.listener.alertChanged({ alert, change: "end", real });
    } else if (alert.covered_by) {
      return; // the one that covers it has called
    } else if (!before || before.covered_by) {
      this.listener.alertChanged({ alert, change: "new", real });
    } else if (before.level !== alert.level) {
      this.listener.alertChanged({ alert, change: "step", real });
    }
  }

  private takeStatus(status: StatusEvent): void {
    this.serverAheadMs = Date.parse(status.server_time) - nowMs();
    this.update((before) => applyStatus(before, status));
    if (this.wish !== undefined || !this.city || !this.picture) return;
    const newest = newestExercise(status.exercises);
    if (!newest || newest.exercise === this.exercise) return;
    const following = this.exercise === null ? isSilent(this.city, this.picture) : newest.running && !this.exerciseNow?.running;
    if (following) void this.load();
  }

  /** While an exercise is looked at, reality's alerts are still announced. */
  private async watchReality(): Promise<void> {
    this.realStream?.close();
    this.realStream = null;
    this.realPicture = null;
    this.realAlerts = [];
    if (this.exercise === null) return;
    const turn = this.loads;
    const reality = await fetchPicture(null).catch(() => null);
    if (!reality || turn !== this.loads) return;
    const show = (picture: Picture): void => {
      this.realPicture = picture;
      this.realAlerts = picture.alerts.filter((alert) => alert.state === "active");
      this.listener.changed();
    };
    show(reality);
    this.realStream = new RoomStream(null, reality.position, {
      alert: (alert) => {
        if (!this.realPicture) return;
        const before = this.realPicture.alerts.find((each) => each.alert_id === alert.alert_id);
        show(applyAlert(this.realPicture, alert));
        this.tellChange(before, alert, true);
      },
      values: () => undefined,
      bulletin: () => undefined,
      status: () => undefined,
      joined: () => void fetchPicture(null).then((picture) => { if (turn === this.loads) show(picture); }, () => undefined),
      reset: () => void this.watchReality(),
      link: () => undefined,
    });
    this.realStream.open();
  }
}

function isSilent(city: City, picture: Picture): boolean {
  const clockMs = Date.parse(picture.server_time);
  return !city.sensors.some((sensor) => {
    const times = Object.values(picture.latest[sensor.sensor_id] ?? {}).map((each) => Date.parse(each.at));
    return times.length > 0 && freshness(sensor, Math.max(...times), clockMs) !== "absent";
  });
}

function newestExercise(exercises: readonly Exercise[]): Exercise | null {
  const byArrival = [...exercises].sort((a, b) => Number(b.running) - Number(a.running) || (b.last_arrival ?? "").localeCompare(a.last_arrival ?? ""));
  return byArrival[0] ?? null;
}
