"""How far each exercise has come, one file each in `<data_dir>/replay`, so that a cut one can go on.

Invariant: the broker has every record before `position`. It may have some behind it, which are then sent twice and are
duplicates by identity.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field

from connectors.frame.kept import read_kept, write_whole
from connectors.replay.recording import Recording
from streams.clock import Clock
from streams.contract.ids import is_exercise_id
from streams.contract.times import compact_ms
from streams.errors import NoRoom, Occupied, WrongInput

SECOND_MS: Final = 1000
KEPT_FINISHED: Final = 200
"""So many finished runs are remembered, so that a loop does not fill the folder; a name of an older one may be used anew."""


class ReplayState(BaseModel):
    """One exercise (or one run of a recording as reality) and how far it has come."""

    exercise: str
    """Also the name of a run as reality."""
    real: bool = False
    source: str
    source_bytes: int
    begun_ms: int
    shift_ms: int | None = None
    """How far its times are moved; None until the first record has been seen."""
    rebase: bool = False
    position: int = Field(default=0, ge=0)
    finished: bool = False

    def is_of(self, recording: Recording) -> bool:
        """Whether it plays this file, and the file is still as long: places in another one mean nothing."""
        return (self.source, self.source_bytes) == (str(recording.path), recording.path.stat().st_size)


class ReplayStates:
    """The states below one data folder."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._folder, self._clock = data_dir / "replay", clock
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise NoRoom(
                f"the folder can't be written: {e.strerror}", field=str(self._folder), fix="Choose another data folder"
            ) from e

    def new(self, recording: Recording, *, real: bool, rebase: bool, exercise: str | None = None) -> ReplayState:
        """A run that has not begun; its name is `<recording>-<UTC start>`, a second later where that is taken."""
        self._forget_oldest()
        now_ms = begun_ms = self._clock.now_ms()
        while exercise is None:
            name = f"{recording.name}-{compact_ms(begun_ms)}"
            if not self._path(name).exists():
                exercise = name
            begun_ms += SECOND_MS
        if not is_exercise_id(exercise):
            raise WrongInput("is no id", field="--exercise", value=exercise, fix="Use 1 to 96 of A-Z a-z 0-9 . _ : -")
        state = ReplayState(
            exercise=exercise,
            real=real,
            source=str(recording.path),
            source_bytes=recording.path.stat().st_size,
            begun_ms=now_ms,
            rebase=rebase,
        )
        self.save(state)
        return state

    def newest_unfinished(self, recording: Recording, *, real: bool) -> ReplayState | None:
        """Of the runs of this recording that have not come to their end, the last begun; None if its file is another now."""
        runs = [
            state
            for state in self._all()
            if (state.source, state.real, state.finished) == (str(recording.path), real, False)
        ]
        newest = max(runs, key=lambda state: (state.begun_ms, state.exercise), default=None)
        return newest if newest is not None and newest.is_of(recording) else None

    def of(self, exercise: str) -> ReplayState | None:
        """The run of this name, if there was one here."""
        return read_kept(self._path(exercise), ReplayState) if is_exercise_id(exercise) else None

    def save(self, state: ReplayState) -> None:
        """Write it whole or not at all.

        Raises:
            NoRoom: the disk is full or the folder may not be written.
        """
        write_whole(self._path(state.exercise), state)

    @contextmanager
    def held(self, state: ReplayState) -> Iterator[None]:
        """Hold the run for this process.

        Raises:
            Occupied: another process plays it now.
        """
        path = self._path(state.exercise).with_suffix(".lock")
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Occupied(
                    "another process plays this exercise now",
                    field="exercise",
                    value=state.exercise,
                    fix="Stop that one first",
                ) from None
            yield
            if state.finished:
                path.unlink(missing_ok=True)

    def _path(self, exercise: str) -> Path:
        return self._folder / f"{exercise}.json"

    def _all(self) -> list[ReplayState]:
        found = (read_kept(path, ReplayState) for path in self._folder.glob("*.json"))
        return [state for state in found if state is not None]

    def _forget_oldest(self) -> None:
        finished = sorted((state for state in self._all() if state.finished), key=lambda state: state.begun_ms)
        for state in finished[:-KEPT_FINISHED]:
            self._path(state.exercise).unlink(missing_ok=True)


class Acknowledged:
    """Which records the broker has: the position before which none is missing."""

    def __init__(self, position: int) -> None:
        self.position = position
        self._beyond: set[int] = set()

    def add(self, indexes: Sequence[int]) -> None:
        """The broker has these."""
        self._beyond.update(indexes)
        while self.position in self._beyond:
            self._beyond.remove(self.position)
            self.position += 1
