"""Readings of one timeline as columns, and what became of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from streams.engine.columns import Columns
from streams.engine.instants import Bools, Ints
from streams.engine.maintenance import Maintenance
from streams.engine.records import Records


class Values(NamedTuple):
    """Single values, measure by measure. (values,)"""

    rec: Ints
    """The row of the batch that each stands in."""
    measure: Ints
    micro: Ints

    def where(self, some: Bools | Ints) -> Values:
        """Some of them."""
        return Values(self.rec[some], self.measure[some], self.micro[some])


@dataclass(slots=True)
class Batch:
    """Readings of one timeline, n rows in log order, of sensors that this partition owns."""

    row: Ints
    """Index of the record in its chunk. (n,)"""
    offset: Ints
    arrival_ms: Ints
    sensor: Ints
    """Number in the roster. (n,)"""
    at_ms: Ints
    period: Bools
    set_aside: Bools
    values: list[tuple[int, Ints, Ints]]
    """Per measure: its index, rows here, values in micro-units."""

    def values_per_row(self) -> Ints:
        """How many values each row has. (n,)"""
        counts = np.zeros(len(self.row), np.int64)
        for _, rows, _ in self.values:
            counts[rows] += 1
        return counts

    def of_rows(self, rows: Ints) -> Batch:
        """The batch of these rows (ascending)."""
        where = np.full(len(self.row), -1, np.int64)
        where[rows] = np.arange(len(rows))
        values = [(m, where[r][where[r] >= 0], micro[where[r] >= 0]) for m, r, micro in self.values]
        return Batch(
            self.row[rows],
            self.offset[rows],
            self.arrival_ms[rows],
            self.sensor[rows],
            self.at_ms[rows],
            self.period[rows],
            self.set_aside[rows],
            [v for v in values if len(v[1])],
        )

    def flat(self, usable: Bools) -> Values:
        """The values of the usable rows."""
        rec, measure, micro = [], [], []
        all_usable = bool(usable.all())
        for m, rows, values in self.values:
            if not all_usable:
                inside = usable[rows]
                rows, values = rows[inside], values[inside]
            rec.append(rows)
            measure.append(np.full(len(rows), m, np.int64))
            micro.append(values)
        if not rec:
            nothing = np.zeros(0, np.int64)
            return Values(nothing, nothing, nothing)
        return Values(np.concatenate(rec), np.concatenate(measure), np.concatenate(micro))


def batch_of(columns: Columns, records: Records, planned: Maintenance) -> Batch:
    """Columns of a chunk, all of known sensors, with the offsets and arrivals of its records.

    What a sensor says in a time of planned work is set aside as if it had said so itself.
    """
    row, set_aside = columns.row, columns.set_aside
    if planned:
        set_aside = set_aside | planned.covers(columns.sensor, columns.at_ms)
    return Batch(
        row=row,
        offset=records.offset[row],
        arrival_ms=records.timestamp[row],
        sensor=columns.sensor,
        at_ms=columns.at_ms,
        period=columns.period,
        set_aside=set_aside,
        values=columns.values,
    )


def by_exercise(exercise: list[str | None] | None, rows: Ints) -> list[tuple[str | None, Ints]]:
    """Rows of each exercise, reality's as None; `exercise` of None means that all are reality's."""
    if exercise is None:
        return [(None, rows)] if len(rows) else []
    groups: dict[str | None, list[int]] = {}
    for i in rows.tolist():
        groups.setdefault(exercise[i], []).append(i)
    return [(name, np.array(mine, np.int64)) for name, mine in groups.items()]


def ordered(series: Ints, at_ms: Ints) -> Ints:
    """Positions by (series, time, position): one sort of one packed integer where it fits. (n,)"""
    order: Ints
    n, low = len(series), int(at_ms.min())
    span, width = (int(at_ms.max()) - low).bit_length(), n.bit_length()
    if span + width + int(series.max()).bit_length() < 63:
        packed = (series << (span + width)) | ((at_ms - low) << width) | np.arange(n)
        packed.sort()
        order = packed & ((1 << width) - 1)
    else:
        order = np.lexsort((np.arange(n), at_ms, series))
    return order


def newest_before(series: Ints, at_ms: Ints, newest: Ints) -> Ints:
    """The newest event time of each reading's series before it, in the order given. (n,)

    Args:
        series: series of each reading. (n,)
        at_ms: its event time. (n,)
        newest: the newest event time of every series before all of them, -1 for none. (series,)
    """
    out = np.empty(len(at_ms), np.int64)
    if not len(at_ms):
        return out
    order = np.argsort(series, kind="stable")
    s, t = series[order], at_ms[order]
    first = np.concatenate(([True], s[1:] != s[:-1]))
    known = np.maximum(t, newest[s])
    # A running maximum within each series: series are lifted apart so that one accumulate serves all.
    lift = np.cumsum(first) * (int(known.max()) + 2)
    running = np.maximum.accumulate(known + lift) - lift
    before = np.empty(len(t), np.int64)
    before[1:] = running[:-1]
    before[first] = newest[s[first]]
    out[order] = before
    return out
