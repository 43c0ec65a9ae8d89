"""Final windows → `windows.*`, by an idempotent producer: a batch that is sent again stands there once.

What is repeated after a cut of the whole process stands there twice, and says the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Any, Final, Self

from aiokafka.errors import KafkaError

from streams import kafka
from streams.contract.topics import WINDOW_TOPICS
from streams.engine.outputs import Plain
from streams.errors import StateRefused, Unavailable
from streams.settings import Settings

BATCH_BYTES: Final = 512_000
MOST_UNDER_WAY: Final = 32
"""Batches that the broker has not acknowledged yet."""
LAST_S: Final = 5.0


class Publication:
    """The producer of one run.

    Args:
        settings: how the broker is reached, and how many partitions topics have.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = kafka.producer(
            settings, f"{settings.application}-backfill", linger_ms=0, max_batch_size=BATCH_BYTES
        )
        self._under_way: deque[Any] = deque()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unavailable: no broker answers, or a topic is not there.
            StateRefused: a topic has another number of partitions than the setting.
        """
        await kafka.start(self._producer, self._settings)
        try:
            for topic in WINDOW_TOPICS:
                await self._must_fit(topic)
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def _must_fit(self, topic: str) -> None:
        try:
            has = len(await self._producer.partitions_for(topic))
        except KafkaError as e:
            raise Unavailable(
                f"the topic is not there ({type(e).__name__})", field=topic, fix="Run `urbanhub topics apply`"
            ) from e
        if has != self._settings.partitions:
            raise StateRefused(
                "the topic has another number of partitions",
                field=topic,
                value=has,
                fix=f"Set URBANHUB_PARTITIONS={has}",
            )

    async def send(self, topic: str, partition: int, windows: Plain) -> None:
        """Send windows; waits while too much is under way.

        Raises:
            Unavailable: the broker did not take them.
        """
        batch = self._producer.create_batch()
        for key, value in zip(*windows, strict=True):
            if batch.append(timestamp=None, key=key, value=value) is None:
                await self._put(batch, topic, partition)
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        if batch.record_count():
            await self._put(batch, topic, partition)

    async def _put(self, batch: Any, topic: str, partition: int) -> None:
        self._under_way.append(await self._producer.send_batch(batch, topic, partition=partition))
        if len(self._under_way) > MOST_UNDER_WAY:
            await self._acknowledged(self._under_way.popleft())

    async def flush(self) -> None:
        """Wait until the broker has all of it.

        Raises:
            Unavailable: the broker did not take it.
        """
        while self._under_way:
            await self._acknowledged(self._under_way.popleft())

    @staticmethod
    async def _acknowledged(sent: Any) -> None:
        try:
            await sent
        except KafkaError as e:
            raise Unavailable(
                f"the broker did not take a window ({type(e).__name__})",
                field="KAFKA_BOOTSTRAP_SERVERS",
                fix="Look at the broker's log, then run the same command again: it goes on",
            ) from e

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            async with asyncio.timeout(LAST_S):
                await self._producer.stop()
        except (TimeoutError, KafkaError):
            await self._producer.client.close()
