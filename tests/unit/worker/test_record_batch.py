"""Record batches read as columns give what aiokafka gives of them, record by record."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.records import Records
from streams.worker.record_batch import FEW, HEADER_BYTES, FetchedBatch, padded, records_of, size_of

LOG_APPEND_TIME = 8
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
BASE_OFFSET = 4_000_000_000
BATCH_BYTES = 1 << 21

Entry = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]

READING = b'{"sensor_id":"air-station-%d","observed_at":"2026-11-30T00:00:%02dZ","pm10_ugm3":%d}'
READINGS: list[Entry] = [(b"air-station-%d" % (i % 7), READING % (i % 7, i % 60, i), []) for i in range(3 * FEW)]

keys = st.one_of(st.none(), st.binary(max_size=20), st.sampled_from([b"", b"\0", b"\0\0\0", b"\x82\x01\0"]))
values = st.one_of(st.binary(max_size=300), st.sampled_from([b"", b"\0" * 70, b"}\0\x8c\x01\0", READING % (1, 2, 3)]))
entries = st.tuples(keys, values, st.just(list[tuple[str, bytes]]()))


def _batch(
    records: list[Entry],
    *,
    base: int = BASE_OFFSET,
    first_ms: int = 1_790_000_000_000,
    step_ms: int = 3,
    compression: int = 0,
    is_brokers_time: bool = True,
) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=BATCH_BYTES,
    )
    for i, (key, value, headers) in enumerate(records):
        assert builder.append(i, first_ms + i * step_ms, key, value, headers) is not None
    raw = builder.build()
    raw[:8] = struct.pack(">q", base)
    if is_brokers_time:
        raw[21:23] = struct.pack(">h", struct.unpack(">h", raw[21:23])[0] | LOG_APPEND_TIME)
    return bytes(raw)


def _fetched(raw: bytes) -> list[FetchedBatch]:
    reader, buffer, end, found = MemoryRecords(raw), padded(raw), 0, []
    while reader.has_next():
        begin, end = end, end + size_of(buffer, end)
        found.append(FetchedBatch(buffer, begin, end, reader.next_batch()))
    return found


def _one_by_one(raw: bytes) -> list[tuple[Any, ...]]:
    return [(r.offset, r.timestamp, r.key, r.value) for each in _fetched(raw) for r in each.batch]


def _as_columns(raw: bytes) -> list[tuple[Any, ...]]:
    return [(r.offset, r.timestamp, r.key, r.value) for r in records_of(_fetched(raw))]


def _is_shown(found: Records, raw: bytes) -> bool:
    """Whether its texts stand in the fetched bytes themselves."""
    return found.values.buffer == padded(raw)


def test_readings_are_shown_where_they_stand() -> None:
    raw = _batch(READINGS) + _batch(READINGS, base=BASE_OFFSET + len(READINGS))
    found = records_of(_fetched(raw))
    assert _is_shown(found, raw)
    assert _as_columns(raw) == _one_by_one(raw)
    assert found.offset.tolist() == list(range(BASE_OFFSET, BASE_OFFSET + 2 * len(READINGS)))
    assert np.all(found.timestamp == 1_790_000_000_000 + 3 * (len(READINGS) - 1))  # the broker's, of each batch


def test_records_of_any_length_have_their_beginnings_found() -> None:
    records: list[Entry] = [(b"k" * (i % 40), b"v" * (i * 97 % 20_000), []) for i in range(200)]
    raw = _batch(records, step_ms=4_000)
    assert _is_shown(records_of(_fetched(raw)), raw)
    assert _as_columns(raw) == _one_by_one(raw)


def test_what_has_headers_or_no_value_is_read_one_by_one_and_the_rest_as_columns() -> None:
    forwarded: Entry = (b"a", b"{}", [("forwarded_from", b"readings.traffic-1-7")])
    removed: Entry = (b"a", None, [])
    n = len(READINGS)
    raw = b"".join(
        _batch(each, base=BASE_OFFSET + 2 * n * i)
        for i, each in enumerate([READINGS, [*READINGS, forwarded], READINGS, [removed, *READINGS]])
    )
    assert not _is_shown(records_of(_fetched(raw)), raw)
    assert _as_columns(raw) == _one_by_one(raw)


@pytest.mark.parametrize("compression", [0, GZIP, SNAPPY, LZ4, ZSTD])
def test_the_producers_time_and_compressed_batches_are_read_one_by_one(compression: int) -> None:
    raw = _batch(READINGS, compression=compression, is_brokers_time=bool(compression))
    assert not _is_shown(records_of(_fetched(raw)), raw)
    assert _as_columns(raw) == _one_by_one(raw)
    assert len(_as_columns(raw)) == len(READINGS)


def test_a_time_of_four_bytes_is_not_taken_for_the_number_behind_it() -> None:
    """Half an hour after the first: its last byte could pass for the record's number, and all behind it be moved by one."""
    records: list[Entry] = [(b"k" * 20, b'{"a":%d}' % (i % 10), []) for i in range(2 * FEW)]
    for step_ms in (1 << 20, (1 << 20) + 1, 1 << 21, 35 * 60_000):
        raw = _batch(records, step_ms=step_ms)
        assert _as_columns(raw) == _one_by_one(raw)
        assert not _is_shown(records_of(_fetched(raw)), raw)


