"""What a view looks like at an instant: freshness of sensors, states of zones and sources, the whole picture; pure.

What is not known never looks calm: a zone without a fresh sensor is `unknown` unless an alert is on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import orjson

from streams.contract.alerts import Alert, Bilingual, Level
from streams.contract.readings import MEASURES
from streams.contract.sensors import Sensor
from streams.contract.times import DAY_MS, format_ms, to_ms
from streams.registry import Registry
from streams.room.city import City
from streams.room.view import Series, SeriesKey, View
from streams.room.windows import HOUR_S, MINUTE_S

Freshness = Literal["fresh", "stale", "absent"]
STALE_INTERVALS: Final = 2
"""A sensor may miss one reading before its value is doubted."""
ABSENT_INTERVALS: Final = 4
CLEARED_SHOWN_MS: Final = DAY_MS
BULLETINS_SHOWN_MS: Final = 7 * DAY_MS
RUNNING_MS: Final = 60_000
"""An exercise runs while its last record is at most this old."""
CITY_WIDE_SHARE: Final = 0.6
"""An alert on more of the city's zones says nothing about one of them; it is the city's."""
RANKS: Final[dict[Level, int]] = {
    "attention": 1,
    "advisory": 2,
    "caution": 2,
    "warning": 3,
    "alert": 3,
    "serious_warning": 4,
    "serious": 4,
}
"""One rank for both scales, as people see them side by side."""

_EXERCISE_ID: Final = re.compile(r"(.+)-\d{8}T\d{6}Z.*")


def freshness(sensor: Sensor, spoken_ms: int | None, clock_ms: int | None) -> Freshness:
    """How well a sensor's value can be trusted, by its own interval and publication delay.

    A value over a period is stamped with the period's end, so its age needs no allowance for the period.
    """
    if spoken_ms is None or clock_ms is None:
        return "absent"
    intervals = ((clock_ms - spoken_ms) / 1000 - sensor.delay_s) / sensor.interval_s
    if intervals > ABSENT_INTERVALS:
        return "absent"
    return "stale" if intervals > STALE_INTERVALS else "fresh"


def sensors(registry: Registry, view: View, now_ms: int) -> list[tuple[Sensor, Freshness]]:
    """The sensors that count in a view: all in reality, in an exercise only those that have spoken in it."""
    clock_ms = view.clock_ms(now_ms)
    return [
        (sensor, freshness(sensor, view.spoken_ms.get(sensor.sensor_id), clock_ms))
        for sensor in registry.sensors.values()
        if view.exercise is None or sensor.sensor_id in view.spoken_ms
    ]


def zones(registry: Registry, view: View, counted: Iterable[tuple[Sensor, Freshness]]) -> dict[str, dict[str, Any]]:
    """Every zone's state: its worst active alert; `calm` only where a sensor is fresh."""
    known = {sensor.zone for sensor, how in counted if how == "fresh"}
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for life in view.alerts.values():
        if life.newest.state == "active":
            for zone in _zones_of(registry, life.newest):
                alerts[zone].append(life.newest)
    found = {}
    for zone in registry.zones:
        here = sorted(alerts[zone], key=lambda alert: (-_rank(alert), alert.onset, alert.alert_id))
        state = "alert" if here else "calm" if zone in known else "unknown"
        found[zone] = {
            "state": state,
            "level": here[0].level if here else None,
            "rank": _rank(here[0]) if here else None,
            "alert_ids": [alert.alert_id for alert in here],
        }
    return found


