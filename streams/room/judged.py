"""What the rules judge now: for each open alert on a sensor the value of its rule's window, and when it is of; pure.

An alert's own `value` is that of the moment at which its level changed. A number that people see as present is this one;
where it is not known, it is the alert's own with that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from streams.contract.times import format_ms
from streams.contract.watched import Aggregate, When
from streams.room.view import Series, SeriesKey, View
from streams.room.windows import HOUR_S, MINUTE_S, Row


class Judged(NamedTuple):
    """A value, and the event time that it is of."""

    value: float
    at_ms: int


def judged(
    watched: Mapping[str, When], view: View, keys: Collection[SeriesKey] | None = None
) -> dict[str, dict[str, Any]]:
    """By open alert on a sensor: `value` and `at` of now, null where unknown, and `stepped_at` of its own.

    Args:
        watched: what each rule watches.
        view: reality or an exercise.
        keys: only alerts on these series; None = on any.
    """
    found: dict[str, dict[str, Any]] = {}
    for alert_id, life in view.alerts.items():
        key = view.judged_series(life.newest)
        if life.newest.state != "active" or key is None or (keys is not None and key not in keys):
            continue
        when, series = watched.get(life.newest.rule_id), view.series.get(key)
        fits = when is not None and when.measure == life.newest.measure
        now = judged_now(when, series) if fits and when is not None and series is not None else None
        found[alert_id] = {
            "value": None if now is None else now.value,
            "at": None if now is None else format_ms(now.at_ms),
            "stepped_at": None if life.stepped_ms is None else format_ms(life.stepped_ms),
        }
    return found


def judged_now(when: When, series: Series) -> Judged | None:
    """What a rule makes of a series now; None where the windows that it needs are not all known.

    The newest minute counts as soon as it opens, as it does in every other number of the room.
    """
    if when.window == "reading":
        row = series.minutes.newest()
        return None if row is None else Judged(row.last, series.spoken_ms)
    if when.aggregate == "rise":
        rise = series.rise(when.window_s or HOUR_S) if when.window == "sliding" else None
        return None if rise is None else Judged(rise, series.spoken_ms)
    if when.window == "sliding":
        total = series.total(when.window_s or HOUR_S)
        if total is None:
            return None
        return Judged(total.sum if when.aggregate == "sum" else total.sum / total.n, series.spoken_ms)
    length_s = when.window_s or HOUR_S
    rows = {MINUTE_S: series.minutes, HOUR_S: series.hours, **series.long}.get(length_s)
    final = None if rows is None else rows.newest_final()
    if final is None:
        return None
    start_ms, row = final
    if when.aggregate == "range" and row.n < 2:
        return None
    return Judged(_aggregate(row, when.aggregate), start_ms + length_s * 1000)


def _aggregate(row: Row, name: Aggregate) -> float:
    if name == "range":
        return round(row.max - row.min, 6)
    return {"sum": row.sum, "mean": row.mean, "min": row.min, "max": row.max, "last": row.last}[name]
