"""Keeps services running: starts again what ended by itself, ever more slowly, and stops all in reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from deploy.child import Child
from streams.clock import SYSTEM_CLOCK
from streams.errors import HubError

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 15.0
HEALTHY_S: Final = 60.0
"""A service that ran this long is well again: the next end is news, and it is started again at once."""


class Service(Protocol):
    """Something that can be started again and again; `KafkaNode`, `InfluxNode` and `HubProcess` are."""

    @property
    def child(self) -> Child:
        """Its process."""
        ...

    async def start(self) -> None:
        """Start it and return when it serves."""
        ...

    async def stop(self) -> int | None:
        """Stop it in good order."""
        ...


@dataclass(slots=True)
class Kept:
    """A service under supervision."""

    name: str
    service: Service
    watch: asyncio.Task[None]
    restarts: int = 0
    finished: bool = False


class Supervisor:
    """The services of one hub.

    Args:
        told: is given one line for every news that a person should see.
        changed: is called after each start, end and finish.
    """

    def __init__(self, told: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._told, self._changed = told, changed
        self._kept: dict[str, Kept] = {}

    @property
    def kept(self) -> dict[str, Kept]:
        """Every service by name, in the order of starting."""
        return self._kept

    async def start(self, name: str, service: Service, *, ends: bool = False) -> None:
        """Start a service and keep it running.

        Args:
            name: how people are told of it.
            service: what is started.
            ends: exit code 0 is its good end, after which it stays ended.

        Raises:
            HubError: it could not be started.
        """
        try:
            await service.start()
        except BaseException:  # also when the whole start is given up meanwhile
            await service.stop()
            raise
        watch = asyncio.create_task(self._keep(name, service, ends), name=f"keep {name}")
        self._kept[name] = Kept(name, service, watch)
        self._changed()

    async def stop(self) -> None:
        """Stop every service, the last started first."""
        kept = list(reversed(self._kept.values()))
        for each in kept:
            each.watch.cancel()
        await asyncio.gather(*(each.watch for each in kept), return_exceptions=True)
        for each in kept:
            await each.service.stop()
        self._changed()

    def shorten_logs(self) -> None:
        """Begin anew each log that has grown long."""
        for each in self._kept.values():
            each.service.child.shorten_log()

    def kill(self) -> None:
        """End all at once."""
        for each in self._kept.values():
            each.service.child.kill()

    async def _keep(self, name: str, service: Service, ends: bool) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            begun_s = SYSTEM_CLOCK.monotonic_s()
            code = await service.child.ended()
            if ends and code == 0:
                self._kept[name].finished = True
                self._changed()
                return
            fresh = pause_s == FIRST_PAUSE_S
            if SYSTEM_CLOCK.monotonic_s() - begun_s >= HEALTHY_S:
                pause_s, fresh = FIRST_PAUSE_S, True
            if fresh:
                self._told(f"{name} {_how(code, service.child)}; it is started again")
            pause_s = await self._again(name, service, pause_s)

    async def _again(self, name: str, service: Service, pause_s: float) -> float:
        """Start it until it starts; returns the pause before the next time."""
        told = ""
        while True:
            self._changed()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            self._kept[name].restarts += 1
            try:
                await service.start()
            except HubError as e:
                if str(e) != told:
                    told = str(e)
                    self._told(f"{name} can't be started again yet: {e}")
                continue
            self._changed()
            return pause_s


def _how(code: int, child: Child) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code} ({last_words(child)})"


def last_words(child: Child) -> str:
    """The last line that it wrote, or where its log is."""
    lines = child.said().splitlines()
    return lines[-1][:200] if lines else f"log: {child.log}"
