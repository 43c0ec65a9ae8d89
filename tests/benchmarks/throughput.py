"""A backlog is read at full speed: each engine and variant in turn, again and again, so that all meet the same machine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaError

from streams.clock import SYSTEM_CLOCK
from streams.errors import HubError
from tests.benchmarks import city
from tests.benchmarks.broker import Broker
from tests.benchmarks.case import Case, Variant, Workload
from tests.benchmarks.engines.engine import Engine, Failed, Job, Ran
from tests.benchmarks.filling import Filler, topics_of
from tests.benchmarks.report import Row, failed, median_row
from tests.benchmarks.workload import Readings, last_beginning, readings_of

Says = Callable[[str], None]
"""Is told what is done."""


@dataclass
class Log:
    """A workload that stands in a broker of its own, stopped while others are read."""

    broker: Broker
    readings: Readings
    records: int
    seeds: Path


@dataclass(frozen=True)
class Entry:
    """One row to come: an engine on a variant of the case."""

    name: str
    engine: Engine
    variant: Variant | None
    workload: Workload


async def filled(workload: Workload, folder: Path, says: Says) -> Log:
    """Make a workload and write it into a new broker, which then runs."""
    readings = readings_of(workload, last_beginning(SYSTEM_CLOCK.now_ms(), workload.span_s))
    seeds = city.write_seeds(folder / "seeds", workload)
    broker = await Broker.new(folder / "kafka")
    begun_s = SYSTEM_CLOCK.monotonic_s()
    async with Filler(broker.node.bootstrap, workload) as filler:
        await filler.send_all(readings)
    seconds = SYSTEM_CLOCK.monotonic_s() - begun_s
    says(f"{len(readings):,} readings of {workload.sensors:,} sensors written, {len(readings) / seconds:,.0f} a second")
    ends = await broker.ends(topics_of(workload))
    return Log(broker, readings, sum(ends.values()), seeds)


async def measure(case: Case, engines: list[Engine], folder: Path, says: Says) -> list[Row]:
    """All rows of a case. A run that fails says so in its row, and the others go on."""
    variants: list[Variant | None] = [None, *case.variants]
    entries = [
        Entry(case.row_name(variant), engine, variant, case.workload_of(variant, engine.name))
        for variant in variants
        for engine in engines
        if variant is None or engine.name == "hub"
    ]
    logs: dict[str, Log] = {}
    runs: dict[int, list[Ran]] = {}
    faults: dict[int, str] = {}
    try:
        for turn in range(case.repeats):
            for number, entry in enumerate(entries):
                if number in faults:
                    continue
                try:
                    ran = await _one(
                        case, entry, logs, folder, f"{case.name}-{entry.engine.name}-{number}-{turn}", says
                    )
                except (Failed, HubError, KafkaError, TimeoutError, OSError) as e:
                    faults[number] = f"{type(e).__name__}: {e}" if not isinstance(e, Failed) else str(e)
                    says(f"{entry.name} {entry.engine.name}: failed: {faults[number]}")
                    continue
                runs.setdefault(number, []).append(ran)
                says(
                    f"{entry.name} {entry.engine.name} {turn + 1} of {case.repeats}: {ran.readings_per_s:,.0f} readings/s, "
                    f"{ran.cpu_s_per_million:.3g} CPU-s per million, {ran.rss_mb:,.0f} MB, {ran.wrong or 'correct'}"
                )
    finally:
        for log in logs.values():
            await log.broker.stop()
            shutil.rmtree(log.broker.node.home, ignore_errors=True)
    return [
        failed(entry.name, entry.engine.name, faults[number])
        if number in faults
        else median_row(entry.name, entry.engine.name, runs[number])
        for number, entry in enumerate(entries)
    ]


async def _one(case: Case, entry: Entry, logs: dict[str, Log], folder: Path, name: str, says: Says) -> Ran:
    key = entry.workload.model_dump_json()
    for other, log in logs.items():
        if other != key:
            await log.broker.stop()
    if key not in logs:
        logs[key] = await filled(entry.workload, folder / f"log-{len(logs)}", says)
    log = logs[key]
    await log.broker.start()
    own = folder / name
    own.mkdir()
    job = Job(
        log.broker,
        log.readings,
        log.records,
        log.seeds,
        own,
        name,
        case.limit_s,
        workers=entry.variant.workers if entry.variant else 1,
    )
    try:
        return await entry.engine.run(job)
    except asyncio.CancelledError as e:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # told to stop
            raise
        raise Failed("a Kafka client was closed under it") from e
