"""Readings as evidence that their sensors speak: whose, when, and how far the log had come with each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from streams.engine.instants import Ints


class Heard(NamedTuple):
    """Readings in log order. (n,)"""

    sensor: Ints
    at_ms: Ints
    marks_ms: Ints
    """The watermark after each."""
    arrivals_ms: Ints


def rows_of(sensors: Ints, heard: Ints) -> Iterator[tuple[int, Ints]]:
    """Each of these sensors, with the rows in which it speaks."""
    if not len(sensors):
        return
    some = np.flatnonzero(np.isin(heard, sensors))
    some = some[np.argsort(heard[some], kind="stable")]
    begin, end = (np.searchsorted(heard[some], sensors, side=side) for side in ("left", "right"))
    for sensor, first, last in zip(sensors.tolist(), begin.tolist(), end.tolist(), strict=True):
        yield sensor, some[first:last]
