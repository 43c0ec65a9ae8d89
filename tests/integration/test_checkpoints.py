"""Checkpoints on a real broker, where other writers' transactions stand between them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

from aiokafka import TopicPartition

from deploy.kafka import KafkaNode
from streams import kafka
from streams.contract.topics import CHECKPOINTS
from streams.engine.outputs import Outputs
from streams.errors import Unavailable
from streams.settings import Settings, load
from streams.worker import checkpoints
from streams.worker.checkpoints import Checkpoint, Owner, pieces_of
from streams.worker.told import NOTHING, Told, told
from streams.worker.transactions import Transactions

MINE = Owner("readings", "readings.disaster", 0)
GROUP = "checkpoints-test-worker"
ANSWERS = 150
"""Over some seconds: a broker that has begun again loses its groups once more, a second or two after it first had them."""


def _settings(node: KafkaNode, folder: Path) -> Settings:
    settings = load(data_dir=folder, application="checkpoints-test")
    return settings.model_copy(update={"kafka_bootstrap_servers": node.bootstrap})


WHOLE = Checkpoint(1, 7, 5, 4, "basis", b"whole")


async def test_a_checkpoint_is_read_from_where_the_groups_offset_says(own_kafka: KafkaNode, tmp_path: Path) -> None:
    settings = _settings(own_kafka, tmp_path)
    await kafka.apply_topics(settings)
    dead = await _left_open(settings)
    committed = await _keep(settings, WHOLE)
    await _settled(settings)

    place = TopicPartition(MINE.topic, MINE.partition)
    found = told((await kafka.committed(settings, GROUP, [place]))[place])
    read = await checkpoints.read(settings, {MINE: found.kept_at})

    assert found == committed == Told(8, 1), "a dead worker's record stands before it"
    assert read.newest(MINE) == WHOLE, "and its open transaction holds back nothing"
    await dead.stop()


async def test_a_group_that_never_committed_has_told_nothing(own_kafka: KafkaNode, tmp_path: Path) -> None:
    settings = _settings(own_kafka, tmp_path)
    await kafka.apply_topics(settings)
    place = TopicPartition(MINE.topic, MINE.partition)

    offsets = await kafka.committed(settings, "never-seen", [place])

    assert told(offsets.get(place)) == NOTHING


async def test_a_broker_that_begins_again_never_says_that_nothing_was_committed(
    own_kafka: KafkaNode, tmp_path: Path
) -> None:
    settings = _settings(own_kafka, tmp_path)
    await kafka.apply_topics(settings)
    committed = await _keep(settings, WHOLE)
    await _settled(settings)
    place = TopicPartition(MINE.topic, MINE.partition)

    own_kafka.child.kill()
    beginning = asyncio.create_task(own_kafka.start())
    answers = Counter[Told]()
    while answers.total() < ANSWERS:
        with suppress(Unavailable):
            answers[told((await kafka.committed(settings, GROUP, [place])).get(place))] += 1
    await beginning

    assert answers == {committed: ANSWERS}


async def test_where_no_offset_is_known_a_checkpoint_behind_an_open_transaction_is_waited_for(
    own_kafka: KafkaNode, tmp_path: Path
) -> None:
    settings = _settings(own_kafka, tmp_path)
    await kafka.apply_topics(settings)
    dead = await _left_open(settings)
    await _keep(settings, WHOLE)

    reading = asyncio.create_task(checkpoints.read(settings, {MINE: None}))
    await asyncio.wait([reading], timeout=3)
    assert not reading.done(), "it would go on from an older checkpoint, and send again what was sent"
    await dead.stop()
    heir = await _heir(settings)

    assert (await reading).newest(MINE) == WHOLE
    await heir.stop()


async def _keep(settings: Settings, checkpoint: Checkpoint) -> Told:
    mine = Transactions(settings, MINE, GROUP)
    await mine.start()
    pieces = pieces_of(settings.application, MINE, checkpoint)
    committed = await mine.commit(Outputs(), pieces, Told(checkpoint.applied + 1, None))
    await mine.stop()
    return committed


async def _settled(settings: Settings) -> None:
    """Wait until what was decided has come everywhere, as a new owner does."""
    heir = Transactions(settings, MINE, GROUP)
    await heir.start()
    await heir.stop()


async def _left_open(settings: Settings) -> kafka.AIOKafkaProducer:
    """What a worker leaves that is killed within a transaction."""
    dead = kafka.producer(settings, "dead", transactional_id="checkpoints-test-dead")
    await dead.start()
    await dead.begin_transaction()
    await dead.send_and_wait(CHECKPOINTS, b"half", key=b"another|readings|readings.traffic|0|0|0", partition=0)
    return dead


async def _heir(settings: Settings) -> kafka.AIOKafkaProducer:
    """The new owner of the dead worker's partition, whose first word aborts what was open."""
    heir = kafka.producer(settings, "heir", transactional_id="checkpoints-test-dead")
    await heir.start()
    return heir
