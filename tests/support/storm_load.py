"""A storm over a large city, sent live: three domains, rules on sensors and zones, repeats, late and broken records.

The readings are those of the benchmark's W2, of an hour in the past, paced as if it went by faster.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

import tomli_w

from streams.clock import SYSTEM_CLOCK
from tests.benchmarks import city
from tests.benchmarks.case import Workload
from tests.benchmarks.filling import Filler
from tests.benchmarks.workload import Readings, last_beginning, readings_of
from tests.support.zone_city import level, zone_rule

SENSORS = 300
GRACE_S = 20
"""Shorter than the readings' disorder: some are late, some fill holes."""
TICK_S = 0.1
PATIENCE_S = 180.0
"""Longer than any outage of a test: a gateway keeps what it has until it is taken."""
ZONE_RULES = [
    zone_rule(
        "zone-rain",
        "disaster",
        {
            "measure": "rainfall_mm",
            "kinds": ["rain-gauge"],
            "window_s": 60,
            "aggregate": "sum",
            "zone": {"judge": "mean"},
        },
        level("advisory", {"at_least": 3}, {"below": 2}),
        level("warning", {"at_least": 8}, {"below": 6}),
    ),
    zone_rule(
        "zone-dust",
        "air-quality",
        {"measure": "pm10_ugm3", "window_s": 600, "aggregate": "mean", "zone": {"judge": "max"}},
        level("advisory", {"at_least": 150}, {"below": 100}),
    ),
    zone_rule(
        "zone-jam",
        "traffic",
        {
            "measure": "speed_kmh",
            "window_s": 60,
            "aggregate": "mean",
            "direction": "below",
            "zone": {"judge": "min"},
        },
        level("advisory", {"at_most": 35}, {"above": 40}),
    ),
]


def seed_of_this_run() -> int:
    """The seed of this run: that of `URBANHUB_TEST_SEED`, else a new one; what draws from it prints it."""
    return int(os.environ.get("URBANHUB_TEST_SEED") or secrets.randbelow(1_000_000))


def storm(readings: int, seed: int) -> Readings:
    """The readings of the hour, this many besides repeats."""
    workload = Workload(
        sensors=SENSORS,
        readings=readings,
        domains=["air-quality", "traffic", "disaster"],
        out_of_order=0.02,
        out_of_order_s=59,
        malformed=0.001,
        duplicates=0.01,
        stormy=0.15,
        seed=seed,
    )
    return readings_of(workload, last_beginning(SYSTEM_CLOCK.now_ms(), workload.span_s))


def write_storm_city(folder: Path, readings: Readings) -> Path:
    """Write the seeds of the city: the project's own rules, and some on zones; returns their folder."""
    seeds = city.write_seeds(folder, readings.workload)
    (seeds / "rules" / "zones.toml").write_text(tomli_w.dumps({"rules": ZONE_RULES}))
    times = seeds / "city.toml"
    times.write_text(times.read_text().replace("grace_s = 60", f"grace_s = {GRACE_S}"))
    return seeds


class StormLoad:
    """Sends the readings at a pace; then what makes all windows of the hour final.

    Args:
        bootstrap: the broker; while it is away the records wait, and what is late then is sent at once.
        readings: what is sent.
        seconds: how long it lasts, unless it is hurried.
    """

    def __init__(self, bootstrap: str, readings: Readings, seconds: float) -> None:
        self._bootstrap, self._readings = bootstrap, readings
        self._tick = max(1, round(len(readings) / seconds * TICK_S))
        self.sent = 0
        """How many records the broker has."""
        self._sending: asyncio.Task[None] | None = None
        self._hurried = asyncio.Event()

    def __len__(self) -> int:
        return len(self._readings)

    async def __aenter__(self) -> StormLoad:
        self._sending = asyncio.create_task(self._send())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    @property
    def goes_on(self) -> bool:
        """Whether records are still to be sent; a fault after the load's end is none under load."""
        return self._sending is not None and not self._sending.done()

    @property
    def event_ms(self) -> int:
        """How far event time has come, epoch ms."""
        return int(self._readings.at_ms[: self.sent + 1].max())

    async def hurried(self) -> None:
        """Send the rest at once: the faults are over.

        Raises:
            KafkaError: the broker did not take it.
        """
        assert self._sending is not None
        self._hurried.set()
        await self._sending

    async def _send(self) -> None:
        async with Filler(self._bootstrap, self._readings.workload, PATIENCE_S) as filler:
            begun_s = SYSTEM_CLOCK.monotonic_s()
            for number, (sensor, values) in enumerate(self._readings.blocks(size=self._tick)):
                ahead_s = begun_s + number * TICK_S - SYSTEM_CLOCK.monotonic_s()
                if ahead_s > 0 and not self._hurried.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._hurried.wait(), ahead_s)
                await filler.send(sensor, values)
                self.sent += len(values)
            await filler.send_last_words(self._readings.begin_ms)
