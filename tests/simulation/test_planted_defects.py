"""The simulator finds each defect that it is there to find: planted once, seen within a few seeds, gone without it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from streams.engine.accounting import Accounts
from streams.engine.alerts_stage import AlertsStage
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.timeline import Timeline
from streams.errors import Unavailable
from streams.worker import checkpoints, stage_partition
from streams.worker.checkpoints import Checkpoint, Found
from streams.worker.ownership import Ownership
from streams.worker.stage_partition import StagePartition
from streams.worker.transactions import Transactions
from tests.simulation.simulator import run
from tests.simulation.verdict import complaints

MOST_SEEDS: Final = 60
Patch = pytest.MonkeyPatch


class Defect(NamedTuple):
    name: str
    plant: Callable[[Patch], None]
    kinds: tuple[str, ...]
    """Faults under which it does its harm."""
    first: int = 0
    """The seed that is tried first, where it takes many to meet."""


def _around(patch: Patch, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function by what `make` makes of it."""
    patch.setattr(owner, name, make(getattr(owner, name)))


def _checkpoint_after_its_transaction(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def torn(self: Transactions, outputs: Outputs, checkpoint: Any, offset: int) -> None:
            await commit(self, outputs, [], offset)
            if checkpoint:
                await commit(self, Outputs(), checkpoint, offset)

        return torn

    _around(patch, Transactions, "commit", make)


def _checkpoint_before_its_transaction(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def torn(self: Transactions, outputs: Outputs, checkpoint: Any, offset: int) -> None:
            if checkpoint:
                await commit(self, Outputs(), checkpoint, offset)
            await commit(self, outputs, [], offset)

        return torn

    _around(patch, Transactions, "commit", make)


def _state_of_another_moment(patch: Patch) -> None:
    """What the checkpoint holds is not what was sent with it: the state is a step ahead of its offset."""

    def make(pieces_of: Any) -> Any:
        def older(application: str, owner: Any, kept: Checkpoint) -> Any:
            return pieces_of(
                application,
                owner,
                Checkpoint(kept.number, kept.applied, kept.applied + 2, kept.partitions, kept.state),
            )

        return older

    _around(patch, stage_partition, "pieces_of", make)


def _outputs_after_the_snapshot(patch: Patch) -> None:
    """What is applied between a snapshot and the taking of outputs is sent, and is not in the checkpoint."""

    async def send(self: StagePartition, *, leaving: bool) -> None:
        core = self._core
        if not core.out and core.applied <= self._checkpointed:
            return
        self._number, self._checkpointed = self._number + 1, core.applied
        kept = Checkpoint(self._number, core.applied, core.resume_offset(), self._partitions, core.snapshot())
        await asyncio.sleep(0.3)
        out, core.out = core.out, Outputs()
        pieces = checkpoints.pieces_of(self._settings.application, self.owner, kept)
        await self._transactions.commit(out, pieces, kept.applied + 1)

    patch.setattr(StagePartition, "_send", send)


def _no_resume(patch: Patch) -> None:
    def make(restore: Any) -> Any:
        def at_once(self: StagePartition, checkpoint: Checkpoint | None) -> None:
            restore(self, checkpoint)
            if checkpoint is not None:
                self.begin_at = checkpoint.applied + 1

        return at_once

    _around(patch, StagePartition, "restore", make)


def _no_refill(patch: Patch) -> None:
    patch.setattr(ReadingsStage, "_refill", lambda self, records: None)


def _no_fence(patch: Patch) -> None:
    """Each life of a worker has ids of its own."""
    lives = itertools.count()

    def make(init: Any) -> Any:
        def own(self: Transactions, *arguments: Any) -> None:
            init(self, *arguments)
            self._producer._name += f"-{next(lives)}"

        return own

    _around(patch, Transactions, "__init__", make)


def _no_steps(patch: Patch) -> None:
    def make(apply: Any) -> Any:
        def forgetful(self: AlertsStage, record: Any) -> None:
            for life in self._lives.values():
                life.steps.clear()
            apply(self, record)

        return forgetful

    _around(patch, AlertsStage, "_apply", make)


def _watermark_goes_back(patch: Patch) -> None:
    def make(load: Any) -> Any:
        def back(self: Timeline, *arguments: Any) -> Any:
            ended = load(self, *arguments)
            self.watermark.at_ms -= 90_000
            return ended

        return back

    _around(patch, Timeline, "load", make)


def _release_is_not_kept(patch: Patch) -> None:
    def make(release: Any) -> Any:
        def unkept(self: ReadingsStage, now_ms: int) -> bool:
            was_once = self.out.once
            released = bool(release(self, now_ms))
            self.out.once = was_once
            return released

        return unkept

    _around(patch, ReadingsStage, "release_idle", make)


def _repeats_are_taken_for_known(patch: Patch) -> None:
    patch.setattr(Outputs, "once", property(lambda self: False, lambda self, once: None))


def _away_is_silence(patch: Patch) -> None:
    patch.setattr(stage_partition, "ANSWERED_S", 1e9)


def _stopped_is_silence(patch: Patch) -> None:
    """A process that goes on counts the time in which it was stopped."""

    def make(release: Any) -> Any:
        def deaf(self: StagePartition) -> None:
            self._looked_at_s = self._clock.monotonic_s()
            release(self)

        return deaf

    _around(patch, StagePartition, "_release_idle", make)


def _ends_at_open_transactions(patch: Patch) -> None:
    """A restore reads as far as a reader of committed records is told that there is something."""

    def make(ends: Any) -> Any:
        async def stable(settings: Any, wanted: Any, clients: Any) -> Any:
            reader = clients.reader(settings, "ends", isolation_level="read_committed")
            return await reader.end_offsets(wanted)

        return stable

    _around(patch, checkpoints, "_ends", make)


def _uncommitted_checkpoints(patch: Patch) -> None:
    def make(read_to: Any) -> Any:
        async def dirty(ends: Any, settings: Any, clients: Any) -> Any:
            def reader(*arguments: Any, **options: Any) -> Any:
                return clients.reader(*arguments, **(options | {"isolation_level": "read_uncommitted"}))

            return await read_to(ends, settings, clients._replace(reader=reader))

        return dirty

    _around(patch, checkpoints, "_read_to", make)


def _older_checkpoint(patch: Patch) -> None:
    def make(newest: Any) -> Any:
        def older(self: Found, owner: Any) -> Any:
            kept = {key: slot for key, slot in self._slots.items() if key[0] == owner}
            if len(kept) == checkpoints.SLOTS:
                del self._slots[max(kept, key=lambda key: kept[key].numbers["set"])]
            return newest(self, owner)

        return older

    _around(patch, Found, "newest", make)


def _reads_before_it_fences(patch: Patch) -> None:
    waiting: list[StagePartition] = []

    async def later(self: StagePartition) -> None:
        waiting.append(self)

    def make(read: Any) -> Any:
        async def first(*arguments: Any) -> Found:
            mine, waiting[:] = list(waiting), []
            found: Found = await read(*arguments)
            for partition in mine:
                await partition._transactions.start()
            return found

        return first

    patch.setattr(StagePartition, "connect", later)
    _around(patch, checkpoints, "read", make)


def _refused_transactions_are_forgotten(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def careless(self: Transactions, *arguments: Any) -> None:
            try:
                await commit(self, *arguments)
            except Unavailable:
                return

        return careless

    _around(patch, Transactions, "commit", make)


def _sends_after_a_failure(patch: Patch) -> None:
    patch.setattr(StagePartition, "_has_failed", property(lambda self: False, lambda self, failed: None), raising=False)


def _reads_on_from_one_too_far(patch: Patch) -> None:
    def make(begin_at: Any) -> Any:
        def further(self: Ownership, tp: Any) -> int | None:
            offset: int | None = begin_at(self, tp)
            return offset and offset + 1

        return further

    _around(patch, Ownership, "begin_at", make)


def _accounts_begin_anew(patch: Patch) -> None:
    patch.setattr(Accounts, "load", lambda self, state: None)


def _shutdown_forgets_a_takeover(patch: Patch) -> None:
    async def early(self: Ownership) -> None:
        await self.give_away(list(self._owned))

    patch.setattr(Ownership, "give_all_away", early)


DEFECTS: Final = [
    Defect("the checkpoint follows its transaction", _checkpoint_after_its_transaction, ("kill",)),
    Defect("the checkpoint goes before its transaction", _checkpoint_before_its_transaction, ("kill",)),
    Defect("outputs are taken after the snapshot", _outputs_after_the_snapshot, ("kill",)),
    Defect("the resume offset is ahead", _state_of_another_moment, ("kill",)),
    Defect("the resume offset is ignored", _no_resume, ("kill",)),
    Defect("the memory of duplicates is not refilled", _no_refill, ("kill",)),
    Defect("a former owner is not fenced", _no_fence, ("stop",)),
    Defect("steps are not compared", _no_steps, ("kill",)),
    Defect("a restored watermark goes back", _watermark_goes_back, ("kill",)),
    Defect("an idle release is not kept", _release_is_not_kept, ("kill",)),
    Defect("what must be sent once has no checkpoint", _repeats_are_taken_for_known, ("kill",)),
    Defect("a broker that is away is taken for silence", _away_is_silence, ("cut", "stop")),
    Defect("a process that was stopped takes that for silence", _stopped_is_silence, ("stop",), 30),
    Defect("a restore ends at another's open transaction", _ends_at_open_transactions, ("kill", "refused", "slow"), 10),
    Defect("a restore reads what was not committed", _uncommitted_checkpoints, ("kill", "refused")),
    Defect("the older checkpoint is taken", _older_checkpoint, ("kill",)),
    Defect("checkpoints are read before the former owner is fenced", _reads_before_it_fences, ("stop", "slow"), 30),
    Defect("a refused transaction is forgotten", _refused_transactions_are_forgotten, ("refused",)),
    Defect(
        "a partition sends on after a failed transaction", _sends_after_a_failure, ("away", "cut", "lost", "slow"), 20
    ),
    Defect("a restart reads on from one record too far", _reads_on_from_one_too_far, ("kill",)),
    Defect("accounts begin anew", _accounts_begin_anew, ("kill",)),
    Defect("a shutdown forgets what is being taken over", _shutdown_forgets_a_takeover, ("leave", "join", "slow")),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "-"))
def test_the_simulator_finds(defect: Defect, monkeypatch: Patch) -> None:
    defect.plant(monkeypatch)

    for seed in range(defect.first, defect.first + MOST_SEEDS):
        if complaints(run(seed, frozenset(defect.kinds))):
            return

    pytest.fail(f"{defect.name}: not seen in {MOST_SEEDS} seeds")
