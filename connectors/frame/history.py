"""What a topic holds now, read from its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.stopping import Stop
from streams import kafka
from streams.contract.topics import TOPICS
from streams.errors import Unavailable
from streams.settings import Settings

POLL_MS: Final = 500


async def records_until_now(settings: Settings, client_id: str, topic: str, stop: Stop) -> AsyncIterator[Any]:
    """The committed records that the topic holds at the call, in order within a partition; fewer when asked to end.

    Raises:
        Unavailable: no broker answers, or the topic is not there.
    """
    consumer = kafka.reader(settings, client_id)
    await kafka.start(consumer, settings)
    try:
        if topic not in await consumer.topics():
            raise Unavailable(
                "the topic is not on the broker", field="topic", value=topic, fix="Run urbanhub topics apply"
            )
        partitions = [TopicPartition(topic, p) for p in range(TOPICS[topic].partitions(settings.partitions))]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while not stop.asked and any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield record
    except KafkaError as e:
        raise Unavailable(
            f"the broker broke off ({type(e).__name__})",
            field="topic",
            value=topic,
            fix="Look at the broker, try again",
        ) from e
    finally:
        await consumer.stop()
