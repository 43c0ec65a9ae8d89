"""Ctrl-C and SIGTERM as an event that a command waits for, so that it ends in good order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")

LAST_S: Final = 10.0
"""How long a command that was asked to end still waits for the broker to have what was sent."""


class Stop:
    """Whether this process was asked to end, and by which signal."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.by: signal.Signals | None = None

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return self._asked.is_set()

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process ended by that signal."""
        return 0 if self.by is None else 128 + self.by

    def ask(self, by: signal.Signals) -> None:
        """It is asked to end."""
        self.by = by
        self._asked.set()

    async def within(self, seconds: float) -> bool:
        """Wait so long, or until asked; returns whether it was asked."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            pass
        return self.asked

    async def grants(self, work: Coroutine[Any, Any, T], then_s: float = 0.0) -> asyncio.Task[T]:
        """Wait for the work's end; once asked to end, only so many seconds more, then it is given up.

        Returns:
            The work, which is done, or cancelled where it was given up.

        Raises:
            Exception: what the work raised.
        """
        working, asked = asyncio.create_task(work), asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
            if then_s and not working.done():
                await asyncio.wait({working}, timeout=then_s)
        finally:
            asked.cancel()
            working.cancel()
            await asyncio.gather(asked, working, return_exceptions=True)
        if not working.cancelled():
            working.result()
        return working


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM ask; a second Ctrl-C ends at once."""
    stop, loop = Stop(), asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.asked:
            loop.remove_signal_handler(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        stop.ask(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, stop.ask, signal.SIGTERM)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
