"""A record of a file → a reading of history: its partition, its event time, its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from connectors.replay.recording import Record
from streams.contract.times import DAY_MS, format_ms, parse_ms
from streams.contract.topics import READING_TOPICS
from streams.errors import WrongInput


class Shard(NamedTuple):
    """One partition of one domain's readings: what has windows of its own."""

    topic: str
    partition: int

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.topic}-{self.partition}"


class Reading(NamedTuple):
    """One reading of history."""

    shard: Shard
    at_ms: int
    value: bytes


def reading_of(record: Record, now_ms: int, partition_of: Callable[[str], int]) -> Reading:
    """The reading that a record is.

    Args:
        record: as it stands in the file.
        now_ms: what is younger than a day before this is the live flow's.
        partition_of: the partition that owns a sensor id.

    Raises:
        WrongInput: it is no reading, of an exercise, without a time or a sensor, or too young to be history.
    """
    value = record.value
    if record.topic not in READING_TOPICS or value is None:
        raise WrongInput("is no reading", field="topic", value=record.topic, fix="History is made of readings alone")
    if value.get("exercise") is not None:
        raise WrongInput(
            "belongs to an exercise",
            field="exercise",
            value=value["exercise"],
            fix="Play it again with `urbanhub replay`, or leave the field out if it was real",
        )
    sensor_id = value.get("sensor_id")
    if not isinstance(sensor_id, str):
        raise WrongInput("is missing or no text", field="sensor_id", value=sensor_id)
    at_ms = _time_of(value)
    if at_ms > now_ms - DAY_MS:
        raise WrongInput(
            "is of the last 24 hours, whose windows the live flow may still have open",
            field="observed_at",
            value=format_ms(at_ms),
            fix="Send these with `urbanhub replay FILE --real --speed 0`",
        )
    return Reading(Shard(record.topic, partition_of(sensor_id)), at_ms, orjson.dumps(value))


def _time_of(value: dict[str, Any]) -> int:
    text = value.get("observed_at")
    try:
        return parse_ms(text) if isinstance(text, str) else parse_ms("")
    except ValueError as e:
        raise WrongInput(f"is no time: {e}", field="observed_at", value=text) from None
