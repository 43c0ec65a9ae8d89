"""One run, from its seed to the rest after all faults."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from streams.contract.topics import ALERTS, CHECKPOINTS, REJECTED, TOPICS, WINDOW_TOPICS, ZONE_INPUTS
from streams.errors import Unavailable
from streams.settings import Settings
from streams.worker import checkpoints
from streams.worker.app import Outside, Worker
from tests.simulation import city
from tests.simulation.clients import clients_of
from tests.simulation.cluster import Cluster
from tests.simulation.faults import Faults
from tests.simulation.faust_app import SimulatedApp, places_of
from tests.simulation.feed import Feed
from tests.simulation.group import Group
from tests.simulation.loop import Loop, Process
from tests.simulation.wire import Wire

BASE_MS: Final = 1_662_390_000_000
"""2022-09-05T15:00:00Z."""
PLACES: Final = 3
"""As many workers at most."""
QUIET_S: Final = 16.0
"""Longer than the longest idle time-out and what it takes to tell of it: what is not released by then never will be."""
UNENDING: Final = (CHECKPOINTS, ZONE_INPUTS, *WINDOW_TOPICS)
"""What goes on to grow as time does, with nothing new to read."""
NIGHT_LOOK_S: Final = 20.0
"""At night nobody waits for the broker."""
REST_S: Final = 300.0
"""A hub that has not come to rest by then never will."""
PIECE_BYTES: Final = 700
"""So that a checkpoint has several pieces, which compaction can tear."""
OUTPUTS: Final = (*WINDOW_TOPICS, ALERTS, REJECTED)


@dataclass
class Run:
    """What is left of a run."""

    seed: int
    cluster: Cluster
    kinds: frozenset[str]
    ended: list[str] = field(default_factory=list)
    """How workers ended by themselves."""
    wrong: list[str] = field(default_factory=list)
    """What the run itself found wrong: a worker's unexpected end, no rest."""
    trace: list[str] = field(default_factory=list)
    inputs: tuple[str, ...] = ()
    """Topics that are read to their ends; of `hub.zone-inputs` there is none, as time goes on."""
    rested_ms: int = 0
    """Until when nothing had come for a while."""
    seen: Counter[str] = field(default_factory=Counter)
    """What the verdict found there."""


class _Clock:
    def __init__(self, cluster: Cluster, loop: Loop) -> None:
        self._cluster, self._loop = cluster, loop

    def now_ms(self) -> int:
        return self._cluster.now_ms()

    def monotonic_s(self) -> float:
        return self._loop.time()


class _Ended(BaseException):
    """Unwinds a task of a process that has ended itself at once."""


class Fleet:
    """What the places of the fleet have in common."""

    def __init__(self, run: Run, rng: random.Random, settings: Settings, loop: Loop, group: Group) -> None:
        self.run, self.rng, self.settings, self.loop, self.group = run, rng, settings, loop, group
        self.is_night = self.is_over = False


