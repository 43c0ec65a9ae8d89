"""Several workers on one hub, each a process of its own: they join, leave, are killed, stopped and continued."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from deploy.processes import HubProcess
from deploy.supervisor import Supervisor
from streams.contract.topics import (
    ALERT_EVENTS,
    BULLETINS,
    COMMANDS,
    DEFAULT_PARTITIONS,
    READING_TOPICS,
    TOPICS,
    ZONE_INPUTS,
)
from tests.support.servers import HubUnderTest, eventually

PARTITIONS = sum(
    TOPICS[topic].partitions(DEFAULT_PARTITIONS)
    for topic in (*READING_TOPICS, ZONE_INPUTS, BULLETINS, COMMANDS, ALERT_EVENTS)
)
"""That all workers carry together."""
Carried = dict[tuple[str, str], float]
"""Lag in records by topic and partition."""


class Crew:
    """The workers of a hub, by number.

    Args:
        hub: whose; its environment is theirs.
    """

    def __init__(self, hub: HubUnderTest) -> None:
        self._hub = hub
        self._members: dict[int, HubProcess] = {}
        self.told: list[str] = []
        """What the supervisor told of those that it keeps."""
        self._supervisor = Supervisor(self.told.append, lambda: None)

    def __getitem__(self, number: int) -> HubProcess:
        if number not in self._members:
            folder = self._hub.data_dir / f"worker-{number}"
            own = HubUnderTest(folder, self._hub.kafka, None, self._hub.env)
            self._members[number] = own._made("worker", {})
        return self._members[number]

    async def keep(self, *numbers: int) -> None:
        """Start these as `urbanhub up` does: one that ends by itself is started again."""
        for number in numbers:
            await self._supervisor.start(f"worker-{number}", self[number])

    def starts_again(self, number: int) -> int:
        """How often the supervisor has started it again, or tried to."""
        return self._supervisor.kept[f"worker-{number}"].restarts

    async def stop(self) -> None:
        """Stop all of them in good order."""
        await self._supervisor.stop()
        await asyncio.gather(*(member.stop() for member in self._members.values()))

    async def kill(self) -> None:
        """End all of them at once; whatever became of them, none is left."""
        for member in self._members.values():
            member.child.kill()
        await self._supervisor.stop()
        for member in self._members.values():
            member.child.kill()

    async def shared_by(self, numbers: Iterable[int], within_s: float) -> None:
        """Wait until these carry every partition, each one of them by one worker, and every worker some."""
        members = [self[number] for number in numbers]
        seen: list[Carried] = []

        async def each_carries_its_share() -> bool:
            seen[:] = await asyncio.gather(*(carried(member) for member in members))
            together = {place for each in seen for place in each}
            return all(seen) and len(together) == PARTITIONS == sum(map(len, seen))

        await eventually(
            each_carries_its_share, f"{len(members)} workers carry {PARTITIONS} partitions", within_s, every_s=0.1
        )

    async def caught_up(self, numbers: Iterable[int], within_s: float) -> None:
        """Wait until these have applied every record of every partition."""
        members = [self[number] for number in numbers]

        async def no_lag() -> bool:
            seen = await asyncio.gather(*(carried(member) for member in members))
            return sum(map(len, seen)) == PARTITIONS and not any(lag for each in seen for lag in each.values())

        await eventually(no_lag, "no lag anywhere", within_s, every_s=0.2)


async def carried(member: HubProcess) -> Carried:
    """The partitions that a worker carries now; none where it does not answer."""
    try:
        async with httpx2.AsyncClient(timeout=3) as client:
            text = (await client.get(f"{member.address}/metrics")).text
    except httpx2.HTTPError:
        return {}
    families = text_string_to_metric_families(text)
    return {
        (sample.labels["topic"], sample.labels["partition"]): sample.value
        for family in families
        if family.name == "urbanhub_lag_records"
        for sample in family.samples
    }


def send_signal(member: HubProcess, which: signal.Signals) -> None:
    """Send a signal to a worker, where it runs."""
    if member.child.pid is not None:
        os.kill(member.child.pid, which)
