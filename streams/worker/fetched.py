"""aiokafka's fetcher, made to give batches as they were fetched to the consumers that are marked for it.

Private hooks of aiokafka 0.14.0, hence a pinned version, held by `tests/integration/test_transport.py`:
fetcher.MemoryRecords, fetcher.PartitionRecords and its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from streams.engine.records import Records
from streams.worker.record_batch import FetchedBatch, padded, records_of, size_of


def chunks(value: bytes) -> bytes:
    """As a consumer's value deserializer: marks it as one that takes whole batches. It is never called."""
    raise AssertionError(value)


def read(fetched: Sequence[tuple[FetchedBatch, int]]) -> Records:
    """The records of one fetch of a partition, from the offset on that was asked for."""
    records = records_of([batch for batch, _ in fetched])
    return records[int(np.searchsorted(records.offset, fetched[0][1])) :]


class RawBatches:
    """What was fetched of a partition, as bytes beside aiokafka's reader of it."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._reader = _BatchesOnly(raw)
        self.has_next, self.next_batch = self._reader.has_next, self._reader.next_batch
        self.size_in_bytes = self._reader.size_in_bytes


class ChunkRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Yields batches of the log as they are; the base class makes a 12-field tuple of every record.

    It runs in the consumer's thread. What reads records there would take turns with the stages for the interpreter, at every
    step of either.
    """

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[tuple[FetchedBatch, int]]:
        """Each with the first offset that was asked for: a fetch may begin within a batch."""
        buffer, end = padded(self._records.raw), 0
        while self._records.has_next():
            batch = self._records.next_batch()
            begin, end = end, end + size_of(buffer, end)
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            wanted, self.next_fetch_offset = self.next_fetch_offset, batch.next_offset
            if not self._is_hidden(batch):
                yield FetchedBatch(buffer, begin, end, batch), wanted

    def _is_hidden(self, batch: Any) -> bool:
        """Whether a reader of committed records sees none of it."""
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return True
        return bool(batch.is_control_batch)


_RecordsOneByOne: Final = fetcher.PartitionRecords
_BatchesOnly: Final = fetcher.MemoryRecords


def _partition_records(*arguments: Any) -> Any:
    """The fetcher finds this by its module's name; only consumers marked by `chunks` get chunks."""
    _, _, _, _, _, value_deserializer, _, _ = arguments
    return (ChunkRecords if value_deserializer is chunks else _RecordsOneByOne)(*arguments)


def install() -> None:
    """Let this process's consumers that are marked by `chunks` get chunks; the others are as before."""
    fetcher.PartitionRecords = _partition_records
    fetcher.MemoryRecords = RawBatches
