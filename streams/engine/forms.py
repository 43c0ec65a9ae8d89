"""The forms of records that were met in one domain: learned from examples, tried in turn, the most useful first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.contract.readings import MAX_RECORD_BYTES, MEASURES, MEASURES_OF, Domain
from streams.engine.columns import Columns
from streams.engine.directory import Directory
from streams.engine.instants import Ints
from streams.engine.joined import Joined
from streams.engine.panes import MICRO
from streams.engine.records import Texts
from streams.engine.template import Found, Template

MOST_FORMS: Final = 16
"""So many are kept, lest a gateway make them without end: each that does not fit costs some 20 ns a record."""
LEARNED_AT_ONCE: Final = 3
"""Examples that are tried in one batch."""
WORTH_LEARNING: Final = 1 / 32
"""A form that fewer records of a batch may have is not worth the search for it."""

ByRows = Callable[[Sequence[bytes | None], Sequence[int]], Columns]
"""Reads some of these records the slower way."""


class _Form(NamedTuple):
    """A template, and what all records of it have in common."""

    template: Template
    period: bool
    exercise: str | None
    set_aside: bool
    unknown_fields: int

    def columns(self, found: Found) -> Columns:
        n = len(found.rows)
        return Columns(
            row=found.rows,
            sensor=found.sensor,
            at_ms=found.at_ms,
            period=np.full(n, self.period),
            exercise=None if self.exercise is None else [self.exercise] * n,
            set_aside=np.full(n, self.set_aside),
            values=[(m, np.arange(n), np.rint(numbers * MICRO).astype(np.int64)) for m, numbers in found.values],
            rejected=[],
            unknown_fields=self.unknown_fields * n,
        )


class Forms:
    """The forms of one domain.

    Args:
        domain: which one.
        directory: its sensors' ids.
        by_rows: judges an example.
    """

    def __init__(self, domain: Domain, directory: Directory, by_rows: ByRows) -> None:
        bounds = ((name, MEASURES[domain, name]) for name in MEASURES_OF[domain])
        self._measures = {name: (i, each.low, each.high) for i, (name, each) in enumerate(bounds)}
        self._directory, self._by_rows = directory, by_rows
        self._forms: list[_Form] = []

    def read(self, values: Texts) -> tuple[list[Columns], Ints]:
        """Read what has a form; returns it, and which records are left, ascending."""
        text = Joined(values)
        is_left = np.asarray(text.end - text.start <= MAX_RECORD_BYTES)
        others = np.flatnonzero(~is_left)
        left, parts = np.flatnonzero(is_left), list[Columns]()
        found: list[tuple[int, _Form]] = []
        waiting, learned = list(self._forms), 0
        while len(left):
            if not waiting:
                if learned == LEARNED_AT_ONCE or len(left) < len(values) * WORTH_LEARNING:
                    break
                form = self._learned(values, int(left[len(left) * learned // LEARNED_AT_ONCE]))
                learned += 1
                waiting = [form] if form is not None else []
                continue
            form = waiting.pop(0)
            read = form.template.read(text, left, self._directory)
            found.append((len(read.rows), form))
            if len(read.rows):
                parts.append(form.columns(read))
                is_left[read.rows] = False
                left = np.flatnonzero(is_left)
        found.sort(key=lambda each: -each[0])
        self._forms = ([form for _, form in found] + waiting)[:MOST_FORMS]  # the last were not tried
        return parts, np.union1d(left, others)

    def _learned(self, values: Texts, row: int) -> _Form | None:
        example = values[row] or b""
        read = self._by_rows([example], range(1))
        if not len(read.row) or read.sensor[0] < 0:
            return None
        try:
            template = Template(example, self._measures)
        except ValueError:
            return None
        exercise = None if read.exercise is None else read.exercise[0]
        return _Form(template, bool(read.period[0]), exercise, bool(read.set_aside[0]), read.unknown_fields)
