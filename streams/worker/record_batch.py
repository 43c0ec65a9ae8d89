"""Record batches as Kafka sends them (message format 2) → columns, without an object for each record.

A record begins with its own length, so where it ends is known only by reading on from the first. All at once it is guessed,
and proved: zeros stand only in few places of a record, which gives the beginnings; that each record ends where the next one
begins, and that each bears its own number, is then checked of all. What is compressed, has headers or absent values, or was
guessed wrongly is read by aiokafka, record by record; both ways give the same.

    record   length, attributes (0), time, number, key's length, key, value's length, value, number of headers (0)

Lengths, time and number are zigzag varints. https://kafka.apache.org/documentation/#recordbatch
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.engine.instants import Bools, Ints
from streams.engine.records import PAD, LogRecord, Records, Texts, joined
from streams.logs import Counted, get

HEADER_BYTES: Final = 61
FEW: Final = 32
"""So few records are read one by one: columns cost some 0.1 ms however few there are."""
_LENGTH_AT, _LENGTH_END = 8, 12
_COUNT_AT: Final = 57
_LOG_APPEND_TIME: Final = 1
_LEAST: Final = 6
"""What a record without key and value has behind its length."""
_TOO_LONG: Final = 1 << 40
"""Stands for a varint of more than three bytes: as a length or a number it fits nowhere."""

Bytes = npt.NDArray[np.uint8]
_unreadable: Final = Counted(get("streams.worker.record_batch"), "batch_unreadable")


class FetchedBatch(NamedTuple):
    """One batch of a fetched buffer, its checksum proved."""

    buffer: bytes
    """As `padded` gave it; that of all batches of one fetch."""
    begin: int
    end: int
    batch: Any
    """aiokafka's reader of it."""

    @property
    def length(self) -> int:
        """How many records its header tells of."""
        return int.from_bytes(self.buffer[self.begin + _COUNT_AT : self.begin + HEADER_BYTES])

    @property
    def is_plain(self) -> bool:
        """Whether its bytes are the records, all with the broker's time."""
        return not self.batch.compression_type and self.batch.timestamp_type == _LOG_APPEND_TIME


def padded(batches: bytes) -> bytes:
    """A buffer whose texts `Records` may show: the first batch's header lies before them."""
    return batches + PAD


def size_of(batches: bytes, begin: int) -> int:
    """Bytes of the batch that begins there."""
    return _LENGTH_END + int.from_bytes(batches[begin + _LENGTH_AT : begin + _LENGTH_END])


def records_of(batches: Sequence[FetchedBatch]) -> Records:
    """The records of batches of one buffer, in log order."""
    found = _columns(batches)
    if found is not None:
        return found
    if len(batches) == 1:
        return _one_by_one(batches[0])
    return joined([records_of([each]) for each in batches])


def _one_by_one(fetched: FetchedBatch) -> Records:
    """The records as aiokafka reads them; where it can't, as many without a value: each becomes a dead letter.

    The broker proves how many records there are, and no producer's word on their offsets: one that lies there would move
    the partition to wherever it says. In a batch that was compacted the broker itself has written them.
    """
    batch, base = fetched.batch, fetched.batch.base_offset
    whole = batch.next_offset - base
    try:
        records = Records.of(list(batch))
    except Exception as e:  # aiokafka's reader raises many kinds, at whatever a producer may send with a right checksum
        _unreadable.warn(offset=base, records=whole, error=f"{type(e).__name__}: {e}")
        records = Records.of([LogRecord(base + i, batch.max_timestamp, None, None) for i in range(whole)])
    if len(records) == whole:
        return Records(np.arange(base, base + whole), records.timestamp, records.keys, records.values)
    return records


