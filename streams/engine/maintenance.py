"""Planned work on sensors: readings of that time are set aside, and until its end nobody is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from streams.contract.maintenance import Period
from streams.contract.sensors import Sensor
from streams.contract.times import to_ms
from streams.engine.instants import Bools, Ints

FAR_MS: Final = 1 << 53
"""Later than every instant."""


class Maintenance:
    """The periods of one domain's sensors. Sensors without one cost nothing.

    Args:
        periods: the city's.
        sensors: the domain's, in the order of their numbers.
    """

    def __init__(self, periods: Iterable[Period] = (), sensors: Iterable[Sensor] = ()) -> None:
        every = list(sensors)
        found = [(to_ms(each.begin), to_ms(each.end), [each.is_of(sensor) for sensor in every]) for each in periods]
        self._periods: list[tuple[int, int, Bools]] = [
            (begin_ms, end_ms, np.array(mine, np.bool_)) for begin_ms, end_ms, mine in sorted(found) if any(mine)
        ]
        """Begin, end and whose, the earliest first."""

    def __bool__(self) -> bool:
        return bool(self._periods)

    def covers(self, sensor: Ints, at_ms: Ints) -> Bools:
        """Which readings are of a time of work on their sensor. (n,)"""
        covered = np.zeros(len(sensor), np.bool_)
        oldest_ms, newest_ms = int(at_ms.min(initial=FAR_MS)), int(at_ms.max(initial=-FAR_MS))
        for begin_ms, end_ms, mine in self._periods:
            if begin_ms <= newest_ms and end_ms > oldest_ms:
                covered |= mine[sensor] & (at_ms >= begin_ms) & (at_ms < end_ms)
        return covered

    def put_off(self, since_ms: Ints, allowed_ms: Ints) -> Ints:
        """From when each sensor is waited for: after a time of work that began before it was absent, from its end.

        Args:
            since_ms: the newest reading of each. (sensors,)
            allowed_ms: how long each may say nothing. (sensors,)
        """
        for begin_ms, end_ms, mine in self._periods:
            since_ms = np.where(mine & (begin_ms < since_ms + allowed_ms) & (end_ms > since_ms), end_ms, since_ms)
        return since_ms

    def put_off_one(self, sensor: int, since_ms: int, allowed_ms: int) -> int:
        """The same of one sensor."""
        for begin_ms, end_ms, mine in self._periods:
            if mine[sensor] and begin_ms < since_ms + allowed_ms and end_ms > since_ms:
                since_ms = end_ms
        return since_ms


NO_MAINTENANCE: Final = Maintenance()
