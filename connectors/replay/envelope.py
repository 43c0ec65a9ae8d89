"""What a record of a recording becomes on its way: its exercise and moved times inside, its key beside."""

from __future__ import annotations

from typing import Any, Final

import orjson

from connectors.frame.outgoing import Outgoing
from connectors.replay.recording import Record
from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import TOPICS

_TIMES: Final = ("observed_at", "issued_at", "occurred_at", "until")


def outgoing(record: Record, exercise: str | None, shift_ms: int) -> Outgoing:
    """The record as it is sent.

    Args:
        record: as it stands in the file.
        exercise: the exercise that it becomes part of; None = reality.
        shift_ms: how far every time inside is moved.
    """
    if record.value is None:
        return Outgoing(record.topic, None, record.raw or b"", record.place)
    value = record.value
    value.pop("exercise", None)
    if exercise is not None:
        value["exercise"] = exercise
    if shift_ms:
        _move(value, shift_ms)
    key = value.get(TOPICS[record.topic].key)
    return Outgoing(record.topic, key.encode() if isinstance(key, str) else None, orjson.dumps(value), record.place)


def _move(value: dict[str, Any], shift_ms: int) -> None:
    for name in _TIMES:
        if name in value:
            value[name] = _moved(value[name], shift_ms)
    expected = value.get("expected")
    if isinstance(expected, list):
        for one in expected:
            if isinstance(one, dict) and "at" in one:
                one["at"] = _moved(one["at"], shift_ms)


def _moved(text: Any, shift_ms: int) -> Any:
    """A time that can't be read stays as it is: it is wrong on purpose."""
    try:
        return format_ms(parse_ms(text) + shift_ms)
    except (TypeError, ValueError):
        return text
