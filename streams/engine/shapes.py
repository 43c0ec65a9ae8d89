"""A reading's fields as msgspec structs: the whole one of a domain, and one of just the fields that a block of records has.

They are made from the pydantic model, field by field, so that the model stays the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from streams.contract.readings import LONGEST_PERIOD_S, MEASURES, MEASURES_OF, READINGS, Domain

MOST_SHAPES: Final = 64
"""So many are kept, lest a gateway make them without end; beyond it all are made anew."""


class _Place(msgspec.Struct, gc=False):
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


_COMMON: Final[list[tuple[str, Any]]] = [
    ("sensor_id", str),
    ("observed_at", str),
    ("source", Annotated[str, msgspec.Meta(max_length=128)]),
    ("quality", Literal["ok", "estimated", "suspect", "maintenance"]),
    ("location", _Place),
    ("period_s", Annotated[float, msgspec.Meta(ge=0, le=LONGEST_PERIOD_S)]),
    ("exercise", str),
]
SENSOR, AT, SOURCE, QUALITY, LOCATION, PERIOD, EXERCISE, FIRST_MEASURE = range(8)
TEXTS: Final = frozenset({SENSOR, AT, SOURCE, QUALITY, EXERCISE})
_REQUIRED: Final = (SENSOR, AT)


def fields_of(domain: Domain) -> list[tuple[str, Any]]:
    """Name and type of every field, in the order of their numbers."""
    measures: list[tuple[str, Any]] = []
    for name in MEASURES_OF[domain]:
        bounds = MEASURES[domain, name]
        measures.append((name, Annotated[float, msgspec.Meta(ge=bounds.low, le=bounds.high)]))
    known = {name for name, _ in _COMMON + measures}
    assert known == set(READINGS[domain].model_fields), "the reading model has a field that the decoder does not read"
    return _COMMON + measures


def whole_row(domain: Domain) -> type[msgspec.Struct]:
    """A struct of every field, None where one is absent."""
    every = fields_of(domain)
    given: list[Any] = [every[i] for i in _REQUIRED]
    given += [(name, kind | None, None) for name, kind in every[len(_REQUIRED) :]]
    return msgspec.defstruct(f"{READINGS[domain].__name__}Row", given, gc=False)


class Shape(NamedTuple):
    """Reads records that have each of some fields and nothing else, if they have as many quotes as that takes."""

    fields: tuple[int, ...]
    one: Callable[[bytes], Any]
    lines: Callable[[bytes], list[Any]]
    quotes: int
    """In one record: of each name, and of each text."""


class Shapes:
    """The shapes that were met in one domain."""

    def __init__(self, domain: Domain) -> None:
        self._every = fields_of(domain)
        self._made: dict[tuple[int, ...], Shape] = {}

    def of(self, row: msgspec.Struct) -> Shape | None:
        """The shape of a whole row; None where a field has fields of its own."""
        fields = tuple(i for i, value in enumerate(msgspec.structs.astuple(row)) if value is not None)
        if LOCATION in fields:
            return None
        shape = self._made.get(fields)
        if shape is None:
            if len(self._made) >= MOST_SHAPES:
                self._made.clear()
            decoder = msgspec.json.Decoder(msgspec.defstruct("Row", [self._every[i] for i in fields], gc=False))
            quotes = 2 * (len(fields) + sum(i in TEXTS for i in fields))
            shape = self._made[fields] = Shape(fields, decoder.decode, decoder.decode_lines, quotes)
        return shape
