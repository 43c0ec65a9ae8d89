"""What a restart applies again: in silence as far as it was told, and nothing is sent before that is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import ALERT_EVENTS, WINDOW_TOPICS
from streams.engine.outputs import Out, Outputs
from streams.errors import StateRefused
from streams.kafka import Clients
from streams.settings import load
from streams.worker.checkpoints import Checkpoint, Owner
from streams.worker.stage_partition import StagePartition
from streams.worker.told import NOTHING, Told, committed, told
from streams.worker.transport import FetchState

OWNER = Owner("readings", "readings.disaster", 0)
WINDOWS = WINDOW_TOPICS[0]


class Raw(NamedTuple):
    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class EchoCore:
    """Sends a window and an alert event for every record."""

    def __init__(self) -> None:
        self.applied, self.out = -1, Outputs()
        self.seen: list[int] = []

    def step(self, records: Sequence[Raw]) -> None:
        for record in records:
            self.seen.append(record.offset)
            for topic in (WINDOWS, ALERT_EVENTS):
                self.out.add(topic, 0, Out(b"%d" % record.offset, b""))
            self.applied = record.offset

    def restore(self, kept: bytes) -> None:
        self.applied = int(kept)


def _no_clients(*_: Any, **__: Any) -> Any:
    return None


def _partition(
    restored: Checkpoint | None, was_told: Told, fetched: Callable[[TP], FetchState | None] = lambda _: None
) -> tuple[StagePartition, EchoCore]:
    core: Any = EchoCore()
    partition = StagePartition(
        OWNER,
        core,
        load(),
        group="g",
        partitions=4,
        basis="now",
        idle_s=None,
        fetch_state=fetched,
        clock=SYSTEM_CLOCK,
        clients=Clients(_no_clients, _no_clients, _no_clients),
    )
    partition.restore(restored, was_told)
    return partition, core


def _kept(applied: int, basis: str = "now") -> Checkpoint:
    return Checkpoint(3, applied, applied + 1, 4, basis, b"%d" % applied)


def _sent(core: EchoCore) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for topic, _, out in core.out.each():
        found.setdefault(topic, []).append(int(out.key or b""))
    return found


async def test_what_was_told_is_applied_in_silence_and_the_rest_of_the_chunk_is_told() -> None:
    partition, core = _partition(_kept(4), Told(8, 70))

    await partition.apply([Raw(offset) for offset in range(5, 7)])
    assert _sent(core) == {}
    assert not partition._has_come_again
    await partition.apply([Raw(offset) for offset in range(7, 11)])

    assert core.seen == list(range(5, 11))
    assert _sent(core) == {WINDOWS: [8, 9, 10], ALERT_EVENTS: [8, 9, 10]}
    assert partition._has_come_again


async def test_of_a_changed_city_only_what_happens_to_alerts_is_told_again() -> None:
    partition, core = _partition(_kept(4, "before"), Told(8, 70))

    await partition.apply([Raw(offset) for offset in range(5, 10)])

    assert _sent(core) == {ALERT_EVENTS: [5, 6, 7, 8, 9], WINDOWS: [8, 9]}


async def test_records_that_retention_has_removed_are_not_waited_for() -> None:
    state = FetchState(position=8, stable_end=8, answered_ms=0, delivered=5)
    partition, _ = _partition(_kept(4), Told(8, 70), lambda _: state)

    assert not partition._has_come_again, "one that was handed out is not applied yet"
    await partition.apply([Raw(5)])

    assert partition._has_come_again


def test_a_checkpoint_that_is_gone_is_refused_and_not_begun_anew() -> None:
    with pytest.raises(StateRefused, match="read up to 8"):
        _partition(None, Told(8, 70))
    _partition(None, NOTHING)


@pytest.mark.parametrize(
    ("metadata", "kept_at"), [("checkpoint@70", 70), ("", None), ("checkpoint@", None), ("somebody@7", None)]
)
def test_a_committed_offset_says_how_far_was_told_and_where_the_state_is(metadata: str, kept_at: int | None) -> None:
    assert told(OffsetAndMetadata(8, metadata)) == Told(8, kept_at)
    assert told(committed(Told(8, kept_at))) == Told(8, kept_at)


def test_a_group_without_an_offset_has_told_nothing() -> None:
    assert told(OffsetAndMetadata(-1, "")) == told(None) == NOTHING
