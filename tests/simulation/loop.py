"""An event loop of virtual time: the seed picks the next task; processes can be killed, stopped and gone on with anywhere.

Each step of a task up to its next await is one turn. A process's tasks know it by their context, so whatever a task starts
belongs to the same process. A killed or stopped process takes no turn: what falls due waits for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from asyncio import events
from collections.abc import Callable, Coroutine
from typing import Any, Final

TURN_S: Final = 20e-6
"""What a turn costs, so that tasks which only yield to each other do not stop the clock."""


class Process:
    """Tasks that live and die together.

    Args:
        name: for people.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.runs = True
        self.fuse: int | None = None
        """Turns until `burnt` is called; None: never."""
        self.burnt: Callable[[], None] = lambda: None
        self.waiting: list[_Turn] = []

    def stop(self) -> None:
        """No turn from now on: SIGSTOP, or SIGKILL where nobody lets it go on."""
        self.runs = False


OF: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class _Turn:
    """A callback that is due now or later."""

    __slots__ = ("context", "process", "what", "when_s")

    def __init__(self, what: tuple[Any, ...], context: contextvars.Context, when_s: float) -> None:
        self.what = what
        """Callback and arguments; nothing once it is cancelled."""
        self.context, self.when_s = context, when_s
        self.process = context.get(OF)

    def cancel(self) -> None:
        self.what = ()

    def cancelled(self) -> bool:
        return not self.what

    def when(self) -> float:
        return self.when_s


class Loop(asyncio.AbstractEventLoop):
    """Args: rng: picks among what is due."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng.random
        self._now_s = 0.0
        self._due: list[_Turn] = []
        self._later: list[tuple[float, int, _Turn]] = []
        self._numbers = 0
        self._tasks: dict[asyncio.Task[Any], Process | None] = {}
        self._is_running = False
        self.complaints: list[str] = []
        """Errors that nobody awaited."""

    # -- asyncio's part ---------------------------------------------------------------------------------------------

    def time(self) -> float:
        return self._now_s

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        turn = _Turn((callback, *args), contextvars.copy_context() if context is None else context, self._now_s)
        self._due.append(turn)
        return turn

    def call_at(self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        turn = _Turn((callback, *args), contextvars.copy_context() if context is None else context, when)
        self._numbers += 1
        heapq.heappush(self._later, (when, self._numbers, turn))
        return turn

    def call_later(self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        context = contextvars.copy_context() if context is None else context
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks[task] = context.get(OF)
        task.add_done_callback(self._tasks.pop)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    # -- turns ------------------------------------------------------------------------------------------------------

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run until `main` is done; then all other tasks are cancelled and run to their ends."""
        events._set_running_loop(self)
        self._is_running = True
        try:
            task = self.create_task(main, name="main")
            while not task.done():
                if not self._turn():
                    raise RuntimeError("nothing will ever happen again")
            return task.result()
        finally:
            self._end_all()
            self._is_running = False
            events._set_running_loop(None)

    def start(self, process: Process, main: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as a process's main task."""
        context = contextvars.copy_context()
        context.run(OF.set, process)
        return self.create_task(main, name=process.name, context=context)

    def left_by(self, process: Process) -> list[str]:
        """Names of a process's tasks that are not done."""
        return sorted(task.get_name() for task, of in self._tasks.items() if of is process and not task.done())

    def go_on(self, process: Process) -> None:
        """Let a stopped process take turns again: SIGCONT."""
        process.runs = True
        waiting, process.waiting = process.waiting, []
        self._due += waiting

    def _turn(self) -> bool:
        """Take one; False where nothing is due, now or ever."""
        while self._later and (self._later[0][0] <= self._now_s or not self._due):
            when_s, _, turn = heapq.heappop(self._later)
            if turn.what:
                self._now_s = max(self._now_s, when_s)
                self._due.append(turn)
        if not self._due:
            return False
        turn = self._due.pop()
        if self._due and (i := int(self._random() * (len(self._due) + 1))) < len(self._due):
            self._due[i], turn = turn, self._due[i]
        process = turn.process
        if not turn.what:
            return True
        if process is not None:
            if process.fuse is not None:
                process.fuse -= 1
                if process.fuse <= 0:
                    process.fuse = None
                    process.burnt()
            if not process.runs:
                process.waiting.append(turn)
                return True
        self._now_s += TURN_S
        turn.context.run(*turn.what)
        return True

    def _end_all(self) -> None:
        for process in dict.fromkeys(self._tasks.values()):  # in an order that repeats
            if process is not None:
                process.fuse = None
                self.go_on(process)
        for _ in range(1000):
            if not self._tasks:
                break
            for task in list(self._tasks):
                task.cancel()
            for _ in range(100 * len(self._tasks)):
                if not self._turn():
                    break
        for task in list(self._tasks):  # a task that swallows its cancellation is told, not hidden
            self.complaints.append(f"{task.get_name()} cannot be cancelled")
