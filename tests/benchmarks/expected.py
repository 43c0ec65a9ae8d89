"""The windows that must come out of a workload, calculated plainly from its readings; and how they are compared.

It shares no code with any engine: a sort, and sums of neighbours.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.benchmarks.workload import KINDS, Readings

ROUNDING: Final = 1e-9
"""Peers add doubles in the order of arrival; the hub's sums are exact and must be equal."""
FIELDS: Final = ("count", "sum", "mean", "min", "max", "last")


class Windows(NamedTuple):
    """Windows of one length, ordered by sensor id, measure, start. Arrays of n windows."""

    sensor: npt.NDArray[Any]
    measure: npt.NDArray[Any]
    start_ms: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float64]
    """`FIELDS`. (n, 6)"""

    @property
    def many(self) -> int:
        """How many there are."""
        return len(self.start_ms)


def windows(readings: Readings, window_s: int) -> Windows:
    """Every window that has data, when all of them are final."""
    counted = np.flatnonzero(~readings.repeat & ~readings.malformed)
    kind = readings.kind_of[readings.sensor[counted]]
    ids = np.array(readings.ids)
    parts = []
    for k in np.unique(kind).tolist():
        mine = counted[kind == k]
        # What speaks of a period belongs to the window that holds the instant just before its end (contract 4).
        instant = readings.at_ms[mine] - (1 if KINDS[k].period_s else 0)
        start = instant // (window_s * 1000) * (window_s * 1000)
        order = np.lexsort((readings.at_ms[mine], start, readings.sensor[mine]))
        sensor, start = readings.sensor[mine][order], start[order]
        edge = np.flatnonzero(np.r_[True, (sensor[1:] != sensor[:-1]) | (start[1:] != start[:-1])])
        end = np.r_[edge[1:], len(sensor)]
        for i, signal in enumerate(KINDS[k].signals):
            value, unit = readings.values[mine, i][order].astype(np.int64), 10**signal.decimals
            count, total = end - edge, np.add.reduceat(value, edge) / unit
            low, high = np.minimum.reduceat(value, edge) / unit, np.maximum.reduceat(value, edge) / unit
            numbers = np.stack([count, total, total / count, low, high, value[end - 1] / unit], axis=1)
            names = np.full(len(edge), signal.measure)
            parts.append(Windows(ids[sensor[edge]], names, start[edge], numbers))
    return gathered(parts)


def gathered(parts: list[Windows]) -> Windows:
    """Windows of several parts in one order."""
    if not parts:
        nothing = np.zeros(0, "U1")
        return Windows(nothing, nothing, np.zeros(0, np.int64), np.zeros((0, len(FIELDS))))
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.lexsort((joined[2], joined[1], joined[0]))
    return Windows._make(column[order] for column in joined)


def within(found: Windows, begin_ms: int, end_ms: int) -> Windows:
    """The windows that begin in a span."""
    inside = (found.start_ms >= begin_ms) & (found.start_ms < end_ms)
    return Windows._make(column[inside] for column in found)


def without_repeats(found: Windows) -> Windows:
    """Each window once, where those of one identity say the same; one that says something else stays."""
    if not found.many:
        return found
    same = (found.numbers[1:] == found.numbers[:-1]).all(axis=1)
    for column in found[:3]:
        same &= column[1:] == column[:-1]
    keep = np.r_[True, ~same]
    return Windows._make(column[keep] for column in found)


def difference(found: Windows, wanted: Windows, *, exact: bool) -> str | None:
    """What is wrong with the windows found, in one sentence; None when nothing is.

    Args:
        found: as published; each window once.
        wanted: as calculated.
        exact: whether sums must be equal, not only as close as doubles come.
    """
    if found.many != wanted.many:
        return f"{found.many} windows instead of {wanted.many}" + _first_odd(found, wanted)
    for name, a, b in zip(("sensor", "measure", "start"), found[:3], wanted[:3], strict=True):
        if not np.array_equal(a, b):
            return f"the windows' {name} differs" + _first_odd(found, wanted)
    tolerance = 0.0 if exact else ROUNDING
    wrong = np.abs(found.numbers - wanted.numbers) > tolerance * np.maximum(np.abs(wanted.numbers), 1)
    if not wrong.any():
        return None
    row, column = np.argwhere(wrong)[0].tolist()
    place = f"{found.sensor[row]} {found.measure[row]} {found.start_ms[row]}"
    return (
        f"{int(wrong.any(axis=1).sum())} of {found.many} windows differ, first {place}: "
        f"{FIELDS[column]} {found.numbers[row, column]} instead of {wanted.numbers[row, column]}"
    )


def _first_odd(found: Windows, wanted: Windows) -> str:
    def keys(windows: Windows) -> set[tuple[str, str, int]]:
        columns = (windows.sensor.tolist(), windows.measure.tolist(), windows.start_ms.tolist())
        return set(zip(*columns, strict=True))

    a, b = keys(found), keys(wanted)
    missing, extra = sorted(b - a), sorted(a - b)
    told = [f", missing {missing[0]}" if missing else "", f", not wanted {extra[0]}" if extra else ""]
    if not missing and not extra:
        told.append(", some of them more than once")
    return "".join(told)
