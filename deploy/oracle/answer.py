"""What the hub must answer to one log, of reality or of one exercise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.oracle.absences import absence_alerts
from deploy.oracle.alerts import Alerts, bulletin_alerts, sensor_alerts
from deploy.oracle.city import City, Times
from deploy.oracle.fates import Timeline
from deploy.oracle.records import Arrived, Ranges, Refused, bulletin_of, reading_of
from deploy.oracle.windows import FIRST_MS, Window, long_windows, minute_windows, spans
from deploy.oracle.zones import Holding, zone_alerts

BULLETINS: Final = "bulletins"
DEFAULT_TIMES: Final = Times(60_000, 60_000, 300_000)

WindowKey = tuple[str, str, int, int]
"""Sensor id, measure, length in s, start in epoch ms."""


@dataclass(frozen=True)
class Answer:
    """The whole answer."""

    values: Counter[str]
    """What became of values: `windowed`, `duplicate`, `late`, `set_aside`, `rejected`."""
    refused: Counter[str]
    """Records in `readings.rejected`, by reason."""
    windows: dict[WindowKey, Window]
    alerts: Alerts


def answer_to(
    log: Iterable[Arrived],
    city: City,
    ranges: dict[str, Ranges],
    exercise: str | None,
    home_of: Callable[[str], int] = lambda _: 0,
) -> Answer:
    """Calculate the answer to a log.

    Args:
        log: records, those of one partition in their order.
        city: the seeds.
        ranges: per domain, the plausible range of each measure.
        exercise: whose answer is asked for, None = reality's; unreadable records, which belong to none, are in it too.
        home_of: the partition that a sensor's readings come to: in reality it is absent there if it never spoke.
    """
    read = _read(log, city, ranges, exercise)
    values, refused = read.values.copy(), read.refused.copy()
    windows: dict[WindowKey, Window] = {}
    for timeline in read.timelines.values():
        values.update(timeline.fates)
        refused.update(timeline.refusals)
        windows |= windows_of(timeline, city)
    return Answer(values, refused, windows, _alerts_of(read, city, home_of))


def alerts_to(
    log: Iterable[Arrived],
    city: City,
    ranges: dict[str, Ranges],
    exercise: str | None,
    home_of: Callable[[str], int] = lambda _: 0,
) -> Alerts:
    """The alerts of the answer to a log, without the windows of every length beside them; arguments as `answer_to`."""
    return _alerts_of(_read(log, city, ranges, exercise), city, home_of)


@dataclass(frozen=True)
class _Read:
    """A log, read: readings by domain and partition, and what is not one."""

    timelines: dict[tuple[str, int], Timeline] = field(default_factory=dict)
    bulletins: list[dict[str, Any]] = field(default_factory=list)
    values: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def _read(log: Iterable[Arrived], city: City, ranges: dict[str, Ranges], exercise: str | None) -> _Read:
    read = _Read()
    for record in log:
        domain = record.topic.removeprefix("readings.")
        try:
            if record.topic == BULLETINS:
                bulletin = bulletin_of(record.value)
                read.bulletins.extend([bulletin] if bulletin.get("exercise") == exercise else [])
                continue
            reading = reading_of(record.value, ranges[domain])
        except Refused as refusal:
            read.refused[refusal.reason] += 1
            read.values["rejected"] += record.topic != BULLETINS
            continue
        if reading.exercise != exercise:
            continue
        sensor = city.sensors.get(reading.sensor_id)
        if sensor is None or sensor.domain != domain:
            read.refused["unknown_sensor"] += 1
            read.values["rejected"] += len(reading.values)
            continue
        times = city.times.get(domain, DEFAULT_TIMES)
        timeline = read.timelines.setdefault((domain, record.partition), Timeline(times, exercise))
        timeline.take(reading, sensor, record.arrival_ms)
    return read


def _alerts_of(read: _Read, city: City, home_of: Callable[[str], int]) -> Alerts:
    return bulletin_alerts(city, read.bulletins) | _of_readings(city, read.timelines, home_of)


def _of_readings(city: City, timelines: dict[tuple[str, int], Timeline], home_of: Callable[[str], int]) -> Alerts:
    """The alerts of all rules on sensors and zones; the timelines by domain and partition."""
    alerts: Alerts = {}
    for (domain, partition), timeline in timelines.items():
        alerts |= sensor_alerts(city, domain, timeline)
        alerts |= absence_alerts(city, domain, partition, timeline, home_of)
    for domain in sorted({domain for domain, _ in timelines}):
        holdings = [Holding(partition, t, t.passed) for (of, partition), t in timelines.items() if of == domain]
        alerts |= zone_alerts(city, domain, holdings).alerts
    return alerts


def windows_of(timeline: Timeline, city: City) -> dict[WindowKey, Window]:
    """Every window of one partition's readings."""
    found = {}
    for (sensor_id, measure), by_start in timeline.minutes.items():
        minutes = list(by_start.values())
        delay_ms = city.sensors[sensor_id].delay_ms
        windows = minute_windows(timeline, minutes)
        for length_ms in FIRST_MS:
            windows += long_windows(spans(timeline, minutes, delay_ms, length_ms))
        for window in windows:
            found[sensor_id, measure, window.window_s, window.start_ms] = window
    return found
