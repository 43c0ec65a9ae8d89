"""The shell of a partition when the rules change: between two chunks, with a checkpoint, never while it applies again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from deploy.waiting import until
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import ALERT_EVENTS, CHECKPOINTS
from streams.kafka import Clients
from streams.settings import load
from streams.worker.checkpoints import BASIS, Checkpoint
from streams.worker.stage_partition import StagePartition
from streams.worker.told import NOTHING, Told
from tests.unit.worker.test_applied_again import OWNER, EchoCore, Raw


class Core(EchoCore):
    """One that can be kept."""

    def snapshot(self) -> bytes:
        return b"%d" % self.applied

    def resume_offset(self) -> int:
        return self.applied + 1

    def tick(self, now_ms: int) -> None:
        """Nothing is open."""


class Batch(list[dict[str, Any]]):
    """What a producer sends at once."""

    def append(self, **record: Any) -> bool:  # type: ignore[override]
        super().append(record)
        return True


class Producer:
    """Keeps what is committed, a dictionary of topics for each transaction."""

    def __init__(self) -> None:
        self.committed: list[dict[str, Batch]] = []
        self.is_free = asyncio.Event()
        self.is_free.set()

    async def begin_transaction(self) -> None:
        self._open: dict[str, Batch] = {}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        self._open[topic] = batch
        done = asyncio.get_running_loop().create_future()
        done.set_result(SimpleNamespace(offset=0))
        return done

    async def send_offsets_to_transaction(self, offsets: Any, group: str) -> None:
        await self.is_free.wait()

    async def commit_transaction(self) -> None:
        self.committed.append(self._open)

    async def stop(self) -> None:
        """Nothing is open."""


def shell_of(core: Any, producer: Producer) -> StagePartition:
    settings = load().model_copy(update={"commit_interval_s": 0.01, "checkpoint_interval_s": 600.0})
    made: Any = lambda *_, **__: producer  # noqa: E731
    return StagePartition(
        OWNER,
        core,
        settings,
        group="g",
        partitions=4,
        basis="old",
        idle_s=None,
        fetch_state=lambda _: None,
        clock=SYSTEM_CLOCK,
        clients=Clients(made, made, made),
    )


def _told(committed: dict[str, Batch]) -> list[int]:
    return [int(record["key"]) for record in committed.get(ALERT_EVENTS, ())]


def _basis(committed: dict[str, Batch]) -> list[bytes]:
    return [dict(record["headers"])[BASIS] for record in committed.get(CHECKPOINTS, ())]


def _failed(error: BaseException) -> None:
    raise error


async def test_what_follows_is_applied_by_the_new_ones_and_kept_with_their_basis_at_once() -> None:
    old, new, producer = Core(), Core(), Producer()
    partition = shell_of(old, producer)
    partition.restore(None, NOTHING)
    partition.start(_failed)
    await partition.apply([Raw(0), Raw(1)])
    assert await until(lambda: len(producer.committed) == 1, 10)

    partition.go_on_with(new, "new")  # type: ignore[arg-type]
    assert await until(lambda: len(producer.committed) == 2, 10)
    await partition.apply([Raw(2)])
    assert await until(lambda: len(producer.committed) == 3, 10)
    await partition.drop()

    assert (old.seen, new.seen) == ([0, 1], [2])
    assert [_told(each) for each in producer.committed] == [[0, 1], [], [2]]
    assert [_basis(each) for each in producer.committed] == [[b"old"], [b"new"], []]


async def test_a_transaction_under_way_is_the_old_ones_and_nothing_is_sent_twice() -> None:
    old, new, producer = Core(), Core(), Producer()
    partition = shell_of(old, producer)
    partition.restore(None, NOTHING)
    partition.start(_failed)
    producer.is_free.clear()
    await partition.apply([Raw(0)])
    assert await until(lambda: not old.out, 10)  # it is taken, and not committed yet

    await partition.apply([Raw(1)])
    partition.go_on_with(new, "new")  # type: ignore[arg-type]
    await partition.apply([Raw(2)])
    producer.is_free.set()
    assert await until(lambda: len(producer.committed) == 2, 10)
    await partition.drop()

    assert [_told(each) for each in producer.committed] == [[0], [1, 2]]
    assert [_basis(each) for each in producer.committed] == [[b"old"], [b"new"]]


async def test_while_the_past_is_applied_again_the_new_ones_wait() -> None:
    old, new, producer = Core(), Core(), Producer()
    partition = shell_of(old, producer)
    partition.restore(Checkpoint(3, 4, 5, 4, "old", b"4"), Told(8, 70))
    partition.start(_failed)
    await partition.apply([Raw(5), Raw(6)])

    partition.go_on_with(new, "new")  # type: ignore[arg-type]
    await partition.apply([Raw(7), Raw(8)])
    assert await until(lambda: bool(producer.committed), 10)
    await partition.apply([Raw(9)])
    assert await until(lambda: len(producer.committed) == 2, 10)
    await partition.drop()

    assert (old.seen, new.seen) == ([5, 6, 7, 8], [9])
    assert [_told(each) for each in producer.committed] == [[8], [9]]
    assert _basis(producer.committed[0]) == [b"new"]


async def test_of_two_changes_that_waited_the_later_one_goes_on() -> None:
    old, passed_over, new, producer = Core(), Core(), Core(), Producer()
    partition = shell_of(old, producer)
    partition.restore(Checkpoint(3, 4, 5, 4, "old", b"4"), Told(8, 70))
    partition.go_on_with(passed_over, "passed over")  # type: ignore[arg-type]
    partition.go_on_with(new, "new")  # type: ignore[arg-type]
    partition.start(_failed)
    await partition.apply([Raw(offset) for offset in range(5, 8)])
    assert await until(lambda: bool(producer.committed), 10)
    await partition.apply([Raw(8)])
    await partition.drop()

    assert (passed_over.seen, new.seen) == ([], [8])
