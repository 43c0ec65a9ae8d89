"""The windows of one measure of one sensor that are kept in memory, newest by event time; pure.

A window's row is packed: a city has hundreds of thousands of them.
"""

from __future__ import annotations

import datetime as dt
import struct
from typing import Annotated, Final, NamedTuple

import msgspec

from streams.contract.ids import EXERCISE_PATTERN
from streams.contract.times import FIRST_YEAR

MINUTE_S: Final = 60
HOUR_S: Final = 3600
LAST_YEAR: Final = 9998
"""Every time that follows from a window can still be written."""
_ROW: Final = struct.Struct("<IddddIB")
_MOST: Final = 2**32 - 1


class WindowRecord(msgspec.Struct):
    """A record of `windows.*` as far as the room needs it; the contract's `Window` is its definition."""

    sensor_id: str
    measure: str
    window_s: int
    start: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    count: Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
    sum: float
    min: float
    max: float
    last: float
    final: bool
    revision: Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
    exercise: Annotated[str, msgspec.Meta(pattern=EXERCISE_PATTERN)] | None = None

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.start.year <= LAST_YEAR:
            raise ValueError(f"start lies in the year {self.start.year}")


decode_window = msgspec.json.Decoder(WindowRecord).decode


class Row(NamedTuple):
    """One window; `n` is its count."""

    n: int
    sum: float
    min: float
    max: float
    last: float
    revision: int
    final: bool

    @property
    def mean(self) -> float:
        """Unrounded."""
        return self.sum / self.n


class Rows:
    """Windows of one length, by start; of each the newest state."""

    __slots__ = ("_rows", "forgotten_ms", "newest_ms")

    def __init__(self) -> None:
        self._rows: dict[int, bytes] = {}
        self.newest_ms = -1
        self.forgotten_ms = -1
        """The latest start of those that found no room."""

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, start_ms: int, row: Row, kept: int) -> bool:
        """Take a window in unless a better state of it is known; returns whether it was taken.

        A worker that was killed repeats early states; they never replace a final one or one of more readings.
        """
        known = self.at(start_ms)
        if known is not None and (row.revision, row.final, row.n) < (known.revision, known.final, known.n):
            return False
        while known is None and len(self._rows) >= kept:
            oldest = min(self._rows)
            self.forgotten_ms = max(self.forgotten_ms, min(oldest, start_ms))
            if start_ms < oldest:
                return False
            del self._rows[oldest]
        self._rows[start_ms] = _ROW.pack(*row)
        self.newest_ms = max(self.newest_ms, start_ms)
        return True

    def at(self, start_ms: int) -> Row | None:
        """The window that starts then."""
        packed = self._rows.get(start_ms)
        return None if packed is None else _row(packed)

    def newest(self) -> Row | None:
        """The window with the greatest start."""
        return self.at(self.newest_ms)

    def newest_final(self) -> tuple[int, Row] | None:
        """The start and the state of the newest window that is final."""
        for start_ms in sorted(self._rows, reverse=True):
            row = _row(self._rows[start_ms])
            if row.final:
                return start_ms, row
        return None

    def between(self, from_ms: int, to_ms: int) -> dict[int, Row]:
        """Windows whose start lies in `[from_ms, to_ms)`, in order."""
        return {start: _row(self._rows[start]) for start in sorted(self._rows) if from_ms <= start < to_ms}


def _row(packed: bytes) -> Row:
    count, total, low, high, last, revision, final = _ROW.unpack(packed)
    return Row(count, total, low, high, last, revision, bool(final))
