"""The simulator finds each defect of the shell that it is there to find: checkpoints, transactions, ownership, the clock."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from typing import Any, Final

import pytest

from streams.engine.accounting import Accounts
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.timeline import Timeline
from streams.errors import Unavailable
from streams.worker import checkpoints, idleness, stage_partition
from streams.worker.checkpoints import Checkpoint, Found
from streams.worker.idleness import Idleness
from streams.worker.ownership import Ownership
from streams.worker.stage_partition import StagePartition
from streams.worker.told import Told
from streams.worker.transactions import Transactions
from tests.simulation.planting import Defect, Patch, around, must_be_found, name_of

pytestmark = pytest.mark.slow


def _checkpoint_after_its_transaction(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def torn(self: Transactions, outputs: Outputs, checkpoint: Any, told: Told) -> Told:
            told = await commit(self, outputs, [], told)
            return await commit(self, Outputs(), checkpoint, told) if checkpoint else told

        return torn

    around(patch, Transactions, "commit", make)


def _checkpoint_before_its_transaction(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def torn(self: Transactions, outputs: Outputs, checkpoint: Any, told: Told) -> Told:
            if checkpoint:
                told = await commit(self, Outputs(), checkpoint, told)
            return await commit(self, outputs, [], told)

        return torn

    around(patch, Transactions, "commit", make)


def _state_of_another_moment(patch: Patch) -> None:
    """What the checkpoint holds is not what was sent with it: the state is a step ahead of its offset."""

    def make(pieces_of: Any) -> Any:
        def older(application: str, owner: Any, kept: Checkpoint) -> Any:
            return pieces_of(application, owner, dataclasses.replace(kept, resume=kept.applied + 2))

        return older

    around(patch, stage_partition, "pieces_of", make)


def _outputs_after_the_snapshot(patch: Patch) -> None:
    """What is applied between a snapshot and the taking of outputs is sent, and is not in the checkpoint."""

    async def send(self: StagePartition, *, leaving: bool) -> None:
        core = self._core
        if not core.out and core.applied <= self._checkpointed:
            return
        self._number, self._checkpointed = self._number + 1, core.applied
        state = core.snapshot()
        kept = Checkpoint(self._number, core.applied, core.resume_offset(), self._partitions, self._basis, state)
        await asyncio.sleep(0.3)
        out, core.out = core.out, Outputs()
        pieces = checkpoints.pieces_of(self._settings.application, self.owner, kept)
        told = self._told._replace(until=max(kept.applied + 1, self._told.until))
        self._told = await self._transactions.commit(out, pieces, told)

    patch.setattr(StagePartition, "_send", send)


def _no_resume(patch: Patch) -> None:
    def make(restore: Any) -> Any:
        def at_once(self: StagePartition, checkpoint: Checkpoint | None, told: Told) -> None:
            restore(self, checkpoint, told)
            if checkpoint is not None:
                self.begin_at = checkpoint.applied + 1

        return at_once

    around(patch, StagePartition, "restore", make)


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

    around(patch, Transactions, "__init__", make)


def _watermark_goes_back(patch: Patch) -> None:
    def make(load: Any) -> Any:
        def back(self: Timeline, *arguments: Any) -> Any:
            ended = load(self, *arguments)
            self.watermark.at_ms -= 90_000
            return ended

        return back

    around(patch, Timeline, "load", make)


def _release_is_not_kept(patch: Patch) -> None:
    def make(release: Any) -> Any:
        def unkept(self: ReadingsStage, now_ms: int) -> bool:
            was_once = self.out.once
            released = bool(release(self, now_ms))
            self.out.once = was_once
            return released

        return unkept

    around(patch, ReadingsStage, "release_idle", make)


def _decisions_are_not_kept(patch: Patch) -> None:
    patch.setattr(Outputs, "once", property(lambda self: False, lambda self, once: None))


def _away_is_silence(patch: Patch) -> None:
    patch.setattr(idleness, "ANSWERED_S", 1e9)


def _stopped_is_silence(patch: Patch) -> None:
    """A process that goes on counts the time in which it was stopped."""

    def make(look: Any) -> Any:
        def deaf(self: Idleness, *arguments: Any, **named: Any) -> float | None:
            self._looked_at_s = self._clock.monotonic_s()
            idle_for_s: float | None = look(self, *arguments, **named)
            return idle_for_s

        return deaf

    around(patch, Idleness, "look", make)


def _reads_past_its_set(patch: Patch) -> None:
    """What follows the newest checkpoint may be a later one that was never committed."""
    patch.setattr(Found, "has", lambda self, owner: False)


def _what_was_told(patch: Patch, change: Any) -> None:
    def make(restore: Any) -> Any:
        def other(self: StagePartition, checkpoint: Checkpoint | None, told: Told) -> None:
            restore(self, checkpoint, told if checkpoint is None else change(told))

        return other

    around(patch, StagePartition, "restore", make)


def _told_again(patch: Patch) -> None:
    _what_was_told(patch, lambda told: told._replace(until=0))


def _silent_for_too_long(patch: Patch) -> None:
    _what_was_told(patch, lambda told: told._replace(until=told.until + 1))


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
    around(patch, checkpoints, "read", make)


def _refused_transactions_are_forgotten(patch: Patch) -> None:
    def make(commit: Any) -> Any:
        async def careless(self: Transactions, *arguments: Any) -> None:
            try:
                await commit(self, *arguments)
            except Unavailable:
                return

        return careless

    around(patch, Transactions, "commit", make)


def _sends_after_a_failure(patch: Patch) -> None:
    patch.setattr(StagePartition, "_has_failed", property(lambda self: False, lambda self, failed: None), raising=False)


def _reads_on_from_one_too_far(patch: Patch) -> None:
    def make(begin_at: Any) -> Any:
        def further(self: Ownership, tp: Any) -> int | None:
            offset: int | None = begin_at(self, tp)
            return offset and offset + 1

        return further

    around(patch, Ownership, "begin_at", make)


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
    Defect("a restored watermark goes back", _watermark_goes_back, ("kill",)),
    Defect("an idle release is not kept", _release_is_not_kept, ("kill",)),
    Defect("what the clock decides has no checkpoint", _decisions_are_not_kept, ("kill",)),
    Defect("a restore reads past its checkpoint", _reads_past_its_set, ("kill", "refused")),
    Defect("what was told is told again", _told_again, ("kill",)),
    Defect("a restart is silent for one record too many", _silent_for_too_long, ("kill",)),
    Defect("a broker that is away is taken for silence", _away_is_silence, ("cut", "stop"), 20),
    Defect("a process that was stopped takes that for silence", _stopped_is_silence, ("stop",), 165),
    Defect("checkpoints are read before the former owner is fenced", _reads_before_it_fences, ("stop", "slow"), 30),
    Defect("a refused transaction is forgotten", _refused_transactions_are_forgotten, ("refused",)),
    Defect(
        "a partition sends on after a failed transaction", _sends_after_a_failure, ("away", "cut", "lost", "slow"), 201
    ),
    Defect("a restart reads on from one record too far", _reads_on_from_one_too_far, ("kill",)),
    Defect("accounts begin anew", _accounts_begin_anew, ("kill",)),
    Defect("a shutdown forgets what is being taken over", _shutdown_forgets_a_takeover, ("leave", "join", "slow")),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=name_of)
def test_the_simulator_finds(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    must_be_found(defect, monkeypatch)
