"""The shell of one stage's partition: applies what arrives, sends what came of it, keeps checkpoints.

One transaction is under way at a time, while the core goes on. What is sent and the checkpoint that rides along are taken
at one moment, so a checkpoint never holds what was not sent. When a transaction begins:

    at once                       when an alert event waits, or more than `MOST_BYTES` wait
    every `commit_interval_s`     when anything waits
    every `checkpoint_interval_s` with a checkpoint; always with one the first time, and where the clock decided something

A restart goes on from the checkpoint, and applies in silence what was told already (`told`): nothing is told twice. Where the
city's data or the program have changed meanwhile the same records may come to something else: then what happened to alerts
is told, each step of which is known by its number, and nothing else.
Other rules are taken up between two chunks (`succession`); a checkpoint rides with what is sent next.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

from faust.types import TP

from streams import kafka, metrics
from streams.clock import Clock
from streams.contract.topics import ALERT_EVENTS, CHECKPOINTS
from streams.engine.outputs import Outputs
from streams.engine.records import Record
from streams.errors import StateRefused
from streams.kafka import Clients
from streams.settings import Settings
from streams.worker.checkpoints import Checkpoint, Owner, pieces_of
from streams.worker.figures import Figures
from streams.worker.idleness import Idleness
from streams.worker.stages import Core
from streams.worker.succession import succeed
from streams.worker.told import NOTHING, Told
from streams.worker.transactions import Transactions
from streams.worker.transport import FetchState
from streams.worker.watchdog import Progress

MOST_BYTES: Final = 2 << 20
"""Outputs that may wait while as many are being sent; above it the partition takes no records, so memory stays bounded."""
BACKLOG_MS: Final = 10_000
"""While what is read arrived longer ago than this, windows still open are not shown: they are soon others."""


class StagePartition:
    """One stage's partition while this worker owns it.

    Args:
        owner: which one.
        core: its state, new.
        settings: intervals and the application's name.
        group: the consumer group.
        partitions: how many the input topic has.
        basis: what the results rest on beside the input.
        idle_s: silence of the input after which its windows close without it; None: they never do.
        fetch_state: how far the consumer has read it.
        clock: what time it is.
        clients: how its producer is opened.
    """

    def __init__(
        self,
        owner: Owner,
        core: Core,
        settings: Settings,
        *,
        group: str,
        partitions: int,
        basis: str,
        idle_s: float | None,
        fetch_state: Callable[[TP], FetchState | None],
        clock: Clock,
        clients: Clients = kafka.CLIENTS,
    ) -> None:
        self.owner, self.tp = owner, TP(owner.topic, owner.partition)
        self._core, self._settings, self._clock = core, settings, clock
        self._next: tuple[Core, str] | None = None  # who goes on from here by other rules, and by which basis
        self._partitions, self._basis, self._idle_s, self._fetch_state = partitions, basis, idle_s, fetch_state
        self._transactions = Transactions(settings, owner, group, clients)
        self._figures = Figures(owner, core)
        self._task: asyncio.Task[None] | None = None
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._sending = asyncio.Lock()
        self._leaving = self._has_failed = False
        self._number = 0
        self._checkpointed_at_s, self._idleness = clock.monotonic_s(), Idleness(clock)
        self._checkpointed = -1
        self._told, self._again_until, self._is_same = NOTHING, 0, True
        """What was told; the offset up to which that is applied again; whether it comes to the same as it did."""
        self._read_ms = 0  # arrival of the last record applied
        self.begin_at = 0
        """The offset that it is read from."""

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress(self._core.applied, self._fetch_state(self.tp))

    # -- coming -----------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Fence a former owner; after this its state can be read.

        Raises:
            Unavailable: no broker answers.
        """
        await self._transactions.start()

    def restore(self, checkpoint: Checkpoint | None, told: Told) -> None:
        """Take over the state of a checkpoint, or begin at the beginning.

        Args:
            checkpoint: the newest; None where there never was one.
            told: what was told of the input, with that checkpoint or after it.

        Raises:
            StateRefused: the checkpoint does not fit this program or this topic, or there is none though there was one.
        """
        if checkpoint is None:
            if told != NOTHING:
                raise StateRefused(
                    f"the input was read up to {told.until}, but its checkpoint is gone",
                    field=CHECKPOINTS,
                    value="|".join(map(str, self.owner)),
                    fix="Restore the topic, or set another URBANHUB_APPLICATION to begin anew from the readings kept",
                )
            return
        checkpoint.must_fit(self.owner, self._partitions)
        self._told, self._again_until = told, told.until
        self._is_same = checkpoint.basis == self._basis
        self._core.restore(checkpoint.state)
        self._number, self._checkpointed = checkpoint.number, self._core.applied
        self.begin_at = checkpoint.resume
        self._figures.begin()

    def start(self, failed: Callable[[BaseException], None]) -> None:
        """Begin to send; `failed` is told of an error after which nothing more is sent."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                failed(error)

        self._checkpointed_at_s, self._idleness = self._clock.monotonic_s(), Idleness(self._clock)
        self._task = asyncio.create_task(self._send_on(), name=f"send {'|'.join(map(str, self.owner))}")
        self._task.add_done_callback(ended)

    # -- records in -------------------------------------------------------------------------------------------------

    async def apply(self, records: Sequence[Record]) -> None:
        """Apply records of the log, once there is room for what comes of them."""
        await self._room.wait()
        if self._leaving:
            return  # its next owner reads them again
        if records[0].offset < self._again_until:
            known = bisect_left(records, self._again_until, key=lambda record: record.offset)
            self._apply_again(records[:known])
            records = records[known:]
            if not records:
                return
        self._core.step(records)
        self._read_ms = records[-1].timestamp
        self._idleness.end()
        metrics.BATCH_RECORDS.labels(self.owner.stage).observe(len(records))
        out = self._core.out
        if out.size >= MOST_BYTES:
            self._room.clear()
        if out.urgent or out.size >= MOST_BYTES:
            self._wake.set()

    def _apply_again(self, records: Sequence[Record]) -> None:
        """Apply what was told before."""
        before, self._core.out = self._core.out, Outputs()
        self._core.step(records)
        again, self._core.out = self._core.out, before
        for topic, partition, out in again.each():
            if topic == ALERT_EVENTS and not self._is_same:
                before.add(topic, partition, out)
        self._figures.begin()

    @property
    def _has_come_again(self) -> bool:
        """Whether all that was told is applied, or is not there any more to be applied."""
        if self._core.applied + 1 >= self._again_until:
            return True
        state = self._fetch_state(self.tp)
        return state is not None and state.position >= self._again_until and state.is_applied(self._core.applied)

    # -- other rules ------------------------------------------------------------------------------------------------

    def go_on_with(self, core: Core, basis: str) -> None:
        """Let a new core of other rules, and what they rest on, go on from here as soon as nothing is applied again."""
        self._next = core, basis
        self._take_up()
        self._wake.set()

    def _take_up(self) -> None:
        """Nothing is awaited here: the old core has applied all before this, the new one applies all that follows."""
        if self._next is None or not self._has_come_again:
            return
        self._figures.tell(self._fetch_state(self.tp))
        core, self._basis = self._next
        succeed(core, self._core)
        self._core, self._next, self._figures = core, None, Figures(self.owner, core)
        self._figures.begin()

    # -- records out ------------------------------------------------------------------------------------------------

    async def _send_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.commit_interval_s):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if self._has_come_again:
                self._take_up()
                self._decide_by_the_clock()
                async with self._sending:
                    await self._send(leaving=False)
            self._figures.tell(self._fetch_state(self.tp))

    def _decide_by_the_clock(self) -> None:
        now_ms, state = self._clock.now_ms(), self._fetch_state(self.tp)
        is_at_end = state is not None and state.position >= state.stable_end and state.is_applied(self._core.applied)
        if now_ms - self._read_ms < BACKLOG_MS or is_at_end:
            self._core.tick(now_ms)
        idle_for_s = self._idleness.look(state, is_at_end=is_at_end)
        if state is None or idle_for_s is None:
            return
        if not state.unsettled:
            self._core.caught_up(self._idleness.asked_ms)
        if self._idle_s is not None and idle_for_s >= self._idle_s:
            self._core.release_idle(now_ms)

    async def _send(self, *, leaving: bool) -> None:
        """One transaction with everything that waits, where there is reason for one."""
        core, out, now_s = self._core, self._core.out, self._clock.monotonic_s()
        due = leaving or now_s - self._checkpointed_at_s >= self._settings.checkpoint_interval_s
        is_first = bool(out) and not self._number
        with_checkpoint = out.once or is_first or (due and core.applied > self._checkpointed)
        if self._has_failed or not self._has_come_again or (not out and not with_checkpoint):
            return
        core.out = Outputs()
        applied, checkpoint = core.applied, []
        if with_checkpoint:
            state = core.snapshot()
            kept = Checkpoint(self._number + 1, applied, core.resume_offset(), self._partitions, self._basis, state)
            checkpoint = pieces_of(self._settings.application, self.owner, kept)
        # Until it is taken: the outputs are gone from the core, and a later checkpoint would hide that.
        self._has_failed = True
        told = self._told._replace(until=max(applied + 1, self._told.until))
        self._told = await self._transactions.commit(out, checkpoint, told)
        self._has_failed = False
        if with_checkpoint:
            self._number, self._checkpointed, self._checkpointed_at_s = self._number + 1, applied, now_s
            metrics.CHECKPOINT_BYTES.labels(*map(str, self.owner)).set(len(state))
        metrics.TRANSACTION_S.labels(self.owner.stage).observe(self._clock.monotonic_s() - now_s)
        for arrived_ms in out.arrivals_ms:
            metrics.ALERT_LATENCY_S.observe((self._clock.now_ms() - arrived_ms) / 1000)
        if self._core.out.size < MOST_BYTES:
            self._room.set()

    # -- going ------------------------------------------------------------------------------------------------------

    async def leave(self, within_s: float) -> None:
        """Apply no more, send what waits with a checkpoint, disconnect.

        Args:
            within_s: then it is given up; the next owner goes on from the last checkpoint.

        Raises:
            Unavailable: it could not be sent.
        """
        self._leaving = True
        self._room.set()
        try:
            async with asyncio.timeout(within_s), self._sending:
                await self._send(leaving=True)
                self._figures.tell(None)
        except TimeoutError:
            pass
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Disconnect at once; what is under way is aborted by the next owner."""
        self._leaving = True
        self._room.set()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._transactions.stop()
        self._figures.end()
