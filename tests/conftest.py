"""Real servers for the tests: started when first asked for, in temporary folders, on free ports, ended with pytest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.influx import InfluxAccess, InfluxNode
from deploy.kafka import KafkaNode, fetch_jars, make_archive
from deploy.page import build_page
from streams.kafka import apply_topics
from streams.settings import load
from tests.support.servers import HubUnderTest, own_buckets, started_influx


@pytest.fixture(scope="session")
async def kafka_jars() -> list[Path]:
    """Kafka's jars and its class data archive, fetched and made where they are not in the cache."""
    jars = await asyncio.to_thread(fetch_jars)
    await make_archive(jars)  # 8 s once; halves every start of a broker
    return jars


@pytest.fixture(scope="session")
async def kafka(kafka_jars: list[Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaNode]:
    """One broker with the hub's topics for the whole run; a test that stops it or minds others' records takes `own_kafka`."""
    node = KafkaNode(tmp_path_factory.mktemp("kafka"), kafka_jars)
    await node.start()
    await apply_topics(load(data_dir=node.home).model_copy(update={"kafka_bootstrap_servers": node.bootstrap}))
    yield node
    await node.stop()


@pytest.fixture
async def own_kafka(kafka_jars: list[Path], tmp_path: Path) -> AsyncIterator[KafkaNode]:
    """A broker for this test alone, without topics (1.5-3 s)."""
    node = KafkaNode(tmp_path / "kafka", kafka_jars)
    await node.start()
    yield node
    await node.stop()


@pytest.fixture(scope="session")
async def influx(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InfluxNode]:
    """One InfluxDB for the whole run; a test that stops it starts it again."""
    node = await started_influx(tmp_path_factory.mktemp("influxdb"))
    yield node
    await node.stop()


@pytest.fixture
async def buckets(influx: InfluxNode) -> InfluxAccess:
    """The run's InfluxDB with two fresh buckets for this test alone."""
    return await own_buckets(influx)


@pytest.fixture
async def hub(own_kafka: KafkaNode, buckets: InfluxAccess, tmp_path: Path) -> AsyncIterator[HubUnderTest]:
    """The hub's processes, none started, on a broker and buckets of this test alone; topics are made."""
    under_test = HubUnderTest(tmp_path / "data", own_kafka, buckets)
    await under_test.prepare()
    yield under_test
    await under_test.stop()


@pytest.fixture
async def make_hub(kafka_jars: list[Path], tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[HubUnderTest]]]:
    """Makes hubs on brokers of their own: `await make_hub(influx=None, env={…})`."""
    made: list[HubUnderTest] = []

    async def make(influx: InfluxAccess | None = None, env: dict[str, str] | None = None) -> HubUnderTest:
        folder = tmp_path / f"hub-{len(made)}"
        node = KafkaNode(folder / "kafka", kafka_jars)
        await node.start()
        made.append(HubUnderTest(folder / "data", node, influx, env))
        await made[-1].prepare()
        return made[-1]

    yield make
    for under_test in made:
        await under_test.stop()
        await under_test.kafka.stop()


@pytest.fixture(scope="session")
async def page() -> None:
    """The Situation Room's page, built where it is missing or old."""
    await build_page(lambda step: None)
