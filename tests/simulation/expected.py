"""What the hub must answer to the logs as they stand: the oracle, and what it leaves out, told one record at a time.

The oracle judges values, windows and alerts. Beside it stand here, from the contract: a reading in another partition than its
sensor's is passed on and nothing else; a partition holds eight exercises; and the clock may release reality's windows, which
the checkpoints tell, and the zones', which is told them: a watermark that readings alone do not explain is a release, and
must have had its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from deploy.oracle import Change, Window
from deploy.oracle.absences import absence_alerts
from deploy.oracle.alerts import bulletin_alerts, sensor_alerts
from deploy.oracle.answer import windows_of
from deploy.oracle.fates import Heard, Timeline
from deploy.oracle.records import Reading, Refused, bulletin_of, reading_of
from deploy.oracle.zones import Holding, zone_alerts
from tests.simulation.city import PARTITIONS, Simulated
from tests.simulation.cluster import Fetched, Place
from tests.simulation.zones import Progress, has_passed, marks_of, why_unfounded

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
    holdings: dict[tuple[str, str], list[Holding]] = field(default_factory=dict)
    """By domain, and exercise or nothing: what its partitions held."""
    zones: dict[int, Counter[tuple[str, str]]] = field(default_factory=dict)
    """Per partition of zones, by domain: sensors' windows that zones took, and that came late."""
    seen: Counter[str] = field(default_factory=Counter)
    """What there was to be wrong about."""
    wrong: list[str] = field(default_factory=list)


class _Partition:
    """One partition of readings, record by record."""

    def __init__(self, place: Place, city: Simulated, expected: Expected, told: Progress | None) -> None:
        self._place, self._city, self._expected, self._told = place, city, expected, told
        self._domain = place.topic.removeprefix("readings.")
        self._times = city.known.times[self._domain]
        self._real = Timeline(self._times, None)
        self._exercises: dict[str, tuple[Timeline, int]] = {}
        """With the arrival of the last record."""
        self._stateless: Counter[tuple[str, str]] = Counter()
        self._arrivals_ms: list[int] = []
        """Of records that break its silence: where zones listen only what they are told of does."""

    def take(self, record: Fetched) -> None:
        """Judge the next record of the log."""
        if self._told is None:
            self._arrivals_ms.append(record.timestamp)
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
        if self._told is not None:
            self._arrivals_ms.append(record.timestamp)
        before = len(timeline.refusals)
        timeline.take(reading, self._city.known.sensors[reading.sensor_id], record.timestamp)
        for reason in timeline.refusals[before:]:
            self._refuse(record, reason)
        self._expected.received[self._place] += len(reading.values)

    def _timeline(self, exercise: str | None, now_ms: int) -> Timeline | None:
        for name in [name for name, (_, at_ms) in self._exercises.items() if now_ms - at_ms > DAY_MS]:
            self._drop(name, now_ms)
        if exercise is None:
            return self._real
        if exercise not in self._exercises:
            if len(self._exercises) == MOST_EXERCISES:
                at_ms, oldest = min((at_ms, name) for name, (_, at_ms) in self._exercises.items())
                if now_ms - at_ms <= REPLACED_MS:
                    return None
                self._drop(oldest, now_ms)
            self._exercises[exercise] = Timeline(self._times, exercise), now_ms
        timeline = self._exercises[exercise][0]
        self._exercises[exercise] = timeline, now_ms
        return timeline

    def _drop(self, name: str, now_ms: int) -> None:
        timeline, _ = self._exercises.pop(name)
        self._expected.dropped[self._place] += len(timeline.fates)
        self._expected.seen["exercise dropped"] += 1
        self._finish(timeline, timeline.passed, now_ms)

    def _refuse(self, record: Fetched, reason: str) -> None:
        self._expected.letters[Letter(*self._place, record.offset, reason)] += 1

    def _count(self, exercise: str, outcome: str, n: int) -> None:
        self._stateless[exercise, outcome] += n
        self._expected.received[self._place] += n

    # -- what the clock decided -------------------------------------------------------------------------------------

    def keep(self, kept: Kept, following: Fetched | None) -> None:
        """A checkpoint that stands here in the log: a watermark that readings do not explain is a release."""
        mark, own = kept.watermark_ms, self._real.watermark_ms
        if mark == own:
            return
        if mark is None or own is None or mark < own:
            self._complain(kept, f"has the watermark {mark}, readings alone give {own}")
            return
        if why := why_unfounded(mark, kept.committed_ms, self._times, self._arrivals_ms):
            self._complain(kept, why)
            return
        released_ms = mark + self._times.idle_ms + self._times.grace_ms
        if following is not None and following.timestamp < released_ms - ANSWERED_MS:
            self._complain(kept, f"releases though {following.offset} was there to be read")
        self._real.watermark_ms = mark
        self._real.heard.append(Heard(None, mark, mark))
        self._expected.seen["release"] += 1
        if self._told is not None:
            told = [each for each in self._told.told if each.watermark_ms == mark]
            if told:  # first with the release, then perhaps again by who took over
                self._real.passed.append((min(told, key=lambda each: each.told_ms).arrived_ms, mark))
            else:
                self._complain(kept, f"releases to {mark} and does not tell its zones")

    def _complain(self, kept: Kept, what: str) -> None:
        self._wrong(f"checkpoint {kept.number} at {kept.applied} {what}")

    def _wrong(self, what: str) -> None:
        self._expected.wrong.append(f"{self._place.topic}-{self._place.partition}: {what}")

    def _marks(self) -> list[tuple[int, int]]:
        """What reality has passed here, as its zones were told."""
        releases = []
        for told in self._told.told if self._told is not None else ():
            mark, why = told.watermark_ms, None
            if mark is None or has_passed(self._real, mark, told.arrived_ms if told.is_idle else told.told_ms):
                continue
            if not told.is_idle:
                why = "which nothing has passed"
            elif not self._real.passed or told.arrived_ms < self._real.passed[0][0]:
                why = "which had no reading"
            else:
                why = why_unfounded(mark, told.arrived_ms, self._times, self._arrivals_ms)
            if why is not None:
                self._wrong(f"tells its zones {told}, {why}")
            releases.append(told)
        self._expected.seen["release told to zones"] += len(releases)
        return marks_of(self._real, releases)

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """The log is read."""
        values = Counter(self._stateless)
        for timeline in (self._real, *(timeline for timeline, _ in self._exercises.values())):
            for outcome in timeline.fates:
                values[timeline.exercise or "", outcome] += 1
            marks = self._marks() if timeline.exercise is None else timeline.passed
            self._finish(timeline, marks, None)
        self._expected.values[self._place] = values

    def _finish(self, timeline: Timeline, marks: list[tuple[int, int]], dropped_ms: int | None) -> None:
        known, exercise = self._city.known, timeline.exercise
        for key, window in windows_of(timeline, known).items():
            self._expected.windows[(exercise or "", *key)] = window
        absent = absence_alerts(known, self._domain, self._place.partition, timeline, self._city.home.__getitem__)
        for alert_id, changes in (sensor_alerts(known, self._domain, timeline) | absent).items():
            self._expected.alerts[_named(alert_id, exercise)] = changes
        where = "reality" if exercise is None else "an exercise"
        self._expected.seen[f"absent in {where}"] += len(absent)
        self._expected.seen["absent until the end"] += sum(
            changes[-1].transition == "raised" for changes in absent.values()
        )
        held = Holding(self._place.partition, timeline, marks, dropped_ms)
        self._expected.holdings.setdefault((self._domain, exercise or ""), []).append(held)


