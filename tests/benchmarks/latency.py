"""From a reading produced to its alert readable: at a steady rate, while checkpoints run.

Every tick sends its readings at once; the instant before that is when they were produced. Gusts that raise an alert are
spread evenly over the run, one of each wind station, for its alert ends only after an hour of calm. A reader of committed
records notes when each alert comes. Producer, reader and clock are in one process.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.waiting import until
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import compact_ms, format_ms
from streams.contract.topics import ALERTS, CHECKPOINTS
from tests.benchmarks import city, proc
from tests.benchmarks.broker import Broker
from tests.benchmarks.case import Case, Workload
from tests.benchmarks.engines.engine import Engine
from tests.benchmarks.engines.hub import Workers
from tests.benchmarks.filling import Filler
from tests.benchmarks.report import Row
from tests.benchmarks.throughput import Says
from tests.benchmarks.workload import KINDS, kinds_of, sensor_ids

TICK_S: Final = 0.02
RULE: Final = "strong-gust"
GUST_MS: Final = 23.0
"""Beyond the rule's first level (20 m/s), below its second (26 m/s)."""
PERCENTILES: Final = {"latency_p50_ms": 50, "latency_p99_ms": 99, "latency_p999_ms": 99.9}
LAST_S: Final = 30.0
"""How long the last alerts are waited for."""
KEPT_UP: Final = 0.95


class Probes:
    """What was produced and what has come, by alert id; instants are monotonic seconds."""

    def __init__(self) -> None:
        self.produced_s: dict[str, float] = {}
        self.came_s: dict[str, float] = {}
        self.extra: list[str] = []

    def came(self, alert: dict[str, Any], at_s: float) -> None:
        """An alert is readable."""
        name = alert["alert_id"]
        if name in self.came_s or name not in self.produced_s or alert["sequence"] != 1:
            self.extra.append(name)
        else:
            self.came_s[name] = at_s

    def latencies_ms(self) -> np.ndarray[Any, Any]:
        """Of all that came."""
        return np.array([(at_s - self.produced_s[name]) * 1000 for name, at_s in self.came_s.items()])


async def measure(case: Case, engines: list[Engine], folder: Path, says: Says) -> list[Row]:
    """The one row of the case.

    Raises:
        Failed: the worker ended.
    """
    rate, seconds, warm_s = (case.settings[name] for name in ("rate_per_s", "seconds", "warm_s"))
    workload = case.workload
    seconds = min(seconds, workload.readings / rate)
    seeds = city.write_seeds(folder / "seeds", workload)
    broker = await Broker.new(folder / "kafka")
    workers = Workers(broker, folder, seeds, case.name)
    probes, watch = Probes(), proc.Watch(broker.pid)
    try:
        await workers.start()
        reading = asyncio.create_task(_read(broker, probes))
        try:
            async with Filler(broker.node.bootstrap, workload) as filler:
                await _produce(filler, workload, Probes(), rate, warm_s, first=0, raise_=False)
                before = await broker.ends([CHECKPOINTS])
                took_s, sent = await _produce(filler, workload, probes, rate, seconds, first=0, raise_=True)
                checkpoints = sum((await broker.ends([CHECKPOINTS])).values()) - sum(before.values())
            await until(lambda: len(probes.came_s) == len(probes.produced_s) or reading.done(), LAST_S)
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        rss_mb, cpu_s = workers.peak_rss_mb(), workers.cpu_s()
        shares = watch.shares(cpu_s)
    finally:
        await workers.stop()
        await broker.stop()
    wrong = _wrong(probes, checkpoints, sent / took_s, rate)
    found = probes.latencies_ms()
    more: dict[str, Any] = {
        name: round(float(np.percentile(found, p)), 1) if len(found) else None for name, p in PERCENTILES.items()
    }
    more |= {"alerts": len(found), "checkpoint_records": checkpoints}
    more |= {"broker_share": shares.broker, "others_share": shares.others}
    more |= {} if wrong is None else {"wrong": wrong}
    says(f"{len(found):,} alerts, p99 {more['latency_p99_ms']} ms")
    per_million = cpu_s / (sent + rate * warm_s) * 1e6
    return [
        Row(case.name, engine.name, round(sent / took_s), round(per_million, 1), round(rss_mb), wrong is None, more)
        for engine in engines
    ]


def _wrong(probes: Probes, checkpoints: int, sent_per_s: float, rate: float) -> str | None:
    missing = len(probes.produced_s) - len(probes.came_s)
    if missing or not probes.produced_s:
        return f"{missing} of {len(probes.produced_s)} alerts did not come"
    if probes.extra:
        return f"{len(probes.extra)} alerts came that nothing raised, or twice, first {probes.extra[0]}"
    if not checkpoints:
        return "no checkpoint ran meanwhile"
    if sent_per_s < KEPT_UP * rate:
        return f"only {sent_per_s:,.0f} readings a second could be sent"
    return None


async def _produce(
    filler: Filler, workload: Workload, probes: Probes, rate: float, seconds: float, *, first: int, raise_: bool
) -> tuple[float, int]:
    """Send readings at a rate for some seconds; returns the seconds that it took and how many were sent."""
    ids, kinds = sensor_ids(workload), kinds_of(workload)
    wind = np.flatnonzero(kinds == [k.name for k in KINDS].index("wind-station")).tolist()
    calm = np.flatnonzero(kinds != [k.name for k in KINDS].index("wind-station")).tolist()
    per_tick, ticks = round(rate * TICK_S), round(seconds / TICK_S)
    begun_s, place = SYSTEM_CLOCK.monotonic_s(), first
    for tick in range(ticks):
        ahead_s = begun_s + tick * TICK_S - SYSTEM_CLOCK.monotonic_s()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        at_ms, at_s = SYSTEM_CLOCK.now_ms(), SYSTEM_CLOCK.monotonic_s()
        time = format_ms(at_ms)
        numbers = [calm[(place + i) % len(calm)] for i in range(per_tick)]
        place += per_tick
        values = []
        for number in numbers:
            measure = KINDS[int(kinds[number])].signals[0].measure
            values.append(f'{{"sensor_id":"{ids[number]}","observed_at":"{time}","{measure}":1.0}}'.encode())
        due = wind[len(wind) * tick // ticks : len(wind) * (tick + 1) // ticks] if raise_ else []
        for i, number in enumerate(due[:per_tick]):
            numbers[i] = number
            values[i] = f'{{"sensor_id":"{ids[number]}","observed_at":"{time}","wind_gust_ms":{GUST_MS}}}'.encode()
            probes.produced_s[f"{RULE}:{ids[number]}:{compact_ms(at_ms)}"] = at_s
        await filler.send(np.array(numbers), values)
    return SYSTEM_CLOCK.monotonic_s() - begun_s, ticks * per_tick


async def _read(broker: Broker, probes: Probes) -> None:
    """Follow `alerts` from its beginning, as a subscriber does."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.node.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        partitions = list(await broker.ends([ALERTS]))
        consumer.assign([TopicPartition(tp.topic, tp.partition) for tp in partitions])
        while True:
            batch = await consumer.getmany(timeout_ms=200)
            at_s = SYSTEM_CLOCK.monotonic_s()
            for records in batch.values():
                for record in records:
                    probes.came(orjson.loads(record.value), at_s)
    finally:
        await consumer.stop()
