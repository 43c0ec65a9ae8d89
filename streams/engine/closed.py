"""Which 60 s windows of which series are final: a reading for one of them is late.

A bit per series and minute, for as long as a reading may arrive at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streams.engine.instants import Ints

Bits = npt.NDArray[np.uint8]


class Closed:
    """Final (series, start), as packed bits per start."""

    def __init__(self) -> None:
        self._bits: dict[int, Bits] = {}

    def add(self, start_ms: int, series: Ints) -> None:
        """These series' windows are final."""
        marks = np.zeros(int(series.max()) + 1, np.bool_)
        marks[series] = True
        new = np.packbits(marks, bitorder="little")
        old = self._bits.get(start_ms)
        if old is not None:
            short, new = (old, new.copy()) if len(old) <= len(new) else (new, old.copy())
            new[: len(short)] |= short
        self._bits[start_ms] = new

    def holds(self, series: int, start_ms: int) -> bool:
        """Whether this window is final."""
        bits = self._bits.get(start_ms)
        return bits is not None and series >> 3 < len(bits) and bool(bits[series >> 3] >> (series & 7) & 1)

    def forget(self, before_ms: int) -> None:
        """Drop what no reading can reach any more."""
        if len(self._bits) and min(self._bits) < before_ms:
            self._bits = {start: bits for start, bits in self._bits.items() if start >= before_ms}

    def state(self) -> dict[int, bytes]:
        """For a snapshot."""
        return {start: bits.tobytes() for start, bits in self._bits.items()}

    def load(self, state: dict[int, bytes]) -> None:
        """From a snapshot."""
        self._bits = {start: np.frombuffer(bits, np.uint8) for start, bits in state.items()}
