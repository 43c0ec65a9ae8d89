"""What stands beside the values that a rule judged: its levels' further conditions; and an index, out of its hours."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from deploy.rules.evidence import Evidence, Found, Span
from deploy.rules.judged import JudgedValue, over
from deploy.rules.kept_log import Until
from streams.contract.derived import CAI
from streams.contract.further import Also
from streams.contract.times import to_ms
from streams.contract.watched import When
from streams.contract.windows import Window
from streams.engine.air_quality_index import HOURS, POLLUTANTS, UNKNOWN, indices, sub_indices
from streams.engine.hourly import HOUR_MS
from streams.engine.panes import MICRO, PANE_MS

MINUTE_S: Final = PANE_MS // 1000


async def with_further(
    evidence: Evidence,
    when: When,
    conditions: Collection[Also],
    sensors: Collection[str],
    values: Sequence[JudgedValue],
    logged_ms: int,
) -> list[JudgedValue]:
    """The values, each with what the further conditions came to at its end, where the log still says so.

    Raises:
        Unavailable: the broker does not answer.
    """
    beside: list[dict[Also, float]] = [{} for _ in values]
    for also in conditions if values else ():
        other = evidence.of(also.measure)
        span = Span(values[0].end_ms - also.window_s * 1000, values[-1].end_ms, logged_ms)
        by_minutes = when.window == "sliding" or also.aggregate == "rise"
        windows = (await other.windows(sensors, MINUTE_S if by_minutes else also.window_s, span)).rows
        for value, found in zip(values, beside, strict=True):
            came = of_minutes(windows, also, value.end_ms) if by_minutes else of_window(windows, also, value.end_ms)
            if came is not None:
                found[also] = came
    return [value._replace(further=found) for value, found in zip(values, beside, strict=True)]


def of_minutes(minutes: Sequence[Window], also: Also, end_ms: int) -> float | None:
    """What a further condition's value comes to at this moment, by minutes in the order of time; None where not known."""
    first, last = (
        bisect_left(minutes, at_ms, key=lambda m: to_ms(m.start)) for at_ms in (end_ms - also.window_s * 1000, end_ms)
    )
    return over(minutes[first:last], also.aggregate) if last > first else None


def of_window(windows: Sequence[Window], also: Also, end_ms: int) -> float | None:
    """The same by the window that ends then."""
    return next((float(getattr(w, also.aggregate)) for w in windows if to_ms(w.end) == end_ms), None)


def is_index(when: When) -> bool:
    """Whether it is the air-quality index that is judged."""
    return when.measure == CAI


async def of_index(evidence: Evidence, sensors: Collection[str], span: Span) -> Found[JudgedValue]:
    """A station's index at each hour that ends in this time, with each pollutant's own.

    Raises:
        Unavailable: the broker does not answer.
    """
    means: list[dict[int, int]] = []
    until: Until = "enough"
    early = span._replace(begin_ms=span.begin_ms - (HOURS - 1) * HOUR_MS)
    for measure in POLLUTANTS:
        found = await evidence.of(measure).windows(sensors, HOUR_MS // 1000, early)
        means.append({to_ms(w.start): round(w.mean * MICRO) for w in found.rows})
        until = found.until if until == "enough" else until
    return Found(index_at_each_hour(means, span.begin_ms), until)


def index_at_each_hour(means: Sequence[dict[int, int]], begin_ms: int) -> list[JudgedValue]:
    """The index at the end of each hour that begins at `begin_ms` or later and at which it is known.

    Args:
        means: of each pollutant in the order of `POLLUTANTS`, micro-units by the hour's start (epoch ms).
        begin_ms: epoch ms.
    """
    starts = sorted({start_ms for hours in means for start_ms in hours if start_ms >= begin_ms})
    values = []
    for start_ms in starts:
        back = range(start_ms - (HOURS - 1) * HOUR_MS, start_ms + HOUR_MS, HOUR_MS)
        hours = np.array([[[of.get(at_ms, UNKNOWN) for at_ms in back] for of in means]], np.int64)
        index, known = indices(hours)
        parts = zip(POLLUTANTS, sub_indices(hours)[0].tolist(), strict=True)
        if known[0]:
            own = {measure: float(part) for measure, part in parts if part != UNKNOWN}
            values.append(JudgedValue(start_ms, start_ms + HOUR_MS, float(index[0]), {}, parts=own))
    return values
