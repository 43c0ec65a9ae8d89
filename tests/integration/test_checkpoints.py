"""Checkpoints on a real broker, where other writers' transactions stand between them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy.kafka import KafkaNode
from streams import kafka
from streams.contract.topics import CHECKPOINTS
from streams.engine.outputs import Outputs
from streams.settings import Settings, load
from streams.worker import checkpoints
from streams.worker.checkpoints import Checkpoint, Owner, pieces_of
from streams.worker.transactions import Transactions

MINE = Owner("readings", "readings.disaster", 0)
GROUP = "checkpoints-test-worker"


def _settings(node: KafkaNode, folder: Path) -> Settings:
    settings = load(data_dir=folder, application="checkpoints-test")
    return settings.model_copy(update={"kafka_bootstrap_servers": node.bootstrap})


async def test_a_checkpoint_behind_a_dead_workers_open_transaction_is_found(
    own_kafka: KafkaNode, tmp_path: Path
) -> None:
    settings = _settings(own_kafka, tmp_path)
    await kafka.apply_topics(settings)
    dead = await _left_open(settings)
    mine = Transactions(settings, MINE, GROUP)
    await mine.start()
    await mine.commit(Outputs(), pieces_of(settings.application, MINE, Checkpoint(1, 7, 5, 4, b"whole")), offset=8)

    reading = asyncio.create_task(checkpoints.read(settings, [MINE.partition]))
    await asyncio.wait([reading], timeout=3)
    assert not reading.done(), "it would go on from an older checkpoint, and send again what was sent"
    await dead.stop()
    heir = await _heir(settings)
    found = (await reading).newest(MINE)

    assert found == Checkpoint(1, 7, 5, 4, b"whole")
    await heir.stop()
    await mine.stop()


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
