"""Readings into a broker, in batches as gateways send them: keyed by sensor, to the partition that the key gives."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import numpy as np
from aiokafka import AIOKafkaProducer

from streams.contract.topics import readings_topic
from tests.benchmarks import city
from tests.benchmarks.case import Workload
from tests.benchmarks.workload import KINDS, Ints, Readings, kinds_of, last_words, sensor_ids

BATCH_BYTES: Final = 1 << 17
PARTITIONS: Final = 4


class Filler:
    """Sends records of a workload's sensors; between `start` and `stop`.

    Args:
        bootstrap: the broker.
        workload: whose sensors.
        patience_s: how long a record waits for a broker that is away before it counts as lost.
    """

    def __init__(self, bootstrap: str, workload: Workload, patience_s: float = 40.0) -> None:
        self._producer: Any = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            request_timeout_ms=round(patience_s * 1000),
        )
        self._workload, self._topics = workload, topics_of(workload)
        domain = np.array([workload.domains.index(k.domain) if k.domain in workload.domains else -1 for k in KINDS])
        self._place = domain[kinds_of(workload)] * PARTITIONS + np.array(city.homes(workload, PARTITIONS))
        self._keys = [sensor_id.encode() for sensor_id in sensor_ids(workload)]

    async def __aenter__(self) -> Filler:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, sensor: Ints, values: list[bytes]) -> None:
        """Send records in their order; returns when the broker has them all."""
        place = self._place[sensor]
        numbers = sensor.tolist()
        await asyncio.gather(
            *(
                self._send_to(
                    self._topics[p // PARTITIONS], p % PARTITIONS, np.flatnonzero(place == p), numbers, values
                )
                for p in np.unique(place).tolist()
            )
        )

    async def _send_to(self, topic: str, partition: int, rows: Ints, sensor: list[int], values: list[bytes]) -> None:
        producer, keys = self._producer, self._keys
        sent = []
        batch = producer.create_batch()
        for i in rows.tolist():
            if batch.append(timestamp=None, key=keys[sensor[i]], value=values[i]) is None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(timestamp=None, key=keys[sensor[i]], value=values[i])
        sent.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)

    async def send_all(self, readings: Readings) -> None:
        """The whole workload, and what makes all of its windows final."""
        for sensor, values in readings.blocks():
            await self.send(sensor, values)
        await self.send_last_words(readings.begin_ms)

    async def send_last_words(self, begin_ms: int) -> None:
        """What makes all windows of the span final."""
        words = last_words(self._workload, begin_ms, city.one_of_each_partition(self._workload, PARTITIONS))
        await self.send(np.array([number for number, _ in words]), [value for _, value in words])


def topics_of(workload: Workload) -> list[str]:
    """Where the readings of a workload arrive."""
    return [readings_topic(domain) for domain in workload.domains]
