"""Bytes → columns of one domain; a record that fails becomes one rejection.

The pydantic model is the definition. For speed a msgspec struct is made from it, field by field, and reads many records
in one call; a record that it refuses is judged by the pydantic model alone, which also finds reason and field. A property
test holds the two equal on accepted and refused input. One thing is left to the stage: the form of a sensor's id, because
only ids of the registry go on, and the model is asked about any other.

Records are joined by newlines and read by `decode_lines`, which wants a newline or the end after every value. Two facts
prove that item i is exactly record i: no record holds a newline of its own (newlines in the join = records − 1), and as
many items come out as records went in. n items then begin on n different lines, so none spans two. A block that fails is
read again record by record, so that a bad record costs its neighbours a microsecond and nothing else.

Most records of a topic have the same few fields. So a block is first read by a struct of just the fields that the last one
had, all of them required, if it has as many quotes as those names and texts need: then nothing else stands in it, known
or unknown, and no column of an absent field need be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from pydantic_core import from_json

from streams.contract.ids import is_exercise_id
from streams.contract.readings import (
    MAX_RECORD_BYTES,
    MEASURES_OF,
    READINGS,
    SET_ASIDE,
    Domain,
    Reading,
)
from streams.contract.rejections import Rejection, from_validation
from streams.engine.columns import Columns
from streams.engine.instants import Ints, parse_instants
from streams.engine.panes import MICRO
from streams.engine.shapes import (
    AT,
    EXERCISE,
    FIRST_MEASURE,
    LOCATION,
    PERIOD,
    QUALITY,
    SENSOR,
    TEXTS,
    Shape,
    Shapes,
    fields_of,
    whole_row,
)

BLOCK: Final = 256
"""Records joined for one call: 64, 256 and 8,000 cost the same per record; a bad one spoils its block only."""


class Record(Protocol):
    """What the engine needs of a Kafka record; `timestamp` is its arrival at the broker, epoch ms."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class _Read(NamedTuple):
    """Records that were read together."""

    fields: tuple[int, ...]
    items: list[Any]
    rows: list[Ints]
    """Where they stood in the chunk."""


_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)