def _columns(batches: Sequence[FetchedBatch]) -> Records | None:
    """The same as columns; None where some of it is to be read one by one."""
    count = np.array([each.length for each in batches])
    total = int(count.sum())
    if total < FEW or not count.all() or not all(each.is_plain for each in batches):
        return None
    buffer, size = batches[0].buffer, batches[-1].end + len(PAD)
    body: Bytes = np.frombuffer(buffer, np.uint8, size)
    first = np.cumsum(count) - count
    begin = np.array([each.begin + HEADER_BYTES for each in batches])
    end = np.array([each.end for each in batches])
    start = _starts(body, begin, end)
    if len(start) != total or not (start[first] == begin).all():
        return None
    following = np.append(start[1:], 0)
    following[first + count - 1] = end
    number = np.arange(total) - np.repeat(first, count)
    found = _texts(buffer, body, start, following, number)
    if found is None:
        return None
    base = np.array([each.batch.base_offset for each in batches])
    time = np.array([each.batch.max_timestamp for each in batches])
    return Records(np.repeat(base, count) + number, np.repeat(time, count), *found)


def _starts(body: Bytes, begin: Ints, end: Ints) -> Ints:
    """Where records seem to begin.

    Args:
        body: all bytes, and `PAD`.
        begin: where the first record of each batch begins. (batches,)
        end: where each batch ends. (batches,)
    """
    zero = np.flatnonzero(body[: int(end[-1]) - _LEAST] == 0)
    # Behind the zero of a record without headers: a length of one to three bytes, then the zero of the attributes.
    last = zero + 1
    for _ in range(2):
        last = last + (body[last] >= 0x80)
    seems: Bools = (body[last] < 0x80) & (body[last + 1] == 0)
    start = zero[seems] + 1
    which = np.searchsorted(begin, start, side="right") - 1
    # Headers hold zeros too, and so does the beginning of each first record, which has the number 0.
    start = start[(start > begin[which] + _LEAST) & (start < end[which])]
    return np.insert(start, np.searchsorted(start, begin), begin)


def _texts(buffer: bytes, body: Bytes, start: Ints, following: Ints, number: Ints) -> tuple[Texts, Texts] | None:
    """Keys and values of records; None where one is not as it was guessed.

    Args:
        buffer: where they stand.
        body: its bytes.
        start: where each begins. (n,)
        following: where the next one begins, or its batch ends. (n,)
        number: of each in its batch. (n,)
    """
    length, at = _varints(body, start)
    if not (at + length == following).all() or int(length.min()) < _LEAST or body[at].any():
        return None
    _, at = _varints(body, at + 1)  # the producer's time; the broker's stands in the batch's header
    if (body[at - 1] >= 0x80).any():
        return None  # one of more than three bytes
    told, at = _varints(body, at)
    key_length, key_start = _varints(body, np.minimum(at, following))
    has_key = key_length >= 0
    key_end = key_start + np.where(has_key, key_length, 0)
    value_length, value_start = _varints(body, np.minimum(key_end, following))
    value_end = value_start + value_length
    fits = (told == number) & (key_end < following) & (value_length >= 0) & (value_end == following - 1)
    if not fits.all() or body[value_end].any():
        return None
    if not has_key.all():
        key_start, key_end = (np.where(has_key, place, -1) for place in (key_start, key_end))
    return Texts(buffer, key_start, key_end), Texts(buffer, value_start, value_end)


def _varints(body: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """The zigzag varint at each place, and the place behind it."""
    first = body[at].astype(np.int64)
    longer = first >= 0x80
    if not longer.any():
        return (first >> 1) ^ -(first & 1), at + 1
    second = body[at + 1].astype(np.int64)
    value = np.where(longer, (first & 0x7F) | (second & 0x7F) << 7, first)
    longest = longer & (second >= 0x80)
    if longest.any():
        third = body[at + 2].astype(np.int64)
        value = np.where(longest, value | (third & 0x7F) << 14, value)
        value[longest & (third >= 0x80)] = _TOO_LONG
    return (value >> 1) ^ -(value & 1), at + 1 + longer + longest
