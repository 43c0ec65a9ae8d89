"""Reality and the exercises of one partition, each a timeline of its own.

A partition holds at most eight exercises. A ninth takes the place of the one whose last record is oldest, if that is more
than ten minutes of arrival time ago, else its records are refused. An exercise's state is dropped a day of arrival time
after its last record (contract 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.contract.times import DAY_MS
from streams.engine.instants import Bools, Ints
from streams.engine.timeline import Timeline

MOST_EXERCISES: Final = 8
REPLACED_AFTER_MS: Final = 600_000
EXERCISE_KEPT_MS: Final = DAY_MS
"""An exercise's state is dropped a day of arrival time after its last record (contract 3)."""


class Run(NamedTuple):
    """Consecutive rows that can be applied together: the rows of one timeline within them."""

    timeline: Timeline
    rows: Ints


class Exercises:
    """The timelines of one partition.

    Args:
        make: a timeline, by its name and the offset at which it begins.
        dropped: is told of one that is dropped, and of the arrival of the record for which it is.
    """

    def __init__(self, make: Callable[[str | None, int], Timeline], dropped: Callable[[Timeline, int], None]) -> None:
        self._make, self._dropped = make, dropped
        self.real = make(None, 0)
        self.named: dict[str, Timeline] = {}
        self.refused: Bools = np.zeros(0, np.bool_)

    def __iter__(self) -> Iterator[Timeline]:
        yield self.real
        yield from self.named.values()

    def runs(self, exercise: list[str | None] | None, arrival_ms: Ints, offset: Ints) -> Iterator[Run]:
        """Split rows by timeline, in log order wherever an exercise begins.

        Rows whose exercise found no place are marked in `refused` when the iterator ends. Each run must be applied
        before the next one is asked for.
        """
        n = len(arrival_ms)
        self.refused = np.zeros(n, np.bool_)
        if exercise is None:
            yield Run(self.real, np.arange(n))
        else:
            yield from self._admitting(exercise, arrival_ms.tolist(), offset.tolist())
        self._drop_old({name: t.last_arrival_ms for name, t in self.named.items()}, arrival_ms)

    def _admitting(self, exercise: list[str | None], arrival_ms: list[int], offset: list[int]) -> Iterator[Run]:
        begin = 0
        last = {name: t.last_arrival_ms for name, t in self.named.items()}
        for i, (name, now) in enumerate(zip(exercise, arrival_ms, strict=True)):
            if name is None:
                continue
            if name in last and now - last[name] <= EXERCISE_KEPT_MS:
                last[name] = max(last[name], now)
            elif self._is_full(last, now):
                self.refused[i] = True
            else:
                yield from self._grouped(exercise, begin, i)
                begin = i
                self._drop_old(last, arrival_ms[: i + 1])
                self._admit(name, now, offset[i], last)
        yield from self._grouped(exercise, begin, len(exercise))

    def _grouped(self, exercise: list[str | None], begin: int, end: int) -> Iterator[Run]:
        rows: dict[str | None, list[int]] = {}
        for i in range(begin, end):
            if not self.refused[i]:
                rows.setdefault(exercise[i], []).append(i)
        for name, mine in rows.items():
            timeline = self.real if name is None else self.named[name]
            yield Run(timeline, np.array(mine, np.int64))

    def _is_full(self, last: dict[str, int], now_ms: int) -> bool:
        """Whether nobody's place can be taken."""
        return len(last) >= MOST_EXERCISES and all(now_ms - at <= REPLACED_AFTER_MS for at in last.values())

    def _admit(self, name: str, now_ms: int, offset: int, last: dict[str, int]) -> None:
        if len(last) >= MOST_EXERCISES:
            self._drop(min(last, key=lambda other: (last[other], other)), last, now_ms)
        timeline = self._make(name, offset)
        timeline.last_arrival_ms = last[name] = now_ms
        self.named[name] = timeline

    def _drop_old(self, last: dict[str, int], arrival_ms: Sequence[int] | Ints) -> None:
        """Drop what these rows have outlived, each for the first row that has: it must not matter where the log is cut."""
        for name, at in [(name, at) for name, at in last.items() if arrival_ms[-1] - at > EXERCISE_KEPT_MS]:
            self._drop(name, last, int(next(now for now in arrival_ms if now - at > EXERCISE_KEPT_MS)))

    def _drop(self, name: str, last: dict[str, int], now_ms: int) -> None:
        del last[name]
        self._dropped(self.named.pop(name), now_ms)
