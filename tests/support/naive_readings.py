"""The readings stage told slowly: one record at a time, plain dicts, no rule. What the engine must come to, however fast.

Shares no code with the engine. Reads only what the tests' own logs hold.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

GRACE_MS, IDLE_MS, FUTURE_MS, DAY_MS = 60_000, 60_000, 300_000, 86_400_000
LONGER_S: Final = (600, 3600, 10_800, 43_200, 86_400)
MIDNIGHT_MS: Final = 15 * 3_600_000
"""Midnight of Korea is 15:00 UTC."""


@dataclass
class NaiveWindow:
    """One window of one series."""

    values: dict[int, int] = field(default_factory=dict)
    """Event time → micro-units."""
    due_ms: int = 0
    is_final: bool = False
    revision: int = 0

    def told(self) -> tuple[int, ...]:
        """Count, sum, min, max, last."""
        v = self.values
        return len(v), sum(v.values()), min(v.values()), max(v.values()), v[max(v)]


class NaiveTimeline:
    """Reality or an exercise."""

    def __init__(self, name: str | None) -> None:
        self.name, self.watermark_ms, self.last_arrival_ms = name, None, 0
        self.minutes: dict[tuple[Any, int], NaiveWindow] = {}
        self.longer: dict[tuple[Any, int, int], NaiveWindow] = {}
        """By series, length in s and start."""


class NaiveReadings:
    """Everything that one partition makes of its log."""

    def __init__(self, delays_ms: dict[str, int], away: set[str]) -> None:
        self.delays_ms, self.away = delays_ms, away
        self.timelines: dict[str | None, NaiveTimeline] = {None: NaiveTimeline(None)}
        self.finals: dict[tuple[Any, ...], tuple[int, ...]] = {}
        self.rejected: list[tuple[int, str]] = []
        self.forwarded: list[int] = []
        self.outcomes: Counter[str] = Counter()
        self.dropped: set[str | None] = set()

    def take(self, offset: int, arrival_ms: int, reading: dict[str, Any] | None) -> None:
        """One record; None is one that cannot be read."""
        if reading is None:
            self._refuse(offset, "malformed", 1)
            return
        values = reading["values"]
        if reading["sensor_id"] not in self.delays_ms:
            self._refuse(offset, "unknown_sensor", len(values))
            return
        if reading["sensor_id"] in self.away:
            self.forwarded.append(offset)
            self.outcomes["forwarded"] += len(values)
            return
        self._drop_old(arrival_ms)
        timeline = self._timeline(reading["exercise"], arrival_ms)
        if timeline is None:
            self._refuse(offset, "exercise_limit", len(values))
            return
        timeline.last_arrival_ms = arrival_ms
        if timeline.name is None and reading["at_ms"] > arrival_ms + FUTURE_MS:
            self._refuse(offset, "future", len(values))
            return
        found = [self._value(timeline, arrival_ms, reading, measure, micro) for measure, micro in values.items()]
        self.outcomes.update(found)
        if "late" in found:
            self.rejected.append((offset, "late"))
        moved = reading["at_ms"] - GRACE_MS
        timeline.watermark_ms = moved if timeline.watermark_ms is None else max(moved, timeline.watermark_ms)
        self._close(timeline)

    def release(self, now_ms: int) -> None:
        """Reality has been silent up to now."""
        real = self.timelines[None]
        if real.watermark_ms is not None:
            real.watermark_ms = max(real.watermark_ms, now_ms - IDLE_MS - GRACE_MS)
            self._close(real)

    def _refuse(self, offset: int, reason: str, values: int) -> None:
        self.rejected.append((offset, reason))
        self.outcomes["rejected"] += values

    def _drop_old(self, now_ms: int) -> None:
        for old in [t for t in self.timelines.values() if t.name and now_ms - t.last_arrival_ms > DAY_MS]:
            self._drop(old.name)

    def _timeline(self, name: str | None, now_ms: int) -> NaiveTimeline | None:
        if name is None:
            return self.timelines[None]
        if name not in self.timelines:
            held = sorted((t.last_arrival_ms, n) for n, t in self.timelines.items() if n is not None)
            if len(held) == 8:
                if now_ms - held[0][0] <= 600_000:
                    return None
                self._drop(held[0][1])
            self.timelines[name] = NaiveTimeline(name)
        return self.timelines[name]

    def _drop(self, name: str | None) -> None:
        del self.timelines[name]
        self.dropped.add(name)

    def _value(self, t: NaiveTimeline, arrival_ms: int, reading: dict[str, Any], measure: str, micro: int) -> str:
        at_ms, mark, delay = reading["at_ms"], t.watermark_ms, self.delays_ms[reading["sensor_id"]]
        if reading["set_aside"]:
            return "set_aside"
        newest = arrival_ms if t.name is None else mark
        if newest is not None and at_ms < newest - DAY_MS:
            return "late"
        series = reading["sensor_id"], measure
        start = (at_ms - (1 if reading["period"] else 0)) // 60_000 * 60_000
        is_behind = mark is not None and mark >= start + 60_000 + delay
        window = t.minutes.setdefault((series, start), NaiveWindow())
        if window.is_final:
            return "late"
        if at_ms in window.values:
            return "duplicate"
        window.values[at_ms] = micro
        window.due_ms = (mark or 0) + IDLE_MS if is_behind else start + 60_000 + delay
        return "windowed"

    def _close(self, t: NaiveTimeline) -> None:
        mark = t.watermark_ms or 0
        while True:
            due = [(w.due_ms, 60, (series, start), w) for (series, start), w in t.minutes.items()]
            due += [(w.due_ms, length, (series, start), w) for (series, length, start), w in t.longer.items()]
            due = [d for d in due if d[3].values and not d[3].is_final and d[0] <= mark]
            if not due:
                return
            at_ms, length_s, (series, start), window = min(due, key=lambda d: d[:3])
            window.is_final = True
            self._tell(t, series, length_s, start, window)
            if length_s == 60:
                for longer_s in LONGER_S:
                    self._merge(t, series, longer_s, start, window, at_ms)

    def _merge(self, t: NaiveTimeline, series: Any, length_s: int, start: int, minute: NaiveWindow, at_ms: int) -> None:
        first_ms = MIDNIGHT_MS if length_s in (43_200, 86_400) else 0
        begin = (start - first_ms) // (length_s * 1000) * length_s * 1000 + first_ms
        window = t.longer.setdefault((series, length_s, begin), NaiveWindow())
        window.due_ms = begin + length_s * 1000 + self.delays_ms[series[0]]
        window.values |= minute.values
        if at_ms > window.due_ms:
            window.revision += window.is_final
            window.is_final = True
            self._tell(t, series, length_s, begin, window)

    def _tell(self, t: NaiveTimeline, series: Any, length_s: int, start: int, window: NaiveWindow) -> None:
        key = (t.name, *series, length_s, start, window.revision)
        assert key not in self.finals, f"{key} is final twice"
        self.finals[key] = window.told()
