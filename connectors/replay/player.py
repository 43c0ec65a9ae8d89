"""Plays a recording: at its own pace times a speed, lap after lap where asked, until its end or Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from connectors.frame.publisher import Publisher
from connectors.replay.envelope import outgoing
from connectors.replay.progress import Display
from connectors.replay.recording import Record, Recording, Wrong
from connectors.replay.state import SECOND_MS, Acknowledged, ReplayState, ReplayStates
from connectors.stopping import LAST_S, Stop
from streams.clock import Clock
from streams.errors import NoRoom, WrongInput
from streams.logs import Counted, get
from streams.settings import Settings

SAVE_S: Final = 1.0
"""At most so much is sent twice after a kill."""
BREATH_RECORDS: Final = 250
"""At full speed the loop is let go after so many records, so that batches leave and Ctrl-C is heard."""
TOLD_ERRORS: Final = 20
"""So many wrong records of a file are told one by one; the rest are counted."""

log = get(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a recording is to be played.

    Args:
        speed: how many times faster than it was; 0 = as fast as possible.
        loop: begin again at the end, as a new exercise.
        rebase: move the first record's time to now.
        real: as reality, in no exercise.
        strict: end at the first wrong record.
    """

    speed: float
    loop: bool = False
    rebase: bool = False
    real: bool = False
    strict: bool = False


@dataclass(slots=True)
class Played:
    """What became of a recording's records."""

    run: str = ""
    laps: int = 0
    sent: int = 0
    wrong: int = 0
    refused: int = 0
    seconds: float = 0.0
    finished: bool = False


class Player:
    """Plays one recording.

    Args:
        settings: how the broker is reached.
        states: where it is kept how far a run has come.
        recording: what is played.
        wishes: how.
        clock: the pace is kept by its monotonic seconds.
        stop: asks it to end.
        shown: what a person sees.
    """

    def __init__(
        self,
        settings: Settings,
        states: ReplayStates,
        recording: Recording,
        wishes: Wishes,
        *,
        clock: Clock,
        stop: Stop,
        shown: Display,
    ) -> None:
        self._settings, self._states, self._recording, self._wishes = settings, states, recording, wishes
        self._clock, self._stop, self._shown = clock, stop, shown
        self._played = Played()

    async def play(self, state: ReplayState) -> Played:
        """Play from where `state` stands.

        Raises:
            WrongInput: the file is wrong as a whole, has no record, or has a wrong one and `strict` is wished.
            Unavailable: no broker answers, or a topic is not there.
        """
        begun_s = self._clock.monotonic_s()
        while True:
            with self._states.held(state):
                await self._lap(state)
            if self._stop.asked or not self._wishes.loop:
                break
            # a lap's name is the second in which it begins
            if await self._stop.within((state.begun_ms + SECOND_MS - self._clock.now_ms()) / 1000):
                break
            state = self._states.new(self._recording, real=self._wishes.real, rebase=self._wishes.rebase)
        self._played.seconds = self._clock.monotonic_s() - begun_s
        return self._played

    async def _lap(self, state: ReplayState) -> None:
        """One run through the file; keeps its state also when it is ended by an error."""
        self._played.run = state.exercise
        self._played.laps += 1
        acknowledged = Acknowledged(state.position)
        log.info("replay_begun", run=state.exercise, position=state.position, speed=self._wishes.speed)
        async with Publisher(self._settings, "replay", acknowledged.add) as publisher:
            try:
                with self._opened() as file, self._keeping(state, acknowledged):
                    self._shown.lap(state.exercise, self._recording.path.stat().st_size)
                    try:
                        ended = await self._send(file, state, publisher, acknowledged)
                    except WrongInput:  # what stands before a wrong record is sent all the same
                        await self._stop.grants(publisher.flush(), LAST_S)
                        raise
                    await self._stop.grants(publisher.flush(), LAST_S)
                state.finished = ended and not publisher.drop()
            finally:
                state.position = acknowledged.position
                self._states.save(state)
                self._played.sent += publisher.sent.total()
                self._played.refused += publisher.refused.total()
                self._played.finished = state.finished
        if ended and not state.position:
            raise WrongInput("has no records", field=str(self._recording.path), fix="Name another file")

    async def _send(
        self, file: IO[bytes], state: ReplayState, publisher: Publisher, acknowledged: Acknowledged
    ) -> bool:
        """Send record after record at its time; returns whether the file's end was reached."""
        exercise = None if state.real else state.exercise
        pace = Pace(self._wishes.speed, self._clock)
        for count, record in enumerate(self._recording.records(file, state.position)):
            if isinstance(record, Wrong):
                self._tell(record)
                acknowledged.add([record.place])
                continue
            if state.shift_ms is None and record.at_ms is not None:
                state.shift_ms = self._clock.now_ms() - record.at_ms if state.rebase else 0
                self._states.save(state)  # before the first is sent: a second shift would make other readings of them
            wait_s = pace.due_in_s(record)
            if wait_s > 0 or count % BREATH_RECORDS == 0:
                self._shown.moved(read=file.tell(), records=acknowledged.position, at_ms=record.at_ms)
                if wait_s > 0:
                    await self._stop.within(wait_s)
                else:
                    await asyncio.sleep(0)
            if publisher.is_full:
                await self._stop.grants(publisher.room())
            if self._stop.asked:
                return False
            await publisher.put(outgoing(record, exercise, state.shift_ms or 0))
        return True

    def _opened(self) -> IO[bytes]:
        try:
            return self._recording.path.open("rb")
        except OSError as e:
            raise WrongInput(
                f"can't be read: {e.strerror}", field=str(self._recording.path), fix="Name a file that can"
            ) from e

    @contextmanager
    def _keeping(self, state: ReplayState, acknowledged: Acknowledged) -> Iterator[None]:
        """Keep how far it has come while it is played."""
        failures = Counted(log, "place_not_kept")

        async def keep() -> None:
            while True:
                await asyncio.sleep(SAVE_S)
                state.position = acknowledged.position
                try:
                    self._states.save(state)
                except NoRoom as e:  # it goes on: the records matter more than not repeating them
                    failures.warn(why=str(e))

        task = asyncio.create_task(keep(), name="keep the place")
        try:
            yield
        finally:
            task.cancel()

    def _tell(self, wrong: Wrong) -> None:
        if self._wishes.strict:
            raise wrong.error
        self._played.wrong += 1
        if self._played.wrong <= TOLD_ERRORS:
            log.warning("record_skipped", why=str(wrong.error))
        elif self._played.wrong == TOLD_ERRORS + 1:
            log.warning("more_records_skipped", why="further wrong records are counted only")


class Pace:
    """When a record is due: as long after the first one as it was then, divided by the speed."""

    def __init__(self, speed: float, clock: Clock) -> None:
        self._speed, self._clock = speed, clock
        self._first: tuple[int, float] | None = None

    def due_in_s(self, record: Record) -> float:
        """Seconds until the record is due; 0 or less = now."""
        if not self._speed or record.at_ms is None:
            return 0.0
        if self._first is None:
            self._first = record.at_ms, self._clock.monotonic_s()
        first_ms, begun_s = self._first
        return begun_s + (record.at_ms - first_ms) / 1000 / self._speed - self._clock.monotonic_s()
