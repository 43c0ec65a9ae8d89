"""One record's bytes → a reading, or why it is refused (contract 1 to 3).

Fields are judged in the contract's order; the first that is wrong is the reason.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

MICRO: Final = 1_000_000
"""Values are kept to 1e-6 of their unit (contract 1)."""
LARGEST_BYTES: Final = 64 * 1024
LONGEST_PERIOD_S: Final = 86_400
QUALITIES: Final = ("ok", "estimated", "suspect", "maintenance")
BULLETIN_KINDS: Final = ("earthquake", "weather-warning", "flood-notice", "emergency-message")
SET_ASIDE: Final = ("suspect", "maintenance")
SENSOR_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
HAZARD: Final = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
EXERCISE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,96}", re.ASCII)
INSTANT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))", re.ASCII
)

Ranges = dict[str, tuple[float, float]]
"""A domain's measures, each with its plausible range."""


@dataclass(frozen=True)
class Arrived:
    """One record of an input topic, in the order of its partition's log."""

    topic: str
    partition: int
    arrival_ms: int
    value: bytes | None


@dataclass(frozen=True)
class Reading:
    """A readable record."""

    sensor_id: str
    at_ms: int
    set_aside: bool
    has_period: bool
    exercise: str | None
    values: dict[str, int]
    """Per measure, in micro-units."""


class Refused(Exception):
    """A record is refused for this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def object_of(value: bytes | None) -> dict[str, Any]:
    """The JSON object that a record is.

    Raises:
        Refused: it is none.
    """
    if not value:
        raise Refused("empty")
    if len(value) > LARGEST_BYTES:
        raise Refused("too_large")
    try:
        found = json.loads(value.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("malformed") from None
    if not isinstance(found, dict):
        raise Refused("malformed")
    return {name: given for name, given in found.items() if given is not None}  # null means absent


def reading_of(value: bytes | None, ranges: Ranges) -> Reading:
    """The reading that a record is.

    Raises:
        Refused: it is none that the contract takes.
    """
    found = object_of(value)
    sensor_id = _required(found, "sensor_id", _text(SENSOR_ID))
    at_ms = _required(found, "observed_at", instant_ms)
    _optional(found, "source", _short)
    quality = _optional(found, "quality", _one_of(QUALITIES)) or "ok"
    _optional(found, "location", _location)
    period_s = _optional(found, "period_s", _number(0, LONGEST_PERIOD_S))
    exercise = _optional(found, "exercise", _text(EXERCISE_ID))
    values = {}
    for measure, (low, high) in ranges.items():
        number = _optional(found, measure, _number(low, high))
        if number is not None:
            values[measure] = round(Fraction(number) * MICRO)
    if not values:
        raise Refused("no_measure")
    return Reading(sensor_id, at_ms, quality in SET_ASIDE, bool(period_s), exercise, values)


def bulletin_of(value: bytes | None) -> dict[str, Any]:
    """The announcement that a record is, its fields as they are written.

    Raises:
        Refused: it is none that the contract takes.
    """
    found = object_of(value)
    _required(found, "bulletin_id", _text(PLAIN_ID))
    _optional(found, "revision", _count)
    _optional(found, "supersedes", _text(PLAIN_ID))
    _required(found, "kind", _one_of(BULLETIN_KINDS))
    _required(found, "issued_at", instant_ms)
    _required(found, "source", _short)
    texts = _required(found, "texts", _object)
    for language in ("ko", "en"):
        _required(texts, language, _written)
    _optional(found, "exercise", _text(EXERCISE_ID))
    _optional(found, "magnitude", _number(-2, 10))
    _optional(found, "hazard", _text(HAZARD))
    _optional(found, "location", _location)
    _optional(found, "intensity", _number(0, 12))
    _optional(found, "occurred_at", instant_ms)
    return found


def instant_ms(text: Any) -> int:
    """A contract time as epoch milliseconds, UTC.

    Raises:
        Refused: it is none.
    """
    if not isinstance(text, str):
        raise Refused("bad_type")
    parts = INSTANT.fullmatch(text)
    if parts is None:
        raise Refused("bad_time")
    year, month, day, hour, minute, second = (int(parts[i]) for i in range(1, 7))
    offset = dt.timedelta()
    if parts[8] is None:
        hours, minutes = int(parts[10]), int(parts[11])
        if hours > 23 or minutes > 59:
            raise Refused("bad_time")
        offset = dt.timedelta(hours=hours, minutes=minutes) * (-1 if parts[9] == "-" else 1)
    try:
        there = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        raise Refused("bad_time") from None
    if year < 2000:
        raise Refused("bad_time")
    milliseconds = int(((parts[7] or "") + "000")[:3])
    return int((there - offset - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).total_seconds()) * 1000 + milliseconds


def _required(found: dict[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    if name not in found:
        raise Refused("missing_field")
    return read(found[name])


def _optional(found: dict[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    return read(found[name]) if name in found else None


def _text(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def read(given: Any) -> str:
        if not isinstance(given, str) or not pattern.fullmatch(given):
            raise Refused("bad_type")
        return given

    return read


def _short(given: Any) -> str:
    if not isinstance(given, str) or len(given) > 128:
        raise Refused("bad_type")
    return given


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def read(given: Any) -> str:
        if not isinstance(given, str) or given not in words:
            raise Refused("bad_type")
        return given

    return read


def _object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refused("bad_type")
    return {name: inner for name, inner in given.items() if inner is not None}


def _location(given: Any) -> None:
    place = _object(given)
    for name, most in (("lat", 90), ("lon", 180)):
        _required(place, name, _number(-most, most))


def _written(given: Any) -> str:
    if not isinstance(given, str):
        raise Refused("bad_type")
    return given


def _count(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise Refused("bad_type")
    if given < 0:
        raise Refused("out_of_range")
    return given


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise Refused("bad_type")
        if (isinstance(given, float) and not math.isfinite(given)) or not low <= given <= high:
            raise Refused("out_of_range")
        return float(given)

    return read
