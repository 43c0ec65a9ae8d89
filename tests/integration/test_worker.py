"""The worker on a real broker: exact through kills, through workers that come and go, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import httpx2
from aiokafka.admin import AIOKafkaAdminClient

from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS, REJECTED
from tests.support import many_sensors
from tests.support.log import Follower, Kept, send
from tests.support.servers import HubUnderTest, eventually

READINGS, WINDOWS = "readings.disaster", "windows.disaster"
MakeHub = Callable[..., Awaitable[HubUnderTest]]
GAUGES, MINUTES, EVERY_S = 40, 400, 4
KILLS = 4
KILLED_EVERY_S = 2
"""Twice as many: each part is still being sent when its first windows are seen, on a machine that is idle, too."""
QUICK = {"URBANHUB_CHECKPOINT_INTERVAL_S": "0.2", "URBANHUB_SESSION_TIMEOUT_S": "6"}


def _states(alerts: Iterable[Kept]) -> list[tuple[str, int, str]]:
    return [(a["alert_id"], a["sequence"], a["state"]) for a in (record.json for record in alerts)]


async def _carries_some(hub: HubUnderTest) -> bool:
    """Whether its worker tells the lag of partitions, and not of all 25."""
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"{hub.process('worker').address}/metrics")).text
    return 0 < text.count("urbanhub_lag_records{") < 25


def _sent(exercise: str, every_s: int = EVERY_S) -> Iterable[dict[str, Any]]:
    return many_sensors.readings(GAUGES, MINUTES, every_s, exercise)


async def test_nothing_is_lost_or_doubled_when_it_is_killed_again_and_again(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    sent = list(_sent("flood", KILLED_EVERY_S))
    wanted = many_sensors.windows(iter(sent))

    async with Follower(hub.kafka.bootstrap, WINDOWS, ALERTS) as follower:
        await hub.start("worker")
        for part in (sent[begin : begin + len(sent) // KILLS] for begin in range(0, len(sent), len(sent) // KILLS)):
            before = len(many_sensors.newest(follower.of(WINDOWS)))
            sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, part))

            async def in_the_middle(before: int = before) -> bool:
                await follower.more()
                return len(many_sensors.newest(follower.of(WINDOWS))) > before + GAUGES

            await eventually(in_the_middle, "windows of this part", 90)
            assert not sending.done(), "the kill would not be in the middle of the work: send more"
            hub.kill("worker")
            await sending
            await hub.restart("worker")

        async def complete() -> bool:
            await follower.more()
            return many_sensors.told(follower.of(WINDOWS)) == wanted and len(follower.of(ALERTS)) >= 2 * GAUGES

        await eventually(complete, "every window and every alert", 90)
        states = _states(follower.of(ALERTS))

    assert len(states) == len(set(states)) == 2 * GAUGES
    assert {sequence for _, sequence, _ in states} == {1, 2}
    assert sum(state == "cleared" for _, _, state in states) == GAUGES


async def test_workers_share_the_partitions_and_hand_them_over_without_a_gap(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    second = HubUnderTest(hub.data_dir / "second", hub.kafka, None, hub.env)
    wanted = many_sensors.windows(iter(_sent("one"))) | many_sensors.windows(iter(_sent("two")))

    async with Follower(hub.kafka.bootstrap, WINDOWS, ALERTS) as follower:
        await hub.start("worker")
        sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, _sent("one")))
        await second.start("worker")
        await sending
        sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, _sent("two")))
        await eventually(lambda: _carries_some(hub), "the first one carries partitions")
        await eventually(lambda: _carries_some(second), "the second one carries partitions")
        await hub.stop("worker")  # leaves in good order: the other one takes over at once
        await sending

        def told(exercise: str) -> dict[many_sensors.Window, tuple[int, float]]:
            return many_sensors.told(r for r in follower.of(WINDOWS) if r.json["exercise"] == exercise)

        async def complete() -> bool:
            await follower.more()
            return told("one") == told("two") == wanted and len(follower.of(ALERTS)) >= 4 * GAUGES

        await eventually(complete, "every window of both exercises", 90)
        states = _states(follower.of(ALERTS))
    await second.stop()

    assert len(states) == len(set(states)) == 4 * GAUGES


async def test_a_reading_in_the_wrong_partition_is_forwarded_once_to_its_own(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    home = kafka.partition_of(b"gauge-1", 4)
    away = (home + 1) % 4
    now_ms = SYSTEM_CLOCK.now_ms()
    reading = {"sensor_id": "gauge-1", "observed_at": format_ms(now_ms), "water_level_m": 0.5}
    await hub.start("worker")

    await send(hub.kafka.bootstrap, READINGS, [reading], partition=away)

    async with Follower(hub.kafka.bootstrap, READINGS, WINDOWS) as follower:

        async def windowed() -> bool:
            await follower.more()
            return bool(follower.of(WINDOWS))

        await eventually(windowed, "its window")
        forwarded = [r for r in follower.of(READINGS) if r.partition == home]
        assert [r.json for r in forwarded] == [reading]
        assert forwarded[0].headers["forwarded_from"] == f"{READINGS}-{away}-0"
        assert {r.partition for r in follower.of(WINDOWS)} == {home}
        assert {r.json["count"] for r in follower.of(WINDOWS) if r.json["window_s"] == 60} == {1}


async def test_a_silent_input_lets_its_windows_close(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", 1)
    city = seeds / "city.toml"
    city.write_text(city.read_text().replace("[domains.disaster]", "[domains.disaster]\nidle_s = 2\ngrace_s = 1"))
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    await hub.start("worker")
    at_ms = SYSTEM_CLOCK.now_ms() - 60_000
    reading = {"sensor_id": "gauge-0", "observed_at": format_ms(at_ms), "water_level_m": 0.5}

    await send(hub.kafka.bootstrap, READINGS, [reading])

    async with Follower(hub.kafka.bootstrap, WINDOWS) as follower:

        async def final() -> bool:
            await follower.more()
            return any(w["final"] for w in many_sensors.newest(follower.of(WINDOWS)).values())

        await eventually(final, "the window is final although nothing more came", 90)


async def test_what_cannot_be_read_is_kept_with_its_origin_and_delays_nothing(
    make_hub: MakeHub, tmp_path: Path
) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", 1)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    now = format_ms(SYSTEM_CLOCK.now_ms())
    good = {"sensor_id": "gauge-0", "observed_at": now, "water_level_m": 0.5}
    bad: dict[str, bytes | dict[str, Any]] = {
        "malformed": b"{",
        "empty": b"",
        "too_large": b'{"sensor_id":"gauge-0","note":"%s"}' % (b"x" * 70_000),
        "missing_field": {"sensor_id": "gauge-0", "water_level_m": 1.0},
        "bad_type": good | {"water_level_m": "1.0"},
        "out_of_range": good | {"water_level_m": 1e6},
        "bad_time": good | {"observed_at": now.removesuffix("Z")},
        "future": good | {"observed_at": format_ms(SYSTEM_CLOCK.now_ms() + 3_600_000)},
        "late": good | {"observed_at": format_ms(SYSTEM_CLOCK.now_ms() - 90_000_000)},
        "unknown_sensor": good | {"sensor_id": "nobody"},
        "no_measure": {"sensor_id": "gauge-0", "observed_at": now},
    }
    huge = b"x" * 900_000  # nearly what the broker takes: it must come back out whole, with its headers
    await hub.start("worker")

    await send(hub.kafka.bootstrap, READINGS, [*bad.values(), huge, good], partition=kafka.partition_of(b"gauge-0", 4))

    async with Follower(hub.kafka.bootstrap, WINDOWS, REJECTED) as follower:

        async def all_there() -> bool:
            await follower.more()
            return len(follower.of(REJECTED)) >= len(bad) + 1 and bool(follower.of(WINDOWS))

        await eventually(all_there, "the good one's window and every dead letter")
        letters = {int(r.headers["offset"]): r for r in follower.of(REJECTED)}
    assert len(letters) == len(bad) + 1
    for offset, (reason, value) in enumerate(bad.items()):
        letter = letters[offset]
        assert letter.headers["reason"] == reason
        assert letter.headers["topic"] == READINGS
        assert letter.headers["detail"].endswith(".")
        assert letter.value == value if isinstance(value, bytes) else letter.json == value
    assert letters[len(bad)].value == huge
    assert letters[len(bad)].headers["reason"] == "too_large"


async def test_the_groups_offsets_tell_lag_tools_what_was_applied(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", 1)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    await hub.start("worker")
    reading = {"sensor_id": "gauge-0", "observed_at": format_ms(SYSTEM_CLOCK.now_ms()), "water_level_m": 0.5}
    await send(hub.kafka.bootstrap, READINGS, [reading])
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.kafka.bootstrap)
    await admin.start()
    try:

        async def committed() -> bool:
            offsets = await admin.list_consumer_group_offsets("urbanhub-worker")
            return any(tp.topic == READINGS and entry.offset == 1 for tp, entry in offsets.items())

        await eventually(committed, "the committed offset")
    finally:
        await admin.close()


async def test_without_topics_it_says_what_to_do(own_kafka: Any, tmp_path: Path) -> None:
    hub = HubUnderTest(tmp_path / "data", own_kafka, None, {})
    seeds = many_sensors.write_city(tmp_path / "seeds", 1)
    worker = hub._made("worker", {"URBANHUB_SEEDS": str(seeds)}, awaited=False)
    worker.child.start()

    assert await worker.child.ended() == 70
    said = worker.child.said()
    assert "urbanhub topics apply" in said
    assert "Traceback" not in said


async def test_a_checkpoint_of_another_partition_count_is_refused(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", 1)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    worker = hub._made("worker", {"URBANHUB_PARTITIONS": "3"}, awaited=False)
    worker.child.start()

    assert await worker.child.ended() == 70
    assert "another number of partitions" in worker.child.said()
