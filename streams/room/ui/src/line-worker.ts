/**
 * One event stream per view for all tabs of a browser: over HTTP/1.1 a browser opens six connections to a server and a
 * seventh stream would freeze every tab.
 *
 * Order   a tab joins a view; the first opens the stream from its position, later ones are told that they `joined` one
 *         that runs, and fetch the picture anew. A stream that breaks is closed; each tab asks again after its own wait.
 * Limits  nothing is kept; a tab that went away without a word is only posted to in vain until the last tab closes.
 */
import { EVENT_NAMES, type FromTab, type ToTab } from "./line";

interface View {
  readonly key: string;
  readonly source: EventSource;
  readonly tabs: Set<MessagePort>;
  /** Tabs that came while it was opening, from a position that is not theirs. */
  readonly late: Set<MessagePort>;
  isOpen: boolean;
}

const views = new Map<string, View>();

function tell(view: View, message: ToTab): void {
  for (const tab of view.tabs) tab.postMessage({ ...message, key: view.key });
}

function tellJoined(tab: MessagePort, key: string): void {
  tab.postMessage({ kind: "joined", key } satisfies ToTab & { key: string });
}

function close(key: string): void {
  const view = views.get(key);
  if (!view) return;
  view.source.close();
  views.delete(key);
  tell(view, { kind: "broken" });
}

function open(key: string, address: string): View {
  const source = new EventSource(address);
  const view: View = { key, source, tabs: new Set(), late: new Set(), isOpen: false };
  source.onopen = () => {
    view.isOpen = true;
    tell(view, { kind: "open" });
    for (const tab of view.late) tellJoined(tab, key);
    view.late.clear();
  };
  source.onerror = () => close(key);
  for (const name of EVENT_NAMES) {
    source.addEventListener(name, (event) => {
      const { data, lastEventId } = event as MessageEvent<string>;
      tell(view, { kind: "event", name, data, id: lastEventId });
    });
  }
  views.set(key, view);
  return view;
}

function join(tab: MessagePort, key: string, address: string): void {
  const running = views.get(key);
  const view = running ?? open(key, address);
  view.tabs.add(tab);
  if (!running) return;
  if (running.isOpen) tellJoined(tab, key);
  else running.late.add(tab);
}

function leave(tab: MessagePort, key: string): void {
  const view = views.get(key);
  view?.tabs.delete(tab);
  view?.late.delete(tab);
  if (view?.tabs.size === 0) close(key);
}

addEventListener("connect", (event) => {
  const tab = (event as MessageEvent).ports[0];
  if (!tab) return;
  tab.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if (data.kind === "join") join(tab, data.key, data.address);
    else if (data.kind === "leave") leave(tab, data.key);
    else close(data.key);
  };
});
