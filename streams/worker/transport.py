"""Faust's transport, with one message per fetched chunk of a partition in place of one per record.

Faust hands every record through several tasks before an agent sees it, which holds a worker at about 12,000 records a
second. A chunk is some thousand records, so that cost vanishes, and everything else of Faust works on: agents,
assignment, flow control, rebalancing.

Private hooks, hence pinned versions, held by `tests/integration/test_transport.py`:

    aiokafka 0.14.0         Subscription's partition states; more in `fetched`; in `transactions` the producer's wait for a
                            transaction's end
    faust-streaming 0.15.3  Consumer.getmany, _getmany, seek_to_committed, _new_consumer_thread;
                            AIOKafkaConsumerThread._create_worker_consumer; Producer._new_producer
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, NamedTuple

import aiokafka.conn
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams import kafka
from streams.contract.topics import MIB
from streams.engine.records import Record, Records
from streams.settings import Settings
from streams.worker.fetched import chunks, install, read

FETCH_BYTES: Final = MIB
"""Of one partition at a time: some seven thousand readings, 10 ms of work."""
ANSWER_BYTES: Final = 4 * FETCH_BYTES
"""Of all partitions together: the next are asked for while these are applied. What one answer holds is in memory thrice."""
CHUNKS_UNDER_WAY: Final = 2
"""Of a partition: one is applied while the next waits."""
LOOK_AGAIN_S: Final = 0.01
"""While some partitions have no room, what the others have is waited for so long: a chunk takes as long to apply."""
FETCH_WAIT_MS: Final = 500
"""A broker without news answers after this long; idleness is known that exactly."""
JOINED_MS: Final = 5_000
"""How long after a rebalance's end a broker may take to answer those who asked to join."""
READER_BYTES: Final = 4 * MIB
"""A socket pauses above twice this; at aiokafka's 64 KiB one fetch pauses it some thirty times."""


class Chunk(NamedTuple):
    """Records of one partition in log order; never empty."""

    topic: str
    partition: int
    records: Sequence[Record]


