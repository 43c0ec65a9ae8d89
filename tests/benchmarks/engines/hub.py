"""The hub as its users run it: `urbanhub worker`, everything on, its seeds those of the workload's city."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
from aiokafka import TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.waiting import until
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import REJECTED, windows_topic
from streams.errors import HubError
from tests.benchmarks import expected, proc, published
from tests.benchmarks.broker import Broker
from tests.benchmarks.engines.engine import Failed, Job, Ran
from tests.benchmarks.filling import topics_of
from tests.benchmarks.workload import KINDS, Readings
from tests.support.servers import HubUnderTest

POLL_S: Final = 0.05
LENGTHS_S: Final = (60, 600, 3600)
"""Lengths whose windows are all final an hour after the span; longer ones may be open yet."""
OUTCOMES: Final = ("windowed", "duplicate", "late", "set_aside", "forwarded")


class Seen(NamedTuple):
    """What was seen of workers at one moment."""

    at_s: float
    """Epoch seconds."""
    committed: int
    cpu_s: float


class Workers:
    """Worker processes of one application on one broker.

    Args:
        broker: what they read.
        folder: logs and ports.
        seeds: their city.
        application: names their group, producers and checkpoints.
        number: how many.
        name: of a single worker that is to go on at once when it is started again.
    """

    def __init__(
        self,
        broker: Broker,
        folder: Path,
        seeds: Path,
        application: str,
        number: int = 1,
        name: str | None = None,
    ) -> None:
        env = {"URBANHUB_SEEDS": str(seeds), "URBANHUB_APPLICATION": application, "URBANHUB_LOG_FORMAT": "json"}
        env |= {} if name is None else {"URBANHUB_WORKER_NAME": name}
        self._hubs = [HubUnderTest(folder / f"worker-{i}", broker.node, env=env) for i in range(number)]
        self._broker, self._group = broker, f"{application}-worker"

    async def start(self) -> None:
        """Start them together; they are ready when each has its partitions.

        Raises:
            Failed: one ended at its start or was not ready in time.
        """
        try:
            await asyncio.gather(*(hub.start("worker") for hub in self._hubs))
        except HubError as e:
            raise Failed(str(e)) from e

    async def stop(self) -> None:
        """Stop them in good order."""
        await asyncio.gather(*(hub.stop() for hub in self._hubs))

    def kill(self) -> None:
        """End them as `kill -9` does."""
        for hub in self._hubs:
            hub.kill("worker")

    async def restart(self) -> None:
        """Start again what was killed.

        Raises:
            Failed: one ended at its start or was not ready in time.
        """
        try:
            await asyncio.gather(*(hub.restart("worker") for hub in self._hubs))
        except HubError as e:
            raise Failed(str(e)) from e

    @property
    def all_run(self) -> bool:
        """Whether none has ended."""
        return len(self.pids) == len(self._hubs)

    @property
    def pids(self) -> list[int]:
        """Those that run."""
        return [
            pid for hub in self._hubs if hub.knows("worker") and (pid := hub.process("worker").child.pid) is not None
        ]

    def cpu_s(self) -> float:
        """CPU time of those that run, since their start."""
        return sum(map(proc.cpu_s, self.pids))

    def peak_rss_mb(self) -> float:
        """The peak of each, added up."""
        return sum(map(proc.peak_rss_mb, self.pids))

    def take_overs(self) -> list[dict[str, Any]]:
        """What each said last when it had taken its partitions over: `at_s` (epoch), `partitions`, `seconds`."""
        found = []
        for hub in self._hubs:
            lines = [line for line in hub.log("worker").splitlines() if '"partitions_taken_over"' in line]
            if lines:
                said = json.loads(lines[-1])
                found.append(said | {"at_s": dt.datetime.fromisoformat(said["timestamp"]).timestamp()})
        return found

    async def committed(self, ends: dict[TopicPartition, int]) -> int:
        """How many records of these partitions the group has committed."""
        offsets = await self._broker.committed(self._group)
        return sum(min(offsets.get(tp, 0), end) for tp, end in ends.items())

    async def until_committed(
        self, ends: dict[TopicPartition, int], limit_s: float, *, start: bool = True
    ) -> list[Seen]:
        """Start them unless they run, and wait until all of these offsets are committed.

        Returns:
            What was committed when, oldest first.

        Raises:
            Failed: a worker ended, or it took too long.
        """
        wanted, seen = sum(ends.values()), [Seen(now_s(), await self.committed(ends), 0.0)]

        async def look() -> None:
            while seen[-1].committed < wanted:
                await asyncio.sleep(POLL_S)
                committed = await self.committed(ends)
                seen.append(Seen(now_s(), committed, self.cpu_s()))

        looking = asyncio.create_task(look())
        try:
            if start:
                await self.start()
            await until(lambda: looking.done() or not self.all_run, limit_s, every_s=POLL_S)
            if looking.done():
                looking.result()
                return seen
        finally:
            looking.cancel()
        if not self.all_run:
            raise Failed(f"a worker ended: {self.last_words()}")
        raise Failed(f"had committed {seen[-1].committed} of {wanted} records after {limit_s:g} s: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of the log of the first that has ended, else of the first."""
        hubs = [hub for hub in self._hubs if not hub.process("worker").child.running] or self._hubs
        return (hubs[0].log("worker").strip().splitlines() or ["it wrote nothing"])[-1][:300]

    async def counted(self, metric: str, label: str) -> dict[str, float]:
        """A metric of theirs, by the values of one label, added up."""
        found: dict[str, float] = {}
        async with httpx2.AsyncClient() as client:
            for hub in self._hubs:
                text = (await client.get(f"{hub.process('worker').address}/metrics")).text
                for family in text_string_to_metric_families(text):
                    for sample in family.samples if family.name == metric else []:
                        if not sample.name.endswith("_created"):
                            value = sample.labels[label]
                            found[value] = found.get(value, 0) + sample.value
        return found


