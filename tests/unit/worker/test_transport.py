"""How far a partition is read: what the consumer's thread has fetched is not yet with an agent."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from streams.engine.records import LogRecord
from streams.worker import transport
from streams.worker.record_batch import HEADER_BYTES, FetchedBatch, padded

FIRST, SECOND = TP("readings.disaster", 0), TP("readings.disaster", 1)


class _Consumer(transport.Consumer):
    """What comes of Faust and aiokafka is given by hand."""

    flow_active, should_stop, _buffered_partitions = True, False, frozenset[TP]()
    app = SimpleNamespace(consumer_generation_id=1)

    def __init__(self) -> None:
        self._delivered, self._handed_to = {}, {}
        self._under_way, self._is_one_less = defaultdict(set), asyncio.Event()
        self.asked: list[set[TP]] = []
        self.states = {
            tp: SimpleNamespace(position=0, lso=0, highwater=0, timestamp=1, has_valid_position=True)
            for tp in (FIRST, SECOND)
        }
        keys = {TopicPartition(*tp): state for tp, state in self.states.items()}
        assignment = SimpleNamespace(tps=set(keys), state_value=keys.get)
        subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        self._thread = SimpleNamespace(_consumer=SimpleNamespace(_subscription=subscription))

    def assignment(self) -> set[TP]:
        return set(self.states)

    async def _wait_next_records(self, _: float) -> tuple[Any, Any]:
        """Its thread fetches one record of each partition: both positions move at once."""
        fetched: dict[TopicPartition, list[tuple[FetchedBatch, int]]] = {}
        for tp, state in self.states.items():
            batch = FetchedBatch(padded(bytes(HEADER_BYTES)), 0, HEADER_BYTES, _Batch(state.position))
            fetched[TopicPartition(*tp)] = [(batch, state.position)]
            state.position = state.lso = state.highwater = state.position + 1
        return fetched, None


class _Batch(list[LogRecord]):
    """One record, as aiokafka reads it."""

    def __init__(self, offset: int) -> None:
        super().__init__([LogRecord(offset, 1000, None, b"")])
        self.base_offset, self.next_offset = offset, offset + 1


class _Asked:
    """Faust's thread: notes of which partitions it is asked for records."""

    def __init__(self) -> None:
        self.partitions: list[set[TP]] = []

    async def getmany(self, active_partitions: set[TP], timeout: float) -> dict[TopicPartition, Any]:  # noqa: ASYNC109
        self.partitions.append(active_partitions)
        return {}


def _is_handed_over(consumer: _Consumer, tp: TP) -> bool:
    state = consumer.fetch_state(tp)
    assert state is not None
    return state.is_handed_over


async def test_a_position_counts_only_when_all_before_it_was_handed_to_an_agent() -> None:
    consumer = _Consumer()

    chunks = consumer.getmany(1.0)
    await anext(chunks)
    state = consumer.fetch_state(SECOND)

    assert state is not None and state.position == state.stable_end == 1 and state.delivered == -1
    assert not state.is_handed_over, "the worker would say that it has caught up with what it has not seen"
    async for _ in chunks:
        pass
    assert _is_handed_over(consumer, FIRST) and _is_handed_over(consumer, SECOND)


async def test_nothing_is_taken_of_a_partition_whose_chunks_wait() -> None:
    consumer, thread = _Consumer(), _Asked()
    waiting = [[message async for message in consumer.getmany(1.0)] for _ in range(transport.CHUNKS_UNDER_WAY)]
    of_first = [message for messages in waiting for tp, message in messages if tp == FIRST]
    consumer._thread = thread  # type: ignore[assignment]

    await consumer._getmany({FIRST, SECOND}, 0.01)
    assert thread.partitions == [], "both have as much as they may"
    del waiting
    await consumer._getmany({FIRST, SECOND}, 1.0)
    assert thread.partitions == [{SECOND}]
    of_first.pop()
    await consumer._getmany({FIRST, SECOND}, 1.0)
    assert thread.partitions == [{SECOND}, {FIRST, SECOND}]


async def test_a_chunk_that_is_gone_ends_the_wait_at_once() -> None:
    consumer = _Consumer()
    waiting = [[message async for message in consumer.getmany(1.0)] for _ in range(transport.CHUNKS_UNDER_WAY)]
    asked = asyncio.create_task(consumer._getmany({FIRST, SECOND}, 1.0))
    await asyncio.sleep(0)
    del waiting
    async with asyncio.timeout(0.5):
        assert await asked == {}


async def test_after_a_rebalance_nothing_that_faust_dropped_counts() -> None:
    consumer, thread = _Consumer(), _Asked()
    held = [[message async for message in consumer.getmany(1.0)] for _ in range(transport.CHUNKS_UNDER_WAY)]
    consumer._thread, consumer.transport = thread, SimpleNamespace(begin_at=lambda _: None)  # type: ignore[assignment]

    await consumer.seek_to_committed()
    await consumer._getmany({FIRST, SECOND}, 1.0)

    assert thread.partitions == [{FIRST, SECOND}]
    assert held
