"""The values of one series that a rule judges, and beside each of them the values of its further conditions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from deploy.oracle.city import Sensor
from deploy.oracle.fates import MINUTE_MS, Minute, Series, Timeline
from deploy.oracle.levels import Further, Judged
from deploy.oracle.records import MICRO
from deploy.oracle.windows import HOUR_MS, aggregate, spans

Beside = Callable[[Judged], float | None]
"""Another value of the sensor at the moment of a judged one; None where it is not known."""


def judged_values(
    when: dict[str, Any], timeline: Timeline, series: Series, minutes: list[Minute], sensor: Sensor
) -> list[Judged]:
    """The values of a series that a rule judges, in the order in which it does."""
    if when["window"] == "reading":
        return _single_readings(timeline, series)
    aggregated = when.get("aggregate", "last")
    final = [m for m in minutes if timeline.is_final(m)]
    # A window that fills a hole raises no live alert: no rule judges it, but sums and hours that come later hold it.
    on_time = sorted((m for m in final if not m.filled_behind), key=lambda m: m.start_ms)
    if when["window"] == "sliding":
        by_start = sorted(final, key=lambda m: m.start_ms)
        slides = _rising if aggregated == "rise" else _sliding
        return [one for minute in on_time if (one := slides(when, minute, by_start)) is not None]
    length_ms = int(when["window_s"]) * 1000
    if length_ms == MINUTE_MS:
        judged = [(m.start_ms, [m]) for m in on_time]
    else:
        longer = spans(timeline, minutes, sensor.delay_ms, length_ms)
        judged = [(span.start_ms, span.on_time) for span in longer if span.is_due and span.on_time]
    if aggregated == "rise":
        rises = [(_rise(inside), start) for start, inside in judged]
        return [Judged(rise, start, start + length_ms) for rise, start in rises if rise is not None]
    if aggregated == "range":
        said = [([v.micro for m in inside for v in m.values], start) for start, inside in judged]
        # Less than three quarters of the readings that the sensor's own interval promises, or one alone, say nothing.
        full = [(v, at) for v, at in said if len(v) > 1 and 4 * len(v) * sensor.interval_ms >= 3 * length_ms]
        return [Judged((max(v) - min(v)) / MICRO, at, at + length_ms) for v, at in full]
    return [Judged(_value(aggregated, inside), start, start + length_ms) for start, inside in judged]


def _single_readings(timeline: Timeline, series: Series) -> list[Judged]:
    """Each accepted reading in the log's order; one that is older than its series' newest changes nothing."""
    judged: list[Judged] = []
    newest_ms = None
    for value in timeline.live.get(series, []):
        if newest_ms is None or value.at_ms >= newest_ms:
            judged.append(Judged(value.micro / MICRO, value.at_ms, value.at_ms))
            newest_ms = value.at_ms
    return judged


def _sliding(when: dict[str, Any], minute: Minute, final: list[Minute]) -> Judged:
    """The sum or mean over the time that ends with this minute, of what was final when the minute became so."""
    inside = [value.micro for m in _final_by_then(when, minute, final) for value in m.values]
    total, end_ms = sum(inside) / MICRO, minute.start_ms + MINUTE_MS
    mean_or_sum = total if when["aggregate"] == "sum" else total / len(inside)
    return Judged(mean_or_sum, end_ms - int(when["window_s"]) * 1000, end_ms)


def _rising(when: dict[str, Any], minute: Minute, final: list[Minute]) -> Judged | None:
    """How much it rose over the time that ends with this minute; None where there is no other minute in it."""
    rise, end_ms = _rise(_final_by_then(when, minute, final)), minute.start_ms + MINUTE_MS
    return None if rise is None else Judged(rise, end_ms - int(when["window_s"]) * 1000, end_ms)


def _final_by_then(when: dict[str, Any], minute: Minute, final: list[Minute]) -> list[Minute]:
    """The minutes of the time that ends with this one that were final when it became so; oldest first."""
    end_ms = minute.start_ms + MINUTE_MS
    begin_ms = end_ms - int(when["window_s"]) * 1000
    first, last = (bisect_left(final, at_ms, key=lambda m: m.start_ms) for at_ms in (begin_ms, end_ms))
    return [
        m for m in final[first:last] if m.due_ms < minute.due_ms or (m.due_ms == minute.due_ms and not m.filled_behind)
    ]


def _rise(minutes: list[Minute]) -> float | None:
    """The last reading of the newest minute less the last one of the oldest."""
    if len(minutes) < 2:
        return None
    said = {m.start_ms: max(m.values, key=lambda value: value.at_ms).micro for m in minutes}
    return (said[max(said)] - said[min(said)]) / MICRO


def _value(aggregated: str, minutes: list[Minute]) -> float:
    window = aggregate(0, HOUR_MS, [v for m in minutes for v in m.values], final=True, revision=0)
    return float(getattr(window, aggregated))


def join(rule: dict[str, Any], timeline: Timeline, sensor: Sensor, judged: list[Judged]) -> None:
    """Put beside each value what the further conditions of the rule's levels come to at the same moment, where known."""
    for each in Further.of_rule(rule) if judged else ():
        beside = (_in_windows if rule["when"]["window"] == "final" else _over_time)(
            rule["when"], each, timeline, sensor
        )
        for one in judged:
            value = beside(one)
            if value is not None:
                one.others[each.what] = Decimal(repr(value))


def _in_windows(when: dict[str, Any], each: Further, timeline: Timeline, sensor: Sensor) -> Beside:
    """Of another measure or aggregate in the same windows: as if a rule judged it by itself."""
    said, other = _said(when, each), (sensor.sensor_id, each.measure)
    minutes = list(timeline.minutes.get(other, {}).values())
    values = {one.end_ms: one.value for one in judged_values(said, timeline, other, minutes, sensor)}
    return lambda one: values.get(one.end_ms)


def _over_time(when: dict[str, Any], each: Further, timeline: Timeline, sensor: Sensor) -> Beside:
    """Of other hours or minutes: what was final of them when the minute became so that a judged value ends with."""
    said, own = _said(when, each), timeline.minutes[sensor.sensor_id, when["measure"]]
    minutes = timeline.minutes.get((sensor.sensor_id, each.measure), {}).values()
    final = sorted((m for m in minutes if timeline.is_final(m)), key=lambda m: m.start_ms)

    def beside(one: Judged) -> float | None:
        minute = own[one.end_ms - MINUTE_MS]
        if not _final_by_then(said, minute, final):
            return None
        found = (_rising if each.aggregate == "rise" else _sliding)(said, minute, final)
        return None if found is None else found.value

    return beside


def _said(when: dict[str, Any], each: Further) -> dict[str, Any]:
    return {"window": when["window"], "window_s": each.window_s, "aggregate": each.aggregate}