class FetchState(NamedTuple):
    """How far a partition is read, and when the broker last answered."""

    position: int
    stable_end: int
    """Everything before it is committed (or aborted)."""
    answered_ms: int
    delivered: int
    """The last offset handed to an agent, -1 before the first."""
    unsettled: int = 0
    """What is written beyond `stable_end`: some of it may have arrived long ago, and be committed yet."""
    is_handed_over: bool = True
    """Whether all before `position` was handed to an agent: it moves in the consumer's thread, before a chunk comes out."""

    def is_applied(self, until: int) -> bool:
        """Whether all before `position` is applied, where that is so up to the offset `until`."""
        return self.is_handed_over and self.delivered <= until


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Opens the consumer as everything else of the hub is opened, reading committed records only."""

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        settings = transport.settings
        self._assignor = RoundRobinPartitionAssignor
        session_ms = int(settings.session_timeout_s * 1000)
        return AIOKafkaConsumer(
            **kafka.client_options(settings, f"{settings.application}-worker"),
            group_id=transport.group,
            group_instance_id=settings.worker_name and f"{settings.application}-{settings.worker_name}",
            partition_assignment_strategy=[self._assignor],
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            value_deserializer=chunks,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=ANSWER_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
            rebalance_timeout_ms=2 * session_ms,
            # As Kafka's own client: a broker that loses the group while one waits to join it may never answer.
            request_timeout_ms=2 * session_ms + JOINED_MS,
            metadata_max_age_ms=60_000,
        )


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Delivers chunks, and begins where the checkpoints say."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._delivered: dict[TP, int] = {}
        self._handed_to: dict[TP, int] = {}
        """Positions when all that had been fetched was handed over."""
        self._under_way: dict[TP, set[weakref.ref[Records]]] = defaultdict(set)
        """Chunks that are not applied, or dropped, yet."""
        self._is_one_less = asyncio.Event()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: set[TP], timeout: float) -> Any:  # noqa: ASYNC109 -- Faust's
        """Take nothing of partitions whose chunks wait: Faust's queues hold whatever they are given."""
        free = {tp for tp in active_partitions if len(self._under_way[tp]) < CHUNKS_UNDER_WAY}
        if free:
            timeout = timeout if len(free) == len(active_partitions) else LOOK_AGAIN_S
            return await super()._getmany(free, timeout)
        self._is_one_less.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_one_less.wait(), timeout)
        return {}

    def _watch(self, tp: TP, records: Records) -> None:
        """Count a chunk until it is gone."""

        def gone(which: weakref.ref[Records]) -> None:
            self._under_way[tp].discard(which)
            self._is_one_less.set()

        self._under_way[tp].add(weakref.ref(records, gone))

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 -- Faust's
        """What was fetched, a message per partition."""
        fetched, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if fetched is None or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()  # fetched while the flow stopped: it must be fetched again
            return
        for key, parts in fetched.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            tp = TP(key.topic, key.partition)
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            records = read(parts)
            if not records:
                continue
            self._watch(tp, records)
            chunk = Chunk(tp.topic, tp.partition, records)
            last = records[-1]
            self._delivered[tp] = last.offset
            seconds = last.timestamp / 1000
            yield (
                tp,
                ConsumerMessage(
                    *(tp.topic, tp.partition, last.offset, seconds, 0, [], None, chunk, None, 0, 0, tp),
                    generation_id=generation,
                ),
            )
        # Nothing moves them until the next call.
        self._handed_to = {tp: state.position for tp in self.assignment() if (state := self._state(tp)) is not None}

    async def seek_to_committed(self) -> dict[TP, int]:
        """Seek each partition to where its checkpoint says; Faust calls this after the assignment is complete."""
        begin_at = self.transport.begin_at
        found = {}
        self._handed_to = {}
        # What waited was dropped; Faust's own frames may hold the last of it until there is another.
        self._under_way.clear()
        self._is_one_less.set()
        for tp in self.assignment():
            offset = begin_at(tp)
            if offset is not None:
                self._delivered.pop(tp, None)
                await self.seek(tp, offset)
                found[tp] = offset
        return found

    def fetch_state(self, tp: TP) -> FetchState | None:
        """How far a partition is read; None while nothing was fetched of it."""
        state = self._state(tp)
        if state is None or state.lso is None:
            return None
        delivered, unsettled = self._delivered.get(tp, -1), state.highwater - state.lso
        position = state.position
        is_handed_over = self._handed_to.get(tp) == position
        return FetchState(position, state.lso, state.timestamp, delivered, unsettled, is_handed_over)

    def _state(self, tp: TP) -> Any:
        """What aiokafka knows of a partition; None where it is not assigned or has no place to be read from."""
        consumer = self._thread._consumer
        subscription = consumer and consumer._subscription.subscription
        assignment = subscription and subscription.assignment
        key = TopicPartition(tp.topic, tp.partition)
        if not assignment or key not in assignment.tps:
            return None
        state = assignment.state_value(key)
        return state if state is not None and state.has_valid_position else None


class Producer(driver.Producer):  # type: ignore[misc]
    """Faust's own producer, opened as everything else; the stages send through `transactions`."""

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        settings = self.transport.settings
        return kafka.producer(settings, f"{settings.application}-worker")


class Transport(driver.Transport):  # type: ignore[misc]
    """The transport of one worker's app.

    Args:
        url: the broker as Faust knows it.
        app: the Faust app.
        settings: how clients are opened.
        group: the consumer group.
        begin_at: the offset that an owned partition is read from; None where it is not owned.
    """

    Consumer = Consumer
    Producer = Producer

    def __init__(
        self, url: Any, app: Any, *, settings: Settings, group: str, begin_at: Callable[[TP], int | None]
    ) -> None:
        super().__init__(url, app)
        self.settings, self.group, self.begin_at = settings, group, begin_at
        install()
        aiokafka.conn.READER_LIMIT = READER_BYTES
