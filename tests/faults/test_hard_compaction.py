"""`hub.checkpoints` compacted hard, with what the cleaner leaves of aborted transactions: the newest whole set is found."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import kafka
from streams.contract.topics import CHECKPOINTS, DEFAULT_PARTITIONS, READING_TOPICS
from streams.worker import checkpoints
from streams.worker.checkpoints import Checkpoint, Found, Owner
from streams.worker.told import told
from tests.support.hard_compaction import batches_of, compact_hard
from tests.support.servers import eventually
from tests.support.storm_run import BeginStorm, StormRun

READINGS, SECONDS = 15_000, 30.0
KILLS_AT = READINGS // 6, READINGS // 3
STOP_AT = READINGS // 2
CLEANED_S = 60.0
MANY = (len(READING_TOPICS) + 1) * DEFAULT_PARTITIONS
"""Owners that have a checkpoint by then: all partitions of readings and zone inputs, and alerts as they come."""


async def test_a_restore_finds_the_newest_whole_checkpoint_behind_emptied_markers(begin_storm: BeginStorm) -> None:
    run = await begin_storm(READINGS, SECONDS, URBANHUB_WORKER_NAME="only", URBANHUB_CHECKPOINT_INTERVAL_S="0.2")
    worker, node = run.crew[0], run.hub.kafka
    await compact_hard(node, CHECKPOINTS)
    await worker.start()

    async with run.load as load, Listener(run.hub.kafka.bootstrap) as listener:
        await asyncio.gather(*(_abort_by_an_heir(run, partition) for partition in range(DEFAULT_PARTITIONS)))
        for moment in KILLS_AT:
            await eventually(lambda moment=moment: load.sent > moment, "it is under load", SECONDS)
            worker.child.kill()
            await worker.start()
        await eventually(
            lambda: all(batches_of(node, CHECKPOINTS, p)["emptied marker"] for p in range(DEFAULT_PARTITIONS)),
            "the cleaner has emptied a marker in each partition",
            CLEANED_S,
        )
        await eventually(lambda: load.sent > STOP_AT, "half of it is sent", SECONDS)
        await worker.stop()
        newest = await listener.newest()
        assert len(newest) >= MANY
        for where in (await _where_they_begin(run, list(newest)), dict.fromkeys(newest)):
            found = await checkpoints.read(run.hub.settings, where)
            for owner, wanted in newest.items():
                assert found.newest(owner) == wanted, owner
        await worker.start()
        await load.hurried()

    await run.verdict([0])


async def _where_they_begin(run: StormRun, owners: list[Owner]) -> dict[Owner, int | None]:
    """Where each owner's newest checkpoint begins, as its input's committed offset says."""
    settings, of = run.hub.settings, {TopicPartition(owner.topic, owner.partition): owner for owner in owners}
    offsets = await kafka.committed(settings, f"{settings.application}-worker", list(of))
    begins = {owner: told(offsets[place]).kept_at for place, owner in of.items()}
    assert None not in begins.values(), begins
    return begins


async def _abort_by_an_heir(run: StormRun, partition: int) -> None:
    """A worker dies within a transaction, and its heir, whose first word aborts it, has nothing to say itself."""
    settings, name = run.hub.settings, f"dead-{partition}"
    dead = kafka.producer(settings, name, transactional_id=name)
    await dead.start()
    await dead.begin_transaction()
    key = f"another|readings|readings.traffic|{partition}|0|0".encode()
    await dead.send_and_wait(CHECKPOINTS, b"half", key=key, partition=partition)
    heir = kafka.producer(settings, f"heir-{partition}", transactional_id=name)
    await heir.start()
    await heir.stop()
    await dead.stop()


class Listener:
    """Reads the checkpoints as they are written, before the cleaner comes to them."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        self._found, self._owners = Found("urbanhub"), set[Owner]()
        self._partitions = [TopicPartition(CHECKPOINTS, p) for p in range(DEFAULT_PARTITIONS)]
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Listener:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._consumer.stop()

    async def newest(self) -> dict[Owner, Checkpoint | None]:
        """The newest checkpoint of each owner, when nobody writes any more."""
        ends = await self._consumer.end_offsets(self._partitions)

        async def at_end() -> bool:
            assert self._listening is not None and not self._listening.done(), "it has stopped listening"
            return all([await self._consumer.position(tp) >= end for tp, end in ends.items()])

        await eventually(at_end, "the end of the checkpoints")
        return {owner: self._found.newest(owner) for owner in self._owners}

    async def _listen(self) -> None:
        while True:
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    self._found.add(record.key, record.value, record.headers)
                    application, stage, topic, partition, *_ = record.key.decode().split("|")
                    if application == "urbanhub":
                        self._owners.add(Owner(stage, topic, int(partition)))
