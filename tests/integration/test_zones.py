"""Zones on a real broker: exact when their sensors lie in different partitions and workers are killed, come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from deploy.acceptance.found import Found
from deploy.oracle import Arrived, answer_to, read_city
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS
from tests.support.log import Follower, send
from tests.support.servers import HubUnderTest, eventually
from tests.support.storm_city import RANGES
from tests.support.zone_city import MEAN, SENSORS, SHARE, write_zone_city

READINGS = "readings.disaster"
EXERCISE = "flood"
BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""
MINUTES, EVERY_S = 600, 5
GAUGES = [sensor["sensor_id"] for sensor in SENSORS if sensor["kind"] == "rain-gauge"]
QUICK = {"URBANHUB_CHECKPOINT_INTERVAL_S": "0.2", "URBANHUB_SESSION_TIMEOUT_S": "6"}
MakeHub = Callable[..., Awaitable[HubUnderTest]]


def _storm(random: Random) -> list[dict[str, Any]]:
    """Rain that comes and goes at each gauge by itself, in the order of time."""
    rain, sent = dict.fromkeys(GAUGES, 0.0), []
    for step in range(MINUTES * 60 // EVERY_S):
        at = format_ms(BEGIN_MS + step * EVERY_S * 1000)
        for gauge in GAUGES:
            if random.random() < 0.02:
                rain[gauge] = random.choice([0.0, 0.1, 0.3, 0.45, 0.6, 1.0])
            sent.append({"sensor_id": gauge, "observed_at": at, "rainfall_mm": rain[gauge], "exercise": EXERCISE})
    return sent


async def _logged(bootstrap: str) -> list[Arrived]:
    async with Follower(bootstrap, READINGS) as follower:
        kept = await follower.to_end()
    return [Arrived(r.topic, r.partition, r.arrived_ms, r.value) for r in kept]


async def test_zones_are_as_calculated_though_a_worker_is_killed_and_another_joins(
    make_hub: MakeHub, tmp_path: Path
) -> None:
    seeds = write_zone_city(tmp_path / "seeds", [SHARE, MEAN])
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    second = HubUnderTest(hub.data_dir / "second", hub.kafka, None, hub.env)
    assert len({kafka.partition_of(gauge.encode(), 4) for gauge in GAUGES}) == 4
    sent = _storm(Random(7))
    thirds = [sent[i * len(sent) // 3 : (i + 1) * len(sent) // 3] for i in range(3)]

    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:

        def alerts() -> dict[str, Any]:
            found = Found(EXERCISE, frozenset())
            for record in follower.records:
                found.take(record.topic, record.value, ())
            return found.alerts()

        async def more_than(states: int) -> bool:
            await follower.more()
            return len(follower.records) > states

        await hub.start("worker")
        for part, disturb in zip(thirds, ("kill", "join", "leave"), strict=True):
            before = len(follower.records)
            sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, part))
            await eventually(lambda before=before: more_than(before), f"alerts of the part in which they {disturb}", 90)
            if disturb == "kill":
                hub.kill("worker")
                await sending
                await hub.restart("worker")
            elif disturb == "join":
                await second.start("worker")
                await sending
            else:
                hub.kill("worker")  # the one that joined takes over what it carried, after the session's time-out
                await sending

        calculated = answer_to(await _logged(hub.kafka.bootstrap), read_city(seeds), RANGES, EXERCISE).alerts

        async def complete() -> bool:
            await follower.more()
            return {name: alert.changes for name, alert in alerts().items()} == calculated

        await eventually(complete, "the alerts that were calculated", 120)
        assert {name: alert.complaint for name, alert in alerts().items() if alert.complaint} == {}
        told = [(r.json["alert_id"], r.json["sequence"]) for r in follower.records]
    await second.stop()

    assert len(told) == len(set(told)) == sum(map(len, calculated.values()))
    assert {name.split(":")[1] for name in calculated} == {"ocheon-eup", "daesong-myeon"}
    assert len(calculated) > 20


async def test_partitions_that_are_silent_or_empty_hold_up_no_zone(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_zone_city(tmp_path / "seeds", [MEAN])
    city = seeds / "city.toml"
    city.write_text(city.read_text().replace("[domains.disaster]", "[domains.disaster]\nidle_s = 2\ngrace_s = 1"))
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    at_ms = SYSTEM_CLOCK.now_ms() - 60_000
    at_ms -= at_ms % 60_000
    wet = {"wet-0": 5.0, "wet-1": 4.0}  # in two partitions; the two others are empty
    await hub.start("worker")

    await send(
        hub.kafka.bootstrap,
        READINGS,
        [{"sensor_id": gauge, "observed_at": format_ms(at_ms), "rainfall_mm": mm} for gauge, mm in wet.items()],
    )

    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:

        async def raised() -> bool:
            await follower.more()
            return bool(follower.records)

        await eventually(raised, "the zone's alert although nothing more came", 90)
    (alert,) = [record.json for record in follower.records]
    assert (alert["scope"]["zone"], alert["value"], alert["sensors"]) == ("ocheon-eup", 4.5, ["wet-0", "wet-1"])
