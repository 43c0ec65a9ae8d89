"""How an instant is written in the contract, both ways.

In: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±hh:mm)`, cut to milliseconds; an offset is required. Out: UTC, milliseconds, `Z`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

PATTERN: Final = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})"
FIRST_YEAR: Final = 2000
"""A year before this is taken for a clock that was never set (contract 3)."""

DAY_MS: Final = 86_400_000
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND: Final = dt.timedelta(milliseconds=1)
_INSTANT: Final = re.compile(PATTERN, re.ASCII)


def to_ms(instant: dt.datetime) -> int:
    """An aware datetime as epoch milliseconds, UTC; cut, not rounded."""
    return (instant - EPOCH) // MILLISECOND


def from_ms(instant_ms: int) -> dt.datetime:
    """Epoch milliseconds as an aware datetime, UTC."""
    return EPOCH + instant_ms * MILLISECOND


def format_ms(instant_ms: int) -> str:
    """Epoch milliseconds as the contract writes them: `2022-09-05T20:10:00.000Z`."""
    return from_ms(instant_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant_ms % 1000:03d}Z"


def compact_ms(instant_ms: int) -> str:
    """Epoch milliseconds as they stand in ids: `20220905T190000Z`."""
    return from_ms(instant_ms).strftime("%Y%m%dT%H%M%SZ")


def parse_ms(text: str) -> int:
    """A contract time as epoch milliseconds, UTC.

    Raises:
        ValueError: what is wrong with it, as a clause that can stand after the field's name.
    """
    if not _INSTANT.fullmatch(text):
        if re.fullmatch(PATTERN.rsplit("(", 1)[0], text, re.ASCII):
            raise ValueError("has no offset; end it with Z or ±hh:mm")
        raise ValueError("is not YYYY-MM-DDTHH:MM:SS[.fraction](Z|±hh:mm)")
    offset = text[19:].lstrip(".0123456789")
    fraction = text[19 : len(text) - len(offset)]
    try:
        # Field by field: what fromisoformat takes beside the calendar (24:00, +09:60) differs between Python's versions.
        year, month, day, hour, minute, second = map(int, re.split("[-T:]", text[:19]))
        written = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
        ahead = dt.timedelta(0)
        if offset != "Z":
            of_day = dt.time(int(offset[1:3]), int(offset[4:6]))
            ahead = dt.timedelta(hours=of_day.hour, minutes=of_day.minute) * (-1 if offset[0] == "-" else 1)
        utc = written - ahead
    except (ValueError, OverflowError):
        raise ValueError("is no instant of the calendar") from None
    if written.year < FIRST_YEAR:
        raise ValueError(f"lies before {FIRST_YEAR}; set the device's clock")
    return to_ms(utc) + int((fraction[1:] + "000")[:3])


def _read(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return from_ms(to_ms(value))
    if not isinstance(value, str):
        raise PydanticCustomError("bad_type", "is not a text; write a time as text with an offset")
    try:
        return from_ms(parse_ms(value))
    except ValueError as e:
        raise PydanticCustomError("bad_time", str(e)) from None


Instant = Annotated[
    dt.datetime,
    BeforeValidator(_read),
    PlainSerializer(lambda at: format_ms(to_ms(at)), return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": f"^{PATTERN}$",
            "examples": ["2022-09-05T20:10:00.000Z"],
        }
    ),
]
"""An instant of the contract: aware, UTC, whole milliseconds."""
