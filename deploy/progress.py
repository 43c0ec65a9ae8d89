"""What a start shows: a row per step on a terminal, a line per news elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from streams.clock import SYSTEM_CLOCK

SHOWN_ANEW_S: Final = 5.0


class Step(Protocol):
    """One thing that is being done."""

    def doing(self, what: str) -> None:
        """What is being done now, another thing than before."""
        ...

    def counting(self, what: str) -> None:
        """How far the present thing has come."""
        ...

    def done(self, what: str) -> None:
        """It is done."""
        ...

    def failed(self, what: str) -> None:
        """It can't be done."""
        ...


class Display:
    """The rows or lines; once closed, every further news is a line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Progress | None = None
        if console.is_terminal:
            columns: list[ProgressColumn] = [
                SpinnerColumn(finished_text="[green]●[/]", table_column=Column(width=1)),
                TextColumn("{task.description}", table_column=Column(width=8, no_wrap=True)),
                TextColumn("{task.fields[text]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
                TimeElapsedColumn(table_column=Column(width=7)),
            ]
            self._live = Progress(*columns, console=console, expand=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the rows as they are; what comes later is told by lines."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def step(self, name: str) -> Step:
        """Begin a row."""
        return _Row(self, name)

    def line(self, text: str) -> None:
        """One line of news."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @property
    def live(self) -> Progress | None:
        """The rows while they are shown."""
        return self._live


class _Row:
    def __init__(self, display: Display, name: str) -> None:
        self._display, self._name = display, name
        self._begun_s = self._told_s = SYSTEM_CLOCK.monotonic_s()
        self._task: TaskID | None = None
        if display.live is not None:
            self._task = display.live.add_task(name, total=None, text="")

    def doing(self, what: str) -> None:
        if not self._update(what):
            self._line(what)

    def counting(self, what: str) -> None:
        now = SYSTEM_CLOCK.monotonic_s()
        if not self._update(what) and now - self._told_s > SHOWN_ANEW_S:
            self._line(what)

    def done(self, what: str) -> None:
        if not self._update(what, finished=True):
            self._line(f"{what} ({SYSTEM_CLOCK.monotonic_s() - self._begun_s:.1f} s)")

    def failed(self, what: str) -> None:
        self._update("[yellow]not available, see above[/]", finished=True)
        self._line(what)  # whole, also where a row would cut it

    def _line(self, what: str) -> None:
        self._told_s = SYSTEM_CLOCK.monotonic_s()
        self._display.line(f"{self._name}: {what}")

    def _update(self, text: str, *, finished: bool = False) -> bool:
        live = self._display.live
        if live is None or self._task is None:
            return False
        live.update(self._task, text=text)
        if finished:
            live.update(self._task, total=1, completed=1)
        return True
