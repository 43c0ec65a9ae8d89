"""Waiting until something is so, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Final

from streams.clock import SYSTEM_CLOCK

EVERY_S: Final = 0.03


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float, every_s: float = EVERY_S) -> bool:
    """Ask again and again until the condition holds; False when it did not within `seconds`.

    For what tells nobody when it changes: other processes, ports, files.
    """
    end = SYSTEM_CLOCK.monotonic_s() + seconds
    while True:
        answer = condition()
        if await answer if isawaitable(answer) else answer:
            return True
        if SYSTEM_CLOCK.monotonic_s() >= end:
            return False
        await asyncio.sleep(every_s)
