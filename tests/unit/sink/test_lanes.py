"""A lane stores in order, and says that something is stored only when it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.sink import lanes
from streams.sink.lanes import Batch, Lane
from tests.support.servers import eventually
from tests.support.sink import Logged, window

AT_MS = 1_662_408_600_000  # 2022-09-05T20:10:00Z
FIRST = TopicPartition("windows.air-quality", 0)
SECOND = TopicPartition("windows.traffic", 0)


def record(offset: int, value: float = 1.0, partition: TopicPartition = FIRST, **more: Any) -> Logged:
    encoded = json.dumps(window(AT_MS, value, **more)).encode()
    return Logged(partition.topic, partition.partition, offset, AT_MS, b"air-1", encoded)


class Store:
    """Stands for InfluxDB: takes a batch when it is let."""

    def __init__(self) -> None:
        self.begun: list[Batch] = []
        self.done: list[Batch] = []
        self.open = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, batch: Batch) -> None:
        self.begun.append(batch)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.done.append(batch)

    @property
    def lines(self) -> list[bytes]:
        return [point.line for batch in self.done for point in batch.points.values()]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def lane(store: Store) -> AsyncIterator[Lane]:
    made = Lane(store)
    yield made
    await made.cancel()


async def test_nothing_counts_as_stored_before_it_is(lane: Lane, store: Store) -> None:
    lane.start()
    lane.take(FIRST, [record(5), record(6)])
    lane.take(SECOND, [record(9, partition=SECOND)])

    await eventually(lambda: bool(store.begun), "the write begins")
    assert lane.stored == {}
    assert (lane.first_waiting(FIRST), lane.first_waiting(SECOND)) == (5, 9)

    store.open.set()
    await eventually(lambda: bool(lane.stored), "the write ends")
    assert lane.stored == {FIRST: 7, SECOND: 10}
    assert lane.first_waiting(FIRST) is None


async def test_one_write_at_a_time_in_the_order_of_the_log(lane: Lane, store: Store) -> None:
    lane.start()
    lane.take(FIRST, [record(0, 1.0)])
    await eventually(lambda: len(store.begun) == 1, "the first write begins")

    lane.take(FIRST, [record(1, 2.0)])
    await asyncio.sleep(2 * lanes.LINGER_S)  # the second is old enough, and still must wait for the first
    assert len(store.begun) == 1

    store.open.set()
    await eventually(lambda: len(store.done) == 2, "both are written")
    assert [b"mean=1.0" in line for line in store.lines] == [True, False]


async def test_of_one_point_only_the_newest_is_written_and_all_its_records_are_done(lane: Lane, store: Store) -> None:
    store.open.set()
    lane.take(FIRST, [record(n, float(n), final=n == 4, revision=0) for n in range(5)])
    lane.start()

    await eventually(lambda: bool(lane.stored), "it is stored")

    [line] = store.lines
    assert b"pm10_ugm3_mean=4.0" in line
    assert b"pm10_ugm3_final=true" in line
    assert lane.stored == {FIRST: 5}


async def test_a_real_point_and_that_of_an_exercise_are_two(lane: Lane, store: Store) -> None:
    store.open.set()
    lane.take(FIRST, [record(0), record(1, exercise="e-1")])
    lane.start()

    await eventually(lambda: bool(lane.stored), "it is stored")

    assert [point.is_exercise for point in store.done[0].points.values()] == [False, True]


async def test_a_broken_record_is_handed_on_refused_and_a_tombstone_is_passed_by(lane: Lane, store: Store) -> None:
    store.open.set()
    broken, tombstone = record(0)._replace(value=b"{"), record(1)._replace(value=None)
    lane.take(FIRST, [broken, tombstone])
    lane.start()

    await eventually(lambda: bool(lane.stored), "it is done")

    assert [(refused.offset, why.reason) for refused, why in store.done[0].refused] == [(0, "malformed")]
    assert store.lines == []
    assert lane.stored == {FIRST: 2}


async def test_a_whole_batch_waits_for_nobody_and_fills_the_lane(
    lane: Lane, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "BATCH_POINTS", 3)
    monkeypatch.setattr(lanes, "LINGER_S", 60.0)
    lane.start()
    lane.take(FIRST, [record(n, sensor_id=f"air-{n}") for n in range(7)])
    assert lane.is_full

    store.open.set()
    await eventually(lambda: len(store.done) == 2, "the two whole ones are written")

    assert not lane.is_full
    assert lane.stored == {FIRST: 6}
    assert lane.first_waiting(FIRST) == 6  # the seventh waits for others


async def test_bytes_too_make_a_batch_whole(lane: Lane, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "BATCH_BYTES", 2 * len(record(0).value or b""))

    lane.take(FIRST, [record(0), record(1)])

    assert lane.is_full


async def test_draining_stores_what_is_left_at_once_and_ends(
    lane: Lane, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LINGER_S", 60.0)
    store.open.set()
    task = lane.start()
    lane.take(FIRST, [record(0)])

    async with asyncio.timeout(2):
        await lane.drain()

    assert task.done()
    assert lane.stored == {FIRST: 1}


async def test_a_failure_ends_the_lane_and_stores_nothing(lane: Lane, store: Store) -> None:
    store.failure = OSError("no")
    store.open.set()
    task = lane.start()
    lane.take(FIRST, [record(0)])

    with pytest.raises(OSError, match="no"):
        async with asyncio.timeout(2):
            await task

    assert lane.stored == {}


async def test_abandoned_records_are_forgotten_and_the_lane_goes_on_with_what_comes(lane: Lane, store: Store) -> None:
    lane.start()
    lane.take(FIRST, [record(0)])
    await eventually(lambda: bool(store.begun), "the write begins")
    lane.take(FIRST, [record(1, sensor_id="air-2")])

    abandoning = asyncio.create_task(lane.abandon())
    await asyncio.sleep(0)
    store.open.set()  # the write in flight ends in time
    await abandoning
    lane.take(SECOND, [record(7, partition=SECOND)])
    await eventually(lambda: SECOND in lane.stored, "what came later is stored")

    assert lane.stored == {FIRST: 1, SECOND: 8}
    assert b"air-2" not in b"".join(store.lines)


async def test_a_write_that_does_not_end_in_time_is_abandoned_too(
    lane: Lane, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "ABANDON_S", 0.05)
    lane.start()
    lane.take(FIRST, [record(0)])
    await eventually(lambda: bool(store.begun), "the write begins")

    await lane.abandon()
    store.open.set()
    lane.take(SECOND, [record(7, partition=SECOND)])
    await eventually(lambda: SECOND in lane.stored, "what came later is stored")

    assert lane.stored == {SECOND: 8}