@pytest.mark.parametrize("n", [1, 3 * FEW])
def test_a_producers_word_on_offsets_moves_no_partition(n: int) -> None:
    """The broker counts records and writes the first offset; how far each stands from it, it takes as it is told."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, BATCH_BYTES)
    for i in range(n):
        builder.append(i + (1_000_000 if i == n - 1 else 0), 1, b"a", b"{}" * 40, [])
    raw = builder.build()
    raw[:8] = struct.pack(">q", BASE_OFFSET)
    raw[23:27] = struct.pack(">i", n - 1)
    raw[21:23] = struct.pack(">h", LOG_APPEND_TIME)

    assert [offset for offset, *_ in _as_columns(bytes(raw))] == list(range(BASE_OFFSET, BASE_OFFSET + n))


def test_a_batch_that_cannot_be_read_is_as_many_records_without_a_value() -> None:
    raw = _batch(READINGS) + _batch([(b"k", b"v", [("name", b"")])], base=BASE_OFFSET + len(READINGS))
    raw = raw.replace(b"name", b"n\xffme")  # a header's name that is no UTF-8

    assert _as_columns(raw)[: len(READINGS)] == _one_by_one(_batch(READINGS))
    ((offset, at_ms, key, value),) = _as_columns(raw)[len(READINGS) :]
    assert (offset, at_ms, key, value) == (BASE_OFFSET + len(READINGS), 1_790_000_000_000, None, None)


def test_attributes_that_no_producer_has_are_left_to_aiokafka() -> None:
    raw = bytearray(_batch(READINGS))
    raw[HEADER_BYTES + 2] = 1
    assert not _is_shown(records_of(_fetched(bytes(raw))), bytes(raw))
    assert _as_columns(bytes(raw)) == _one_by_one(bytes(raw))


@given(st.lists(st.lists(entries, min_size=1, max_size=80), min_size=1, max_size=4), st.integers(0, 100_000))
def test_whatever_records_hold_both_ways_give_the_same(batches: list[list[Entry]], step_ms: int) -> None:
    raw, base = b"", BASE_OFFSET
    for each in batches:
        raw += _batch(each, base=base, step_ms=step_ms)
        base += len(each) + 1  # a transaction's marker
    assert _as_columns(raw) == _one_by_one(raw)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_bytes_that_lie_are_never_read_otherwise_than_by_aiokafka(place: int, change: int) -> None:
    """A producer may send any bytes with a right checksum: what aiokafka does not read, or not all of, has no value."""
    raw = bytearray(_batch(READINGS))
    raw[HEADER_BYTES + place % (len(raw) - HEADER_BYTES)] ^= change
    found = _as_columns(bytes(raw))
    try:
        wanted = _one_by_one(bytes(raw))
    except Exception:
        wanted = [
            (BASE_OFFSET + i, 1_790_000_000_000 + 3 * (len(READINGS) - 1), None, None) for i in range(len(READINGS))
        ]
    numbers = range(BASE_OFFSET, BASE_OFFSET + len(READINGS))
    assert found == [(offset, *rest) for offset, (_, *rest) in zip(numbers, wanted, strict=True)]