def sources(view: View, counted: Iterable[tuple[Sensor, Freshness]]) -> list[dict[str, Any]]:
    """How many of each owner's sensors of a domain are fresh, stale and absent."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sensor, how in counted:
        empty = {"owner": sensor.owner, "domain": sensor.domain, "sensors": 0, "fresh": 0, "stale": 0, "absent": 0}
        row = rows.setdefault((sensor.owner, sensor.domain), {**empty, "last_at": None})
        row["sensors"] += 1
        row[how] += 1
        spoken_ms = view.spoken_ms.get(sensor.sensor_id)
        if spoken_ms is not None:
            row["last_at"] = max(row["last_at"] or "", format_ms(spoken_ms))
    return [rows[key] for key in sorted(rows)]


def exercises(city: City, names: Mapping[str, Bilingual], now_ms: int) -> list[dict[str, Any]]:
    """Every exercise that is kept, the newest first."""
    views = [view for view in city.views.values() if view.exercise is not None]
    return [
        {
            "exercise": view.exercise,
            "name": _name(view.exercise or "", names).model_dump(),
            "clock": None if view.reached_ms is None else format_ms(view.reached_ms),
            "last_arrival": format_ms(view.arrived_ms),
            "running": now_ms - view.arrived_ms <= RUNNING_MS,
        }
        for view in sorted(views, key=lambda view: (-view.arrived_ms, view.exercise))
    ]


def values(view: View, keys: Iterable[SeriesKey]) -> dict[str, dict[str, dict[str, Any]]]:
    """`latest` and `hour` of those of these series that are known, by sensor and measure."""
    latest: dict[str, dict[str, Any]] = defaultdict(dict)
    hour: dict[str, dict[str, Any]] = defaultdict(dict)
    for sensor_id, measure in keys:
        series = view.series.get((sensor_id, measure))
        if series is None:
            continue
        if (value := _latest(series, measure)) is not None:
            latest[sensor_id][measure] = value
        if (row := series.hours.newest()) is not None:
            hour[sensor_id][measure] = {
                "mean": row.mean,
                "sum": row.sum,
                "min": row.min,
                "max": row.max,
                "count": row.n,
                "start": format_ms(series.hours.newest_ms),
                "final": row.final,
            }
    return {"latest": latest, "hour": hour}


def alerts(view: View, now_ms: int) -> list[orjson.Fragment]:
    """Active alerts, and those that were cleared within a day of the view's clock; oldest first."""
    clock_ms = view.clock_ms(now_ms) or 0
    shown = [
        life
        for life in view.alerts.values()
        if life.newest.state == "active"
        or clock_ms - to_ms(life.newest.cleared_at or life.newest.updated_at) <= CLEARED_SHOWN_MS
    ]
    shown.sort(key=lambda life: (life.newest.onset, life.newest.alert_id))
    return [orjson.Fragment(life.states[life.newest.sequence][1]) for life in shown]


def bulletins(view: View, now_ms: int) -> list[orjson.Fragment]:
    """Announcements of the last week of the view's clock, oldest first."""
    clock_ms = view.clock_ms(now_ms) or 0
    shown = [k for k in view.bulletins.values() if clock_ms - to_ms(k.bulletin.issued_at) <= BULLETINS_SHOWN_MS]
    shown.sort(key=lambda kept: (kept.bulletin.issued_at, kept.bulletin.bulletin_id))
    return [orjson.Fragment(kept.text) for kept in shown]


def status(city: City, registry: Registry, names: Mapping[str, Bilingual], view: View, now_ms: int) -> dict[str, Any]:
    """What changes with time alone as well: clock, exercises, sources, zones."""
    counted = sensors(registry, view, now_ms)
    clock_ms = view.clock_ms(now_ms)
    return {
        "server_time": format_ms(now_ms),
        "clock": None if clock_ms is None else format_ms(clock_ms),
        "exercises": exercises(city, names, now_ms),
        "sources": sources(view, counted),
        "zones": zones(registry, view, counted),
    }


def _latest(series: Series, measure: str) -> dict[str, Any] | None:
    row = series.minutes.newest()
    if row is None:
        return None
    value = {"value": row.last, "at": format_ms(series.spoken_ms), "window_s": MINUTE_S, "kind": "last"}
    if measure in _SUMMED:
        hour = series.total(HOUR_S)
        value["hour_sum"] = None if hour is None else hour.sum
    return value


_SUMMED: Final = frozenset(measure.name for measure in MEASURES.values() if measure.says == "sum")


def _zones_of(registry: Registry, alert: Alert) -> set[str]:
    """The zones that an alert is about; none where it is about the whole city."""
    own = {alert.scope.zone, alert.zone} | {
        registry.sensors[sensor_id].zone for sensor_id in alert.sensors if sensor_id in registry.sensors
    }
    if (
        alert.scope.sensor_id is None
        and alert.scope.zone is None
        and len(alert.area) > CITY_WIDE_SHARE * len(registry.zones)
    ):
        return set()
    return {zone for zone in own | set(alert.area) if zone is not None}


def _rank(alert: Alert) -> int:
    return 0 if alert.level is None else RANKS[alert.level]


def _name(exercise: str, names: Mapping[str, Bilingual]) -> Bilingual:
    parts = _EXERCISE_ID.fullmatch(exercise)
    plain = Bilingual(ko=exercise, en=exercise)
    return plain if parts is None else names.get(parts[1], plain)