class WorkerPlace:
    """One place of the fleet: a worker, its next life, and so on."""

    def __init__(self, number: int, fleet: Fleet) -> None:
        self._number, self._fleet = number, fleet
        self._life = 0
        self.wire = Wire(fleet.rng, fleet.loop, fleet.run.cluster)
        self._process: Process | None = None
        self._worker: Worker | None = None
        self._app: SimulatedApp | None = None
        self.wires: list[Wire] = []

    @property
    def is_up(self) -> bool:
        return self._process is not None

    def _say(self, what: str) -> None:
        fleet = self._fleet
        fleet.run.trace.append(f"{fleet.loop.time():9.3f} worker {self._number}.{self._life} {what}")

    def start(self) -> None:
        if self._process is not None or self._fleet.is_night:
            return
        self._life += 1
        self.wire = Wire(self._fleet.rng, self._fleet.loop, self._fleet.run.cluster)
        self.wires.append(self.wire)
        process = self._process = Process(f"worker {self._number}.{self._life}")
        self._say("starts")
        task = self._fleet.loop.start(process, self._live(process))
        task.add_done_callback(lambda task: self._ended(process, task))

    async def _live(self, process: Process) -> None:
        fleet, wire = self._fleet, self.wire
        where = fleet.loop, fleet.run.cluster, fleet.group, wire

        def app(group: str, begin_at: Callable[[Any], int | None]) -> SimulatedApp:
            self._app = SimulatedApp(process.name, fleet.rng, where, begin_at, fleet.settings.session_timeout_s / 4)
            return self._app

        def end_at_once() -> None:
            self._say("ends at once")
            process.stop()
            self._gone(process)
            raise _Ended

        clock = _Clock(fleet.run.cluster, fleet.loop)
        outside = Outside(app, clock, clients_of(fleet.run.cluster, wire), end_at_once)
        self._worker = Worker(fleet.settings, city.simulated().flow, outside)
        await self._worker.carry()

    def _ended(self, process: Process, task: asyncio.Task[None]) -> None:
        if self._process is not process or task.cancelled() or self._fleet.is_over:
            return
        error = task.exception()
        if error is not None:
            self._say(f"fails: {error!r}")
            self._fleet.run.ended.append(f"{type(error).__name__}: {error}")
            if not isinstance(error, Unavailable):
                self._fleet.run.wrong.append(f"{process.name} failed with {error!r}")
        else:
            self._say("ends")
            if left := self._fleet.loop.left_by(process):
                self._fleet.run.wrong.append(f"{process.name} has ended and left {left}")
        process.stop()
        self._gone(process, again=error is not None)

    def _gone(self, process: Process, *, again: bool = True) -> None:
        if self._process is process:
            self._process = None
            if again:  # whoever started it starts it again
                self._fleet.loop.call_later(self._fleet.rng.uniform(0.2, 3.0), self.start)

    # -- faults -----------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        if self._process is not None:
            self._say("is killed")
            self._process.stop()
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._say("is stopped")
            self._process.stop()

    def go_on(self) -> None:
        if self._process is not None and not self._process.runs:
            self._say("goes on")
            self._fleet.loop.go_on(self._process)

    def end(self) -> None:
        if self._worker is not None and self._process is not None:
            self._say("is told to end")
            self._worker.end()

    def burn(self, turns: int | None, then: Callable[[], None] = lambda: None) -> None:
        if self._process is not None:
            self._process.fuse, self._process.burnt = turns, then

    def cut(self, is_cut: bool) -> None:
        if self.wire.is_cut != is_cut:
            self._say("is cut off" if is_cut else "is connected")
            self.wire.is_cut = is_cut

    def weaken(self, *, refused: float = 0.0, lost: float = 0.0, slowness: float = 1.0) -> None:
        self.wire.refused, self.wire.lost, self.wire.slowness = refused, lost, slowness

    def refetch(self, back: int) -> None:
        if self._app is not None and self._process is not None:
            self._say(f"reads {back} entries again")
            self._app.refetch(back)


def run(seed: int, kinds: frozenset[str] | None = None) -> Run:
    """Carry out the run of a seed.

    Args:
        seed: everything follows from it.
        kinds: only these faults; None: those of the seed.
    """
    schedule = random.Random(f"schedule {seed}")
    loop = Loop(random.Random(f"turns {seed}"))
    read = city.simulated()
    counts = {name: topic.partitions(city.PARTITIONS) for name, topic in TOPICS.items()}
    cluster = Cluster(random.Random(f"cluster {seed}"), loop, BASE_MS + schedule.randrange(86_400_000), counts)
    settings = read.settings.model_copy(
        update={
            "commit_interval_s": schedule.choice((0.5, 1.0, 2.0, 2.0, 2.0)),
            "checkpoint_interval_s": schedule.choice((0.5, 2.0, 8.0, 20.0)),
            "session_timeout_s": schedule.choice((6.0, 10.0)),
        }
    )
    topics = tuple(topic for stage in read.flow.stages for topic in stage.topics)
    session_s = settings.session_timeout_s
    group = Group(schedule, loop, places_of(topics, counts), session_s, 2 * session_s)
    found = Run(seed, cluster, frozenset(), inputs=tuple(topic for topic in topics if topic != ZONE_INPUTS))
    fleet = Fleet(found, random.Random(f"fleet {seed}"), settings, loop, group)
    places = [WorkerPlace(number, fleet) for number in range(PLACES)]
    faults = Faults(random.Random(f"faults {seed}"), cluster, list(places), kinds)
    found.kinds = faults.kinds
    feed = Feed(random.Random(f"feed {seed}"), cluster)
    with _small_pieces(), _told_to(found.trace, loop):
        loop.run(_acts(schedule, fleet, places, faults, feed))
    return found