def now_s() -> float:
    """The instant now, epoch seconds."""
    return SYSTEM_CLOCK.now_ms() / 1000


class Hub:
    """The adapter."""

    name = "hub"
    needs = "nothing else"

    def missing(self) -> str | None:
        """Nothing."""
        return None

    async def prepare(self) -> None:
        """Nothing."""

    async def run(self, job: Job) -> Ran:
        """Read the backlog with new workers, from their first assignment until the end is committed with its results."""
        ends = await job.broker.ends(topics_of(job.readings.workload))
        outputs = [windows_topic(domain) for domain in job.readings.workload.domains]
        begin = await job.broker.ends([*outputs, REJECTED])
        workers = Workers(job.broker, job.folder, job.seeds, job.name, job.workers)
        watch = proc.Watch(job.broker.pid)
        try:
            seen = await workers.until_committed(ends, job.limit_s)
            cpu_s, rss_mb = workers.cpu_s(), workers.peak_rss_mb()
            begun_s = max(t["at_s"] for t in workers.take_overs())
            shares = watch.shares(cpu_s)
            values = await workers.counted("urbanhub_values", "outcome")
        finally:
            await workers.stop()
        # What was done while they had not all their partitions yet is not counted.
        first, last = next(one for one in seen if one.at_s >= begun_s), seen[-1]
        read = job.records - first.committed
        wrong = await _wrong(job, begin, values)
        more = {
            "work_cpu_s_per_million": (last.cpu_s - first.cpu_s) / read * 1e6,
            "broker_share": shares.broker,
            "others_share": shares.others,
        }
        return Ran(last.at_s - begun_s, cpu_s, rss_mb, wrong, read, job.records, more)


async def _wrong(job: Job, begin: dict[TopicPartition, int], values: dict[str, float]) -> str | None:
    """What is wrong with the windows, the dead letters or the account."""
    wanted = expected_counts(job.readings)
    told = {outcome: int(values.get(outcome, 0)) for outcome in OUTCOMES}
    told["windowed"] -= job.records - len(job.readings)  # the last words: a value each
    if told != {name: wanted[name] for name in OUTCOMES}:
        return f"the account says {told}, not {wanted}"
    ends = await job.broker.ends({tp.topic for tp in begin})
    rejected = {tp: offset for tp, offset in ends.items() if tp.topic == REJECTED}
    letters = 0
    async for some in published.records(job.broker.node.bootstrap, begin, rejected):
        letters += len(some)
    if letters != wanted["rejected"]:
        return f"{letters} dead letters instead of {wanted['rejected']}"
    windows = {tp: offset for tp, offset in ends.items() if tp.topic != REJECTED}
    found = await published.windows(job.broker.node.bootstrap, begin, windows, LENGTHS_S)
    for length_s in LENGTHS_S:
        own = expected.within(found[length_s], job.readings.begin_ms, job.readings.end_ms)
        if job.workers > 1:  # a partition that moved may repeat windows of the same identity (contract 2)
            own = expected.without_repeats(own)
        wrong = expected.difference(own, expected.windows(job.readings, length_s), exact=True)
        if wrong is not None:
            return f"windows of {length_s} s: {wrong}"
    return None


def expected_counts(readings: Readings) -> dict[str, int]:
    """What must become of the values of a workload; malformed records are one each."""
    signals = [len(KINDS[k].signals) for k in readings.kind_of.tolist()]
    repeat = sum(signals[s] for s in readings.sensor[readings.repeat].tolist())
    fresh = ~readings.repeat & ~readings.malformed
    windowed = sum(signals[s] for s in readings.sensor[fresh].tolist())
    rejected = int(readings.malformed.sum())
    return {
        "windowed": windowed,
        "duplicate": repeat,
        "late": 0,
        "set_aside": 0,
        "forwarded": 0,
        "rejected": rejected,
    }
