"""What a step rests on: the values that were judged, the minutes and the readings that they are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from deploy.rules.beside import is_index, of_index, with_further
from deploy.rules.evidence import Evidence, Found, SaidValue, Span
from deploy.rules.explanation import MinutesTold, ReadingsTold, ValueTold
from deploy.rules.judged import JudgedValue, is_met, joins, mean_or_sum, of_minutes, of_readings, of_windows, of_zone
from deploy.rules.kept_log import Until
from deploy.rules.watched import Watched
from streams.contract.alerts import Bilingual
from streams.contract.times import from_ms, to_ms
from streams.contract.windows import Window
from streams.engine.levels import Threshold
from streams.engine.panes import PANE_MS
from streams.engine.rules import JITTER_MS, least_readings
from streams.registry import Registry

TOGETHER: Final = 12
"""Into so many stretches a sum's minutes are put together."""


class Asked(NamedTuple):
    """Which values are asked for, epoch ms."""

    since_ms: int
    """Start of the first one."""
    at_ms: int
    """End of the last one."""
    said_ms: int
    """Until then all readings had arrived that were judged."""
    logged_ms: int
    """Until then the windows as well."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The values that were judged, with the one before them."""

    values: list[JudgedValue]
    until: Until
    minutes: list[Window] = field(default_factory=list)
    """Of sums, means and rises that slide."""


async def values_of(evidence: Evidence, watched: Watched, sensors: Collection[str], asked: Asked) -> Grounds:
    """What the rule judged in this time, and one value before it: that which did not yet meet the condition.

    Raises:
        Unavailable: the broker does not answer.
    """
    found = await _values_of(evidence, watched, sensors, asked)
    if not watched.further:
        return found
    values = await with_further(evidence, watched.when, watched.further, sensors, found.values, asked.logged_ms)
    return replace(found, values=values)


async def _values_of(evidence: Evidence, watched: Watched, sensors: Collection[str], asked: Asked) -> Grounds:
    when, window_s = watched.when, watched.when.window_s or 0
    if watched.is_of_minutes:
        span = Span(asked.since_ms - PANE_MS, asked.at_ms, asked.logged_ms)
        minutes = await evidence.windows(sensors, PANE_MS // 1000, span)
        values = of_minutes(minutes.rows, when, asked.since_ms + watched.window_ms - PANE_MS)
        if when.window == "sliding":
            filled_ms = {start_ms + PANE_MS for _, start_ms in minutes.filled}
            values = [value for value in values if value.end_ms not in filled_ms]
        return Grounds(_with_one_before(values, asked.since_ms), minutes.until, minutes.rows)
    earlier_ms = max(watched.longest_interval_ms, watched.window_ms) + JITTER_MS
    begin_ms = asked.since_ms - earlier_ms
    if is_index(when):
        index = await of_index(evidence, sensors, Span(begin_ms, asked.at_ms, asked.logged_ms))
        return Grounds(_with_one_before(index.rows, asked.since_ms), index.until)
    if when.window == "reading":
        said = await evidence.readings(sensors, Span(begin_ms, asked.at_ms, asked.said_ms))
        return Grounds(_with_one_before(of_readings(said.rows), asked.since_ms), said.until)
    windows = await evidence.windows(sensors, window_s, Span(begin_ms, asked.at_ms, asked.logged_ms))
    zone = watched.zone
    least = least_readings(when, watched.longest_interval_ms / 1000)
    live = [row for row in windows.rows if (row.sensor_id, to_ms(row.start)) not in windows.filled]
    values = of_windows(live, when.aggregate, least) if zone is None else of_zone(live, zone)
    return Grounds(_with_one_before(values, asked.since_ms), windows.until)


def _with_one_before(values: list[JudgedValue], since_ms: int) -> list[JudgedValue]:
    first = sum(1 for one in values if one.start_ms < since_ms)
    return values[max(0, first - 1) :]


def values_told(
    values: Sequence[JudgedValue], threshold: Threshold, watched: Watched, *, leaving: bool
) -> list[ValueTold]:
    """The values with whether each met the condition."""
    return [
        ValueTold(
            start=None if one.start_ms == one.end_ms else from_ms(one.start_ms),
            end=from_ms(one.end_ms),
            value=one.value,
            met=is_met(one.value, threshold, below=watched.below, leaving=leaving, joins=joins(one, threshold)),
            sensors=one.sensors,
            parts=one.parts or {},
        )
        for one in values
    ]


def minutes_told(minutes: Sequence[Window], watched: Watched, at_ms: int) -> list[MinutesTold]:
    """The minutes of the window that ends here, put together into stretches of equal length; empty ones are left out."""
    begin_ms = at_ms - watched.window_ms
    stretch_ms = max(PANE_MS, watched.window_ms // TOGETHER)
    together: dict[int, list[Window]] = {}
    for minute in minutes:
        start_ms = to_ms(minute.start)
        if begin_ms <= start_ms < at_ms:
            together.setdefault((start_ms - begin_ms) // stretch_ms, []).append(minute)
    return [
        MinutesTold(
            start=from_ms(begin_ms + number * stretch_ms),
            end=from_ms(min(at_ms, begin_ms + (number + 1) * stretch_ms)),
            minutes=len(mine),
            value=mine[-1].last if watched.when.aggregate == "rise" else mean_or_sum(mine, watched.when.aggregate),
        )
        for number, mine in sorted(together.items())
    ]


async def readings_inside(
    evidence: Evidence, watched: Watched, sensors: Collection[str], span: Span, known: Registry
) -> Found[ReadingsTold]:
    """Each sensor's readings in the window that completed the condition; those that are set aside are counted apart.

    Raises:
        Unavailable: the broker does not answer.
    """
    if is_index(watched.when):
        return Found([], "enough")  # its hours stand with the values
    found = await evidence.readings(sensors, span)
    by_sensor: dict[str, list[SaidValue]] = {}
    for one in found.rows:
        is_inside = not watched.window_ms or span.begin_ms <= one.instant_ms < span.end_ms
        if is_inside:
            by_sensor.setdefault(one.sensor_id, []).append(one)
    told = [_summed_up(sensor_id, said, known) for sensor_id, said in sorted(by_sensor.items())]
    return Found(told, found.until)


def _summed_up(sensor_id: str, said: Sequence[SaidValue], known: Registry) -> ReadingsTold:
    taken = [one for one in said if not one.set_aside]
    times, values = [one.at_ms for one in taken], [one.value for one in taken]
    sensor = known.sensors.get(sensor_id)
    return ReadingsTold(
        sensor_id=sensor_id,
        name=Bilingual(ko=sensor_id, en=sensor_id) if sensor is None else sensor.name,
        count=len(taken),
        first=from_ms(min(times)) if times else None,
        last=from_ms(max(times)) if times else None,
        min=min(values, default=None),
        max=max(values, default=None),
        set_aside=len(said) - len(taken),
    )
