"""What the hub must answer to the logs as they stand: the oracle, and what it leaves out, told one record at a time.

The oracle judges values, windows and alerts. Beside it stand here, from the contract: a reading in another partition than its
sensor's is passed on and nothing else; a partition holds eight exercises; and the clock may release reality's windows, which
the checkpoints tell: a watermark that readings alone do not explain is a release, and must have had its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from deploy.oracle import Change, Window
from deploy.oracle.alerts import bulletin_alerts, sensor_alerts
from deploy.oracle.answer import windows_of
from deploy.oracle.fates import Timeline
from deploy.oracle.records import Reading, Refused, bulletin_of, reading_of
from tests.simulation.city import Simulated
from tests.simulation.cluster import Fetched, Place

MOST_EXERCISES: Final = 8
REPLACED_MS: Final = 600_000
DAY_MS: Final = 86_400_000
ANSWERED_MS: Final = 8_000
"""A release rests on an answer of the broker of the last five seconds, which was under way for a moment."""

WindowKey = tuple[str, str, str, int, int]
"""Exercise or nothing, sensor, measure, length in s, start in ms."""


class Kept(NamedTuple):
    """What a committed checkpoint of a readings partition says."""

    number: int
    applied: int
    watermark_ms: int | None
    committed_ms: int


class Letter(NamedTuple):
    """A dead letter."""

    topic: str
    partition: int
    offset: int
    reason: str


@dataclass
class Expected:
    windows: dict[WindowKey, Window] = field(default_factory=dict)
    alerts: dict[str, list[Change]] = field(default_factory=dict)
    """By alert id, with its exercise."""
    letters: Counter[Letter] = field(default_factory=Counter)
    forwarded: Counter[str] = field(default_factory=Counter)
    """`topic-partition-offset` of what is passed on."""
    values: dict[Place, Counter[tuple[str, str]]] = field(default_factory=dict)
    """Per partition, by exercise or nothing and outcome."""
    received: Counter[Place] = field(default_factory=Counter)
    """Values, also those of exercises that have been dropped since."""
    dropped: Counter[Place] = field(default_factory=Counter)
    """Values of exercises that were dropped."""
    releases: int = 0
    wrong: list[str] = field(default_factory=list)


class _Partition:
    """One partition of readings, record by record."""

    def __init__(self, place: Place, city: Simulated, expected: Expected) -> None:
        self._place, self._city, self._expected = place, city, expected
        self._domain = place.topic.removeprefix("readings.")
        self._times = city.known.times[self._domain]
        self._real = Timeline(self._times, None)
        self._exercises: dict[str, tuple[Timeline, int]] = {}
        """With the arrival of the last record."""
        self._stateless: Counter[tuple[str, str]] = Counter()

    def take(self, record: Fetched) -> None:
        """Judge the next record of the log."""
        try:
            reading = reading_of(record.value, self._city.ranges[self._domain])
        except Refused as refusal:
            self._refuse(record, refusal.reason)
            self._count("", "rejected", 1)
            return
        exercise, n = reading.exercise or "", len(reading.values)
        sensor = self._city.known.sensors.get(reading.sensor_id)
        if sensor is None or sensor.domain != self._domain:
            self._refuse(record, "unknown_sensor")
            self._count(exercise, "rejected", n)
        elif self._city.home[reading.sensor_id] != self._place.partition:
            self._expected.forwarded[f"{self._place.topic}-{self._place.partition}-{record.offset}"] += 1
            self._count(exercise, "forwarded", n)
        else:
            self._own(record, reading)

    def _own(self, record: Fetched, reading: Reading) -> None:
        timeline = self._timeline(reading.exercise, record.timestamp)
        if timeline is None:
            self._refuse(record, "exercise_limit")
            self._count("*", "rejected", len(reading.values))
            return
        before = len(timeline.refusals)
        timeline.take(reading, self._city.known.sensors[reading.sensor_id], record.timestamp)
        for reason in timeline.refusals[before:]:
            self._refuse(record, reason)
        self._expected.received[self._place] += len(reading.values)

    def _timeline(self, exercise: str | None, now_ms: int) -> Timeline | None:
        for name in [name for name, (_, at_ms) in self._exercises.items() if now_ms - at_ms > DAY_MS]:
            self._drop(name)
        if exercise is None:
            return self._real
        if exercise not in self._exercises:
            if len(self._exercises) == MOST_EXERCISES:
                at_ms, oldest = min((at_ms, name) for name, (_, at_ms) in self._exercises.items())
                if now_ms - at_ms <= REPLACED_MS:
                    return None
                self._drop(oldest)
            self._exercises[exercise] = Timeline(self._times, exercise), now_ms
        timeline = self._exercises[exercise][0]
        self._exercises[exercise] = timeline, now_ms
        return timeline

    def _drop(self, name: str) -> None:
        timeline, _ = self._exercises.pop(name)
        self._expected.dropped[self._place] += len(timeline.fates)
        self._finish(timeline)

    def _refuse(self, record: Fetched, reason: str) -> None:
        self._expected.letters[Letter(*self._place, record.offset, reason)] += 1

    def _count(self, exercise: str, outcome: str, n: int) -> None:
        self._stateless[exercise, outcome] += n
        self._expected.received[self._place] += n

    # -- what the clock decided -------------------------------------------------------------------------------------

    def keep(self, kept: Kept, last: Fetched | None, following: Fetched | None) -> None:
        """A checkpoint that stands here in the log: a watermark that readings do not explain is a release."""
        mark, own = kept.watermark_ms, self._real.watermark_ms
        if mark == own:
            return
        if mark is None or own is None or mark < own:
            self._complain(kept, f"has the watermark {mark}, readings alone give {own}")
            return
        released_ms = mark + self._times.idle_ms + self._times.grace_ms
        if released_ms > kept.committed_ms:
            self._complain(kept, "releases more than has passed")
        if last is not None and last.timestamp + self._times.idle_ms > released_ms:
            self._complain(kept, f"releases {(released_ms - last.timestamp) / 1000} s after a record")
        if following is not None and following.timestamp < released_ms - ANSWERED_MS:
            self._complain(kept, f"releases though {following.offset} was there to be read")
        self._real.watermark_ms = mark
        self._expected.releases += 1

    def _complain(self, kept: Kept, what: str) -> None:
        where = f"{self._place.topic}-{self._place.partition}"
        self._expected.wrong.append(f"checkpoint {kept.number} of {where} at {kept.applied} {what}")

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """The log is read."""
        held = [(None, self._real), *((name, timeline) for name, (timeline, _) in self._exercises.items())]
        values = Counter(self._stateless)
        for name, timeline in held:
            for outcome in timeline.fates:
                values[name or "", outcome] += 1
            self._finish(timeline)
        self._expected.values[self._place] = values

    def _finish(self, timeline: Timeline) -> None:
        known, exercise = self._city.known, timeline.exercise
        for key, window in windows_of(timeline, known).items():
            self._expected.windows[(exercise or "", *key)] = window
        for alert_id, changes in sensor_alerts(known, self._domain, timeline).items():
            self._expected.alerts[_named(alert_id, exercise)] = changes


def expect(city: Simulated, logs: dict[Place, list[Fetched]], kept: dict[Place, list[Kept]]) -> Expected:
    """The answer to these logs.

    Args:
        city: whose sensors and rules.
        logs: committed records of every input topic's partitions.
        kept: what the checkpoints of the partitions of readings say, in the order in which they were committed.
    """
    expected = Expected()
    for place, log in logs.items():
        if place.topic.startswith("readings."):
            _read(place, city, log, kept.get(place, []), expected)
        elif place.topic == "bulletins":
            expected.alerts |= _announced(city, place, log, expected)
    return expected


def _read(place: Place, city: Simulated, log: list[Fetched], kept: list[Kept], expected: Expected) -> None:
    partition, waiting = _Partition(place, city, expected), list(kept)
    last = None
    for record in [*log, None]:
        while waiting and (record is None or waiting[0].applied < record.offset):
            partition.keep(waiting.pop(0), last, record)
        if record is not None:
            partition.take(record)
            last = record
    partition.finish()


def _announced(city: Simulated, place: Place, log: Iterable[Fetched], expected: Expected) -> dict[str, list[Change]]:
    bulletins: list[dict[str, Any]] = []
    for record in log:
        try:
            bulletins.append(bulletin_of(record.value))
        except Refused as refusal:
            expected.letters[Letter(*place, record.offset, refusal.reason)] += 1
    return bulletin_alerts(city.known, bulletins)


def _named(alert_id: str, exercise: str | None) -> str:
    return alert_id if exercise is None else f"{alert_id}:{exercise}"
