"""Windows of one longer length of one timeline, merged from final 60 s windows.

A window of length L is final when the watermark has passed its end (plus the sensor's publication delay). What enters it
afterwards, because a gateway filled its hole, is sent as a higher revision and judged by no rule. A window that had no
data at all when it became due, and gets some later, is sent as final at once, with revision 0.

Final windows are kept as long as a reading may still enter them, which is a day. An open one takes 66 bytes a series: of
20,000 series 1.3 MB, with the open windows of five lengths and one beside each about 13 MB. A day of windows of ten minutes
is 144 of them, 190 MB; so what is final for every series is sealed (`sealed.py`): 40 MB, opened again while it gains.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from streams.contract.windows import window_start_ms
from streams.engine.instants import Bools, Ints
from streams.engine.panes import Rows, Table, grown
from streams.engine.sealed import COLUMNS, sealed, unsealed


class Revised(NamedTuple):
    """Final windows that gained something, with the revisions under which they are sent again."""

    rows: Rows
    revision: Ints


class LongTable(Table):
    """One longer window of every series: its aggregates, which series are final, and their revision."""

    __slots__ = ("final", "revision")

    def __init__(self, start_ms: int, size: int) -> None:
        super().__init__(start_ms, size)
        self.final: Bools = np.zeros(size, np.bool_)
        self.revision: Ints = np.zeros(size, np.int64)

    def grow(self, size: int) -> None:
        """Make room for more series."""
        super().grow(size)
        self.final = grown(self.final, size, False)
        self.revision = grown(self.revision, size, 0)

    def fill(self, rows: Ints | slice, columns: dict[str, Ints]) -> None:
        """Set what a window held when it was put away."""
        for name, column in columns.items():
            getattr(self, name)[rows] = column


class LongWindows:
    """The windows of one length that are open, or final and may still gain.

    Args:
        length_s: the length.
        delays_ms: the publication delays that sensors have, ascending.
    """

    def __init__(self, length_s: int, delays_ms: list[int]) -> None:
        self.length_s, self._delays = length_s, delays_ms
        self._length_ms = length_s * 1000
        self._tables: dict[int, LongTable] = {}
        self._open: set[int] = set()
        """Starts of windows that may still become final."""
        self._sealed: dict[int, bytes] = {}
        """By start: windows that are final for every series."""

    @property
    def kept(self) -> int:
        """How many windows are kept, open and final."""
        return len(self._tables) + len(self._sealed)

    def start_of(self, at_ms: int) -> int:
        """The start of the window that holds an instant."""
        return window_start_ms(at_ms, self.length_s)

    def _table(self, at_ms: int, size: int) -> LongTable:
        start = self.start_of(at_ms)
        found = self._tables.get(start)
        if found is None:
            found = self._tables[start] = LongTable(start, size)
            kept = self._sealed.pop(start, None)
            if kept is None:
                self._open.add(start)
            else:
                rows, columns = unsealed(kept)
                found.fill(rows, columns)
                found.final[rows] = True
        return found

    # -- in ---------------------------------------------------------------------------------------------------------

    def touch(self, at_ms: int, series: Ints, size: int) -> None:
        """These series have something new in the window that holds this instant, not final yet."""
        self._table(at_ms, size).dirty[series] = True

    def merge(self, pane: Rows, due_ms: int, delay_ms: Ints, size: int) -> Revised | None:
        """Take in final 60 s windows that became due at `due_ms`; returns what of it changed a final window.

        Args:
            pane: rows of one 60 s window.
            due_ms: when they became final, on the watermark.
            delay_ms: publication delay per series of the timeline.
            size: series that the timeline has room for.
        """
        table = self._table(pane.start_ms, size)
        i = pane.series
        past_due = due_ms > table.start_ms + self._length_ms + delay_ms[i]
        table.revision[i] += table.final[i]
        table.add(pane)
        table.dirty[i] = True
        if not past_due.any():
            return None
        late = i[past_due]
        table.final[late] = True
        table.dirty[late] = False
        return Revised(table.rows(late), table.revision[late])

    def grow(self, size: int) -> None:
        """Make room for more series."""
        for table in self._tables.values():
            table.grow(size)

    # -- out --------------------------------------------------------------------------------------------------------

    def due_times(self, watermark_ms: int, coming_ms: Iterable[int]) -> set[int]:
        """Moments up to the watermark at which a window may become final, or one that holds an instant to come."""
        ends = [start + self._length_ms for start in self._open | set(map(self.start_of, coming_ms))]
        return {end + d for end in ends for d in self._delays if end + d <= watermark_ms}

    def due(self, at_ms: int, delay_ms: Ints) -> list[Rows]:
        """What becomes final exactly at this moment, oldest window first."""
        out = []
        for start in sorted(self._open):
            end = start + self._length_ms
            if end > at_ms:
                break
            table = self._tables[start]
            ready = np.flatnonzero((table.n > 0) & ~table.final & (delay_ms[: len(table.n)] == at_ms - end))
            if len(ready):
                table.final[ready] = True
                table.dirty[ready] = False
                out.append(table.rows(ready))
            if at_ms >= end + self._delays[-1]:
                self._open.discard(start)
        return out

    def next_due(self, delay_ms: Ints) -> int | None:
        """The earliest moment at which an open window becomes final, or None."""
        dues = []
        for start in self._open:
            table = self._tables[start]
            is_open = np.flatnonzero((table.n > 0) & ~table.final)
            if len(is_open):
                dues.append(start + self._length_ms + int(delay_ms[is_open].min()))
        return min(dues, default=None)

    def unsent(self, now_ms: int, every_ms: int) -> Iterator[Rows]:
        """Windows not final that changed and were not sent within `every_ms`, without what of them is still open."""
        for start in sorted(self._tables):
            table = self._tables[start]
            changed = table.unsent(now_ms, every_ms)
            changed = changed[~table.final[changed]]
            if len(changed):
                yield table.rows(changed)

    # -- kept -------------------------------------------------------------------------------------------------------

    def forget(self, before_ms: int) -> None:
        """Drop the windows that ended before this."""
        for start in [s for s in (*self._tables, *self._sealed) if s + self._length_ms < before_ms]:
            self._tables.pop(start, None)
            self._sealed.pop(start, None)
            self._open.discard(start)

    def seal(self, filling_ms: Collection[int]) -> None:
        """Put away what is final for every series, but for windows that hold one of these instants."""
        busy = {self.start_of(at_ms) for at_ms in filling_ms} | self._open
        for start in [s for s in self._tables if s not in busy]:
            self._sealed[start] = sealed(self._tables.pop(start))

    def state(self, used: int, put_by: Callable[[bytes], int]) -> dict[str, Any]:
        """For a snapshot: the first `used` series; `put_by` keeps what is packed already and returns its number."""
        names = [*COLUMNS, "final"]
        return {
            "length_s": self.length_s,
            "open": sorted(self._open),
            "tables": {
                start: {n: getattr(table, n)[:used].tobytes() for n in names} for start, table in self._tables.items()
            },
            "sealed": {start: put_by(kept) for start, kept in self._sealed.items()},
        }

    def load(self, state: dict[str, Any], size: int, packed: Sequence[bytes], lost: list[int]) -> None:
        """From a snapshot; of `lost` series nothing that is open is sent any more."""
        self._open = set(state["open"])
        self._sealed = {start: packed[number] for start, number in state["sealed"].items()}
        for start, columns in state["tables"].items():
            table = self._tables[start] = LongTable(start, size)
            arrays = {n: np.frombuffer(kept, getattr(table, n).dtype) for n, kept in columns.items()}
            table.fill(slice(len(arrays["n"])), arrays)
            table.n[lost] = 0
            table.dirty = (table.n > 0) & ~table.final
