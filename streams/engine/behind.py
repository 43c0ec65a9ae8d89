"""60 s windows opened behind the watermark: a gateway back from an outage that fills its hole, a forwarded record.

Such a window is final when the watermark has moved on by the idle time-out since the last reading that entered it, so
that live first or backlog first both fill the hole. It raises no alert. There are few, so they are kept one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from streams.engine.instants import Ints
from streams.engine.panes import Rows


@dataclass(slots=True)
class BehindPane:
    """One series' window."""

    n: int
    total: int
    low: int
    high: int
    last: int
    last_at: int
    due_ms: int
    first_offset: int
    times: set[int] = field(default_factory=set)
    dirty: bool = True
    untold: bool = True
    """Longer windows do not know yet that something of it is new."""
    sent_at: int = -(1 << 60)


class Due(NamedTuple):
    """Windows that became final at one moment of the watermark."""

    due_ms: int
    rows: Rows


class Behind:
    """Open windows behind the watermark by (series, start)."""

    def __init__(self) -> None:
        self.panes: dict[tuple[int, int], BehindPane] = {}

    def add(self, series: int, start_ms: int, at_ms: int, micro: int, due_ms: int, offset: int) -> bool:
        """Add a value to its window; False where it is a duplicate. Its window becomes final at `due_ms`."""
        pane = self.panes.get((series, start_ms))
        if pane is None:
            pane = BehindPane(1, micro, micro, micro, micro, at_ms, due_ms, offset, {at_ms})
            self.panes[series, start_ms] = pane
            return True
        if at_ms in pane.times:
            return False
        pane.times.add(at_ms)
        pane.n += 1
        pane.total += micro
        pane.low, pane.high = min(pane.low, micro), max(pane.high, micro)
        if at_ms > pane.last_at:
            pane.last, pane.last_at = micro, at_ms
        pane.due_ms, pane.dirty, pane.untold = due_ms, True, True
        return True

    def due(self, watermark_ms: int) -> list[Due]:
        """Take out what is final at this watermark, in the order in which it became due."""
        ready = sorted((p.due_ms, start, s) for (s, start), p in self.panes.items() if p.due_ms <= watermark_ms)
        out: dict[tuple[int, int], list[int]] = {}
        for due_ms, start, s in ready:
            out.setdefault((due_ms, start), []).append(s)
        return [Due(due_ms, self._rows(start, series, take=True)) for (due_ms, start), series in out.items()]

    def unsent(self, now_ms: int, every_ms: int) -> list[Rows]:
        """Windows that changed since they were last sent, which is at least `every_ms` ago; marked as sent now."""
        starts: dict[int, list[int]] = {}
        for (s, start), pane in self.panes.items():
            if pane.dirty and pane.sent_at <= now_ms - every_ms:
                pane.dirty, pane.sent_at = False, now_ms
                starts.setdefault(start, []).append(s)
        return [self._rows(start, series, take=False) for start, series in sorted(starts.items())]

    def tell(self) -> list[tuple[int, Ints]]:
        """Series with something new since the last call, by start of their window."""
        starts: dict[int, list[int]] = {}
        for (s, start), pane in self.panes.items():
            if pane.untold:
                pane.untold = False
                starts.setdefault(start, []).append(s)
        return [(start, np.array(series, np.int64)) for start, series in starts.items()]

    def open_rows(self) -> list[Rows]:
        """Every window that is not final, by start."""
        starts: dict[int, list[int]] = {}
        for s, start in self.panes:
            starts.setdefault(start, []).append(s)
        return [self._rows(start, series, take=False) for start, series in starts.items()]

    def _rows(self, start_ms: int, series: list[int], *, take: bool) -> Rows:
        panes = [self.panes.pop((s, start_ms)) if take else self.panes[s, start_ms] for s in series]
        fields = [[getattr(p, name) for p in panes] for name in ("n", "total", "low", "high", "last", "last_at")]
        columns: list[Ints] = [np.array(f, np.int64) for f in fields]
        return Rows(start_ms, np.array(series, np.int64), *columns)

    def first_offset(self) -> int | None:
        """The lowest offset from which a restart must read again, or None."""
        return min((p.first_offset for p in self.panes.values()), default=None)

    def state(self) -> list[list[int]]:
        """For a snapshot; the times are read again from the log."""
        names = ("n", "total", "low", "high", "last", "last_at", "due_ms", "first_offset")
        return [[s, start, *(getattr(p, n) for n in names)] for (s, start), p in self.panes.items()]

    def load(self, state: list[list[Any]]) -> None:
        """From a snapshot."""
        self.panes = {(row[0], row[1]): BehindPane(*row[2:10]) for row in state}

    def remember(self, before: Behind) -> None:
        """Take over the times of the windows that were loaded, from where their state was taken."""
        for key, pane in self.panes.items():
            pane.times = before.panes[key].times

    def refill(self, series: int, start_ms: int, at_ms: int, offset: int) -> bool:
        """A value that the snapshot already holds; False where it is not one of these windows."""
        pane = self.panes.get((series, start_ms))
        if pane is None or offset < pane.first_offset:
            return False
        pane.times.add(at_ms)
        return True
