"""Bytes → columns of one domain; a record that fails becomes one rejection.

The pydantic model is the definition. Two quicker readers stand before it, and property tests hold all three equal:

    templates   records of a form that was met before, as columns (`template`, `forms`): nearly all of a gateway's
    rows        a msgspec struct made from the model, field by field; what it refuses is judged by the model alone, which
                also finds reason and field

Rows are joined by newlines and read by `decode_lines`, which wants a newline or the end after every value. Two facts prove
that item i is exactly record i: no record holds a newline of its own (newlines in the join = records − 1), and as many items
come out as records went in. n items then begin on n different lines, so none spans two. A block that fails is read again
record by record. The form of a sensor's id is left to the stage, because only ids of the registry go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from pydantic_core import from_json

from streams.contract.ids import is_exercise_id
from streams.contract.readings import MAX_RECORD_BYTES, MEASURES_OF, READINGS, SET_ASIDE, Domain, Reading
from streams.contract.rejections import Rejection, from_validation
from streams.engine.columns import Columns, merged
from streams.engine.directory import Directory
from streams.engine.forms import Forms
from streams.engine.instants import Ints, parse_instants
from streams.engine.panes import MICRO
from streams.engine.records import Texts
from streams.engine.rows import AT, EXERCISE, FIRST_MEASURE, LOCATION, PERIOD, QUALITY, SENSOR, TEXTS, row_of

BLOCK: Final = 64
"""Records joined for one call: 64 and 8,000 cost the same per record; a bad one spoils its block only."""
FEW: Final = 16
"""So few records are read as rows at once: templates cost some 0.1 ms however few there are."""


_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)


class Decoder:
    """Reads the records of one domain.

    Args:
        domain: which one.
        directory: its sensors' ids.
    """

    def __init__(self, domain: Domain, directory: Directory) -> None:
        self.model: type[Reading] = READINGS[domain]
        self._directory = directory
        self._measures = MEASURES_OF[domain]
        self._row = row_of(domain)
        decoder = msgspec.json.Decoder(self._row)
        self._one, self._lines = decoder.decode, decoder.decode_lines
        self._forms = Forms(domain, directory, self._by_rows)

    def decode(self, values: Texts) -> Columns:
        """Columns of the readable records of these values, and a rejection for each other one."""
        if len(values) <= FEW:
            return self._by_rows(values, range(len(values)))
        parts, left = self._forms.read(values)
        if len(left) or not parts:
            parts.append(self._by_rows(values, left.tolist()))
        return merged(parts)

    def explain(self, value: bytes) -> Rejection | Reading:
        """The model's own judgement of one record."""
        try:
            return self.model.model_validate_json(value)
        except ValidationError as e:
            return from_validation(e)

    # -- row by row -------------------------------------------------------------------------------------------------

    def _by_rows(self, values: Sequence[bytes | None], which: Sequence[int]) -> Columns:
        """Read these records (ascending) by the struct."""
        items: list[Any] = []
        rows: list[int] = []
        rejected: list[tuple[int, Rejection]] = []
        for begin in range(0, len(which), BLOCK):
            block = which[begin : begin + BLOCK]
            found = self._block([values[i] for i in block])
            if found is not None:
                items += found
                rows += block
                continue
            for i in block:
                item = self._alone(values[i])
                if isinstance(item, Rejection):
                    rejected.append((i, item))
                else:
                    items.append(item)
                    rows.append(i)
        return self._columns(values, items, np.array(rows, np.int64), rejected)

    def _block(self, block: list[bytes | None]) -> list[Any] | None:
        """The block's records; None where one of them is not readable."""
        try:
            joined = b"\n".join(block)  # type: ignore[arg-type]  # an absent value raises TypeError: judged alone
            if joined.count(b"\n") != len(block) - 1 or (
                len(joined) > MAX_RECORD_BYTES and max(map(len, block)) > MAX_RECORD_BYTES  # type: ignore[arg-type]
            ):
                return None
            items: list[Any] = self._lines(joined)
        except _FAILURES:
            return None
        return items if len(items) == len(block) else None

    def _alone(self, value: bytes | None) -> Any:
        if not value:
            return Rejection("empty", "", "The record has no value; send one JSON object per record.")
        if len(value) > MAX_RECORD_BYTES:
            told = (
                f"The record has {len(value)} bytes, at most {MAX_RECORD_BYTES} are taken; send one reading per record."
            )
            return Rejection("too_large", "", told)
        try:
            return self._one(value)
        except _FAILURES:
            judged = self.explain(value)
            # What the model takes is taken, even where the fast reader would not.
            return judged if isinstance(judged, Rejection) else self._row_of(judged)

    def _row_of(self, reading: Reading) -> Any:
        plain = reading.model_dump(mode="json")
        return msgspec.convert(plain, type=self._row)

    # -- rows → columns ---------------------------------------------------------------------------------------------

    def _columns(
        self, values: Sequence[bytes | None], items: list[Any], row: Ints, rejected: list[tuple[int, Rejection]]
    ) -> Columns:
        n = len(items)
        if not n:
            return Columns.of_none(rejected)
        fields = list(zip(*map(msgspec.structs.astuple, items), strict=True))
        unknown_fields, unreadable = self._unknown([values[i] for i in row.tolist()], fields)
        at_ms, ok = parse_instants(fields[AT])
        found, micro = self._values(fields, n)
        some = np.zeros(n, np.bool_)
        for present in found.values():
            some[present] = True
        ok &= some
        exercise = None if fields[EXERCISE].count(None) == n else list(fields[EXERCISE])
        if exercise is not None:
            fine = {e for e in set(exercise) if e is None or is_exercise_id(e)}
            ok &= np.fromiter((e in fine for e in exercise), np.bool_, n)
        ok[unreadable] = False
        columns = Columns(
            row=row,
            sensor=self._directory.of(fields[SENSOR]),
            at_ms=at_ms,
            period=np.fromiter((bool(p) for p in fields[PERIOD]), np.bool_, n),
            exercise=exercise,
            set_aside=np.fromiter((q in SET_ASIDE for q in fields[QUALITY]), np.bool_, n),
            values=[(m, found[m], micro[m]) for m in found],
            rejected=rejected,
            unknown_fields=unknown_fields,
        )
        if ok.all():
            return columns
        for i in np.flatnonzero(~ok).tolist():
            judged = self.explain(values[int(row[i])] or b"")
            assert isinstance(judged, Rejection), "the fast reader refuses what the model takes"
            rejected.append((int(row[i]), judged))
        kept = columns.taken(np.flatnonzero(ok))
        kept.rejected, kept.unknown_fields = sorted(rejected, key=lambda r: r[0]), columns.unknown_fields
        return kept

    def _values(self, fields: list[tuple[Any, ...]], n: int) -> tuple[dict[int, Ints], dict[int, Ints]]:
        found: dict[int, Ints] = {}
        micro: dict[int, Ints] = {}
        for m in range(len(self._measures)):
            column = fields[FIRST_MEASURE + m]
            if column.count(None) == n:
                continue
            numbers: npt.NDArray[np.float64] = np.array(column, np.float64)  # None becomes NaN
            found[m] = np.flatnonzero(~np.isnan(numbers))
            micro[m] = np.rint(numbers[found[m]] * MICRO).astype(np.int64)
        return found, micro

    def _unknown(self, texts: list[bytes | None], fields: list[tuple[Any, ...]]) -> tuple[int, list[int]]:
        """How many fields the contract does not know, and the texts in which they are no JSON: the struct skips them.

        They are looked for only where there are more quotes than the names and texts that it read account for.
        """
        quotes = 0
        for i, column in enumerate(fields):
            present = len(column) - column.count(None)
            quotes += 2 * present * (3 if i == LOCATION else 2 if i in TEXTS else 1)
        if b"".join(texts).count(b'"') == quotes:  # type: ignore[arg-type]  # a readable record has a value
            return 0, []
        unknown, unreadable = 0, []
        for i, text in enumerate(texts):
            try:
                unknown += sum(name not in self.model.model_fields for name in from_json(text or b"{}"))
            except ValueError:
                unreadable.append(i)
        return unknown, unreadable
