"""What a real worker received is what became of it, at any moment, in its metrics and in `urbanhub status`."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.balance import Balance
from deploy.status import asked, print_status
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from tests.support import many_sensors
from tests.support.log import send
from tests.support.servers import HubUnderTest, eventually

READINGS = "readings.disaster"
GAUGES, MINUTES = 20, 100
MakeHub = Callable[..., Awaitable[HubUnderTest]]


def _mixed(now_ms: int) -> list[bytes | dict[str, Any]]:
    """Of each fate some; those of one sensor, so that its partition decides them in this order."""
    good = {"sensor_id": "gauge-0", "observed_at": format_ms(now_ms), "water_level_m": 0.5}
    return [
        good | {"discharge_m3s": 3.0},
        good,
        good | {"observed_at": format_ms(now_ms + 1000), "quality": "suspect"},
        good | {"observed_at": format_ms(now_ms - 90_000_000), "discharge_m3s": 3.0},
        good | {"sensor_id": "nobody", "discharge_m3s": 3.0},
        good | {"observed_at": format_ms(now_ms + 3_600_000)},
        b"{",
        b"",
    ]


FATES = {"windowed": 2, "duplicate": 1, "set_aside": 1, "late": 2, "rejected": 5}


def _balance(hub: HubUnderTest) -> Balance:
    return asked(f"{hub.process('worker').address}/metrics").balances.get("disaster", Balance())


def _shown(hub: HubUnderTest) -> list[list[str]]:
    """The rows that `urbanhub status` prints of this worker, as words."""
    page = io.StringIO()
    status = {
        "kafka": {"bootstrap": hub.kafka.bootstrap},
        "influx": None,
        "room": {"url": hub.room_url},
        "data_dir": str(hub.data_dir),
        "pids": {"worker": hub.process("worker").child.pid},
        "restarts": {"worker": 0},
        "finished": [],
        "metrics": {"worker": f"{hub.process('worker').address}/metrics"},
    }
    print_status(status, Console(file=page, width=200))
    return [line.split() for line in page.getvalue().splitlines() if line.strip()]


async def test_received_is_what_became_of_it_at_any_moment(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), "URBANHUB_CHECKPOINT_INTERVAL_S": "0.2"})
    home = kafka.partition_of(b"gauge-0", 4)
    now_ms = SYSTEM_CLOCK.now_ms()
    mixed, away = _mixed(now_ms), {"observed_at": format_ms(now_ms + 2000), "water_level_m": 0.5}
    sent = list(many_sensors.readings(GAUGES, MINUTES, 4, "drill"))
    seen: list[Balance] = []
    await hub.start("worker")

    async def has(received: int) -> bool:
        seen.append(await asyncio.to_thread(_balance, hub))
        assert seen[-1].missing == 0, seen[-1]
        return seen[-1].received >= received

    sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, sent))
    await send(hub.kafka.bootstrap, READINGS, mixed, partition=home)
    await send(hub.kafka.bootstrap, READINGS, [{"sensor_id": "gauge-0", **away}], partition=(home + 1) % 4)
    await sending
    # One that came to the wrong partition is received there and, forwarded, in its own.
    everything = len(sent) + sum(FATES.values()) + 2
    await eventually(lambda: has(everything), "everything received", 90, every_s=0.01)

    wanted = FATES | {"windowed": FATES["windowed"] + len(sent) + 1, "forwarded": 1}
    assert seen[-1].received == everything
    assert dict(seen[-1].fates) == wanted
    assert len({balance.received for balance in seen}) > 2, "it was asked only before and after"
    shown = _shown(hub)
    rows = shown[shown.index(["values", "air-quality", "disaster", "traffic"]) + 1 :]
    told = {" ".join(row[:-3]): row[-2] for row in rows[:-1]}
    assert told == {"received": f"{everything:,}"} | {fate.replace("_", " "): f"{n:,}" for fate, n in wanted.items()}
    assert rows[-1] == ["balances"] * 3


async def test_a_worker_that_goes_on_from_a_checkpoint_balances_from_its_own_start(
    make_hub: MakeHub, tmp_path: Path
) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), "URBANHUB_CHECKPOINT_INTERVAL_S": "0.2"})
    sent = list(many_sensors.readings(GAUGES, MINUTES, 60, "drill"))
    half = len(sent) // 2
    await hub.start("worker")

    async def has(received: int) -> bool:
        balance = await asyncio.to_thread(_balance, hub)
        assert balance.missing == 0, balance
        return balance.received >= received

    await send(hub.kafka.bootstrap, READINGS, sent[:half])
    await eventually(lambda: has(half), "the first half")
    await hub.stop("worker")
    await hub.restart("worker")
    await send(hub.kafka.bootstrap, READINGS, [*sent[half:], *sent[half:]])
    await eventually(lambda: has(2 * (len(sent) - half)), "the second half, twice")

    balance = _balance(hub)
    assert balance.received == 2 * (len(sent) - half)
    assert balance.fates["windowed"] == len(sent) - half
