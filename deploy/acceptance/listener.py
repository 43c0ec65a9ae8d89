"""Follows the hub's topics from the check's beginning, and knows when all that was sent has been worked through.

A consumer group has worked through a topic when it has committed the offset behind the last record there: the worker
commits with its results, the sink when InfluxDB has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.acceptance.found import Found
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import (
    ALERT_EVENTS,
    ALERTS,
    BULLETINS,
    COMMANDS,
    READING_TOPICS,
    REJECTED,
    TOPICS,
    WINDOW_TOPICS,
)
from streams.errors import Unavailable
from streams.settings import Settings

INPUTS: Final = (*READING_TOPICS, BULLETINS, COMMANDS)
OUTPUTS: Final = (*WINDOW_TOPICS, ALERTS, REJECTED)
STALLED_S: Final = 60.0
"""Work that makes no step for so long has stopped: a worker that was killed is back within seconds."""
QUIET_S: Final = 3.0
"""Every change of a window is sent within 2 s of its arrival (contract 4)."""
LOOKED_EVERY_S: Final = 0.2
POLL_MS: Final = 200
POLL_RECORDS: Final = 5_000


class Listener:
    """A subscriber of everything.

    Args:
        settings: how the broker is reached.
        found: is given every record of what the hub publishes.
    """

    def __init__(self, settings: Settings, found: Found) -> None:
        self._settings, self._found = settings, found
        self._consumer: AIOKafkaConsumer = kafka.reader(settings, "urbanhub-check")
        options = kafka.client_options(settings, "urbanhub-check-admin")
        self._admin = AIOKafkaAdminClient(**options)
        self._partitions = [
            TopicPartition(topic, number)
            for topic in (*INPUTS, ALERT_EVENTS, *OUTPUTS)
            for number in range(TOPICS[topic].partitions(settings.partitions))
        ]
        self._last: dict[TopicPartition, int] = {}
        self._heard_s = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen from the present end of every topic.

        Raises:
            Unavailable: no broker answers.
        """
        await kafka.start(self._consumer, self._settings)
        await kafka.start(self._admin, self._settings)
        self._consumer.assign(self._partitions)
        for partition, end in (await self._consumer.end_offsets(self._partitions)).items():
            self._consumer.seek(partition, end)
        self._task = asyncio.create_task(self._listen(), name="check listens")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._admin.close()
        await self._consumer.stop()

    async def worked_through(self) -> dict[TopicPartition, int]:
        """Return when the worker has done all that was sent and everything of it was heard.

        Returns:
            The last offset of each input partition that was written to since the check began.

        Raises:
            Unavailable: it makes no step any more; what there is was heard.
        """
        inputs = await self._heard_to_end(INPUTS)
        worker = f"{self._settings.application}-worker"
        await self._committed(worker, inputs)
        await self._committed(worker, await self._heard_to_end((ALERT_EVENTS,)))
        await self._heard_to_end(OUTPUTS)
        await self._goes_on(self._is_quiet, "hearing what the hub publishes")
        return inputs

    async def stored(self) -> None:
        """Return when InfluxDB has all that was heard.

        Raises:
            Unavailable: the sink makes no step any more.
        """
        await self._committed(f"{self._settings.application}-sink", self._last_of((*WINDOW_TOPICS, ALERTS)))

    async def _listen(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            for partition, records in fetched.items():
                self._last[partition] = records[-1].offset
                if partition.topic in OUTPUTS:
                    for record in records:
                        if self._found.take(record.topic, record.value, record.headers):
                            self._heard_s = SYSTEM_CLOCK.monotonic_s()

    async def _is_quiet(self) -> tuple[bool, Any]:
        return SYSTEM_CLOCK.monotonic_s() - self._heard_s >= QUIET_S, self._heard_s

    async def _heard_to_end(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """Return when all that stands in these topics now was heard: the last offset of each partition written to."""
        wanted = [partition for partition in self._partitions if partition.topic in topics]
        ends: dict[TopicPartition, int] = {}

        async def is_heard() -> tuple[bool, Any]:
            if not ends:
                ends.update(await self._consumer.end_offsets(wanted))
            at = [await self._consumer.position(partition) for partition in wanted]
            return all(here >= ends[partition] for here, partition in zip(at, wanted, strict=True)), at

        await self._goes_on(is_heard, f"reading {', '.join(topics)}")
        return self._last_of(topics)

    def _last_of(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        return {partition: offset for partition, offset in self._last.items() if partition.topic in topics}

    async def _committed(self, group: str, last: dict[TopicPartition, int]) -> None:
        async def is_committed() -> tuple[bool, Any]:
            offsets = await self._admin.list_consumer_group_offsets(group, partitions=list(last))
            at = {partition: offset.offset for partition, offset in offsets.items()}
            return all(at.get(partition, -1) > offset for partition, offset in last.items()), at

        if last:
            await self._goes_on(is_committed, f"the group {group}")

    async def _goes_on(self, ask: Callable[[], Awaitable[tuple[bool, Any]]], what: str) -> None:
        """Ask until it is so.

        Args:
            ask: whether it is so, and how far it has come.
            what: what is waited for.

        Raises:
            Unavailable: it has come no further for `STALLED_S`.
        """
        before: Any = None
        moved_s = SYSTEM_CLOCK.monotonic_s()
        while True:
            if self._task is not None and self._task.done():
                self._task.result()
            try:
                done, at = await ask()
            except KafkaError:  # the broker is starting again
                done, at = False, before
            if done:
                return
            now_s = SYSTEM_CLOCK.monotonic_s()
            if at != before:
                before, moved_s = at, now_s
            elif now_s - moved_s >= STALLED_S:
                raise Unavailable(
                    f"{what} has made no step for {STALLED_S:.0f} s", field="--check", fix="Read the hub's logs"
                )
            await asyncio.sleep(LOOKED_EVERY_S)
