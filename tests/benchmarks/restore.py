"""A worker is killed and takes up its state again: how long that takes, and whether what follows is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from deploy.waiting import until
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import CHECKPOINTS, windows_topic
from tests.benchmarks import city, expected, published
from tests.benchmarks.broker import Broker
from tests.benchmarks.case import Case
from tests.benchmarks.engines.engine import Engine, Failed
from tests.benchmarks.engines.hub import LENGTHS_S, Workers
from tests.benchmarks.filling import Filler, topics_of
from tests.benchmarks.report import Row
from tests.benchmarks.throughput import Says
from tests.benchmarks.workload import KINDS, Readings, last_beginning, readings_of

CALM_S = 3.0
"""Longer than a checkpoint's interval: what has not changed for so long is the last."""


async def measure(case: Case, engines: list[Engine], folder: Path, says: Says) -> list[Row]:
    """The one row of the case: half of the readings, a kill, a restart, the other half.

    Raises:
        Failed: a worker ended or took too long.
    """
    workload = case.workload
    readings = readings_of(workload, last_beginning(SYSTEM_CLOCK.now_ms(), workload.span_s))
    seeds = city.write_seeds(folder / "seeds", workload)
    broker = await Broker.new(folder / "kafka")
    try:
        row = await _measured(case, broker, Workers(broker, folder, seeds, case.name, name="restored"), readings, says)
    finally:
        await broker.stop()
    return [Row(case.name, engine.name, **row) for engine in engines]


async def _measured(case: Case, broker: Broker, workers: Workers, readings: Readings, says: Says) -> dict[str, Any]:
    workload = case.workload
    try:
        async with Filler(broker.node.bootstrap, workload) as filler:
            half = len(readings) // 2
            for sensor, values in readings.blocks(0, half):
                await filler.send(sensor, values)
            await workers.until_committed(await broker.ends(topics_of(workload)), case.limit_s)
            await _last_checkpoint(broker, case.limit_s)
            kept = sum((await workers.counted("urbanhub_checkpoint_bytes", "stage")).values())
            workers.kill()
            begun_s = SYSTEM_CLOCK.monotonic_s()
            await workers.restart()
            ready_s = SYSTEM_CLOCK.monotonic_s() - begun_s
            restore_s = max(said["seconds"] for said in workers.take_overs())
            says(f"restored within {restore_s:g} s, ready {ready_s:.1f} s after its start")
            for sensor, values in readings.blocks(half):
                await filler.send(sensor, values)
            await filler.send_last_words(readings.begin_ms)
        await workers.until_committed(await broker.ends(topics_of(workload)), case.limit_s, start=False)
        rss_mb = workers.peak_rss_mb()
    finally:
        await workers.stop()
    wrong = await wrong_windows(broker, readings)
    more = {
        "series": sum(len(KINDS[k].signals) for k in readings.kind_of.tolist()),
        "restore_s": restore_s,
        "ready_s": round(ready_s, 2),
        "checkpoints_mb": round(kept / 1e6, 1),
    }
    more |= {} if wrong is None else {"wrong": wrong}
    return {"rss_mb": round(rss_mb), "correct": wrong is None, "more": more}


async def _last_checkpoint(broker: Broker, limit_s: float) -> None:
    last: dict[TopicPartition, int] = {}

    async def is_calm() -> bool:
        nonlocal last
        before, last = last, await broker.ends([CHECKPOINTS])
        return before == last

    if not await until(is_calm, limit_s, every_s=CALM_S):
        raise Failed(f"still wrote checkpoints after {limit_s:g} s without a reading")


async def wrong_windows(broker: Broker, readings: Readings) -> str | None:
    """What is wrong with all windows ever published of a workload; repeats of one identity are right (contract 2)."""
    ends = await broker.ends([windows_topic(domain) for domain in readings.workload.domains])
    found = await published.windows(broker.node.bootstrap, {}, ends, LENGTHS_S)
    for length_s in LENGTHS_S:
        own = expected.within(found[length_s], readings.begin_ms, readings.end_ms)
        wanted = expected.windows(readings, length_s)
        wrong = expected.difference(expected.without_repeats(own), wanted, exact=True)
        if wrong is not None:
            return f"windows of {length_s} s: {wrong}"
    return None
