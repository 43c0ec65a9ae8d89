"""What a worker sees of Faust: agents and their queues, a consumer that fetches chunks, rebalances told in Faust's order.

The order, read from Faust 0.15.3 and `streams.worker.transport`: on a rebalance the flow stops, queues are emptied,
`on_partitions_revoked` is awaited, then the group is joined again. Its end is told by another task, which a newer rebalance
does not cancel: `on_rebalance_complete`, then, where the generation is still the same, the seek to where the worker says,
then the flow goes on. A chunk of an older generation is passed over.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.worker.transport import Chunk, FetchState
from tests.simulation.cluster import Cluster, Place
from tests.simulation.group import Assignment, Group
from tests.simulation.loop import Loop
from tests.simulation.wire import Wire

POLL_S: Final = 0.5
MOST_ENTRIES: Final = 40
"""A fetch holds at most so many entries of a partition; how many it does hold is the seed's."""
AGAIN_S: Final = 0.5


class Signal:
    """Awaits its receivers one by one, as mode's does."""

    def __init__(self, app: SimulatedApp) -> None:
        self._app, self._receivers = app, list[Callable[..., Awaitable[None]]]()

    def connect(self, receiver: Callable[..., Awaitable[None]], *, weak: bool) -> None:
        self._receivers.append(receiver)

    async def send(self, *arguments: Any) -> None:
        for receiver in self._receivers:
            await receiver(self._app, *arguments)


class Channel(NamedTuple):
    topics: tuple[str, ...]
    queue: asyncio.Queue[tuple[int, Chunk]]


