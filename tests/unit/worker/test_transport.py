"""How far a partition is read: what the consumer's thread has fetched is not yet with an agent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from streams.engine.decode import Record
from streams.worker import transport

FIRST, SECOND = TP("readings.disaster", 0), TP("readings.disaster", 1)


class _Record(SimpleNamespace):
    offset: int
    timestamp = 1000


class _Consumer(transport.Consumer):
    """What comes of Faust and aiokafka is given by hand."""

    flow_active, should_stop, _buffered_partitions = True, False, frozenset[TP]()
    app = SimpleNamespace(consumer_generation_id=1)

    def __init__(self) -> None:
        self._delivered, self._handed_to = {}, {}
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
        fetched: dict[TopicPartition, list[list[Record]]] = {}
        for tp, state in self.states.items():
            fetched[TopicPartition(*tp)] = [[_Record(offset=state.position)]]  # type: ignore[list-item]
            state.position = state.lso = state.highwater = state.position + 1
        return fetched, None


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
