"""What breaks, by the seed: each run takes some of the faults, so that rare ones meet without the others hiding them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from streams.contract.topics import CHECKPOINTS
from tests.simulation.city import PARTITIONS
from tests.simulation.cluster import Cluster, Place

KINDS: Final = (
    "kill",
    "stop",
    "leave",
    "join",
    "cut",
    "away",
    "refused",
    "lost",
    "slow",
    "compact",
    "refetch",
)
FUSE_TURNS: Final = 1500
"""A worker is killed or stopped within so many of its turns: a turn ends at an await, and most are in transactions."""


class Worker(Protocol):
    """What can be done to one of the fleet's places."""

    is_up: bool

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...
    def go_on(self) -> None: ...
    def end(self) -> None: ...
    def burn(self, turns: int | None, then: Callable[[], None] = ...) -> None: ...
    def cut(self, is_cut: bool) -> None: ...
    def weaken(self, *, refused: float = 0.0, lost: float = 0.0, slowness: float = 1.0) -> None: ...
    def refetch(self, back: int) -> None: ...


class Faults:
    """Breaks things until it is cancelled; `heal` mends everything.

    Args:
        rng: what, when, for how long.
        cluster: whose broker.
        fleet: the workers' places.
        kinds: the faults of this run; None: by the seed.
    """

    def __init__(
        self, rng: random.Random, cluster: Cluster, fleet: list[Worker], kinds: frozenset[str] | None = None
    ) -> None:
        self._rng, self._cluster, self._fleet = rng, cluster, fleet
        chosen = frozenset(kind for kind in KINDS if rng.random() < 0.4)
        self.kinds = chosen if kinds is None else kinds
        self._pause_s = rng.choice((1.5, 3.0, 6.0))
        self._acts: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self._kill,
            "stop": self._stop,
            "leave": self._leave,
            "join": self._join,
            "cut": self._cut,
            "away": self._away,
            "refused": lambda: self._weak(refused=0.05),
            "lost": lambda: self._weak(lost=0.05),
            "slow": lambda: self._weak(slowness=self._rng.choice((10.0, 100.0))),
            "compact": self._compact,
            "refetch": self._refetch,
        }
        self._under_way: set[asyncio.Task[None]] = set()

    async def go_on(self) -> None:
        """Break something every so often."""
        mine = [kind for kind in KINDS if kind in self.kinds]
        while mine:
            await asyncio.sleep(self._rng.expovariate(1 / self._pause_s))
            task = asyncio.get_running_loop().create_task(self._acts[self._rng.choice(mine)]())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def heal(self) -> None:
        """Everything is as it should be, except that some workers may be dead."""
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._cluster.is_away = False
        for worker in self._fleet:
            worker.cut(False)
            worker.weaken()
            worker.burn(None)
            worker.go_on()

    def _one(self) -> Worker:
        up = [worker for worker in self._fleet if worker.is_up]
        return self._rng.choice(up or self._fleet)

    def _turns(self) -> int:
        return self._rng.choice((1, self._rng.randint(1, 60), self._rng.randint(1, FUSE_TURNS)))

    async def _kill(self) -> None:
        worker = self._one()
        worker.burn(self._turns(), worker.kill)
        await asyncio.sleep(self._rng.expovariate(1 / 4))
        worker.start()

    async def _stop(self) -> None:
        worker = self._one()
        worker.burn(self._turns(), worker.stop)
        await asyncio.sleep(self._rng.choice((1.0, 9.0, 15.0, 35.0)))
        worker.go_on()

    async def _leave(self) -> None:
        worker = self._one()
        worker.end()
        await asyncio.sleep(self._rng.expovariate(1 / 8))
        worker.start()

    async def _join(self) -> None:
        self._rng.choice(self._fleet).start()
        await asyncio.sleep(0)

    async def _cut(self) -> None:
        worker = self._one()
        worker.cut(True)
        try:
            await asyncio.sleep(self._rng.choice((0.5, 4.0, 12.0, 45.0)))
        finally:
            worker.cut(False)

    async def _away(self) -> None:
        self._cluster.is_away = True
        try:
            await asyncio.sleep(self._rng.choice((1.0, 8.0, 30.0)))
        finally:
            self._cluster.is_away = False

    async def _weak(self, *, refused: float = 0.0, lost: float = 0.0, slowness: float = 1.0) -> None:
        worker = self._one()
        worker.weaken(refused=refused, lost=lost, slowness=slowness)
        try:
            await asyncio.sleep(self._rng.expovariate(1 / 6))
        finally:
            worker.weaken()

    async def _compact(self) -> None:
        await asyncio.sleep(0)
        for p in range(PARTITIONS):
            self._cluster.compact(Place(CHECKPOINTS, p), self._rng.choice((0, 0, 1, 5, 30)))

    async def _refetch(self) -> None:
        await asyncio.sleep(0)
        self._one().refetch(self._rng.randint(1, 60))
