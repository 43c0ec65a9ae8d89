"""Readable records of a chunk as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from streams.contract.rejections import Rejection
from streams.engine.instants import Bools, Ints


@dataclass(slots=True)
class Columns:
    """Readable records of a chunk, n rows in log order."""

    row: Ints
    """Index of the record in the chunk, ascending. (n,)"""
    sensor: Ints
    """Number in the roster, -1 for a stranger. (n,)"""
    at_ms: Ints
    """Event time, epoch ms. (n,)"""
    period: Bools
    """Whether its values are of a period that ended at `at_ms`. (n,)"""
    exercise: list[str | None] | None
    """None where all n are of reality."""
    set_aside: Bools
    """Quality `suspect` or `maintenance`. (n,)"""
    values: list[tuple[int, Ints, Ints]]
    """Per measure that occurs: its index in the domain, rows here (ascending), values in micro-units."""
    rejected: list[tuple[int, Rejection]]
    """Refused records as (index in the chunk, why)."""
    unknown_fields: int

    @classmethod
    def of_none(cls, rejected: list[tuple[int, Rejection]]) -> Columns:
        """Columns without a row."""
        nothing, no = np.zeros(0, np.int64), np.zeros(0, np.bool_)
        return cls(nothing, nothing, nothing, no, None, no, [], rejected, 0)

    def taken(self, keep: Ints) -> Columns:
        """The rows of these positions (ascending), without rejections."""
        where = np.full(len(self.row), -1, np.int64)
        where[keep] = np.arange(len(keep))
        values = []
        for measure, rows, micro in self.values:
            new = where[rows]
            inside = new >= 0
            if inside.any():
                values.append((measure, new[inside], micro[inside]))
        return Columns(
            row=self.row[keep],
            sensor=self.sensor[keep],
            at_ms=self.at_ms[keep],
            period=self.period[keep],
            exercise=None if self.exercise is None else [self.exercise[i] for i in keep.tolist()],
            set_aside=self.set_aside[keep],
            values=values,
            rejected=[],
            unknown_fields=0,
        )

    def values_per_row(self) -> Ints:
        """How many values each row has. (n,)"""
        counts = np.zeros(len(self.row), np.int64)
        for _, rows, _ in self.values:
            counts[rows] += 1
        return counts


def merged(parts: list[Columns]) -> Columns:
    """Parts of one chunk, in log order again."""
    rejected = sorted((one for part in parts for one in part.rejected), key=lambda each: each[0])
    unknown_fields = sum(part.unknown_fields for part in parts)
    parts = [part for part in parts if len(part.row)] or parts[:1]
    if len(parts) == 1:
        return replace(parts[0], rejected=rejected, unknown_fields=unknown_fields)
    row = np.concatenate([part.row for part in parts])
    order = np.argsort(row)
    place = np.empty(len(row), np.int64)
    place[order] = np.arange(len(row))
    values: dict[int, list[tuple[Ints, Ints]]] = {}
    begin = 0
    for part in parts:
        here = place[begin : begin + len(part.row)]
        for measure, rows, micro in part.values:
            values.setdefault(measure, []).append((here[rows], micro))
        begin += len(part.row)
    exercise: list[str | None] | None = None
    if any(part.exercise is not None for part in parts):
        names = [name for part in parts for name in part.exercise or [None] * len(part.row)]
        exercise = [names[i] for i in order.tolist()]
    return Columns(
        row=row[order],
        sensor=np.concatenate([part.sensor for part in parts])[order],
        at_ms=np.concatenate([part.at_ms for part in parts])[order],
        period=np.concatenate([part.period for part in parts])[order],
        exercise=exercise,
        set_aside=np.concatenate([part.set_aside for part in parts])[order],
        values=[(measure, *_ascending(mine)) for measure, mine in sorted(values.items())],
        rejected=rejected,
        unknown_fields=unknown_fields,
    )


def _ascending(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([rows for rows, _ in parts])
    order = np.argsort(rows)
    return rows[order], np.concatenate([micro for _, micro in parts])[order]
