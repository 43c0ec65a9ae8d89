"""The publisher on a real broker: in order, nothing lost, whatever happens to the broker."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from functools import partial
from pathlib import Path

import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Producer
from structlog.testing import LogCapture

from connectors.frame import publisher as publisher_module
from connectors.frame.outgoing import Outgoing, encoded
from connectors.frame.publisher import LARGEST_BYTES, Publisher
from deploy.kafka import KafkaNode
from deploy.ports import free_port
from streams import kafka as kafka_module
from streams import metrics
from streams.contract.readings import AirQualityReading, DisasterReading
from streams.contract.times import from_ms
from streams.errors import Unavailable, WrongInput
from streams.kafka import apply_topics
from streams.settings import Settings, load
from tests.support.log import Follower, Kept
from tests.support.servers import eventually

TOPIC = "readings.disaster"


def settings_for(node: KafkaNode) -> Settings:
    return load(data_dir=node.home).model_copy(update={"kafka_bootstrap_servers": node.bootstrap})


def numbered(number: int, sensors: int = 20) -> Outgoing:
    return Outgoing(TOPIC, f"gauge-{number % sensors}".encode(), json.dumps({"n": number}).encode(), number)


async def all_of(node: KafkaNode, topic: str, at_least: int) -> list[Kept]:
    async with Follower(node.bootstrap, topic) as follower:

        async def there() -> bool:
            return len(await follower.to_end()) >= at_least

        await eventually(there, f"{at_least} records in {topic}")
        return follower.records


async def test_a_killed_broker_loses_nothing_and_no_record_overtakes_another(own_kafka: KafkaNode) -> None:
    await apply_topics(settings_for(own_kafka))
    acknowledged: list[int] = []
    count = 60_000
    starting: list[asyncio.Task[None]] = []

    async with Publisher(settings_for(own_kafka), "test", acknowledged.extend) as publisher:
        for number in range(count):
            if number in (20_000, 40_000):
                await asyncio.gather(*starting)
                own_kafka.kill()
                starting = [asyncio.create_task(own_kafka.start())]
            if number % 500 == 0:
                await asyncio.sleep(0)  # `put` with room never waits: without a turn nothing would be sent meanwhile
            await publisher.put(numbered(number))
        await publisher.flush()

    records = await all_of(own_kafka, TOPIC, count)
    per_partition: dict[int, list[int]] = defaultdict(list)
    for record in records:
        per_partition[record.partition].append(record.json["n"])
    assert sorted({n for numbers in per_partition.values() for n in numbers}) == list(range(count))
    for numbers in per_partition.values():
        firsts = list(dict.fromkeys(numbers))
        assert firsts == sorted(firsts)
    assert sorted(acknowledged) == list(range(count))
    assert publisher.sent.total() == count and publisher.held == 0


async def test_a_record_that_is_too_large_is_named_and_its_neighbours_arrive(
    own_kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()
    monkeypatch.setattr(publisher_module, "log", structlog.wrap_logger(None, processors=[said]))
    settings = settings_for(own_kafka)
    await apply_topics(settings)
    acknowledged: list[int] = []
    too_large = {3: LARGEST_BYTES + 1, 7: LARGEST_BYTES, 11: 10 << 20}  # the second only with its batch's frame

    async with Publisher(settings, "test", acknowledged.extend) as publisher:
        for number in range(20):
            size = too_large.get(number)
            record = numbered(number, sensors=1)
            await publisher.put(record if size is None else record._replace(value=b"x" * size))
        await publisher.flush()

    records = await all_of(own_kafka, TOPIC, 17)
    assert [record.json["n"] for record in records] == [n for n in range(20) if n not in too_large]
    assert publisher.refused[TOPIC] == 3
    assert sorted(acknowledged) == list(range(20))
    named = [entry for entry in said.entries if entry["event"] == "record_refused"]
    assert sorted(entry["tag"] for entry in named) == sorted(too_large)
    assert all(entry["key"] == "gauge-0" and "larger" in entry["why"] for entry in named)


async def test_a_topic_that_is_not_there_is_named_with_what_to_do(
    own_kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "METADATA_S", 1.0)

    async with Publisher(settings_for(own_kafka), "test") as publisher:
        with pytest.raises(Unavailable, match=r"topic: .*not on the broker.*readings\.disaster.*topics apply"):
            await publisher.put(numbered(1))


async def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = load(data_dir=tmp_path).model_copy(update={"kafka_bootstrap_servers": address})

    with pytest.raises(Unavailable, match=f"KAFKA_BOOTSTRAP_SERVERS: no Kafka broker answers .*{address}"):
        async with Publisher(settings, "test"):
            pass


async def test_a_broker_that_is_away_slows_the_source_down_and_fills_no_memory(
    own_kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "ROOM_RECORDS", 100)
    await apply_topics(settings_for(own_kafka))

    async with Publisher(settings_for(own_kafka), "test") as publisher:
        await publisher.put(numbered(0))
        await publisher.flush()
        own_kafka.kill()

        async def put_all() -> None:
            for number in range(1, 500):
                await publisher.put(numbered(number))

        putting = asyncio.create_task(put_all())
        await eventually(lambda: publisher.is_full, "no more room")
        await asyncio.sleep(0)  # a turn in which it could put one more
        assert publisher.held == 100 and not putting.done()
        await own_kafka.start()
        await putting
        await publisher.flush()

    numbers = [record.json["n"] for record in await all_of(own_kafka, TOPIC, 500)]
    assert set(numbers) == set(range(500))


async def test_a_topic_that_is_made_again_delays_its_records_and_loses_none(
    own_kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gives such a batch up and would let the next one overtake it."""
    impatient = partial(kafka_module.producer, request_timeout_ms=1000, metadata_max_age_ms=300)
    monkeypatch.setattr(kafka_module, "producer", impatient)
    settings = settings_for(own_kafka)
    await apply_topics(settings)
    failures = metrics.PUBLISH_FAILURES.labels("test")
    before = failures._value.get()

    async with Publisher(settings, "test") as publisher:
        await publisher.put(numbered(0))
        await publisher.flush()
        admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([TOPIC])
        await admin.close()
        cluster = publisher._producer.client.cluster
        await eventually(lambda: cluster.partitions_for_topic(TOPIC) is None, "the topic is gone")
        for number in range(1, 1000):
            await publisher.put(numbered(number))
        await eventually(lambda: failures._value.get() > before, "a batch is given up")
        for number in range(1000, 3000):
            await publisher.put(numbered(number))
        await apply_topics(settings)
        await publisher.flush()

    per_partition: dict[int, list[int]] = defaultdict(list)
    for record in await all_of(own_kafka, TOPIC, 2999):
        per_partition[record.partition].append(record.json["n"])
    assert sorted({n for numbers in per_partition.values() for n in numbers}) == list(range(1, 3000))
    for numbers in per_partition.values():
        firsts = list(dict.fromkeys(numbers))
        assert firsts == sorted(firsts)


