"""Back after an outage: the backlog of an hour is read while readings keep coming at twice the live rate.

1  live: readings at the live rate, as long as it takes to hear every sensor; the worker's memory is noted
2  outage: the worker is stopped, readings of an hour gather
3  return: the worker starts again while gateways send at twice the live rate; caught up = a second's worth behind
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from streams.clock import SYSTEM_CLOCK
from tests.benchmarks import city
from tests.benchmarks.broker import Broker
from tests.benchmarks.case import Case
from tests.benchmarks.engines.engine import Engine, Failed
from tests.benchmarks.engines.hub import Workers
from tests.benchmarks.filling import Filler, topics_of
from tests.benchmarks.report import Row
from tests.benchmarks.restore import wrong_windows
from tests.benchmarks.throughput import Says
from tests.benchmarks.workload import Readings, last_beginning, readings_of

TICK_S: Final = 0.1


async def measure(case: Case, engines: list[Engine], folder: Path, says: Says) -> list[Row]:
    """The one row of the case.

    Raises:
        Failed: a worker ended, or did not catch up in time.
    """
    rate, live_s, outage_s, return_s = (
        case.settings[name] for name in ("live_per_s", "live_s", "outage_s", "return_s")
    )
    scale = min(1.0, case.workload.readings / (rate * (live_s + outage_s + 2 * return_s)))
    outage_s *= scale
    total = round(rate * live_s) + round(rate * outage_s) + round(2 * rate * return_s)
    workload = case.workload.model_copy(update={"readings": total, "span_s": round(total / rate)})
    readings = readings_of(workload, last_beginning(SYSTEM_CLOCK.now_ms(), workload.span_s))
    seeds = city.write_seeds(folder / "seeds", workload)
    broker = await Broker.new(folder / "kafka")
    try:
        row = await _measured(case, broker, Workers(broker, folder, seeds, case.name, name="back"), readings, says)
    finally:
        await broker.stop()
    row["more"]["outage_s"] = round(outage_s)
    return [Row(case.name, engine.name, **row) for engine in engines]


async def _measured(case: Case, broker: Broker, workers: Workers, readings: Readings, says: Says) -> dict[str, Any]:
    rate, topics = case.settings["live_per_s"], topics_of(readings.workload)
    live = round(rate * case.settings["live_s"])
    gathered = len(readings) - round(2 * rate * case.settings["return_s"])
    returned: asyncio.Task[None] | None = None
    try:
        async with Filler(broker.node.bootstrap, readings.workload) as filler:
            await workers.start()
            await paced(filler, readings, 0, live, rate)
            await workers.until_committed(await broker.ends(topics), case.limit_s, start=False)
            before_mb = workers.peak_rss_mb()
            await workers.stop()
            says(f"live at {rate:,.0f} readings/s it took {before_mb:.0f} MB")
            for sensor, values in readings.blocks(live, gathered):
                await filler.send(sensor, values)
            returned = asyncio.create_task(paced(filler, readings, gathered, len(readings), 2 * rate))
            await workers.restart()
            backlog, seconds = await _caught_up(workers, broker, readings, 2 * rate, case.limit_s)
            says(f"caught up with {backlog:,} readings in {seconds:.1f} s")
            await returned
            await filler.send_last_words(readings.begin_ms)
            await workers.until_committed(await broker.ends(topics), case.limit_s, start=False)
            after_mb, cpu_s = workers.peak_rss_mb(), workers.cpu_s()
    finally:
        if returned is not None:
            returned.cancel()
            await asyncio.gather(returned, return_exceptions=True)
        await workers.stop()
    wrong = await wrong_windows(broker, readings)
    more: dict[str, Any] = {
        "records": len(readings),
        "caught_up_s": round(seconds, 1),
        "live_rss_mb": round(before_mb),
        "memory_growth": round(after_mb / before_mb, 2),
    }
    more |= {} if wrong is None else {"wrong": wrong}
    return {
        "readings_per_s": round(backlog / seconds),
        "cpu_s_per_million": round(cpu_s / (len(readings) - live) * 1e6, 3),
        "rss_mb": round(after_mb),
        "correct": wrong is None,
        "more": more,
    }


async def paced(filler: Filler, readings: Readings, first: int, end: int, rate: float) -> None:
    """Send records at a rate, in ticks; what is late is sent at once."""
    begun_s = SYSTEM_CLOCK.monotonic_s()
    size = max(round(rate * TICK_S), 1)
    for number, (sensor, values) in enumerate(readings.blocks(first, end, size)):
        ahead_s = begun_s + number * size / rate - SYSTEM_CLOCK.monotonic_s()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        await filler.send(sensor, values)


async def _caught_up(
    workers: Workers, broker: Broker, readings: Readings, rate: float, limit_s: float
) -> tuple[int, float]:
    """How many records were read until no more than a second's worth was left, and in how many seconds."""
    topics = topics_of(readings.workload)
    begun_s, first = SYSTEM_CLOCK.monotonic_s(), None
    while SYSTEM_CLOCK.monotonic_s() - begun_s < limit_s:
        ends = await broker.ends(topics)
        done = await workers.committed(ends)
        first = done if first is None else first
        if sum(ends.values()) - done <= rate:
            return max(done - first, 1), SYSTEM_CLOCK.monotonic_s() - begun_s
        if not workers.all_run:
            raise Failed(f"a worker ended: {workers.last_words()}")
        await asyncio.sleep(TICK_S)
    raise Failed(f"did not catch up within {limit_s:g} s")
