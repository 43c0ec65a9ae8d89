"""The values that a rule judged, calculated again from what the log keeps, and how long a condition had held."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from deploy.rules.evidence import SaidValue
from streams.contract.further import Also
from streams.contract.times import to_ms
from streams.contract.watched import When
from streams.contract.windows import Window, window_start_ms
from streams.contract.zone_inputs import ZonePane
from streams.engine.further import is_met as meets
from streams.engine.levels import Judged, LevelState, Threshold
from streams.engine.panes import MICRO, PANE_MS
from streams.engine.zone_rules import ZoneRule, value_of


class JudgedValue(NamedTuple):
    """One value that a rule judged; event time, epoch ms."""

    start_ms: int
    """Of a single reading the same as its end."""
    end_ms: int
    value: float
    sensors: dict[str, float]
    """Of a zone: what its sensors' windows came to, by sensor."""
    further: dict[Also, float] | None = None
    """What the further conditions of the rule's levels came to at the same moment, where known."""
    parts: dict[str, float] | None = None
    """Of an index: each measure's own."""


def of_readings(said: Sequence[SaidValue]) -> list[JudgedValue]:
    """One sensor's single readings in the order of arrival; one older than the newest is judged by no rule."""
    values: list[JudgedValue] = []
    for one in said:
        if not one.set_aside and (not values or one.at_ms > values[-1].end_ms):
            values.append(JudgedValue(one.at_ms, one.at_ms, one.value, {}))
    return values


def of_windows(windows: Sequence[Window], aggregate: str, least: int = 1) -> list[JudgedValue]:
    """One sensor's final windows in the order of time; those with fewer readings than `least` are not judged."""
    return [
        JudgedValue(to_ms(w.start), to_ms(w.end), _of_window(w, aggregate), {}) for w in windows if w.count >= least
    ]


def _of_window(window: Window, aggregate: str) -> float:
    if aggregate == "range":
        return (round(window.max * MICRO) - round(window.min * MICRO)) / MICRO
    value: float = getattr(window, aggregate)
    return value


def of_zone(windows: Sequence[Window], rule: ZoneRule) -> list[JudgedValue]:
    """A zone's windows in the order of time, by its sensors' windows."""
    by_start: dict[int, list[Window]] = defaultdict(list)
    for window in windows:
        by_start[to_ms(window.start)].append(window)
    return [
        JudgedValue(
            start_ms,
            to_ms(mine[0].end),
            value_of(rule, [_pane(w) for w in mine]),
            {w.sensor_id: float(getattr(w, rule.when.aggregate)) for w in mine},
        )
        for start_ms, mine in sorted(by_start.items())
    ]


def of_minutes(minutes: Sequence[Window], when: When, begin_ms: int) -> list[JudgedValue]:
    """Sums, means and rises over hours, by one sensor's minutes; those that end at `begin_ms` or later, in order of time."""
    length_s = when.window_s or 0
    starts = [to_ms(minute.start) for minute in minutes]
    if when.window == "sliding":
        ends = [start_ms + PANE_MS for start_ms in starts]
    else:
        ends = sorted({window_start_ms(start_ms, length_s) + length_s * 1000 for start_ms in starts})
    values: list[JudgedValue] = []
    for end_ms in ends:
        first_ms = end_ms - length_s * 1000
        inside = minutes[bisect_left(starts, first_ms) : bisect_left(starts, end_ms)]
        value = over(inside, when.aggregate) if inside else None
        if value is not None and end_ms >= begin_ms:
            values.append(JudgedValue(first_ms, end_ms, value, {}))
    return values


def over(minutes: Sequence[Window], aggregate: str) -> float | None:
    """What minutes come to together; None where a rise has nothing to compare."""
    if aggregate != "rise":
        return mean_or_sum(minutes, aggregate)
    rose = round(minutes[-1].last * MICRO) - round(minutes[0].last * MICRO)
    return rose / MICRO if len(minutes) > 1 else None


def mean_or_sum(minutes: Sequence[Window], aggregate: str) -> float:
    """What minutes come to together, exact until the end as the engine has it."""
    total = sum(round(minute.sum * MICRO) for minute in minutes) / MICRO
    return total if aggregate == "sum" else total / sum(minute.count for minute in minutes)


def _pane(window: Window) -> ZonePane:
    exact = {name: round(getattr(window, name) * MICRO) for name in ("sum", "min", "max", "last")}
    return ZonePane(sensor_id=window.sensor_id, count=window.count, **exact)


def is_met(value: float, threshold: Threshold, *, below: bool, leaving: bool, joins: bool = True) -> bool:
    """Whether a value reaches a level, or of one that is left: lies beyond its other threshold.

    Args:
        value: which.
        threshold: of the level.
        below: whether the rule watches for low values.
        leaving: whether the level is left.
        joins: whether the level's further conditions hold.
    """
    if leaving:
        return value > threshold.leave if below else value < threshold.leave
    limit = threshold.reach if joins else threshold.alone
    return limit is not None and (value <= limit if below else value >= limit)


def joins(one: JudgedValue, threshold: Threshold) -> bool:
    """Whether a level's further conditions hold at a value; not where one of theirs is not known."""
    found = one.further or {}
    return all(also in found and bool(meets(also, np.asarray(found[also]))) for also in threshold.also)


def held_since(
    values: Sequence[JudgedValue], threshold: Threshold, *, below: bool, leaving: bool, gap_ms: int
) -> int | None:
    """Since when the condition holds without a gap at the last of these values, epoch ms; None where it does not."""
    state = LevelState()
    for one in values:
        judged = Judged(one.value, one.start_ms, one.end_ms, (joins(one, threshold),))
        state.judge((threshold,), judged, below=below, tolerated_gap_ms=gap_ms)
    since = state.left_since if leaving else state.met_since
    return since[0] if since else None
