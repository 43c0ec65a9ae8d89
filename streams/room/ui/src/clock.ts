/** The page's only clock, and how instants are said in Korean time. */
import { language } from "./text";

const ZONE = "Asia/Seoul";
const TICK_MS = 1000;

export function nowMs(): number {
  return Date.now();
}

/** Calls back each second until the returned function is called. */
export function onTick(callback: (nowMs: number) => void): () => void {
  const timer = setInterval(() => callback(nowMs()), TICK_MS);
  return () => clearInterval(timer);
}

const formatters = new Map<string, Intl.DateTimeFormat>();
function parts(ms: number, locale: string, options: Intl.DateTimeFormatOptions): string {
  const key = locale + JSON.stringify(options);
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options });
    formatters.set(key, formatter);
  }
  return formatter.format(ms);
}

/** 05:30 */
export function hourMinute(ms: number): string {
  return parts(ms, "en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** 05:30:12 */
export function hourMinuteSecond(ms: number): string {
  return parts(ms, "en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** 2022년 9월 6일 (화) */
export function longDate(ms: number): string {
  return language() === "ko"
    ? `${parts(ms, "ko-KR", { year: "numeric", month: "long", day: "numeric" })} (${parts(ms, "ko-KR", { weekday: "short" })})`
    : parts(ms, "en-GB", { year: "numeric", month: "short", day: "numeric", weekday: "short" });
}

function dayNumber(ms: number): number {
  return Math.floor((ms + 9 * 3_600_000) / 86_400_000);
}

/** The hour and minute, with the day before it where that is not the day of `clockMs`. */
export function momentSeenFrom(ms: number, clockMs: number): string {
  const days = dayNumber(clockMs) - dayNumber(ms);
  if (days === 0) return hourMinute(ms);
  if (days === 1) return `${language() === "ko" ? "어제" : "Yesterday"} ${hourMinute(ms)}`;
  const day = language() === "ko"
    ? parts(ms, "ko-KR", { month: "numeric", day: "numeric" })
    : parts(ms, "en-GB", { month: "short", day: "numeric" });
  return `${day} ${hourMinute(ms)}`;
}
