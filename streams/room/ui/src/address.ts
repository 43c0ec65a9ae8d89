/** The address is the state: what is looked at, in which language and light, can be sent as a link. */

export type Theme = "auto" | "light" | "dark";
export type Tab = "alerts" | "zones" | "sensors" | "bulletins" | "map" | "sources";

export type Selection =
  | { readonly kind: "alert"; readonly id: string }
  | { readonly kind: "sensor"; readonly id: string }
  | { readonly kind: "zone"; readonly id: string }
  | { readonly kind: "none" };

export interface Address {
  /** null: reality was asked for; undefined: nothing was asked for. */
  readonly exercise: string | null | undefined;
  /** undefined: nobody chose, so the worst alert is shown where there is room. */
  readonly selection: Selection | undefined;
  readonly tab: Tab;
  readonly language: "ko" | "en";
  readonly theme: Theme;
  readonly wall: boolean | undefined;
}

const TABS: readonly Tab[] = ["alerts", "zones", "sensors", "bulletins", "map", "sources"];

export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const theme = query.get("theme");
  const tab = TABS.find((each) => each === query.get("tab")) ?? "alerts";
  return {
    exercise: query.get("view") === "reality" ? null : (query.get("exercise") ?? undefined),
    selection: readSelection(query),
    tab,
    language: query.get("lang") === "en" ? "en" : "ko",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    wall: query.has("wall") ? query.get("wall") !== "0" : undefined,
  };
}

function readSelection(query: URLSearchParams): Selection | undefined {
  for (const kind of ["alert", "sensor", "zone"] as const) {
    const id = query.get(kind);
    if (id) return { kind, id };
  }
  return query.has("closed") ? { kind: "none" } : undefined;
}

export function writeAddress(address: Address): string {
  const query = new URLSearchParams();
  if (address.exercise) query.set("exercise", address.exercise);
  else if (address.exercise === null) query.set("view", "reality");
  const chosen = address.selection;
  if (chosen?.kind === "none") query.set("closed", "1");
  else if (chosen) query.set(chosen.kind, chosen.id);
  if (address.tab !== "alerts") query.set("tab", address.tab);
  if (address.language !== "ko") query.set("lang", address.language);
  if (address.theme !== "auto") query.set("theme", address.theme);
  if (address.wall !== undefined) query.set("wall", address.wall ? "1" : "0");
  const text = query.toString();
  return text ? `?${text}` : "";
}
