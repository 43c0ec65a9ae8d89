"""Rule files that change under a running worker on a real broker: taken up, refused, and exact through kills."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import tomli_w

from deploy.status import asked
from deploy.waiting import until
from streams.contract.topics import ALERTS
from streams.engine import changed_seeds
from tests.support import many_sensors
from tests.support.log import Follower, send
from tests.support.servers import HubUnderTest, eventually
from tests.support.small_city import write_seeds
from tests.support.timeline import level

READINGS, WINDOWS = "readings.disaster", "windows.disaster"
MakeHub = Callable[..., Awaitable[HubUnderTest]]
GAUGES, MINUTES, EVERY_S = 40, 400, 2
CHANGES = 3
QUICK = {"URBANHUB_CHECKPOINT_INTERVAL_S": "0.2", "URBANHUB_SESSION_TIMEOUT_S": "6"}


def _rule(rule_id: str, measure: str, raised: dict[str, Any], clear: dict[str, Any], **when: Any) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "domain": "disaster",
        "name": {"ko": "규칙", "en": "Rule"},
        "when": {"measure": measure, "window": "reading", **when},
        "levels": [level("advisory", raised, clear)],
    }


RAIN = _rule("rain", "rainfall_mm", {"at_least": 10}, {"below": 5})
HARD_RAIN = _rule("rain", "rainfall_mm", {"at_least": 40}, {"below": 30})
HARDEST_RAIN = _rule("rain", "rainfall_mm", {"at_least": 50}, {"below": 25})
LOW = _rule("low", "water_level_m", {"at_most": 0.2}, {"above": 0.5}, direction="below")
UNKNOWN = _rule("rain", "rainfall", {"at_least": 10}, {"below": 5})


class _Storm:
    """A hub in an exercise whose rules change.

    Args:
        hub: its worker is started by the test.
        seeds: its city.
        follower: of alerts and windows.
    """

    def __init__(self, hub: HubUnderTest, seeds: Path, follower: Follower) -> None:
        self._hub, self._seeds, self._follower = hub, seeds, follower

    def rules(self, *rules: dict[str, Any]) -> None:
        """Write the rule file."""
        (self._seeds / "rules" / "storm.toml").write_text(tomli_w.dumps({"rules": list(rules)}))

    async def reads(self, minute: int, measure: str, value: float) -> None:
        """Send a reading of the sensor that has this measure."""
        sensor_id = "rain-1" if measure == "rainfall_mm" else "river-1"
        at = f"2022-09-05T20:{minute:02}:00Z"
        reading = {"sensor_id": sensor_id, "observed_at": at, measure: value, "exercise": "storm"}
        await send(self._hub.kafka.bootstrap, READINGS, [reading])

    async def logged(self, event: str, times: int = 1) -> None:
        """Wait until this worker, or those before it, have said so."""
        await eventually(lambda: self._hub.log("worker").count(event) >= times, f"{event} in the worker's log")

    @property
    def told(self) -> list[tuple[str, str, float | None, int]]:
        """The alerts' states, in order: rule, state, value, sequence."""
        states = [record.json for record in self._follower.of(ALERTS)]
        return [(a["rule_id"], a["state"], a["value"], a["sequence"]) for a in states]

    async def has(self, *states: tuple[str, str, float | None, int]) -> None:
        """Wait until there are as many states as these, which they must be in the end."""

        async def all_there() -> bool:
            await self._follower.more()
            return len(self.told) >= len(states)

        await until(all_there, 30)
        assert sorted(self.told) == sorted(states)

    def finals(self) -> Counter[tuple[str, int]]:
        """How often each final minute of rain was told: start and revision."""
        said = [record.json for record in self._follower.of(WINDOWS)]
        rain = [w for w in said if w["final"] and (w["measure"], w["window_s"]) == ("rainfall_mm", 60)]
        return Counter((w["start"], w["revision"]) for w in rain)