def expect(
    city: Simulated,
    logs: dict[Place, list[Fetched]],
    kept: dict[Place, list[Kept]],
    told: Mapping[Place, Progress],
) -> Expected:
    """The answer to these logs.

    Args:
        city: whose sensors and rules.
        logs: committed records of every input topic's partitions.
        kept: what the checkpoints of the partitions of readings say, in the order in which they were committed.
        told: what the partitions of readings told the zones of their progress.
    """
    expected = Expected()
    for place, log in logs.items():
        if place.topic.startswith("readings."):
            _read(_Partition(place, city, expected, told.get(place)), log, kept.get(place, []))
        elif place.topic == "bulletins":
            expected.alerts |= _announced(city, place, log, expected)
    for (domain, exercise), holdings in expected.holdings.items():
        _judge_zones(city, domain, exercise, holdings, told, expected)
    return expected


def _read(partition: _Partition, log: list[Fetched], kept: list[Kept]) -> None:
    waiting = list(kept)
    for record in [*log, None]:
        while waiting and (record is None or waiting[0].applied < record.offset):
            partition.keep(waiting.pop(0), record)
        if record is not None:
            partition.take(record)
    partition.finish()


def _judge_zones(
    city: Simulated,
    domain: str,
    exercise: str,
    holdings: list[Holding],
    told: Mapping[Place, Progress],
    expected: Expected,
) -> None:
    heard = [told.get(Place(f"readings.{domain}", p), Progress()).read_to_ms for p in range(PARTITIONS)]
    until_ms = {zone: min(each.get(q, 0) for each in heard) for zone, q in city.zone_home.items()}
    found = zone_alerts(city.known, domain, holdings, until_ms)
    for alert_id, changes in found.alerts.items():
        expected.alerts[_named(alert_id, exercise or None)] = changes
    for outcome, by_zone in (("taken", found.taken), ("zone_late", found.late)):
        for zone, panes in by_zone.items():
            expected.zones.setdefault(city.zone_home[zone], Counter())[domain, outcome] += len(panes)
            expected.seen[outcome] += len(panes)
    where = "reality" if not exercise else "an exercise"
    expected.seen[f"zone alert in {where}"] += len(found.alerts)
    if len({held.partition for held in holdings}) < PARTITIONS:
        expected.seen["zone alert beside a partition without readings"] += len(found.alerts)
    expected.seen["exercise begun anew"] += len(holdings) - len({held.partition for held in holdings})


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