class SimulatedApp:
    """One worker's app.

    Args:
        name: of the member.
        rng: how fetches are cut, and in which order they are given out.
        loop, cluster, group, wire: where it lives.
        begin_at: the offset from which an owned partition is to be read.
        heartbeat_s: how often the group is told that it lives.
    """

    def __init__(
        self,
        name: str,
        rng: random.Random,
        where: tuple[Loop, Cluster, Group, Wire],
        begin_at: Callable[[TP], int | None],
        heartbeat_s: float,
    ) -> None:
        self._name, self._rng, self._begin_at, self._heartbeat_s = name, rng, begin_at, heartbeat_s
        self._loop, self._cluster, self._group, self._wire = where
        self.consumer = self
        self.consumer_generation_id = -1
        self.crash_reason: BaseException | None = None
        self._crashed = asyncio.Event()
        self.on_rebalance_complete, self.on_partitions_revoked = Signal(self), Signal(self)
        self._channels: list[Channel] = []
        self._agents: list[tuple[Channel, Callable[..., Any]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._assigned: frozenset[Place] = frozenset()
        self._flows = False
        self._recover, self._flow = asyncio.Event(), asyncio.Event()
        self._positions: dict[Place, int] = {}
        self._states: dict[Place, tuple[int, int]] = {}
        self._delivered: dict[Place, int] = {}
        self._is_leaving = False
        self._life = 0

    # -- what a worker asks for -------------------------------------------------------------------------------------

    def topic(self, *topics: str, maxsize: int, **_: Any) -> Channel:
        channel = Channel(topics, asyncio.Queue(maxsize))
        self._channels.append(channel)
        return channel

    def agent(self, channel: Channel, *, name: str, concurrency: int) -> Callable[[Any], Any]:
        def take(carry: Callable[[AsyncIterator[Chunk]], Awaitable[None]]) -> None:
            self._agents.append((channel, carry))

        return take

    def assignment(self) -> set[TP]:
        return {TP(*place) for place in self._assigned}

    def fetch_state(self, tp: TP) -> FetchState | None:
        place = Place(*tp)
        state, position = self._states.get(place), self._positions.get(place)
        if state is None or position is None:
            return None
        return FetchState(position, *state, self._delivered.get(place, -1))

    async def start(self) -> None:
        await asyncio.sleep(0)
        parts = [self._membership(), self._recovery(), self._fetch()]
        parts += [carry(self._stream(channel)) for channel, carry in self._agents]
        for part in parts:
            task = self._loop.create_task(part, name=f"{self._name} faust")
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        self._is_leaving = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        member, life = self._name, self._life
        await self._wire.ask(lambda: self._group.leave(f"{member}/{life}"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None and not self._crashed.is_set():
            self.crash_reason = task.exception()
            self._crashed.set()

    # -- the group --------------------------------------------------------------------------------------------------

    async def _membership(self) -> None:
        while True:
            try:
                await self._carry_membership()
            except KafkaError:
                await asyncio.sleep(AGAIN_S)

    async def _carry_membership(self) -> None:
        member = f"{self._name}/{self._life}"
        answer: Assignment = await self._wire.ask(lambda: self._group.join(member))
        self.consumer_generation_id, self._assigned = answer.generation, answer.places
        self._positions, self._states = {}, {}
        self._recover.set()
        said = "ok"
        while said == "ok":
            await asyncio.sleep(self._heartbeat_s)
            said = await self._wire.ask(lambda: self._group.heartbeat(member, answer.generation))
        if said == "unknown":
            self._life += 1
        revoked, self._flows = self.assignment(), False
        self._flow.clear()
        for channel in self._channels:
            while not channel.queue.empty():
                channel.queue.get_nowait()
        await self.on_partitions_revoked.send(revoked)

    async def _recovery(self) -> None:
        while True:
            await self._recover.wait()
            self._recover.clear()
            generation = self.consumer_generation_id
            await self.on_rebalance_complete.send()
            if self.consumer_generation_id != generation:
                continue
            await self._seek()
            self._flows = True
            self._flow.set()

    async def _seek(self) -> None:
        for place in sorted(self._assigned):
            offset = self._begin_at(TP(*place))
            if offset is not None:
                self._delivered.pop(place, None)
                await asyncio.sleep(0)
                self._positions[place] = offset

    # -- the flow ---------------------------------------------------------------------------------------------------

    async def _fetch(self) -> None:
        while True:
            await self._flow.wait()
            generation = self.consumer_generation_id
            try:
                answer = await self._wire.ask(lambda: self._poll(dict(self._positions)))
            except KafkaError:
                await asyncio.sleep(AGAIN_S)
                continue
            places = list(answer)
            self._rng.shuffle(places)
            for place in places:
                if not self._flows or self.consumer_generation_id != generation:
                    break
                asked, records, position, stable_end = answer[place]
                if self._positions.get(place) != asked:
                    continue  # it was sought elsewhere meanwhile
                self._positions[place] = position
                self._states[place] = stable_end, self._cluster.now_ms()
                if records:
                    self._delivered[place] = records[-1].offset
                    await self._queue_of(place).put((generation, Chunk(*place, records)))

    def _poll(self, positions: dict[Place, int]) -> asyncio.Future[Any]:
        """Answered at once where there is something to read, else when there is, or after `POLL_S`."""
        answer = self._loop.create_future()

        def give() -> None:
            found = {}
            for place, at in positions.items():
                records, position = self._cluster.fetch(place, at, self._rng.randint(1, MOST_ENTRIES))
                found[place] = at, records, position, self._cluster.logs[place].stable_end
            answer.set_result(found)

        def look(place: Place) -> None:
            if not answer.done():
                if self._cluster.logs[place].stable_end > positions[place]:
                    give()
                else:
                    self._cluster.when_news(place, look)

        for place in positions:
            look(place)
        if not answer.done():
            self._loop.call_later(POLL_S, lambda: answer.done() or give())
        return answer

    def refetch(self, back: int) -> None:
        """Some partition is read again from an earlier offset: a delivery that comes twice."""
        if self._flows and self._positions:
            place = self._rng.choice(sorted(self._positions))
            self._positions[place] = max(self._positions[place] - back, self._begin_at(TP(*place)) or 0)

    def _queue_of(self, place: Place) -> asyncio.Queue[tuple[int, Chunk]]:
        return next(channel.queue for channel in self._channels if place.topic in channel.topics)

    async def _stream(self, channel: Channel) -> AsyncIterator[Chunk]:
        while True:
            generation, chunk = await channel.queue.get()
            if self._flows and generation == self.consumer_generation_id:
                yield chunk


def places_of(topics: Iterable[str], partitions: dict[str, int]) -> list[Place]:
    """Every partition of these topics."""
    return [Place(topic, p) for topic in topics for p in range(partitions[topic])]