async def test_a_key_goes_where_every_standard_producer_sends_it(kafka: KafkaNode) -> None:
    keys = [f"sensor-{number}.a:b_c" for number in range(200)]
    foreign: dict[bytes, int] = {}
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": "murmur2"})
    for key in keys:
        producer.produce(
            "readings.traffic", b"foreign", key, on_delivery=lambda _, m: foreign.update({m.key(): m.partition()})
        )
    producer.flush()

    async with Publisher(settings_for(kafka), "test") as publisher:
        for key in keys:
            await publisher.put(Outgoing("readings.traffic", key.encode(), b"own"))
    records = await all_of(kafka, "readings.traffic", 400)

    own = {record.key: record.partition for record in records if record.value == b"own"}
    assert own == foreign and len(set(own.values())) == 4


async def test_what_was_sent_can_be_counted(kafka: KafkaNode) -> None:
    before = metrics.PUBLISHED.labels("counted", TOPIC)._value.get()

    async with Publisher(settings_for(kafka), "counted") as publisher:
        for number in range(7):
            await publisher.put(numbered(number))

    assert publisher.sent == {TOPIC: 7}
    assert metrics.PUBLISHED.labels("counted", TOPIC)._value.get() - before == 7


async def test_giving_up_drops_what_the_broker_does_not_have(own_kafka: KafkaNode) -> None:
    await apply_topics(settings_for(own_kafka))

    async with Publisher(settings_for(own_kafka), "test") as publisher:
        await publisher.put(numbered(0))
        await publisher.flush()
        own_kafka.kill()
        for number in range(1, 10):
            await publisher.put(numbered(number))

        assert publisher.drop() == 9
        assert publisher.held == 0


def test_a_record_of_the_contract_is_keyed_as_the_contract_says() -> None:
    reading = AirQualityReading(sensor_id="air-1", observed_at=from_ms(1_662_400_000_000), pm10_ugm3=41)

    record = encoded("readings.air-quality", reading)

    assert (record.topic, record.key) == ("readings.air-quality", b"air-1")
    assert json.loads(record.value) == {
        "sensor_id": "air-1",
        "observed_at": "2022-09-05T17:46:40.000Z",
        "pm10_ugm3": 41.0,
    }


def test_a_record_that_belongs_elsewhere_is_refused_to_its_connector() -> None:
    reading = DisasterReading(sensor_id="rain-1", observed_at=from_ms(1_662_400_000_000), rainfall_mm=1)

    with pytest.raises(WrongInput, match="has no measure"):
        encoded("readings.air-quality", reading)
    with pytest.raises(WrongInput, match="no such topic"):
        encoded("readings.nonsense", reading)
