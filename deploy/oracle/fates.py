"""What becomes of every value of one partition, one record at a time, and the 60 s windows that values enter.

Time is the partition's own (design 4.3): the watermark is the newest `observed_at` so far less the grace, and a sensor's
windows are judged by it less the sensor's publication delay.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.oracle.city import Sensor, Times
from deploy.oracle.records import Reading

MINUTE_MS = 60_000
TOO_OLD_MS = 24 * 3600 * 1000
"""A value observed this long before its arrival (in an exercise: before the watermark) is late (contract 3)."""

Series = tuple[str, str]
"""Sensor id and measure."""


@dataclass(frozen=True)
class Kept:
    """A value that entered its windows."""

    at_ms: int
    micro: int


@dataclass
class Minute:
    """A 60 s window of one series, with every value that entered it, in log order."""

    start_ms: int
    due_ms: int
    """It is final when the partition's watermark reaches this."""
    filled_behind: bool
    """It was opened when the watermark had passed it already: a gateway fills its hole."""
    values: list[Kept] = field(default_factory=list)


@dataclass(frozen=True)
class Heard:
    """A reading whose time can be, whatever became of its values; or what the clock has released."""

    sensor_id: str | None
    """None of what the clock has released."""
    at_ms: int
    mark_ms: int
    """The watermark after it."""


@dataclass
class Timeline:
    """One partition's readings of reality or of one exercise, from first to last."""

    times: Times
    exercise: str | None
    watermark_ms: int | None = None
    """None before the first reading."""
    minutes: dict[Series, dict[int, Minute]] = field(default_factory=dict)
    """Per series, by start."""
    live: dict[Series, list[Kept]] = field(default_factory=dict)
    """Per series, in log order: the values that rules on single readings may see."""
    fates: list[str] = field(default_factory=list)
    """One per value: `windowed`, `duplicate`, `late`, `set_aside` or `rejected`."""
    passed: list[tuple[int, int]] = field(default_factory=list)
    """Per reading whose time can be: when it arrived (never before the one before it), and the watermark after it."""
    heard: list[Heard] = field(default_factory=list)
    """In log order."""
    refusals: list[str] = field(default_factory=list)
    """One per record that goes to `readings.rejected`: its reason."""

    def take(self, reading: Reading, sensor: Sensor, arrival_ms: int) -> None:
        """Judge the values of the next reading in the log; then the watermark moves."""
        if self.exercise is None and reading.at_ms > arrival_ms + self.times.future_ms:
            self.fates += ["rejected"] * len(reading.values)
            self.refusals.append("future")
            return
        fates = [self._fate(reading, measure, sensor, arrival_ms) for measure in reading.values]
        self.fates += fates
        if "late" in fates:
            self.refusals.append("late")
        mark = reading.at_ms - self.times.grace_ms
        self.watermark_ms = mark if self.watermark_ms is None else max(self.watermark_ms, mark)
        self.heard.append(Heard(reading.sensor_id, reading.at_ms, self.watermark_ms))
        self.passed.append((max(arrival_ms, self.passed[-1][0] if self.passed else arrival_ms), self.watermark_ms))

    def _fate(self, reading: Reading, measure: str, sensor: Sensor, arrival_ms: int) -> str:
        if reading.set_aside or any(begin_ms <= reading.at_ms < end_ms for begin_ms, end_ms in sensor.works):
            return "set_aside"
        mark = self.watermark_ms
        youngest_ms = arrival_ms if self.exercise is None else mark
        if youngest_ms is not None and reading.at_ms < youngest_ms - TOO_OLD_MS:
            return "late"
        series = (reading.sensor_id, measure)
        minutes = self.minutes.setdefault(series, {})
        value = Kept(reading.at_ms, reading.values[measure])
        # One with a period belongs to the window of the instant just before it (contract 4).
        instant_ms = reading.at_ms - 1 if reading.has_period else reading.at_ms
        start_ms = instant_ms - instant_ms % MINUTE_MS
        on_time_ms = start_ms + MINUTE_MS + sensor.delay_ms
        is_behind = mark is not None and mark >= on_time_ms
        minute = minutes.get(start_ms)
        if minute is not None and mark is not None and mark >= minute.due_ms:
            return "late"
        if _is_repeat(minutes, value.at_ms):
            return "duplicate"
        if minute is None:
            minute = minutes[start_ms] = Minute(start_ms, on_time_ms, is_behind)
        if is_behind and mark is not None:
            minute.due_ms = mark + self.times.idle_ms
        else:
            self.live.setdefault(series, []).append(value)
        minute.values.append(value)
        return "windowed"

    def is_final(self, minute: Minute) -> bool:
        """Whether a window is final at the end of the log."""
        return self.watermark_ms is not None and self.watermark_ms >= minute.due_ms


def _is_repeat(minutes: dict[int, Minute], at_ms: int) -> bool:
    """Whether the series has a value of this instant; it stands in the instant's own minute or, with a period, before."""
    own = at_ms - at_ms % MINUTE_MS
    near = [minutes[start] for start in (own, own - MINUTE_MS) if start in minutes]
    return any(kept.at_ms == at_ms for minute in near for kept in minute.values)
