"""A room of the city's own seeds on the run's broker, and Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from deploy.kafka import KafkaNode
from streams.kafka import apply_topics
from streams.settings import load
from tests.support.browser import chromium
from tests.support.picture import SEEDS, PictureWriter
from tests.support.room import RoomProcess
from tests.support.visit import Visit


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def node(own_kafka: KafkaNode) -> KafkaNode:
    await apply_topics(load().model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap}))
    return own_kafka


@pytest.fixture
async def writer(node: KafkaNode) -> AsyncIterator[PictureWriter]:
    made = PictureWriter(node.bootstrap)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def room(page: None, node: KafkaNode, tmp_path: Path) -> AsyncIterator[RoomProcess]:
    made = RoomProcess(tmp_path, node.bootstrap, seeds=SEEDS)
    yield made
    await made.close()


@pytest.fixture
def visit(browser: Browser, room: RoomProcess) -> Visit:
    return Visit(browser, room)
