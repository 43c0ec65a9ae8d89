"""A reading's fields as a msgspec struct, made from the pydantic model field by field: the model stays the definition."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal

import msgspec

from streams.contract.readings import LONGEST_PERIOD_S, MEASURES, MEASURES_OF, READINGS, Domain


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


@cache
def row_of(domain: Domain) -> type[msgspec.Struct]:
    """A struct of every field, None where one is absent; the measures come last, in the domain's order."""
    measures: list[tuple[str, Any]] = []
    for name in MEASURES_OF[domain]:
        bounds = MEASURES[domain, name]
        measures.append((name, Annotated[float, msgspec.Meta(ge=bounds.low, le=bounds.high)]))
    every = _COMMON + measures
    assert {name for name, _ in every} == set(READINGS[domain].model_fields), "the model has a field that is not read"
    given: list[Any] = [every[i] for i in _REQUIRED]
    given += [(name, kind | None, None) for name, kind in every[len(_REQUIRED) :]]
    return msgspec.defstruct(f"{READINGS[domain].__name__}Row", given, gc=False)
