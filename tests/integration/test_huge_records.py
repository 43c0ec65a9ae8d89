"""Records far larger than the contract takes: refused, and no neighbour loses anything or waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from streams.contract.topics import REJECTED
from tests.support import many_sensors
from tests.support.log import Follower, send
from tests.support.servers import HubUnderTest, eventually

READINGS, WINDOWS, BULLETINS, COMMANDS = "readings.disaster", "windows.disaster", "bulletins", "alerts.commands"
GAUGES, MINUTES, EVERY_S = 8, 30, 4
PARTITIONS = range(4)
MIB = 1 << 20
HUGE = b'{"sensor_id":"gauge-0","note":"%s"}' % (b"x" * (10 * MIB))
MakeHub = Callable[..., Awaitable[HubUnderTest]]


@pytest.fixture
async def hub(make_hub: MakeHub, tmp_path: Path) -> HubUnderTest:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    made = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    await made.start("worker")
    return made


def thirds() -> list[list[dict[str, Any]]]:
    """The neighbours' readings: before, beside and after."""
    sent = list(many_sensors.readings(GAUGES, MINUTES, EVERY_S, "flood"))
    return [sent[begin : begin + len(sent) // 3] for begin in range(0, len(sent), len(sent) // 3)]


WANTED = many_sensors.windows(many_sensors.readings(GAUGES, MINUTES, EVERY_S, "flood"))


def without_a_limit(hub: HubUnderTest, **more: Any) -> AIOKafkaProducer:
    """A producer that sends whatever it is given, so that only the broker can refuse it."""
    return AIOKafkaProducer(
        bootstrap_servers=hub.kafka.bootstrap, max_request_size=32 * MIB, max_batch_size=32 * MIB, **more
    )


async def test_ten_megabytes_are_refused_to_their_sender_and_harm_no_neighbour(hub: HubUnderTest) -> None:
    before, beside, after = thirds()
    async with without_a_limit(hub) as clumsy:
        await send(hub.kafka.bootstrap, READINGS, before)
        sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, beside))
        told = [await clumsy.send(READINGS, HUGE, partition=partition) for partition in PARTITIONS]
        refused = await asyncio.gather(*told, return_exceptions=True)
        await sending
        await send(hub.kafka.bootstrap, READINGS, after)
        again = await clumsy.send_and_wait(
            READINGS, json.dumps(after[-1]).encode(), key=after[-1]["sensor_id"].encode()
        )

    assert [type(error) for error in refused] == [MessageSizeTooLargeError] * len(PARTITIONS)
    assert again.offset > 0  # its sender goes on; this one is a duplicate and is in no window
    async with Follower(hub.kafka.bootstrap, READINGS, WINDOWS, REJECTED) as follower:

        async def complete() -> bool:
            await follower.more()
            return many_sensors.told(follower.of(WINDOWS)) == WANTED

        await eventually(complete, "every window of the neighbours", 90)
        await follower.to_end()
        assert many_sensors.told(follower.of(WINDOWS)) == WANTED
        assert len(follower.of(READINGS)) == len(before) + len(beside) + len(after) + 1
        assert follower.of(REJECTED) == []


async def test_ten_megabytes_that_came_packed_are_rejected_without_their_text_and_harm_no_neighbour(
    hub: HubUnderTest,
) -> None:
    before, beside, after = thirds()
    async with without_a_limit(hub, compression_type="gzip") as packing:
        await send(hub.kafka.bootstrap, READINGS, before)
        sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, beside))
        for partition in PARTITIONS:
            await packing.send_and_wait(READINGS, HUGE, partition=partition)
        await packing.send_and_wait(BULLETINS, HUGE)
        await packing.send_and_wait(COMMANDS, b"{}", key=HUGE)
        await sending
        await send(hub.kafka.bootstrap, READINGS, after)

    async with Follower(hub.kafka.bootstrap, WINDOWS, REJECTED) as follower:

        async def complete() -> bool:
            await follower.more()
            letters = follower.of(REJECTED)
            return many_sensors.told(follower.of(WINDOWS)) == WANTED and len(letters) >= len(PARTITIONS) + 2

        await eventually(complete, "every window of the neighbours, and the dead letters", 90)
        await follower.to_end()
        letters = follower.of(REJECTED)
    topics = sorted(letter.headers["topic"] for letter in letters)
    assert topics == sorted([*[READINGS] * len(PARTITIONS), BULLETINS, COMMANDS])
    for letter in letters:
        assert (letter.headers["reason"], letter.key, letter.value) == ("too_large", None, b"")
        assert "it stands where topic, partition and offset say" in letter.headers["detail"]
    assert hub.process("worker").child.running
