"""The private hooks of the batch transport, as the pinned versions have them: whoever raises a pin starts here."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer import fetcher
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

from deploy.kafka import KafkaNode
from streams import kafka
from streams.settings import load
from streams.worker import fetched
from tests.support.servers import eventually

TOPIC = "alerts.commands"
TP = TopicPartition(TOPIC, 0)


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "PartitionRecords", fetcher.PartitionRecords)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    fetched.install()


@pytest.fixture
async def producer(kafka: KafkaNode) -> AsyncIterator[Any]:
    made = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id="test-transport", linger_ms=50)
    await made.start()
    yield made
    await made.stop()


async def _read(node: KafkaNode, begin: int, **options: Any) -> list[Any]:
    """Everything from an offset on, as the consumer delivers it."""
    settings = load().model_copy(update={"kafka_bootstrap_servers": node.bootstrap})
    consumer: AIOKafkaConsumer = kafka.reader(settings, "test-transport", **options)
    await consumer.start()
    try:
        consumer.assign([TP])
        end = (await consumer.end_offsets([TP]))[TP]
        consumer.seek(TP, begin)
        parts: list[Any] = []

        async def at_end() -> bool:
            for found in (await consumer.getmany(timeout_ms=100)).values():
                parts.extend(found)
            return bool(await consumer.position(TP) >= end)

        await eventually(at_end, "the end of the log")
        return parts
    finally:
        await consumer.stop()


async def _commit(producer: Any, *values: str, abort: bool = False) -> int:
    """Send values in one transaction; the offset of the first."""
    await producer.begin_transaction()
    sent = [await producer.send(TOPIC, value.encode(), partition=0) for value in values]
    first = await sent[0]
    await (producer.abort_transaction() if abort else producer.commit_transaction())
    return int(first.offset)


async def test_a_marked_consumer_gets_batches_and_sees_committed_records_only(kafka: KafkaNode, producer: Any) -> None:
    begin = await _commit(producer, "a", "b")
    await _commit(producer, "never", abort=True)
    await _commit(producer, "c")

    parts = await _read(kafka, begin, value_deserializer=fetched.chunks)

    records = list(fetched.read(parts))
    assert [record.value for record in records] == [b"a", b"b", b"c"]
    assert [record.offset for record in records] == [begin, begin + 1, begin + 5]
    assert all(record.key is None and record.timestamp > 0 for record in records)


async def test_a_fetch_that_begins_within_a_batch_gives_its_rest_only(kafka: KafkaNode, producer: Any) -> None:
    begin = await _commit(producer, "a", "b", "c")

    parts = await _read(kafka, begin + 2, value_deserializer=fetched.chunks)

    assert [record.value for record in fetched.read(parts)] == [b"c"]


async def test_any_other_consumer_of_the_process_gets_records_as_ever(kafka: KafkaNode, producer: Any) -> None:
    begin = await _commit(producer, "a")

    records = await _read(kafka, begin)

    assert [(r.topic, r.value) for r in records] == [(TOPIC, b"a")]


def test_the_hooks_are_where_they_were_when_they_were_read() -> None:
    assert version("aiokafka") == "0.14.0"
    assert version("faust-streaming") == "0.15.3"
    assert list(inspect.signature(fetched._RecordsOneByOne.__init__).parameters)[1:] == [
        *("tp", "records", "aborted_transactions", "fetch_offset"),
        *("key_deserializer", "value_deserializer", "check_crcs", "isolation_level"),
    ]
    drain = inspect.getsource(faust_consumer.Consumer._drain_messages)
    assert "getmany(timeout=1.0)" in drain
    assert "offset >= r_offset" in drain
    assert "self.seek_to_committed()" in inspect.getsource(faust_consumer.Consumer.perform_seek)
    assert "self._thread = self._new_consumer_thread()" in inspect.getsource(
        faust_consumer.ThreadDelegateConsumer.__init__
    )
    assert "self._create_worker_consumer(transport)" in inspect.getsource(driver.AIOKafkaConsumerThread)
