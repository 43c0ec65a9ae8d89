"""A partition that goes to another worker: what it has counted is told before it is gone."""

from __future__ import annotations

import pytest

from streams.worker.told import NOTHING
from tests.unit.worker.test_applied_again import Raw
from tests.unit.worker.test_other_rules import Core, Producer, shell_of


class Figures:
    """Notes what is told of the core, and how many transactions were committed by then."""

    def __init__(self, core: Core, producer: Producer) -> None:
        self._core, self._producer = core, producer
        self.told: list[tuple[int, int] | str] = []

    def tell(self, _: object) -> None:
        self.told.append((self._core.applied, len(self._producer.committed)))

    def end(self) -> None:
        self.told.append("ended")


async def test_the_last_values_are_counted_once_they_are_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    core, producer = Core(), Producer()
    partition = shell_of(core, producer)
    figures = Figures(core, producer)
    monkeypatch.setattr(partition, "_figures", figures)
    partition.restore(None, NOTHING)
    await partition.apply([Raw(0), Raw(1)])

    await partition.leave(5.0)

    assert figures.told == [(1, 1), "ended"]


async def test_what_could_not_be_committed_is_left_to_the_next_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    core, producer = Core(), Producer()
    producer.is_free.clear()
    partition = shell_of(core, producer)
    figures = Figures(core, producer)
    monkeypatch.setattr(partition, "_figures", figures)
    partition.restore(None, NOTHING)
    await partition.apply([Raw(0)])

    await partition.leave(0.01)

    assert figures.told == ["ended"]
