"""Refused records, as received, into `readings.rejected`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams import kafka
from streams.contract.rejections import Rejection, headers, without_the_record
from streams.contract.times import format_ms
from streams.contract.topics import REJECTED, TOPICS
from streams.logs import Counted, get
from streams.metrics import REJECTED as REJECTED_RECORDS
from streams.metrics import SINK_REFUSED
from streams.settings import Settings
from streams.sink.line_protocol import Point, Received

AT_ONCE: Final = 500
AGAIN_AFTER_S: Final = 1.0
log = get("streams.sink.dead_letters")


class DeadLetters:
    """Publishes refused records; a record refused twice, before and after a kill, stands there twice."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._refused = Counted(log, "record_refused")
        self._failures = Counted(log, "dead_letter_failed")

    async def start(self) -> None:
        """Open the producer.

        Raises:
            Unavailable: no broker answers.
        """
        producer = kafka.producer(
            self._settings,
            f"{self._settings.application}-sink-rejections",
            max_request_size=TOPICS[REJECTED].max_message_bytes,
        )
        await kafka.start(producer, self._settings)
        self._producer = producer

    async def stop(self) -> None:
        """Close the producer."""
        if self._producer is not None:
            await self._producer.stop()

    async def points(self, refused: Sequence[tuple[Point, Rejection]]) -> None:
        """Publish points that InfluxDB will never take."""
        SINK_REFUSED.inc(len(refused))
        await self.records([(point.record, why) for point, why in refused])

    async def records(self, refused: Sequence[tuple[Received, Rejection]]) -> None:
        """Publish these; returns when the broker has all of them."""
        for record, why in refused:
            REJECTED_RECORDS.labels(record.topic, why.reason).inc()
            self._refused.warn(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=why.reason,
                field=why.field,
                detail=why.detail,
            )
        left = list(refused)
        while left:
            left = await self._some_sent(left[:AT_ONCE]) + left[AT_ONCE:]

    async def _some_sent(self, refused: list[tuple[Received, Rejection]]) -> list[tuple[Received, Rejection]]:
        """Send these; returns those that the broker did not take."""
        results = await asyncio.gather(*(self._sent(*each) for each in refused), return_exceptions=True)
        left = [each for each, result in zip(refused, results, strict=True) if result is not None]
        if left:
            error = next(result for result in results if result is not None)
            if not isinstance(error, KafkaError):
                raise error
            self._failures.warn(error=str(error))
            await asyncio.sleep(AGAIN_AFTER_S)
        return left

    async def _sent(self, record: Received, why: Rejection) -> None:
        assert self._producer is not None
        try:
            await self._producer.send_and_wait(REJECTED, record.value, key=record.key, headers=_headers(record, why))
        except MessageSizeTooLargeError:
            # Compressed on its way a record can be larger than any topic takes; without this one it would stop the sink.
            await self._producer.send_and_wait(REJECTED, b"", headers=_headers(record, without_the_record(why)))


def _headers(record: Received, why: Rejection) -> Any:
    return headers(why, record.topic, record.partition, record.offset, format_ms(record.timestamp))
