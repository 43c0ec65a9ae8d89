"""The dead letter of one refused record: as it was received, with why."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from streams.contract import rejections
from streams.contract.rejections import Rejection
from streams.contract.times import format_ms
from streams.contract.topics import MIB
from streams.engine.outputs import Out
from streams.engine.records import Record

LARGEST_BYTES: Final = MIB
"""What a topic takes of a record that is not compressed (contract 1); headers have room besides in `readings.rejected`."""


def dead_letter(record: Record, why: Rejection, topic: str, partition: int) -> Out:
    """The record as it goes to `readings.rejected`.

    Compressed on its way, a record can be larger than any topic takes; then only its headers are kept. Sent whole it would be
    refused at every attempt, and the partition would stand still.
    """
    is_kept = len(record.key or b"") + len(record.value or b"") <= LARGEST_BYTES
    if not is_kept:
        why = rejections.without_the_record(why)
    headers = rejections.headers(why, topic, partition, record.offset, _received_at(record.timestamp))
    return Out(record.key if is_kept else None, (record.value or b"") if is_kept else b"", tuple(headers))


@lru_cache(maxsize=64)
def _received_at(ms: int) -> str:
    """All records of one batch have arrived at one moment."""
    return format_ms(ms)
