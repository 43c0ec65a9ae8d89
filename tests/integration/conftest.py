"""What several integration tests share: a broker with the hub's topics, sinks that are ended with their test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.influx import InfluxAccess
from deploy.kafka import KafkaNode
from streams.kafka import apply_topics
from streams.settings import load
from tests.support.sink import SinkProcess


@pytest.fixture
async def topics(own_kafka: KafkaNode) -> KafkaNode:
    """A broker for this test alone, with the hub's topics."""
    await apply_topics(load().model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap}))
    return own_kafka


@pytest.fixture
async def make_sink(
    topics: KafkaNode, buckets: InfluxAccess, tmp_path: Path
) -> AsyncIterator[Callable[..., SinkProcess]]:
    """Makes sinks, none started: `make_sink(access, **env)`; access: of the test's own buckets unless told otherwise."""
    made: list[SinkProcess] = []

    def make(access: InfluxAccess | None = buckets, **env: str) -> SinkProcess:
        made.append(SinkProcess(tmp_path / f"sink-{len(made)}", topics.bootstrap, access, **env))
        return made[-1]

    yield make
    for each in made:
        await each.stop()
