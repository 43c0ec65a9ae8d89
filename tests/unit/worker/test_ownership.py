"""What a new owner reads of the checkpoints: nothing where there can be none."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import ALERT_EVENTS, COMMANDS
from streams.kafka import Clients
from streams.settings import Settings, load
from streams.worker.ownership import Ownership
from streams.worker.stages import Flow, Stage
from streams.worker.told import NOTHING, committed
from tests.unit.worker.test_applied_again import EchoCore

NEVER = OffsetAndMetadata(-1, "")
LEFT_OFF = committed(NOTHING._replace(until=7, kept_at=3))


class _Read(Exception):
    """The checkpoints are read."""


class _Producer:
    async def start(self) -> None:
        """Nobody is to be fenced."""

    async def stop(self) -> None:
        """Nothing is open."""


def _ownership(offsets: dict[TopicPartition, OffsetAndMetadata]) -> Ownership:
    async def told(_: Settings, __: str, partitions: list[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: offsets.get(tp, NEVER) for tp in partitions}

    def reader(*_: Any, **__: Any) -> Any:
        raise _Read

    core: Any = EchoCore
    stages = [Stage("alerts", (ALERT_EVENTS,), lambda *_: core()), Stage("commands", (COMMANDS,), lambda *_: core())]
    return Ownership(
        load(),
        Flow(stages, "basis"),
        group="g",
        fetch_state=lambda _: None,
        failed=lambda _: None,
        clock=SYSTEM_CLOCK,
        clients=Clients(lambda *_, **__: _Producer(), reader, told),
    )


async def _take_over(ownership: Ownership) -> None:
    try:
        await ownership.take_over([TP(ALERT_EVENTS, 0)], lambda: True)
    finally:
        await ownership.drop_all()


async def test_at_a_first_start_they_are_looked_through() -> None:
    with pytest.raises(_Read):
        await _take_over(_ownership({}))


async def test_a_partition_without_an_offset_has_none_where_another_has_one() -> None:
    ownership = _ownership({TopicPartition(COMMANDS, 1): LEFT_OFF})
    await _take_over(ownership)
    assert ownership.not_ready() is None


async def test_its_own_is_read_from_where_its_offset_says() -> None:
    with pytest.raises(_Read):
        await _take_over(_ownership({TopicPartition(ALERT_EVENTS, 0): LEFT_OFF}))
