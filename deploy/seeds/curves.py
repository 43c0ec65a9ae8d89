"""Courses of a value through time, drawn by a few known or assumed points."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Final
from zlib import crc32

from streams.errors import WrongInput

KST: Final = timezone(timedelta(hours=9))
WOBBLE_PERIODS_MIN: Final = (7.0, 17.0, 41.0)
"""Of the small waves that make a drawn course look measured; they share no common divisor, so that none repeats soon."""
MOST_OF_CRC32: Final = 2**32 - 1


class Course:
    """A course that runs straight from point to point, and stays where the last one is.

    Args:
        day: midnight from which the points' times count, aware.
        points: `"HH:MM"` (the hour may exceed 24) → value, ascending.

    Raises:
        WrongInput: the points are not in the order of their times.
    """

    def __init__(self, day: datetime, points: Mapping[str, float]) -> None:
        self._at = [day + offset(text) for text in points]
        self._values = list(points.values())
        if any(a >= b for a, b in pairwise(self._at)):
            raise WrongInput("points must stand in the order of their times", value=list(points))

    def value(self, at: datetime) -> float:
        """The value at an instant; before the first point, the first one's."""
        i = bisect_right(self._at, at)
        if i == 0:
            return self._values[0]
        if i == len(self._at):
            return self._values[-1]
        share = (at - self._at[i - 1]) / (self._at[i] - self._at[i - 1])
        return self._values[i - 1] + share * (self._values[i] - self._values[i - 1])


def offset(text: str) -> timedelta:
    """`"HH:MM"` or `"HH:MM:SS"` as time since midnight; with a `-`, before it."""
    hours, minutes, *seconds = (int(part) for part in text.removeprefix("-").split(":"))
    since = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return -since if text.startswith("-") else since


def wobble(name: str, at: datetime, amplitude: float) -> float:
    """A small wave of a sensor's own, the same each time it is asked for; within ± `amplitude`."""
    minutes = at.timestamp() / 60
    phases = [sum(name.encode()) % 97, len(name) * 13, sum(name.encode()[::2]) % 89]
    waves = [math.sin(2 * math.pi * minutes / period + p) for period, p in zip(WOBBLE_PERIODS_MIN, phases, strict=True)]
    return amplitude * sum(waves) / len(waves)


def flicker(name: str, at: datetime, amplitude: float) -> float:
    """What differs from instant to instant without a pattern, the same each time it is asked for; within ± `amplitude`."""
    return amplitude * (2 * crc32(f"{name} {at.isoformat()}".encode()) / MOST_OF_CRC32 - 1)


def instants(begin: datetime, end: datetime, step_s: float) -> Iterator[datetime]:
    """From `begin` to `end`, both inside, every `step_s` seconds."""
    at = begin
    while at <= end:
        yield at
        at += timedelta(seconds=step_s)