async def test_changed_rules_judge_on_and_wrong_ones_do_not(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds")
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    async with Follower(hub.kafka.bootstrap, ALERTS, WINDOWS) as follower:
        storm = _Storm(hub, seeds, follower)
        storm.rules(RAIN)
        await hub.start("worker")
        await storm.reads(0, "rainfall_mm", 12)
        states = [("rain", "active", 12.0, 1)]
        await storm.has(*states)

        storm.rules(HARD_RAIN, LOW)
        await storm.logged("rules_taken_up")
        await storm.reads(1, "rainfall_mm", 12)
        await storm.reads(2, "water_level_m", 0.1)
        states += [("rain", "cleared", 12.0, 2), ("low", "active", 0.1, 1)]
        await storm.has(*states)

        storm.rules(HARD_RAIN)
        states += [("low", "cleared", 0.1, 2)]
        await storm.has(*states)
        ends = [a for a in (record.json for record in follower.of(ALERTS)) if a["rule_id"] == "low"]
        assert ends[-1]["instruction"] == changed_seeds.RULE_GONE.model_dump()

        storm.rules(UNKNOWN)
        await storm.logged("rules_refused")
        (line,) = [line for line in hub.log("worker").splitlines() if "rules_refused" in line]
        assert "storm.toml" in line and "rainfall" in line
        assert asked(f"{hub.process('worker').address}/metrics").ready == "ready, older rules"
        await storm.reads(3, "rainfall_mm", 45)
        states += [("rain", "active", 45.0, 1)]
        await storm.has(*states)

        storm.rules(HARD_RAIN)
        await storm.logged("rules_mended")
        assert asked(f"{hub.process('worker').address}/metrics").ready == "ready"
        storm.rules(HARDEST_RAIN)
        hub.kill("worker")  # before they are taken up: the next start does
        await hub.restart("worker")
        await storm.reads(4, "rainfall_mm", 27)
        storm.rules(HARDEST_RAIN, LOW)
        await storm.logged("rules_taken_up", 3)
        hub.kill("worker")  # as soon as they are
        await hub.restart("worker")
        await storm.reads(5, "water_level_m", 0.2)
        await storm.reads(6, "rainfall_mm", 20)
        await storm.reads(9, "rainfall_mm", 0)
        states += [("low", "active", 0.2, 1), ("rain", "cleared", 20.0, 2)]
        await storm.has(*states)

        async def all_final() -> bool:
            await follower.more()
            return len(storm.finals()) >= 5

        await eventually(all_final, "every minute that has passed")
        assert set(storm.finals().values()) == {1}
        assert len(storm.finals()) == 5


async def test_changes_under_load_and_a_kill_lose_and_double_nothing(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = many_sensors.write_city(tmp_path / "seeds", GAUGES)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    sent = list(many_sensors.readings(GAUGES, MINUTES, EVERY_S, "storm"))
    wanted = many_sensors.windows(iter(sent))
    async with Follower(hub.kafka.bootstrap, ALERTS, WINDOWS) as follower:
        storm = _Storm(hub, seeds, follower)
        await hub.start("worker")
        half = len(sent) // 2
        sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, sent[:half]))
        for change in range(1, CHANGES + 1):
            storm.rules(
                RAIN | {"name": {"ko": f"규칙 {change}", "en": f"Rule {change}"}}
            )  # the gauges' own stays as it is
            await storm.logged("rules_taken_up", change)
            if change == 1:  # so it lies in the middle of the work, however quick that is
                await sending
                sending = asyncio.create_task(send(hub.kafka.bootstrap, READINGS, sent[half:]))
        hub.kill("worker")
        await hub.restart("worker")
        await sending

        async def complete() -> bool:
            await follower.more()
            return many_sensors.told(follower.of(WINDOWS)) == wanted and len(follower.of(ALERTS)) >= 2 * GAUGES

        await eventually(complete, "every window and every alert", 90)
        states = Counter((a["alert_id"], a["sequence"]) for a in (record.json for record in follower.of(ALERTS)))

    assert len(states) == 2 * GAUGES
    assert set(states.values()) == {1}


async def test_the_room_tells_pages_of_changed_rules(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds")
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    await hub.start("room")
    (seeds / "rules" / "storm.toml").write_text(tomli_w.dumps({"rules": [LOW]}))

    async with httpx2.AsyncClient(base_url=hub.room_url) as client:

        async def is_told() -> bool:
            return "low" in [rule["rule_id"] for rule in (await client.get("/api/city")).json()["rules"]]

        await eventually(is_told, "the new rule")
