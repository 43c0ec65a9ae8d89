"""What becomes final, in the order in which it became due; and what of open windows is to be shown early.

A window is final when the watermark, less its sensor's publication delay, has reached its end. All that falls due between
two watermarks is told moment by moment, so that it does not matter how often it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from streams.contract.windows import WINDOW_LENGTHS_S
from streams.engine.behind import Behind
from streams.engine.closed import Closed
from streams.engine.instants import Bools, Ints
from streams.engine.long_windows import LongWindows
from streams.engine.panes import PANE_MS, Pane, Rows, Table, merged
from streams.engine.series import Series

PANE_S: Final = PANE_MS // 1000


class Finished(NamedTuple):
    """Windows that are final, or final again."""

    at_ms: int
    """The watermark at which they became so."""
    window_s: int
    rows: Rows
    revision: Ints | None
    """None: 0 for every row."""
    live: bool
    """Whether rules judge them: not where they fill a hole behind the watermark."""


class Entry(NamedTuple):
    """A value for a window behind the watermark."""

    series: int
    start_ms: int
    at_ms: int
    micro: int
    watermark_ms: int
    """The watermark when it came."""
    offset: int


class Closing:
    """The windows of one timeline that are open, or final and may still gain."""

    def __init__(self, series: Series, delays_ms: list[int], idle_ms: int) -> None:
        self._series, self._delays, self._idle_ms = series, delays_ms, idle_ms
        self._size = series.size
        self.panes: dict[int, Pane] = {}
        self.behind = Behind()
        self.closed = Closed()
        self.longer = [LongWindows(length_s, delays_ms) for length_s in WINDOW_LENGTHS_S if length_s > PANE_S]

    # -- in ---------------------------------------------------------------------------------------------------------

    def make_room(self) -> None:
        """Make room for series that are new; to be called before they are used here."""
        if self._size < self._series.size:
            self._size = self._series.size
            for pane in self.panes.values():
                pane.grow(self._size)
            for longer in self.longer:
                longer.grow(self._size)

    def add_live(self, rows: Rows) -> None:
        """Add to a 60 s window that the watermark has not passed."""
        table = self.panes.get(rows.start_ms)
        if table is None:
            table = self.panes[rows.start_ms] = Pane(rows.start_ms, self._size)
        table.add(rows)
        table.dirty[rows.series] = True
        table.untold[rows.series] = True

    def add_behind(self, value: Entry) -> str:
        """Add to a 60 s window that the watermark has passed; returns what became of it: late, duplicate, windowed."""
        s, start = value.series, value.start_ms
        table, pane = self.panes.get(start), self.behind.panes.get((s, start))
        is_final = self.closed.holds(s, start) or (table is not None and table.n[s] > 0)
        if is_final or (pane is not None and pane.due_ms <= value.watermark_ms):
            return "late"
        due_ms = value.watermark_ms + self._idle_ms
        if not self.behind.add(s, start, value.at_ms, value.micro, due_ms, value.offset):
            return "duplicate"
        return "windowed"

    def is_open(self, start_ms: int, series: Ints) -> Bools:
        """Which of these series have data in a 60 s window that the watermark has not passed. (n,)"""
        table = self.panes.get(start_ms)
        return np.zeros(len(series), np.bool_) if table is None else table.n[series] > 0

    # -- final ------------------------------------------------------------------------------------------------------

    def due(self, watermark_ms: int) -> Iterator[Finished]:
        """Take out what the watermark has made final since the last time."""
        moments = self._moments(watermark_ms)
        if not moments:
            return
        filled = self.behind.due(watermark_ms)
        delay_ms = self._series.delay_ms
        for at in sorted(moments):
            for rows in self._live_due(at):
                yield Finished(at, PANE_S, rows, None, live=True)
                for longer in self.longer:
                    longer.merge(rows, at, delay_ms, self._size)
            for due in filled:
                if due.due_ms == at:
                    self.closed.add(due.rows.start_ms, due.rows.series)
                    yield Finished(at, PANE_S, due.rows, None, live=False)
                    for longer in self.longer:
                        gained = longer.merge(due.rows, at, delay_ms, self._size)
                        if gained is not None:
                            yield Finished(at, longer.length_s, gained.rows, gained.revision, live=False)
            for longer in self.longer:
                for rows in longer.due(at, delay_ms):
                    yield Finished(at, longer.length_s, rows, None, live=True)

    def _moments(self, watermark_ms: int) -> set[int]:
        """Moments up to the watermark at which something may become final."""
        ends = [start + PANE_MS + delay for start in self.panes for delay in self._delays]
        ends += [pane.due_ms for pane in self.behind.panes.values()]
        ends = [end for end in ends if end <= watermark_ms]
        coming = {*self.panes, *(start for _, start in self.behind.panes)} if ends else set()
        return set(ends).union(*(longer.due_times(watermark_ms, coming) for longer in self.longer))

    def _live_due(self, at_ms: int) -> list[Rows]:
        """Take out the live windows that become final exactly at this moment."""
        out = []
        for start in sorted(self.panes):
            if start + PANE_MS > at_ms:
                break
            table = self.panes[start]
            ready = np.flatnonzero((table.n > 0) & (self._series.delay_ms[: self._size] == at_ms - start - PANE_MS))
            if len(ready):
                out.append(table.rows(ready))
                self.closed.add(start, ready)
                table.n[ready] = 0
                table.dirty[ready] = table.untold[ready] = False
            if not table.n.any():
                del self.panes[start]
        return out

    def next_due(self) -> int | None:
        """The earliest moment of the watermark at which something becomes final, or None."""
        dues = [
            start + PANE_MS + int(self._series.delay_ms[: self._size][table.n > 0].min())
            for start, table in self.panes.items()
            if table.n.any()
        ]
        dues += [p.due_ms for p in self.behind.panes.values()]
        dues += [due for longer in self.longer if (due := longer.next_due(self._series.delay_ms)) is not None]
        return min(dues, default=None)

    def forget(self, oldest_ms: int) -> None:
        """Drop what no reading can reach any more; no reading before `oldest_ms` is taken."""
        self.closed.forget(oldest_ms - PANE_MS)
        filling = {start for _, start in self.behind.panes}
        for longer in self.longer:
            longer.forget(min([oldest_ms, *filling]))
            longer.seal(filling)

    # -- early ------------------------------------------------------------------------------------------------------

    def early(self, now_ms: int, every_ms: int) -> list[tuple[int, Rows]]:
        """Windows not yet final that changed and were not sent within `every_ms`, as (length in s, rows)."""
        out = []
        for start in sorted(self.panes):
            table = self.panes[start]
            changed = table.unsent(now_ms, every_ms)
            if len(changed):
                out.append((PANE_S, table.rows(changed)))
        out += [(PANE_S, rows) for rows in self.behind.unsent(now_ms, every_ms)]
        self._tell_longer()
        filling = self.behind.open_rows()
        for longer in self.longer:
            for rows in longer.unsent(now_ms, every_ms):
                so_far = self._so_far(longer, rows, filling)
                some = so_far.n > 0
                out.append((longer.length_s, Rows(rows.start_ms, *(column[some] for column in so_far[1:]))))
        return out

    def _tell_longer(self) -> None:
        """Tell longer windows what of the 60 s windows in them is new."""
        new = [(start, pane.tell()) for start, pane in self.panes.items()] + self.behind.tell()
        for start, series in new:
            for longer in self.longer if len(series) else ():
                longer.touch(start, series, self._size)

    def _so_far(self, longer: LongWindows, window: Rows, filling: list[Rows]) -> Rows:
        """A longer window's rows with what is still open of it."""
        for pane in self.panes.values():
            if longer.start_of(pane.start_ms) == window.start_ms:
                window = merged(window, pane.rows(window.series))
        inside = [rows for rows in filling if longer.start_of(rows.start_ms) == window.start_ms]
        if inside:
            table = Table(window.start_ms, self._size)
            for rows in inside:
                table.add(rows)
            window = merged(window, table.rows(window.series))
        return window

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def state(self, put_by: Callable[[bytes], int]) -> dict[str, Any]:
        """For a snapshot; `put_by` keeps what is packed already and returns its number."""
        names, used = [name for name, _ in Table.FIELDS], self._series.used
        return {
            "panes": [
                {"start_ms": start} | {n: getattr(table, n)[:used].tobytes() for n in names}
                for start, table in self.panes.items()
            ],
            "behind": self.behind.state(),
            "closed": self.closed.state(),
            "longer": [longer.state(used, put_by) for longer in self.longer],
        }

    def load(self, state: dict[str, Any], packed: Sequence[bytes]) -> None:
        """From a snapshot; what it holds of a sensor that left the registry is not sent any more."""
        self._size, lost = self._series.size, list(self._series.lost)
        for part in state["panes"]:
            table = self.panes[part["start_ms"]] = Pane(part["start_ms"], self._size)
            for name, _ in Table.FIELDS:
                kept = np.frombuffer(part[name], np.int64)
                getattr(table, name)[: len(kept)] = kept
            table.n[lost] = 0
            table.dirty, table.untold = table.n > 0, table.n > 0
        self.behind.load([row for row in state["behind"] if row[0] not in self._series.lost])
        self.closed.load(state["closed"])
        for longer, part in zip(self.longer, state["longer"], strict=True):
            longer.load(part, self._size, packed, lost)
