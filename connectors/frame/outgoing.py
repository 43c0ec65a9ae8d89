"""A record on its way to the broker, and how one of the contract is made into it."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from streams.contract.rejections import from_validation
from streams.contract.topics import TOPICS
from streams.errors import WrongInput


class Outgoing(NamedTuple):
    """One record on its way."""

    topic: str
    key: bytes | None
    value: bytes
    tag: int = 0
    """What the sender knows the record by; told back when the broker has it."""


def encoded(topic: str, record: BaseModel) -> Outgoing:
    """A record of the contract as it travels, keyed as the contract says.

    Raises:
        WrongInput: the record is not what travels in this topic.
    """
    row = TOPICS.get(topic)
    if row is None or row.model is None:
        raise WrongInput("no such topic takes records of the contract", field="topic", value=topic)
    value = record.model_dump_json(exclude_none=True).encode()
    try:
        row.model.model_validate_json(value)
    except ValidationError as e:
        why = from_validation(e)
        raise WrongInput(why.detail, field=why.field or topic, fix="Mend the connector that made it") from e
    return Outgoing(topic, str(getattr(record, row.key)).encode(), value)
