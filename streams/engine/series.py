"""Series: one measure of one sensor each, numbered at its first value."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from streams.engine.instants import Ints
from streams.engine.panes import grown
from streams.engine.roster import Roster

FIRST_SERIES: Final = 256


class Series:
    """The series of one timeline by number."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._number = np.full(len(roster.sensors) * len(roster.measures), -1, np.int64)
        self.used = 0
        self.sensor: Ints = np.zeros(FIRST_SERIES, np.int64)
        self.measure: Ints = np.zeros(FIRST_SERIES, np.int64)
        self.delay_ms: Ints = np.zeros(FIRST_SERIES, np.int64)
        self.newest: Ints = np.full(FIRST_SERIES, -1, np.int64)
        """Newest event time of each, -1 before the first. (size,)"""
        self.lost: dict[int, tuple[str, str]] = {}
        """Series whose sensor or measure is known no more, by what they were."""
        self._named: tuple[int, bytes] = 0, msgspec.msgpack.encode([])

    @property
    def size(self) -> int:
        """How many there is room for."""
        return len(self.sensor)

    def of(self, sensor: Ints, measure: Ints) -> Ints:
        """The series of each value, numbered where it is new. (n,)"""
        place = sensor * len(self._roster.measures) + measure
        series: Ints = self._number[place]
        if not (series >= 0).all():
            for new in np.unique(place[series < 0]).tolist():
                self._add(new)
            series = self._number[place]
        return series

    def known(self, sensor: Ints, measure: Ints) -> Ints:
        """The series of each value, -1 where it has had none. (n,)"""
        known: Ints = self._number[sensor * len(self._roster.measures) + measure]
        return known

    def sensor_id(self, series: int) -> str:
        """Whose it is, also where that sensor is known no more."""
        if series in self.lost:
            return self.lost[series][0]
        return self._roster.sensors[int(self.sensor[series])].sensor_id

    def _add(self, place: int) -> None:
        self._make_room()
        sensor, measure = divmod(place, len(self._roster.measures))
        self.sensor[self.used], self.measure[self.used] = sensor, measure
        self.delay_ms[self.used] = self._roster.delay_ms[sensor]
        self._number[place] = self.used
        self.used += 1

    def _make_room(self) -> None:
        if self.used < self.size:
            return
        size = 2 * self.used
        self.sensor, self.measure = grown(self.sensor, size, 0), grown(self.measure, size, 0)
        self.delay_ms, self.newest = grown(self.delay_ms, size, 0), grown(self.newest, size, -1)

    def state(self) -> dict[str, Any]:
        """For a snapshot: self-describing, by the names of sensors and measures."""
        return {"names": self._names(), "newest": self.newest[: self.used].tobytes()}

    def _names(self) -> bytes:
        """Id and measure of each, packed; made again only where there are new ones."""
        known, packed = self._named
        if known != self.used:
            sensors, measures = self._roster.sensors, self._roster.measures
            pairs = zip(self.sensor[: self.used].tolist(), self.measure[: self.used].tolist(), strict=True)
            names = [self.lost.get(i) or (sensors[s].sensor_id, measures[m]) for i, (s, m) in enumerate(pairs)]
            packed = msgspec.msgpack.encode(names)
            self._named = self.used, packed
        return packed

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot; numbers stay what they were, whatever the registry has become."""
        measures = {name: i for i, name in enumerate(self._roster.measures)}
        for sensor_id, measure in msgspec.msgpack.decode(state["names"], type=list[tuple[str, str]]):
            sensor = self._roster.index.get(sensor_id)
            if sensor is None or measure not in measures:
                self.lost[self.used] = (sensor_id, measure)
                self._make_room()
                self.used += 1
            else:
                self._add(sensor * len(measures) + measures[measure])
        newest = np.frombuffer(state["newest"], np.int64)
        self.newest[: len(newest)] = newest
