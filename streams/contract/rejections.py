"""Why a record is refused, and the headers that its dead letter carries."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, Field, ValidationError

from streams.contract.times import Instant
from streams.errors import shown

Reason = Literal[
    "malformed",
    "empty",
    "too_large",
    "missing_field",
    "bad_type",
    "out_of_range",
    "bad_time",
    "future",
    "late",
    "unknown_sensor",
    "no_measure",
    "exercise_limit",
    "unknown_alert",
    "influx",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


class Rejection(NamedTuple):
    """The decision to refuse one record: why, which field, and one sentence on what to do."""

    reason: Reason
    field: str
    detail: str


class DeadLetterHeaders(BaseModel):
    """Headers of a record in `readings.rejected`; its value is the bytes as received, or empty where no topic takes so many."""

    reason: Reason
    field: str = Field(description="The field concerned, or empty.")
    detail: str = Field(description="One sentence: what is wrong and what to do.")
    topic: str
    partition: str = Field(pattern=r"^\d+$")
    offset: str = Field(pattern=r"^\d+$")
    received_at: Instant


def headers(why: Rejection, topic: str, partition: int, offset: int, received_at: str) -> list[tuple[str, bytes]]:
    """The dead letter's headers as Kafka carries them; `received_at` is a contract time, the broker's time of arrival."""
    return [
        ("reason", why.reason.encode()),
        ("field", why.field.encode()),
        ("detail", why.detail.encode()),
        ("topic", topic.encode()),
        ("partition", b"%d" % partition),
        ("offset", b"%d" % offset),
        ("received_at", received_at.encode()),
    ]


def without_the_record(why: Rejection) -> Rejection:
    """The same decision about a record that is too large to stand in its dead letter."""
    told = "The record is too large to be kept here; it stands where topic, partition and offset say."
    return why._replace(detail=f"{why.detail} {told}")


_OUT_OF_RANGE: Final = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "more than"),
    "less_than": ("lt", "less than"),
}


def from_validation(error: ValidationError) -> Rejection:
    """The first thing that a contract model found wrong, told as a gateway's maker can act on it."""
    first = error.errors(include_url=False)[0]
    kind, context = first["type"], first.get("ctx") or {}
    # A union's branch and a constraint's name stand in the place too; people know the field by its names alone.
    field = ".".join(
        str(part) for part in first["loc"] if not str(part).startswith(("constrained", "function", "nullable"))
    )
    value = shown(first.get("input"))
    if kind == "json_invalid":
        return Rejection(
            "malformed",
            "",
            f"The record is not one JSON object in UTF-8: {context.get('error', 'unreadable')}.",
        )
    if kind == "missing":
        return Rejection("missing_field", field, f"{field} is missing; send it with every record.")
    if kind in _OUT_OF_RANGE:
        key, words = _OUT_OF_RANGE[kind]
        return Rejection(
            "out_of_range",
            field,
            f"{field} is {value}, it must be {words} {context[key]:g}; check unit and sensor.",
        )
    if kind == "finite_number":
        return Rejection("out_of_range", field, f"{field} is {value}; leave a value out that is no finite number.")
    if kind == "bad_time":
        return Rejection("bad_time", field, f"{field} is {value!r}, it {first['msg']}.")
    if kind == "no_measure":
        return Rejection("no_measure", "", f"The record {first['msg']}.")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        place = field or "the record"
        return Rejection(
            "bad_type" if field else "malformed",
            field,
            f"{place} is not a JSON object; send one object per record.",
        )
    return Rejection("bad_type", field, f"{field} is {value!r}: {first['msg'][:1].lower()}{first['msg'][1:]}.")