async def _acts(schedule: random.Random, fleet: Fleet, places: list[WorkerPlace], faults: Faults, feed: Feed) -> None:
    loop = fleet.loop
    broker = loop.create_task(_broker(fleet))
    if schedule.random() < 0.3:
        await feed.busy(5)  # there is something to catch up with from the first
    for _ in range(schedule.randint(1, 3)):
        for place in places[: schedule.randint(1, PLACES)]:
            place.start()
        breaking = loop.create_task(faults.go_on())
        await feed.busy(schedule.uniform(5, 14))
        if schedule.random() < 0.5:
            await feed.quiet(schedule.uniform(9, 20))
        breaking.cancel()
        await faults.heal()
        if schedule.random() < 0.5:
            await _night(schedule, fleet, places, feed)
    for place in places[: schedule.randint(1, PLACES)]:
        place.start()
    await _rest(fleet, places)
    broker.cancel()
    fleet.is_over = True
    for place in places:
        for wire in place.wires:
            wire.is_closed = True


async def _night(schedule: random.Random, fleet: Fleet, places: list[WorkerPlace], feed: Feed) -> None:
    """No worker is up for a long time, up to more than a day, while a little arrives."""
    fleet.is_night = True
    for place in places:
        schedule.choice((place.kill, place.end))()
    await asyncio.sleep(schedule.uniform(1, 20))
    for place in places:
        place.kill()
    await feed.quiet(schedule.choice((60.0, 1200.0, 7200.0, 90_000.0, 90_000.0)))
    fleet.is_night = False


async def _broker(fleet: Fleet) -> None:
    while True:
        await asyncio.sleep(NIGHT_LOOK_S if fleet.is_night else 1.0)
        fleet.run.cluster.end_old_transactions()
        fleet.group.look()


async def _rest(fleet: Fleet, places: list[WorkerPlace]) -> None:
    """Wait until everything is applied and nothing more comes of it; then let the workers go in good order."""
    found, loop = fleet.run, fleet.loop
    begun_s = loop.time()
    while loop.time() - begun_s < REST_S:
        fleet.is_night = False
        if not await _settle(fleet, places, begun_s):
            break
        found.rested_ms = found.cluster.now_ms()
        fleet.is_night = True  # nobody starts them again
        while any(place.is_up for place in places) and loop.time() - begun_s < REST_S:
            for place in places:
                place.end()
            await asyncio.sleep(0.2)
        if _is_applied(found):
            return
    if not found.wrong:
        found.wrong.append("it does not come to rest: " + "; ".join(_unapplied(found)))


async def _settle(fleet: Fleet, places: list[WorkerPlace], begun_s: float) -> bool:
    found, loop, before = fleet.run, fleet.loop, None
    since_s = loop.time()
    while loop.time() - since_s < QUIET_S:
        if found.wrong or loop.time() - begun_s > REST_S:
            return False
        if not any(place.is_up for place in places):
            places[0].start()
        await asyncio.sleep(1.0)
        ends = [log.end for place, log in found.cluster.logs.items() if place.topic not in UNENDING]
        now = [*ends, fleet.group.generation]  # whoever takes a partition over listens anew
        if now != before:
            before, since_s = now, loop.time()
    return True


def _is_applied(found: Run) -> bool:
    return not _unapplied(found)


def _unapplied(found: Run) -> Iterator[str] | list[str]:
    lagging = []
    for place, log in found.cluster.logs.items():
        last = max((record.offset for record in log.committed()), default=-1)
        told = found.cluster.offsets[place].offset - 1 if place in found.cluster.offsets else -1
        if place.topic in found.inputs and (log.open or told < last):
            lagging.append(f"{place.topic}-{place.partition} {told} of {last}")
    return lagging


@contextmanager
def _small_pieces() -> Iterator[None]:
    whole = checkpoints.PIECE_BYTES
    checkpoints.PIECE_BYTES = PIECE_BYTES  # type: ignore[misc]
    try:
        yield
    finally:
        checkpoints.PIECE_BYTES = whole  # type: ignore[misc]


@contextmanager
def _told_to(trace: list[str], loop: Loop) -> Iterator[None]:
    """The workers' log lines go into the run's trace."""

    def keep(_: Any, __: str, event: dict[str, Any]) -> Any:
        trace.append(f"{loop.time():9.3f}   " + " ".join(f"{k}={v}" for k, v in event.items()))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
