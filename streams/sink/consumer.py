"""The sink's loop: poll, hand to the lanes, commit what is stored, make room.

The group's offsets are committed only for what InfluxDB holds (or what stands in `readings.rejected`), so a sink that is
killed repeats the last half second and misses nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from streams import kafka
from streams.clock import SYSTEM_CLOCK, Clock
from streams.contract.topics import ALERTS, MIB, WINDOW_TOPICS
from streams.errors import Unavailable
from streams.logs import Counted, get
from streams.metrics import BATCH_RECORDS, LAG
from streams.settings import Settings
from streams.sink.access import Where
from streams.sink.dead_letters import DeadLetters
from streams.sink.lanes import Batch, Lane
from streams.sink.writer import Writer

STAGE: Final = "sink"
LANES: Final = 4
"""Writes in flight; InfluxDB takes half as much again from four as from one, and no more from eight."""
POLL_MS: Final = 100
POLL_RECORDS: Final = 5_000
COMMIT_EVERY_S: Final = 0.5
COMMIT_S: Final = 5.0
LAG_EVERY_S: Final = 1.0
DRAIN_S: Final = 10.0
log = get("streams.sink.consumer")


class Sink:
    """Stores windows and alert states until told to end."""

    def __init__(self, settings: Settings, clock: Clock = SYSTEM_CLOCK) -> None:
        self._settings, self._clock = settings, clock
        self._dead_letters = DeadLetters(settings)
        self._writer = Writer(Where(settings).now, self._dead_letters.points, clock)
        self._lanes = [Lane(self._store, clock) for _ in range(LANES)]
        self._ending = False
        self._assigned = False
        self._committed_s = self._lag_s = 0.0
        self._commit_failures = Counted(log, "commit_failed", clock)

    def not_ready(self) -> str | None:
        """Why it does not take records yet; None when it does. InfluxDB being away is no reason: Kafka keeps all."""
        return None if self._assigned else "waits for its partitions"

    def end(self) -> None:
        """Store what was read, commit it, and return from `run`."""
        self._ending = True

    async def run(self) -> None:
        """Read and store until told to end.

        Raises:
            Unavailable: Kafka does not answer, or refuses.
        """
        consumer = kafka.reader(
            self._settings,
            f"{self._settings.application}-sink",
            group_id=f"{self._settings.application}-sink",
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout_s * 1000 / 4),
            max_partition_fetch_bytes=2 * MIB,
        )
        consumer.subscribe([*WINDOW_TOPICS, ALERTS], listener=_Listener(self, consumer))
        await self._dead_letters.start()
        try:
            await kafka.start(consumer, self._settings)
            tasks = [lane.start() for lane in self._lanes]
            try:
                await self._loop(consumer, tasks)
            finally:
                await self._finish(consumer)
        except KafkaError as e:
            raise Unavailable(
                f"Kafka refuses ({type(e).__name__}: {e})",
                field="KAFKA_BOOTSTRAP_SERVERS",
                value=self._settings.bootstrap,
                fix="Look at the broker's log",
            ) from e
        finally:
            await self._dead_letters.stop()
            await self._writer.close()

    def assigned(self) -> None:
        """The group has given it its partitions."""
        self._assigned = True

    async def revoked(self, consumer: AIOKafkaConsumer) -> None:
        """Its partitions get another owner, which begins at what is committed."""
        self._assigned = False
        await asyncio.gather(*(lane.abandon() for lane in self._lanes))
        await self._commit(consumer)
        for lane in self._lanes:
            lane.stored.clear()

    async def _loop(self, consumer: AIOKafkaConsumer, tasks: list[asyncio.Task[None]]) -> None:
        while not self._ending:
            fetched: dict[TopicPartition, list[Any]] = await consumer.getmany(
                timeout_ms=POLL_MS, max_records=POLL_RECORDS
            )
            for partition, records in fetched.items():
                BATCH_RECORDS.labels(STAGE).observe(len(records))
                self._lane(partition).take(partition, records)
            for task in tasks:
                if task.done():
                    task.result()
            self._make_room(consumer)
            now_s = self._clock.monotonic_s()
            if now_s - self._committed_s >= COMMIT_EVERY_S:
                await self._commit(consumer)
                self._committed_s = self._clock.monotonic_s()
            if now_s - self._lag_s >= LAG_EVERY_S:
                await self._tell_lag(consumer)
                self._lag_s = now_s

    async def _finish(self, consumer: AIOKafkaConsumer) -> None:
        """Store what is left unless InfluxDB is away, commit, leave the group."""
        self._writer.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(lane.drain() for lane in self._lanes))
        await asyncio.gather(*(lane.cancel() for lane in self._lanes))
        await self._commit(consumer)
        await consumer.stop()

    def _lane(self, partition: TopicPartition) -> Lane:
        return self._lanes[int(partition.partition) % LANES]

    async def _store(self, batch: Batch) -> None:
        points = list(batch.points.values())
        await self._writer.store([each for each in points if not each.is_exercise])
        await self._writer.store([each for each in points if each.is_exercise])
        await self._dead_letters.records(batch.refused)

    def _make_room(self, consumer: AIOKafkaConsumer) -> None:
        """Read nothing more for a full lane; polling goes on, so the group keeps this member."""
        paused = consumer.paused()
        for partition in consumer.assignment():
            is_full = self._lane(partition).is_full
            if is_full and partition not in paused:
                consumer.pause(partition)
            elif not is_full and partition in paused:
                consumer.resume(partition)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        assigned = consumer.assignment()
        stored = {p: at for lane in self._lanes for p, at in lane.stored.items() if p in assigned}
        if not stored:
            return
        try:
            async with asyncio.timeout(COMMIT_S):
                await consumer.commit(stored)
        except (TimeoutError, KafkaError) as e:  # the next commit says it again; a new owner repeats what is missing
            self._commit_failures.warn(error=str(e) or type(e).__name__)
            return
        for lane in self._lanes:
            lane.stored = {p: at for p, at in lane.stored.items() if stored.get(p) != at}

    async def _tell_lag(self, consumer: AIOKafkaConsumer) -> None:
        """Records not yet stored; by the position, because an end offset counts transactions' markers too."""
        for partition in consumer.assignment():
            end = consumer.last_stable_offset(partition)
            if end is None or end < 0:
                continue  # nothing fetched yet
            reached = self._lane(partition).first_waiting(partition)
            with suppress(TimeoutError, IllegalStateError):
                if reached is None:
                    async with asyncio.timeout(LAG_EVERY_S):
                        reached = await consumer.position(partition)
                LAG.labels(STAGE, partition.topic, partition.partition).set(max(end - (reached or 0), 0))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the sink when its partitions come and go."""

    def __init__(self, sink: Sink, consumer: AIOKafkaConsumer) -> None:
        self._sink, self._consumer = sink, consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._sink.revoked(self._consumer)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._sink.assigned()
