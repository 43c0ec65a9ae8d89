"""Records of the log → lines of InfluxDB's line protocol; pure.

What a series' lines have in common (measurement, tags, field names) is rendered once.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple, Protocol

import msgspec

from streams.contract.ids import is_exercise_id, is_sensor_id
from streams.contract.rejections import Rejection
from streams.contract.times import parse_ms
from streams.contract.topics import ALERTS, domain_of
from streams.errors import shown

WHOLE_CITY: Final = "city"
"""The tag `zone` of an alert that is about no zone in particular."""
CLEARED: Final = "cleared"
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_is_measure = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII).fullmatch
_is_alert_id = re.compile(r"[A-Za-z0-9._:-]{1,300}", re.ASCII).fullmatch


class Received(Protocol):
    """A record as it stands in the log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Point(NamedTuple):
    """One point for InfluxDB; two with the same `series` and `time_ms` are one, of which the newest counts."""

    is_exercise: bool
    series: str
    time_ms: int
    line: bytes
    record: Received


class _Window(msgspec.Struct, gc=False):
    sensor_id: str
    zone: str
    measure: str
    window_s: int
    start: str
    count: int
    sum: float
    mean: float
    min: float
    max: float
    last: float
    final: bool
    exercise: str | None = None


class _Texts(msgspec.Struct, gc=False):
    ko: str
    en: str


class _Alert(msgspec.Struct, gc=False):
    alert_id: str
    rule_id: str
    zone: str | None
    level: str | None
    state: str
    sequence: int
    severity: str
    headline: _Texts
    updated_at: str
    measure: str | None = None
    value: float | None = None
    threshold: float | None = None
    level_rank: int | None = None
    exercise: str | None = None


_windows = msgspec.json.Decoder(_Window)
_alerts = msgspec.json.Decoder(_Alert)
_ms = functools.lru_cache(maxsize=8192)(parse_ms)


def point(record: Received) -> Point | Rejection | None:
    """The record as a point; None where there is nothing to store (a tombstone)."""
    if record.value is None:
        return None
    try:
        if record.topic == ALERTS:
            return _of_alert(_alerts.decode(record.value), record)
        return _of_window(_windows.decode(record.value), record)
    except msgspec.ValidationError as e:
        return Rejection("bad_type", "", f"The record is not what {record.topic} carries: {e}.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        return Rejection("malformed", "", f"The record is not one JSON object in UTF-8: {e}.")
    except ValueError as e:
        return Rejection("malformed", "", f"The record can't be written to InfluxDB: {e}.")


def _of_window(window: _Window, record: Received) -> Point:
    series, form = _window_series(
        record.topic, window.exercise, window.sensor_id, window.zone, window.measure, window.window_s
    )
    start_ms = _ms(window.start)
    final = "true" if window.final else "false"
    line = form % (window.count, final, window.last, window.max, window.mean, window.min, window.sum, start_ms)
    return Point(window.exercise is not None, series, start_ms, line.encode(), record)


@functools.lru_cache(maxsize=200_000)
def _window_series(
    topic: str, exercise: str | None, sensor_id: str, zone: str, measure: str, window_s: int
) -> tuple[str, str]:
    """The series' identity, and its lines with places for the numbers."""
    if not _is_measure(measure):
        raise ValueError(f"{shown(measure)!r} is no name of a measure")
    if not (is_sensor_id(sensor_id) and is_sensor_id(zone)):
        raise ValueError(f"{shown(sensor_id)!r} or {shown(zone)!r} is no id")
    head = _head(domain_of(topic).replace("-", "_"), exercise, sensor_id=sensor_id, window=str(window_s), zone=zone)
    fields = ",".join(
        f"{measure}_{name}={form}"
        for name, form in (
            ("count", "%di"),
            ("final", "%s"),
            ("last", "%r"),
            ("max", "%r"),
            ("mean", "%r"),
            ("min", "%r"),
            ("sum", "%r"),
        )
    )
    # Two measures of one sensor share tags and time but no field: each has a line of its own.
    return f"{head} {measure}", f"{head} {fields} %d"


def _of_alert(alert: _Alert, record: Received) -> Point:
    zone = WHOLE_CITY if alert.zone is None else alert.zone
    if not (_is_alert_id(alert.alert_id) and is_sensor_id(alert.rule_id) and is_sensor_id(zone)):
        raise ValueError(f"{shown(alert.alert_id)!r}, {shown(alert.rule_id)!r} or {shown(zone)!r} is no id")
    head = _head(
        "alert",
        alert.exercise,
        alert_id=alert.alert_id,
        level=CLEARED if alert.level is None else alert.level,
        rule_id=alert.rule_id,
        zone=zone,
    )
    fields = [
        f"headline_en={quoted(alert.headline.en)}",
        f"headline_ko={quoted(alert.headline.ko)}",
        f"level_rank={alert.level_rank or 0}i",
        f"sequence={alert.sequence}i",
        f"severity={quoted(alert.severity)}",
        f"state={quoted(alert.state)}",
    ]
    fields += [f"measure={quoted(alert.measure)}"] if alert.measure is not None else []
    fields += [f"value={alert.value!r}"] if alert.value is not None else []
    fields += [f"threshold={alert.threshold!r}"] if alert.threshold is not None else []
    updated_ms = _ms(alert.updated_at)
    line = f"{head} {','.join(fields)} {updated_ms}".encode()
    return Point(alert.exercise is not None, head, updated_ms, line, record)


def _head(measurement: str, exercise: str | None, **tags: str) -> str:
    """Measurement and tags; in the order of the tags' names, which spares InfluxDB the sorting."""
    if exercise is not None:
        if not is_exercise_id(exercise):
            raise ValueError(f"{shown(exercise)!r} is no id of an exercise")
        tags["exercise"] = exercise
    return ",".join([measurement, *(f"{name}={escaped(tags[name])}" for name in sorted(tags))])


def escaped(text: str) -> str:
    """A tag's value as line protocol writes it.

    Raises:
        ValueError: it can't be written: it is empty, or has a backslash or a control character, for which line protocol
            has no escape in a tag.
    """
    if not text or _UNSAFE.search(text):
        raise ValueError(f"{shown(text)!r} can't stand in a tag")
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def quoted(text: str) -> str:
    """A text field's value as line protocol writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
