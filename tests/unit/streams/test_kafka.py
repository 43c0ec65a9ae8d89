"""What brokers answer that clients take otherwise: emptied markers of a compacted log, a group that is being loaded."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer import fetcher
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams import kafka
from streams.settings import Settings
from streams.worker import fetched

TP = TopicPartition("hub.checkpoints", 0)
PRODUCER = 4000
ABORT, COMMIT = b"\0\0\0\0", b"\0\0\0\1"
"""Keys of control records: version, type."""
LENGTH, CRC, ATTRIBUTES, HEADER = 8, 17, 21, 61
"""Where these stand in a batch of format 2, and where its records begin; the four bytes before them are their number."""
CONTROL = 0x20


def _batch(offset: int, *values: bytes, control: bytes | None = None, emptied: bool = False) -> bytes:
    """A batch of one producer's transactions: records, a marker, or a marker that the cleaner has emptied."""
    builder = DefaultRecordBatchBuilder(2, 0, True, PRODUCER, 0, 0, 10_000)
    for i, value in enumerate(values or (b"\0\0\0\0\0\0",)):
        builder.append(i, 1_764_000_000_000, control, value, [])
    made = bytearray(builder.build())
    made[0:8] = offset.to_bytes(8, "big")
    if control is not None:
        made[ATTRIBUTES + 1] |= CONTROL
    if emptied:
        del made[HEADER:]
        made[LENGTH : LENGTH + 4] = (HEADER - LENGTH - 4).to_bytes(4, "big")
        made[HEADER - 4 :] = bytes(4)
    made[CRC : CRC + 4] = calc_crc32c(bytes(made[ATTRIBUTES:])).to_bytes(4, "big")
    return bytes(made)


def _read(kind: Any, log: bytes, aborted: list[tuple[int, int]]) -> tuple[list[bytes], int]:
    """The values that a reader of committed records sees, and where it fetches next."""
    deserializer = fetched.chunks if kind is fetched.ChunkRecords else None
    read = kind(TP, fetched.RawBatches(log), aborted, 0, None, deserializer, True, fetcher.READ_COMMITTED)
    found = list(read)
    records = found if deserializer is None else fetched.read(found)
    return [record.value for record in records], read.next_fetch_offset


@pytest.mark.parametrize("kind", [fetched._RecordsOneByOne, fetched.ChunkRecords])
def test_a_marker_that_compaction_has_emptied_stops_no_reader(kind: Any) -> None:
    log = _batch(0, b"a") + _batch(1, control=COMMIT) + _batch(5, control=ABORT, emptied=True) + _batch(6, b"b")

    assert _read(kind, log, []) == ([b"a", b"b"], 7)


@pytest.mark.parametrize("kind", [fetched._RecordsOneByOne, fetched.ChunkRecords])
def test_a_marker_that_is_whole_ends_what_was_aborted(kind: Any) -> None:
    log = _batch(0, b"never", b"seen") + _batch(2, control=ABORT) + _batch(3, b"b") + _batch(4, control=COMMIT)

    assert _read(kind, log, [(PRODUCER, 0)]) == ([b"b"], 5)


async def test_a_group_that_is_being_loaded_is_not_one_that_committed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, not_mine = 14, 16
    answers = [
        OffsetFetchResponse_v3(0, [], loading),
        OffsetFetchResponse_v3(0, [], not_mine),
        OffsetFetchResponse_v3(0, [(TP.topic, [(TP.partition, 7, "checkpoint@3", 0)])], 0),
    ]

    async def admin(_: Settings) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient()

    async def found(*_: object) -> int:
        return 1

    async def answered(*_: object) -> OffsetFetchResponse_v3:
        return answers.pop(0)

    monkeypatch.setattr(kafka, "_admin", admin)
    monkeypatch.setattr(kafka, "_send", answered)
    monkeypatch.setattr(kafka, "COORDINATOR_S", 0)
    monkeypatch.setattr(AIOKafkaAdminClient, "find_coordinator", found)

    offsets = await kafka.committed(Settings(), "urbanhub-worker", [TP])

    assert offsets[TP].offset == 7
    assert answers == []
