"""kill -9 of every process in the middle of the scenario: the check's promises hold, and a subscriber misses nothing."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from deploy.data_dir import STATUS
from deploy.promises import read_scenario
from streams import registry
from streams.contract.topics import ALERTS
from streams.settings import load
from tests.support.examples import running
from tests.support.log import Follower
from tests.support.servers import eventually
from tests.support.up import Up

SPEED = "500"
"""Eighteen and a half hours in 133 s: long enough for a kill of each process while records still come."""
KILLS = {5: "worker", 50: "room", 80: "kafka", 120: "sink", 150: "influxdb", 190: "worker"}
"""By the number of alert states that were published until then."""
TOLD = re.compile(r"^(\S+) (\d+) (active|cleared) ", re.MULTILINE)
MOST_S = 240.0


@pytest.mark.usefixtures("kafka_jars", "page", "influx")
async def test_the_promises_hold_and_a_subscriber_holds_each_state_once_in_sequence_with_its_end(
    tmp_path: Path,
) -> None:
    up = Up(tmp_path, "--scenario", "typhoon", "--check", "--speed", SPEED)
    up.child.start()
    try:
        await eventually((up.data_dir / STATUS).exists, "the hub starts", 60)
        await eventually(lambda: bool(up.pid("room")), "everything runs", 120)
        bootstrap = up.status()["kafka"]["bootstrap"]
        subscriber = running("subscriber", tmp_path, bootstrap, "civil-defence")
        subscriber.start()
        async with Follower(bootstrap, ALERTS) as follower:
            for states, name in KILLS.items():

                async def reached(states: int = states) -> bool:
                    await follower.more()
                    return len(follower.records) >= states

                await eventually(reached, f"{states} alert states, then kill {name}", MOST_S)
                assert "waiting until" not in up.said, f"{name} would be killed after the scenario's end: slow it down"
                pid = up.pid(name)
                assert pid is not None, f"{name} does not run"
                os.kill(pid, signal.SIGKILL)
                await eventually(lambda pid=pid, name=name: up.pid(name) not in (None, pid), f"{name} is back", 60)

            def told() -> list[tuple[str, int, str]]:
                # librdkafka's own words about the broker that is away stand in between.
                return [(m[1], int(m[2]), m[3]) for m in TOLD.finditer(subscriber.said(1_000_000))]

            promised = _promised_lives()
            states_promised = sum(promised.values())
            await eventually(lambda: len(told()) >= states_promised, "the subscriber has every promised state", MOST_S)
        code = await up.child.ended()
        assert code == 0, up.said
        assert " passed, 0 failed" in up.said
        assert _lives(told()) == promised
    finally:
        await up.stop()
        if "subscriber" in locals():
            await subscriber.stop(5)


def _promised_lives() -> Counter[tuple[str, str]]:
    """How many states each alert of the scenario has, by rule and scope."""
    seeds = load().seeds
    expects = read_scenario(seeds, "typhoon", registry.load(seeds)).expects
    return Counter({(alert.rule_id, alert.scope): len(alert.states) for alert in expects.alerts})


def _lives(told: list[tuple[str, int, str]]) -> Counter[tuple[str, str]]:
    """The same of what was told, each life held to be whole: in sequence, once, ended at the end only."""
    lives: dict[str, list[tuple[int, str]]] = {}
    for alert_id, sequence, state in told:
        lives.setdefault(alert_id, []).append((sequence, state))
    found: Counter[tuple[str, str]] = Counter()
    for alert_id, life in lives.items():
        assert [sequence for sequence, _ in life] == list(range(1, len(life) + 1)), alert_id
        assert [state for _, state in life] == ["active"] * (len(life) - 1) + ["cleared"], alert_id
        rule_id, scope = alert_id.split(":")[:2]
        found[rule_id, scope] = len(life)
    return found
