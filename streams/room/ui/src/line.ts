/** A tab's end of an event stream: shared with the browser's other tabs where the browser can, else its own. */

export const EVENT_NAMES = ["alert", "values", "bulletin", "status", "reset"] as const;
export type EventName = (typeof EVENT_NAMES)[number];

export type FromTab =
  | { readonly kind: "join"; readonly key: string; readonly address: string }
  | { readonly kind: "leave"; readonly key: string }
  | { readonly kind: "restart"; readonly key: string };

export type ToTab =
  | { readonly kind: "open" }
  /** The stream runs already, so what came before this tab is not in it. */
  | { readonly kind: "joined" }
  | { readonly kind: "broken" }
  | { readonly kind: "event"; readonly name: EventName; readonly data: string; readonly id: string };

export interface Line {
  close(): void;
  /** It says nothing any more: let nobody else rely on it. */
  giveUp(): void;
}

let worker: SharedWorker | null | undefined;

function sharedWorker(): SharedWorker | null {
  if (worker !== undefined) return worker;
  try {
    worker = new SharedWorker(new URL("./line-worker.ts", import.meta.url), { type: "module", name: "urbanhub-room" });
    worker.port.start();
  } catch {
    worker = null; // not every browser of a phone has them
  }
  return worker;
}

/** Opens the stream of a view; `key` names the view, `address` says from where on. */
export function openLine(key: string, address: string, hear: (message: ToTab) => void): Line {
  const shared = sharedWorker();
  return shared ? sharedLine(shared.port, key, address, hear) : ownLine(address, hear);
}

function sharedLine(port: MessagePort, key: string, address: string, hear: (message: ToTab) => void): Line {
  const say = (message: FromTab): void => port.postMessage(message);
  const listen = ({ data }: MessageEvent<ToTab & { readonly key: string }>): void => {
    if (data.key === key) hear(data);
  };
  const leave = (): void => say({ kind: "leave", key });
  port.addEventListener("message", listen);
  addEventListener("pagehide", leave);
  say({ kind: "join", key, address });
  const stop = (): void => {
    port.removeEventListener("message", listen);
    removeEventListener("pagehide", leave);
  };
  return {
    close: () => { stop(); leave(); },
    giveUp: () => { stop(); say({ kind: "restart", key }); },
  };
}

function ownLine(address: string, hear: (message: ToTab) => void): Line {
  const source = new EventSource(address);
  source.onopen = () => hear({ kind: "open" });
  source.onerror = () => hear({ kind: "broken" });
  for (const name of EVENT_NAMES) {
    source.addEventListener(name, (event) => {
      const { data, lastEventId } = event as MessageEvent<string>;
      hear({ kind: "event", name, data, id: lastEventId });
    });
  }
  return { close: () => source.close(), giveUp: () => source.close() };
}
