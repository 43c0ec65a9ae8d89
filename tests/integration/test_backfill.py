"""`urbanhub backfill` on a real broker: killed, begun again, found in InfluxDB; no alert, nothing for the worker to do."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import ALERT_EVENTS, ALERTS, CHECKPOINTS, REJECTED, WINDOW_TOPICS
from tests.support.command import Command
from tests.support.log import Follower
from tests.support.servers import HubUnderTest, eventually
from tests.support.sink import all_there, expected

BEGIN_MS = parse_ms("2020-09-07T00:00:00+09:00")
GAUGES = ("rain-jukdo", "rain-ocheon", "rain-hangsa", "rain-yeonil", "weather-pohang")
MINUTES = 10_000
"""A week: with five gauges enough that a kill finds it at work."""


def week(path: Path) -> dict[tuple[str, int], int]:
    """Write a week of rain in no order; returns what fell, in tenths of a millimetre, by gauge and minute."""
    chance = random.Random(2020)
    fallen = {(gauge, minute): chance.choice([0, 0, 0, 2, 30]) for gauge in GAUGES for minute in range(MINUTES)}
    readings = [
        {"sensor_id": gauge, "observed_at": format_ms(BEGIN_MS + minute * 60_000 + 1000), "rainfall_mm": tenths / 10}
        for (gauge, minute), tenths in fallen.items()
    ]
    chance.shuffle(readings)
    path.write_text("".join(f"{json.dumps(reading)}\n" for reading in readings))
    return fallen


def sums(fallen: dict[tuple[str, int], int], length_s: int, first_ms: int) -> dict[tuple[str, int], float]:
    """What fell in each window of a length, mm, by gauge and start."""
    found: dict[tuple[str, int], int] = {}
    for (gauge, minute), tenths in fallen.items():
        at_ms = BEGIN_MS + minute * 60_000
        start_ms = at_ms - (at_ms - first_ms) % (length_s * 1000)
        found[gauge, start_ms] = found.get((gauge, start_ms), 0) + tenths
    return {key: tenths / 10 for key, tenths in found.items()}


async def test_a_killed_backfill_goes_on_and_influxdb_has_every_window_and_nobody_an_alert(
    hub: HubUnderTest, tmp_path: Path
) -> None:
    fallen = week(tmp_path / "week.ndjson")
    await hub.start("worker", "sink")
    bootstrap = hub.kafka.bootstrap

    def begun() -> Command:
        return Command(tmp_path / "runs", "backfill", str(tmp_path / "week.ndjson"), KAFKA_BOOTSTRAP_SERVERS=bootstrap)

    async with Follower(bootstrap, *WINDOW_TOPICS, ALERT_EVENTS, ALERTS, REJECTED, CHECKPOINTS) as follower:

        async def some() -> bool:
            await follower.more()
            return len(follower.records) > 1000

        first = begun()
        await eventually(some, "the first windows", 60)
        first.signal(signal.SIGKILL)
        assert await first.ended() == -signal.SIGKILL

        second = begun()
        assert await second.ended(120) == 0, second.said
        assert f"{len(fallen):,} values in windows" in second.said
        records = await follower.to_end()
    assert {record.topic for record in records} == {"windows.disaster"}
    windows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in records:
        window = record.json
        key = window["sensor_id"], window["window_s"], parse_ms(window["start"])
        assert windows.setdefault(key, window) == window, "what is repeated says the same"
    for length_s, first_ms in ((60, 0), (600, 0), (3600, 0), (10_800, 0), (43_200, BEGIN_MS), (86_400, BEGIN_MS)):
        published = {(s, start): w["sum"] for (s, length, start), w in windows.items() if length == length_s}
        assert published == sums(fallen, length_s, first_ms)
    assert hub.influx is not None
    await all_there(hub.influx, hub.influx.bucket, expected("disaster", windows.values()))
