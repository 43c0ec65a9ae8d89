/** The room's HTTP interface: every answer typed, every refusal an error that says what to do. */
import type { Alert, City, Command, History, Picture } from "./contract";

const TIMEOUT_MS = 15_000; // longer than the server's own deadline on a history query, so its words arrive

/** A refusal in the server's words, or a network that gave none. */
export class ApiError extends Error {
  constructor(
    readonly what: string,
    readonly fix: string,
    readonly status: number,
  ) {
    super(what);
  }
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS), headers: { Accept: "application/json", ...init.headers } });
  } catch (cause) {
    throw new ApiError(cause instanceof Error ? cause.message : String(cause), "", 0);
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const error = (body as { error?: { what?: string; fix?: string } } | null)?.error;
    throw new ApiError(error?.what ?? response.statusText, error?.fix ?? "", response.status);
  }
  return body as T;
}

function query(fields: Readonly<Record<string, string | number | null | undefined>>): string {
  const kept = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return kept.length ? `?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString()}` : "";
}

export function fetchCity(): Promise<City> {
  return ask<City>("/api/city");
}

export type MapLayer = "zones" | "land" | "water" | "roads";

/** A GeoJSON document of the base map; read by OpenLayers, so not typed further here. */
export function fetchLayer(layer: MapLayer): Promise<object> {
  return ask<object>(`/map/${layer}.geojson`);
}

export function fetchPicture(exercise: string | null): Promise<Picture> {
  return ask<Picture>(`/api/state${query({ exercise })}`);
}

export function eventsAddress(exercise: string | null, position: string): string {
  return `/api/events${query({ exercise, last_event_id: position })}`;
}

export interface HistoryQuestion {
  readonly sensor_id: string;
  readonly measure: string;
  readonly window_s: number;
  readonly from: string;
  readonly to: string;
  readonly exercise: string | null;
}

export function fetchHistory(question: HistoryQuestion): Promise<History> {
  return ask<History>(`/api/history${query({ ...question })}`);
}

export async function fetchStates(alertId: string): Promise<readonly Alert[]> {
  return (await ask<{ states: readonly Alert[] }>(`/api/alerts/${encodeURIComponent(alertId)}`)).states;
}

export function sendCommand(alertId: string, command: Command): Promise<{ command_id: string }> {
  return ask(`/api/alerts/${encodeURIComponent(alertId)}/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(command),
  });
}
