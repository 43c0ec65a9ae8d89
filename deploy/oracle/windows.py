"""The windows of one series as subscribers must hold them when the log has been read: each by its highest revision.

An open window longer than a minute is all 60 s windows in it, a final one those that are final themselves: a minute that
fills a hole, and is not yet final when the longer window is, joins it afterwards as a revision.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.oracle.fates import MINUTE_MS, Kept, Minute, Timeline
from deploy.oracle.records import MICRO

HOUR_MS = 3_600_000
FIRST_MS = {600_000: 0, HOUR_MS: 0, 3 * HOUR_MS: 0, 12 * HOUR_MS: 3 * HOUR_MS, 24 * HOUR_MS: 15 * HOUR_MS}
"""The longer lengths, each with the start of one of its windows: the epoch; noon and midnight in Korea are 03 and 15 h UTC."""


@dataclass(frozen=True)
class Window:
    """One window, in the measure's unit."""

    start_ms: int
    window_s: int
    count: int
    sum: float
    mean: float
    min: float
    max: float
    last: float
    final: bool
    revision: int


@dataclass(frozen=True)
class Span:
    """A longer window of one series: what it held when it became final, and what it gained afterwards."""

    start_ms: int
    length_ms: int
    due_ms: int
    is_due: bool
    on_time: list[Minute]
    afterwards: list[Minute]
    still_open: list[Minute]


def minute_windows(timeline: Timeline, minutes: list[Minute]) -> list[Window]:
    """The 60 s windows of one series."""
    return [aggregate(m.start_ms, MINUTE_MS, m.values, final=timeline.is_final(m), revision=0) for m in minutes]


def spans(timeline: Timeline, minutes: list[Minute], delay_ms: int, length_ms: int) -> list[Span]:
    """The windows of one longer length of one series, oldest first."""
    by_start: dict[int, list[Minute]] = {}
    for minute in minutes:
        begun_ms = (minute.start_ms - FIRST_MS[length_ms]) % length_ms
        by_start.setdefault(minute.start_ms - begun_ms, []).append(minute)
    found = []
    for start_ms, inside in sorted(by_start.items()):
        due_ms = start_ms + length_ms + delay_ms
        final = [m for m in inside if timeline.is_final(m)]
        found.append(
            Span(
                start_ms=start_ms,
                length_ms=length_ms,
                due_ms=due_ms,
                is_due=timeline.watermark_ms is not None and timeline.watermark_ms >= due_ms,
                on_time=[m for m in final if m.due_ms <= due_ms],
                afterwards=[m for m in final if m.due_ms > due_ms],
                still_open=[m for m in inside if not timeline.is_final(m)],
            )
        )
    return found


def long_windows(found: list[Span]) -> list[Window]:
    """The spans as windows; one without any value yet is none."""
    windows = []
    for span in found:
        inside = span.on_time + span.afterwards
        is_final = span.is_due and bool(inside)
        if not is_final:
            inside = inside + span.still_open
        if not inside:
            continue
        # Each minute that joins a final window sends it again; one that was empty when due begins with the first.
        revision = len(span.afterwards) - (0 if span.on_time else 1) if span.afterwards else 0
        windows.append(aggregate(span.start_ms, span.length_ms, _values(inside), final=is_final, revision=revision))
    return windows


def aggregate(start_ms: int, length_ms: int, values: list[Kept], *, final: bool, revision: int) -> Window:
    """The aggregates of these values as the contract computes them: sums exact, `mean` = `sum` / `count`."""
    total = sum(v.micro for v in values) / MICRO
    return Window(
        start_ms=start_ms,
        window_s=length_ms // 1000,
        count=len(values),
        sum=total,
        mean=total / len(values),
        min=min(v.micro for v in values) / MICRO,
        max=max(v.micro for v in values) / MICRO,
        last=max(values, key=lambda v: v.at_ms).micro / MICRO,
        final=final,
        revision=revision,
    )


def _values(minutes: list[Minute]) -> list[Kept]:
    return [value for minute in minutes for value in minute.values]
