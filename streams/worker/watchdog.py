"""Ends a worker that has something to do and makes no progress.

A consumer that silently stopped fetching, an agent that hangs, a rebalance that never ends: each looks the same from
outside, and the cure is the same: end, and go on from the checkpoints. A broker that is away looks so too; the worker that
is started again says so at its start.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple

from faust.types import TP

from streams.errors import Unavailable
from streams.worker.transport import FetchState

STUCK_S: Final = 60.0
"""Far more than a transaction, a restore or a rebalance takes; far less than a night."""


class Progress(NamedTuple):
    """How far one partition has come."""

    applied: int
    fetch: FetchState | None
    """None while nothing was fetched of it."""


class Watchdog:
    """Remembers since when each partition has not moved."""

    def __init__(self) -> None:
        self._marks: dict[TP, tuple[Hashable, float]] = {}

    def look(self, now_s: float, partitions: Mapping[TP, Progress]) -> None:
        """Compare with the last look; a partition that is not named now is forgotten.

        Raises:
            Unavailable: a partition has not moved for `STUCK_S`.
        """
        before, self._marks = self._marks, {}
        for tp, progress in partitions.items():
            mark = _mark(progress)
            old, since_s = before.get(tp, (mark, now_s))
            if old != mark:
                since_s = now_s
            if now_s - since_s >= STUCK_S:
                raise Unavailable(
                    f"nothing has moved for {STUCK_S:.0f} s",
                    field=f"{tp.topic}-{tp.partition}",
                    value=progress,
                    fix="This worker ends and begins anew; if it comes again, read the broker's log",
                )
            self._marks[tp] = mark, since_s


def _mark(progress: Progress) -> Hashable:
    """What must change while all is well: the place in the log while records wait, else the broker's answers."""
    fetch = progress.fetch
    if fetch is None:
        return None
    if fetch.position < fetch.stable_end or fetch.delivered > progress.applied:
        return progress.applied, fetch.position
    return fetch.answered_ms
