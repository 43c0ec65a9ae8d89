"""What a person sees while a recording is played: a bar on a terminal, a line every now and then elsewhere."""

from __future__ import annotations

import datetime as dt
import sys
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from streams.clock import KST, Clock
from streams.contract.times import from_ms
from streams.logs import get

LINE_S: Final = 10.0

log = get(__name__)


class Display(Protocol):
    """Shows how far a replay has come."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show no more."""
        ...

    def lap(self, name: str, size: int) -> None:
        """A run of this name begins, through a file of `size` bytes."""
        ...

    def moved(self, *, read: int, records: int, at_ms: int | None) -> None:
        """So many bytes are read and records acknowledged, and the recording's clock stands at `at_ms`."""
        ...


class Lines:
    """A log line every `LINE_S` seconds, told as `event`."""

    def __init__(self, clock: Clock, event: str = "replay_advanced") -> None:
        self._clock, self._event = clock, event
        self._next_s, self._name, self._size = clock.monotonic_s() + LINE_S, "", 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def lap(self, name: str, size: int) -> None:
        """A run of this name begins, through a file of `size` bytes."""
        self._name, self._size = name, max(size, 1)

    def moved(self, *, read: int, records: int, at_ms: int | None) -> None:
        """So many bytes are read and records acknowledged, and the recording's clock stands at `at_ms`."""
        now = self._clock.monotonic_s()
        if now >= self._next_s:
            self._next_s = now + LINE_S
            percent = round(100 * read / self._size)
            log.info(self._event, run=self._name, records=records, percent=percent, clock=_kst(at_ms))


class Bar:
    """A rich progress bar: the share of the file that was read, the records, the recording's own clock."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[records]:,} records  {task.fields[at]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, records=0, at="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def lap(self, name: str, size: int) -> None:
        """A run of this name begins, through a file of `size` bytes."""
        self._progress.reset(self._task, description=name, total=max(size, 1), records=0, at="")

    def moved(self, *, read: int, records: int, at_ms: int | None) -> None:
        """So many bytes are read and records acknowledged, and the recording's clock stands at `at_ms`."""
        self._progress.update(self._task, completed=read, records=records, at=_kst(at_ms))


def display(clock: Clock, event: str = "replay_advanced") -> Display:
    """A bar where standard error is a terminal, else lines."""
    return Bar(Console(stderr=True)) if sys.stderr.isatty() else Lines(clock, event)


def _kst(at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    at: dt.datetime = from_ms(at_ms).astimezone(KST)
    return f"{at:%Y-%m-%d %H:%M} KST"
