"""What is known of one view, reality or one exercise: its series, alerts and announcements; pure.

Everything known carries where in the log it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from streams.contract.alerts import Alert
from streams.contract.bulletins import Bulletin
from streams.contract.times import to_ms
from streams.room.position import Partition, Position
from streams.room.windows import MINUTE_S, Row, Rows

NEVER_MS: Final = 2**62
"""Later than every window."""


class Place(NamedTuple):
    """Where in the log something stands."""

    partition: Partition
    offset: int

    def is_after(self, position: Position) -> bool:
        """Whether a browser at this position has not seen it."""
        return self.offset >= position.offsets[self.partition]


class Total(NamedTuple):
    """What the minutes of a span add up to; `n` readings."""

    n: int
    sum: float


@dataclass(slots=True)
class Series:
    """One measure of one sensor in one view."""

    place: Place
    minutes: Rows = field(default_factory=Rows)
    hours: Rows = field(default_factory=Rows)
    long: dict[int, Rows] = field(default_factory=dict)
    """By length, s: windows that only a rule asks for."""
    spoken_ms: int = -1
    """Event time of its newest reading as far as windows tell: the end of its newest 60 s window, or, in reality and
    before that, its arrival."""
    whole_from_ms: int = NEVER_MS
    """A minute that starts earlier may have been told before the log was read from."""

    def total(self, length_s: int) -> Total | None:
        """What the minutes up to the newest add up to, over so long a span; None where one of them may be missing."""
        rows = self._minutes_of(length_s)
        return None if rows is None else Total(sum(row.n for row in rows), round(sum(row.sum for row in rows), 6))

    def rise(self, length_s: int) -> float | None:
        """How much the newest minute is above the oldest over so long a span; None where that is not known."""
        rows = self._minutes_of(length_s)
        return None if rows is None or len(rows) < 2 else round(rows[-1].last - rows[0].last, 6)

    def _minutes_of(self, length_s: int) -> list[Row] | None:
        newest_ms = self.minutes.newest_ms
        from_ms = newest_ms - (length_s - MINUTE_S) * 1000
        if newest_ms < 0 or from_ms < self.whole_from_ms or from_ms <= self.minutes.forgotten_ms:
            return None
        return list(self.minutes.between(from_ms, newest_ms + 1).values())


@dataclass(slots=True)
class AlertLife:
    """An alert's newest state, and its states as they were published, by sequence."""

    newest: Alert
    states: dict[int, tuple[Place, bytes]]
    stepped_ms: int | None
    """When its level last changed, and with it its value and its texts; None where only what an officer did to it
    afterwards is kept."""

    @classmethod
    def begun(cls, alert: Alert) -> AlertLife:
        """Of the first state that is known of it."""
        silenced = alert.silenced_until is not None and alert.sequence > 1  # perhaps by this very state
        return cls(alert, {}, None if silenced or _is_act(alert) else to_ms(alert.updated_at))

    def move_on(self, alert: Alert) -> None:
        """Take in a state that is newer than the newest."""
        if (alert.level, alert.value) != (self.newest.level, self.newest.value):
            self.stepped_ms = None if _is_act(alert) else to_ms(alert.updated_at)
        self.newest = alert


def _is_act(alert: Alert) -> bool:
    """Whether an officer's act made this state, so that its time is that of the act's arrival."""
    acts = [*alert.comments, *([alert.acknowledged] if alert.acknowledged else [])]
    return any(act.at == alert.updated_at for act in acts)


class BulletinKept(NamedTuple):
    """A bulletin's highest revision."""

    bulletin: Bulletin
    place: Place
    text: bytes


SeriesKey = tuple[str, str]
"""Sensor and measure."""


@dataclass(slots=True)
class View:
    """Reality (`exercise` is None) or one exercise."""

    exercise: str | None
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    spoken_ms: dict[str, int] = field(default_factory=dict)
    """By sensor: the newest of its series."""
    alerts: dict[str, AlertLife] = field(default_factory=dict)
    bulletins: dict[str, BulletinKept] = field(default_factory=dict)
    touched: set[SeriesKey] = field(default_factory=set)
    """Series that changed, or an alert on them, since the browsers were last told values."""
    reached_ms: int | None = None
    arrived_ms: int = -1

    def clock_ms(self, now_ms: int) -> int | None:
        """What time it is in this view: the server's in reality, the newest event's in an exercise."""
        return now_ms if self.exercise is None else self.reached_ms

    def reach(self, event_ms: int) -> None:
        """Something of this event time has happened."""
        if self.reached_ms is None or event_ms > self.reached_ms:
            self.reached_ms = event_ms

    @staticmethod
    def judged_series(alert: Alert) -> SeriesKey | None:
        """The series that an alert of a sensor rule is about, known or not."""
        sensor_id, measure = alert.scope.sensor_id, alert.measure
        return None if sensor_id is None or measure is None else (sensor_id, measure)
