"""Partitions that come and go: restored before their first record, saved before they leave.

Faust tells of an assignment after it is settled and before it fetches; a newer rebalance may begin meanwhile, so what was
restored for an older generation is dropped. Whatever fails here ends the worker: Faust would swallow it and idle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from aiokafka import TopicPartition
from faust.types import TP

from streams import kafka, metrics
from streams.clock import Clock
from streams.contract.topics import TOPICS
from streams.errors import Unavailable
from streams.kafka import Clients
from streams.logs import get
from streams.settings import Settings
from streams.worker import checkpoints
from streams.worker.checkpoints import Owner
from streams.worker.stage_partition import StagePartition
from streams.worker.stages import Flow, idle_s
from streams.worker.told import Told, told
from streams.worker.transport import FetchState
from streams.worker.watchdog import Progress

LEAVE_S: Final = 5.0
"""A rebalance waits for all of its members: who can't save its partitions by then gives up what they hold."""
log = get("streams.worker.ownership")


class Ownership:
    """The partitions that this worker owns.

    Args:
        settings: of this process.
        flow: the stages, by the rules of now.
        group: the consumer group.
        fetch_state: how far the consumer has read a partition.
        failed: is told of an error that ends the worker.
        clock: what time it is.
        clients: how producers and readers are opened.
    """

    def __init__(
        self,
        settings: Settings,
        flow: Flow,
        *,
        group: str,
        fetch_state: Callable[[TP], FetchState | None],
        failed: Callable[[BaseException], None],
        clock: Clock,
        clients: Clients = kafka.CLIENTS,
    ) -> None:
        self._settings, self._group, self._clock, self._clients = settings, group, clock, clients
        self._fetch_state, self._failed = fetch_state, failed
        self._set_flow(flow)
        self._idle_s = idle_s(settings)
        self._owned: dict[TP, StagePartition] = {}
        self._changing = asyncio.Lock()
        self._restoring = "waits for its partitions"
        self._ends = False

    def not_ready(self) -> str | None:
        """Why it does not apply records yet; None when it does. A worker without partitions is ready to take some."""
        return self._restoring or None

    def get(self, tp: TP) -> StagePartition | None:
        """The partition, where this worker owns it and its state is there."""
        return self._owned.get(tp)

    def begin_at(self, tp: TP) -> int | None:
        """The offset from which an owned partition must be read."""
        owned = self._owned.get(tp)
        return None if owned is None else owned.begin_at

    def progress(self) -> dict[TP, Progress]:
        """How far each owned partition has come."""
        return {tp: owned.progress for tp, owned in self._owned.items()}

    async def take_up(self, flow: Flow) -> None:
        """Let the stages of other rules go on: of what is owned from where it stands, of what comes from its checkpoint."""
        async with self._changing:
            self._set_flow(flow)
            for tp, owned in self._owned.items():
                owned.go_on_with(self._stage_of[tp.topic].core(*tp), flow.basis)
                await asyncio.sleep(0)  # a state is written and read again: the others' records come between

    def _set_flow(self, flow: Flow) -> None:
        self._stage_of = {topic: stage for stage in flow.stages for topic in stage.topics}
        self._basis = flow.basis

    async def take_over(self, assigned: Iterable[TP], still_current: Callable[[], bool]) -> None:
        """Own these partitions, each with its newest checkpoint.

        Args:
            assigned: all partitions of this worker.
            still_current: whether no newer rebalance has begun.

        Raises:
            Unavailable: the broker does not answer.
            StateRefused: a checkpoint does not fit.
        """
        async with self._changing:
            if self._ends:
                return
            new = [tp for tp in sorted(set(assigned)) if tp.topic in self._stage_of and tp not in self._owned]
            begun_s = self._clock.monotonic_s()
            self._restoring = f"restores {len(new)} partitions"
            coming = [self._new(tp) for tp in new]
            try:
                # Fence first: only then is what a former owner left open aborted, and the newest checkpoint the last.
                await asyncio.gather(*(each.connect() for each in coming))
                told = await self._told(coming)
                found = await checkpoints.read(
                    self._settings, {each.owner: told[each.tp].kept_at for each in coming}, self._clients
                )
                for each in coming:
                    each.restore(found.newest(each.owner), told[each.tp])
                    metrics.RESTORE_S.labels(*map(str, each.owner)).set(self._clock.monotonic_s() - begun_s)
            except BaseException:
                await asyncio.gather(*(each.drop() for each in coming))
                raise
            if not still_current():
                await asyncio.gather(*(each.drop() for each in coming))
                return
            for each in coming:
                self._owned[each.tp] = each
                each.start(self._failed)
            self._restoring = ""
            if coming:
                seconds = round(self._clock.monotonic_s() - begun_s, 2)
                log.info("partitions_taken_over", partitions=len(coming), seconds=seconds)

    async def _told(self, coming: Iterable[StagePartition]) -> dict[TP, Told]:
        """How far each has told what came of its input."""
        of = {TopicPartition(*each.tp): each.tp for each in coming}
        if not of:
            return {}
        offsets = await self._clients.committed(self._settings, self._group, list(of))
        return {tp: told(offsets.get(key)) for key, tp in of.items()}

    async def give_away(self, revoked: Iterable[TP]) -> None:
        """Save these partitions and let them go."""
        async with self._changing:
            await self._save(sorted(set(revoked)))

    async def give_all_away(self) -> None:
        """Save everything, also what is only just being restored: the worker ends, and takes nothing over any more."""
        async with self._changing:
            self._ends = True
            await self._save(list(self._owned))

    async def _save(self, partitions: Iterable[TP]) -> None:
        self._restoring = "waits for its partitions"
        leaving = [each for tp in partitions if (each := self._owned.pop(tp, None)) is not None]
        results = await asyncio.gather(*(each.leave(LEAVE_S) for each in leaving), return_exceptions=True)
        for error in results:
            if isinstance(error, Unavailable):
                log.warning("partition_left_unsaved", error=str(error))
            elif isinstance(error, BaseException):
                raise error

    async def drop_all(self) -> None:
        """Save nothing: what this worker holds is not to be trusted, or nobody takes it."""
        async with self._changing:
            self._ends = True
            leaving, self._owned = list(self._owned.values()), {}
            await asyncio.gather(*(each.drop() for each in leaving), return_exceptions=True)

    def _new(self, tp: TP) -> StagePartition:
        stage = self._stage_of[tp.topic]
        return StagePartition(
            Owner(stage.name, tp.topic, tp.partition),
            stage.core(tp.topic, tp.partition),
            self._settings,
            group=self._group,
            partitions=TOPICS[tp.topic].partitions(self._settings.partitions),
            basis=self._basis,
            idle_s=self._idle_s.get(tp.topic),
            fetch_state=self._fetch_state,
            clock=self._clock,
            clients=self._clients,
        )
