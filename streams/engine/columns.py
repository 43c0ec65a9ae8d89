"""Readable records of a chunk as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.contract.rejections import Rejection
from streams.engine.instants import Bools, Ints


@dataclass(slots=True)
class Columns:
    """Readable records of a chunk, n rows in log order."""

    row: Ints
    """Index of the record in the chunk, ascending. (n,)"""
    sensor: list[str]
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
        positions = keep.tolist()
        return Columns(
            row=self.row[keep],
            sensor=[self.sensor[i] for i in positions],
            at_ms=self.at_ms[keep],
            period=self.period[keep],
            exercise=None if self.exercise is None else [self.exercise[i] for i in positions],
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