class Decoder:
    """Reads the records of one domain."""

    def __init__(self, domain: Domain) -> None:
        self.model: type[Reading] = READINGS[domain]
        self._measures = MEASURES_OF[domain]
        self._row = whole_row(domain)
        decoder = msgspec.json.Decoder(self._row)
        self._one, self._lines = decoder.decode, decoder.decode_lines
        self._every = tuple(range(len(fields_of(domain))))
        self._shapes = Shapes(domain)
        self._shape: Shape | None = None

    def decode(self, records: Sequence[Record]) -> Columns:
        """Columns of the readable records, and a rejection for each other one."""
        values = [r.value for r in records]
        rejected: list[tuple[int, Rejection]] = []
        read: list[_Read] = []
        for start in range(0, len(values), BLOCK):
            self._read(values, range(start, min(start + BLOCK, len(values))), read, rejected)
        return self._columns(values, read, rejected)

    def _read(
        self, values: list[bytes | None], rows: range, read: list[_Read], rejected: list[tuple[int, Rejection]]
    ) -> None:
        found = self._block(values[rows.start : rows.stop])
        if found is not None:
            _add(read, *found, np.arange(rows.start, rows.stop))
            return
        shape, like, at = self._shape, list[Any](), list[int]()
        for i in rows:
            value = values[i]
            if shape is not None and value and value.count(b'"') == shape.quotes and len(value) <= MAX_RECORD_BYTES:
                try:
                    like.append(shape.one(value))
                    at.append(i)
                    continue
                except _FAILURES:
                    pass
            item = self._alone(value)
            if isinstance(item, Rejection):
                rejected.append((i, item))
                continue
            if shape is not None and like:
                _add(read, shape.fields, like, np.array(at))
                like, at = [], []
            _add(read, self._every, [item], np.array([i]))
        if shape is not None and like:
            _add(read, shape.fields, like, np.array(at))

    def explain(self, value: bytes) -> Rejection | Reading:
        """The model's own judgement of one record."""
        try:
            return self.model.model_validate_json(value)
        except ValidationError as e:
            return from_validation(e)

    def _block(self, block: list[bytes | None]) -> tuple[tuple[int, ...], list[Any]] | None:
        """The block's records and the fields that they were read by; None where one of them is not readable."""
        try:
            joined = b"\n".join(block)  # type: ignore[arg-type]  # an absent value raises TypeError: judged alone
            if joined.count(b"\n") != len(block) - 1 or (
                len(joined) > MAX_RECORD_BYTES and max(map(len, block)) > MAX_RECORD_BYTES  # type: ignore[arg-type]
            ):
                return None
            shape = self._shape
            if shape is not None:
                odd = joined.count(b'"') - shape.quotes * len(block)
                if not odd and (found := self._lines_of(shape, joined, len(block))) is not None:
                    return shape.fields, found
                if odd and abs(odd) < len(block):  # a few records are other than the rest: likely bad ones
                    return None
            items = self._lines(joined)
        except _FAILURES:
            return None
        if len(items) != len(block):
            return None
        self._shape = self._shapes.of(items[0])
        return self._every, items

    @staticmethod
    def _lines_of(shape: Shape, joined: bytes, n: int) -> list[Any] | None:
        try:
            items = shape.lines(joined)
        except _FAILURES:  # the same quotes, other fields
            return None
        return items if len(items) == n else None

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

    def _columns(self, values: list[bytes | None], read: list[_Read], rejected: list[tuple[int, Rejection]]) -> Columns:
        n = sum(len(part.items) for part in read)
        if not n:
            nothing = np.zeros(0, np.int64)
            no = np.zeros(0, np.bool_)
            return Columns(nothing, [], nothing, no, None, no, [], rejected, 0)
        row = np.concatenate([rows for part in read for rows in part.rows])
        fields, unknown_fields, unreadable = self._gathered(values, read)
        at_ms, ok = parse_instants(fields[AT])
        found, micro = self._values(fields, n)
        some = np.zeros(n, np.bool_)
        for present in found.values():
            some[present] = True
        ok &= some
        exercise = fields.get(EXERCISE)
        if exercise is not None:
            fine = {e for e in set(exercise) if e is None or is_exercise_id(e)}
            ok &= np.fromiter((e in fine for e in exercise), np.bool_, n)
        set_aside = period = np.zeros(n, np.bool_)
        if QUALITY in fields:
            set_aside = np.fromiter((q in SET_ASIDE for q in fields[QUALITY]), np.bool_, n)
        if PERIOD in fields:
            period = np.fromiter((bool(p) for p in fields[PERIOD]), np.bool_, n)
        ok[unreadable] = False
        columns = Columns(
            row=row,
            sensor=fields[SENSOR],
            at_ms=at_ms,
            period=period,
            exercise=exercise,
            set_aside=set_aside,
            values=[(m, found[m], micro[m]) for m in found],
            rejected=rejected,
            unknown_fields=unknown_fields,
        )
        if ok.all():
            return columns
        for i in np.flatnonzero(~ok).tolist():
            judged = self.explain(values[row[i]] or b"")
            assert isinstance(judged, Rejection), "the fast reader refuses what the model takes"
            rejected.append((int(row[i]), judged))
        kept = columns.taken(np.flatnonzero(ok))
        kept.rejected, kept.unknown_fields = sorted(rejected, key=lambda r: r[0]), columns.unknown_fields
        return kept

    def _gathered(self, values: list[bytes | None], read: list[_Read]) -> tuple[dict[int, list[Any]], int, list[int]]:
        """The fields that occur as columns, None where absent; how many are unknown; the rows in which those are no JSON."""
        fields: dict[int, list[Any]] = {}
        done, unknown, unreadable = 0, 0, []
        for part in read:
            quotes = 0
            for i, column in zip(part.fields, zip(*map(msgspec.structs.astuple, part.items), strict=True), strict=True):
                present = len(column) - column.count(None) if part.fields is self._every else len(column)
                if not present:
                    continue
                quotes += 2 * present * (3 if i == LOCATION else 2 if i in TEXTS else 1)
                own = fields.setdefault(i, [])
                own += [None] * (done - len(own))
                own += column
            if part.fields is self._every:
                more, odd = self._unknown([values[i] for rows in part.rows for i in rows.tolist()], quotes)
                unknown += more
                unreadable += [done + i for i in odd]
            done += len(part.items)
        for own in fields.values():
            own += [None] * (done - len(own))
        return fields, unknown, unreadable

    def _values(self, fields: dict[int, list[Any]], n: int) -> tuple[dict[int, Ints], dict[int, Ints]]:
        found: dict[int, Ints] = {}
        micro: dict[int, Ints] = {}
        for m in range(len(self._measures)):
            column = fields.get(FIRST_MEASURE + m)
            if column is None:
                continue
            numbers: npt.NDArray[np.float64] = np.array(column, np.float64)  # None becomes NaN
            absent = np.isnan(numbers)
            found[m] = np.arange(n)
            if absent.any():
                found[m] = np.flatnonzero(~absent)
                numbers = numbers[found[m]]
            micro[m] = np.rint(numbers * MICRO).astype(np.int64)
        return found, micro

    def _unknown(self, texts: list[bytes | None], quotes: int) -> tuple[int, list[int]]:
        """How many fields the contract does not know, and the texts in which they are no JSON: the fast reader skips them.

        They are looked for only where there are more quotes than the names and texts that it read account for.
        """
        if b"".join(texts).count(b'"') == quotes:  # type: ignore[arg-type]  # a readable record has a value
            return 0, []
        unknown, unreadable = 0, []
        for i, text in enumerate(texts):
            try:
                unknown += sum(name not in self.model.model_fields for name in from_json(text or b"{}"))
            except ValueError:
                unreadable.append(i)
        return unknown, unreadable


def _add(read: list[_Read], fields: tuple[int, ...], items: list[Any], rows: Ints) -> None:
    """Append records to those before them where they were read by the same fields."""
    if read and read[-1].fields is fields:
        read[-1].items.extend(items)
        read[-1].rows.append(rows)
    else:
        read.append(_Read(fields, items, [rows]))
