"""What travels through a topic, for people who look: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from streams import kafka
from streams.contract.times import format_ms
from streams.contract.topics import TOPICS
from streams.errors import WrongInput
from streams.settings import Settings


async def follow(
    settings: Settings,
    topic: str,
    *,
    key: str | None,
    from_beginning: bool,
    count: int | None,
    write: Callable[[str], None],
) -> None:
    """Write the topic's committed records, of all partitions as they come.

    Args:
        settings: where the broker is.
        topic: one of the hub's.
        key: only records with this key.
        from_beginning: from the oldest record kept, else only what comes from now on.
        count: return after so many; None: never.
        write: is given each line.

    Raises:
        WrongInput: the hub has no such topic.
        Unavailable: no broker answers.
    """
    if topic not in TOPICS:
        raise WrongInput("the hub has no such topic", field="TOPIC", value=topic, fix=f"One of {', '.join(TOPICS)}")
    consumer = kafka.reader(settings, f"{settings.application}-tap")
    await kafka.start(consumer, settings)
    try:
        partitions = [TopicPartition(topic, p) for p in range(TOPICS[topic].partitions(settings.partitions))]
        consumer.assign(partitions)
        if not from_beginning:
            for tp, end in (await consumer.end_offsets(partitions)).items():
                consumer.seek(tp, end)
        written = 0
        async for record in consumer:
            if key is not None and record.key != key.encode():
                continue
            write(line_of(record))
            written += 1
            if written == count:
                return
    finally:
        await consumer.stop()


def line_of(record: ConsumerRecord) -> str:
    """A record as one line: its place, its arrival, its headers, and its value (as text where it is not JSON)."""
    told: dict[str, Any] = {
        "partition": record.partition,
        "offset": record.offset,
        "arrived_at": format_ms(record.timestamp),
        "key": None if record.key is None else record.key.decode(errors="replace"),
    }
    if record.headers:
        told["headers"] = {name: value.decode(errors="replace") for name, value in record.headers}
    try:
        told["value"] = json.loads(record.value)
    except (ValueError, TypeError):
        told["value"] = None if record.value is None else record.value.decode(errors="replace")
    return json.dumps(told, ensure_ascii=False)
