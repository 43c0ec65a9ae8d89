"""The worker's consumer group on the broker: members, generations, assignment; eager, as Faust's workers ask for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulation.cluster import Place
from tests.simulation.loop import Loop


class Assignment(NamedTuple):
    generation: int
    places: frozenset[Place]


@dataclass
class _Member:
    heard_s: float
    joining: asyncio.Future[Assignment] | None = None


class Group:
    """Args: places: what is shared out; session_s, rebalance_s: as the workers' settings say."""

    def __init__(
        self, rng: random.Random, loop: Loop, places: Iterable[Place], session_s: float, rebalance_s: float
    ) -> None:
        self._rng, self._loop = rng, loop
        self._places, self._session_s, self._rebalance_s = sorted(places), session_s, rebalance_s
        self._members: dict[str, _Member] = {}
        self.generation = 0
        self._until_s: float | None = None
        """While a rebalance waits for its members: until when."""
        self.assigned: dict[str, frozenset[Place]] = {}

    def join(self, member: str) -> asyncio.Future[Assignment]:
        """Ask for a share; the answer comes when every member has asked, or is given up."""
        found = self._members.setdefault(member, _Member(self._loop.time()))
        found.heard_s, found.joining = self._loop.time(), self._loop.create_future()
        self._begin()
        future = found.joining
        self._complete()
        return future

    def leave(self, member: str) -> None:
        """Go in good order."""
        if self._members.pop(member, None) is not None:
            self._begin()
            self._complete()

    def heartbeat(self, member: str, generation: int) -> str:
        """`ok`, `rebalance` (join again), `unknown` (the member was given up)."""
        found = self._members.get(member)
        if found is None:
            return "unknown"
        found.heard_s = self._loop.time()
        return "ok" if self._until_s is None and generation == self.generation else "rebalance"

    def look(self) -> None:
        """Give up members that were not heard of, and rebalances that wait for too long."""
        now_s = self._loop.time()
        gone = [m for m, s in self._members.items() if s.joining is None and now_s - s.heard_s > self._session_s]
        for member in gone:
            self.leave(member)
        if self._until_s is not None and now_s > self._until_s:
            for member in [m for m, s in self._members.items() if s.joining is None]:
                del self._members[member]
            self._complete()

    def _begin(self) -> None:
        if self._until_s is None:
            self._until_s = self._loop.time() + self._rebalance_s

    def _complete(self) -> None:
        if self._until_s is None or any(s.joining is None for s in self._members.values()):
            return
        self._until_s = None
        self.generation += 1
        names = sorted(self._members)
        self._rng.shuffle(names)
        self.assigned = {name: frozenset(self._places[i :: len(names)]) for i, name in enumerate(names)}
        for name in names:
            member = self._members[name]
            joining, member.joining, member.heard_s = member.joining, None, self._loop.time()
            assert joining is not None
            if not joining.done():
                joining.set_result(Assignment(self.generation, self.assigned[name]))
