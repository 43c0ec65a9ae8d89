"""Rules, registry, partitions and layouts that change between two starts of a worker on a real broker."""

from __future__ import annotations

import json
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams import kafka
from streams.contract.alerts import Bilingual
from streams.contract.topics import ALERTS, CHECKPOINTS, TOPICS
from streams.engine import changed_seeds
from streams.worker.checkpoints import Checkpoint, Owner, pieces_of
from tests.support.log import Follower, send
from tests.support.servers import HubUnderTest, eventually
from tests.support.small_city import ZONES, write_seeds
from tests.support.timeline import level
from tests.support.zone_city import zone_rule

READINGS = "readings.disaster"
MakeHub = Callable[..., Awaitable[HubUnderTest]]
Change = Callable[[Path], None]
DRILL = {"exercise": "drill"}
RAISED_AT, CLEARED_AT = "2022-09-05T20:00:00.000Z", "2022-09-05T20:04:00.000Z"
"""The second is the watermark: the grace of a minute before the last reading."""
ADVISORY = level("advisory", {"at_least": 10}, {"below": 5})
WARNING = level("warning", {"at_least": 20}, {"below": 15})


def _rain(*levels: dict[str, Any]) -> dict[str, Any]:
    when = {"measure": "rainfall_mm", "window": "reading"}
    return {
        "rule_id": "rain",
        "domain": "disaster",
        "name": {"ko": "비", "en": "Rain"},
        "when": when,
        "levels": list(levels),
    }


ZONE_RAIN = zone_rule(
    "zone-rain",
    "disaster",
    {"measure": "rainfall_mm", "window_s": 60, "aggregate": "max", "zone": {"judge": "max"}},
    level("advisory", {"at_least": 10}, {"below": 5}),
)
"""Its texts name no sensor."""
ZONE_RAIN["levels"][0] |= {
    name: {"ko": "{zone} {value}{unit}", "en": "{zone} {value} {unit}"} for name in ("headline", "instruction")
}
QUAKE = {
    "rule_id": "quake",
    "domain": "disaster",
    "name": {"ko": "지진", "en": "Earthquake"},
    "bulletin": {"kind": "earthquake"},
    "levels": [
        {name: part for name, part in ADVISORY.items() if name not in ("raise", "clear")}
        | {"when": {"magnitude_at_least": 3.5}}
    ],
}
STORM: list[dict[str, Any]] = [
    {"sensor_id": "rain-1", "observed_at": RAISED_AT, "rainfall_mm": 12, **DRILL},
    {"sensor_id": "rain-1", "observed_at": "2022-09-05T20:05:00Z", "temperature_c": 20, **DRILL},
]


def _rules(*rules: dict[str, Any]) -> Change:
    def write(seeds: Path) -> None:
        (seeds / "rules" / "changed.toml").write_text(tomli_w.dumps({"rules": list(rules)}))

    return write


def _zone_gone(seeds: Path) -> None:
    path = seeds / "map" / "zones.geojson"
    zones = json.loads(path.read_text())
    zones["features"] = [f for f in zones["features"] if f["properties"]["zone_id"] != ZONES[0]]
    path.write_text(json.dumps(zones))
    sensors = seeds / "sensors" / "all.toml"
    sensors.write_text(sensors.read_text().replace(f'zone = "{ZONES[0]}"', f'zone = "{ZONES[2]}"'))


def _sensor_gone(seeds: Path) -> None:
    sensors = seeds / "sensors" / "all.toml"
    sensors.write_text(sensors.read_text().replace('sensor_id = "rain-1"', 'sensor_id = "rain-2"'))


class _Life:
    """One alert of a hub whose worker is started, stopped, and started again.

    Args:
        hub: its worker not started yet.
        follower: of `alerts`.
    """

    def __init__(self, hub: HubUnderTest, follower: Follower) -> None:
        self.hub, self._follower = hub, follower

    @property
    def states(self) -> list[dict[str, Any]]:
        """What was told of it."""
        return [record.json for record in self._follower.records]

    async def has(self, states: int, what: str) -> None:
        """Wait for so many states."""

        async def told() -> bool:
            await self._follower.more()
            return len(self.states) >= states

        await eventually(told, what)

    async def raise_it(self, topic: str, sent: list[dict[str, Any]]) -> None:
        """Start the worker, send what raises the alert, and stop the worker when it is raised."""
        await self.hub.start("worker")
        await send(self.hub.kafka.bootstrap, topic, sent)
        await self.has(1, "the alert")
        await _applied(self.hub, topic, len(sent))
        await self.hub.stop("worker")


async def _applied(hub: HubUnderTest, topic: str, records: int) -> None:
    """Wait until its worker has applied so many records of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.kafka.bootstrap)
    await admin.start()
    try:

        async def committed() -> bool:
            offsets = await admin.list_consumer_group_offsets("urbanhub-worker")
            read_to: int = sum(at.offset for tp, at in offsets.items() if tp.topic == topic and at.offset > 0)
            return read_to >= records

        await eventually(committed, "everything applied")
    finally:
        await admin.close()


async def _refused(hub: HubUnderTest, **env: str) -> str:
    """What a worker says that does not start."""
    worker = hub._made("worker", env, awaited=False)
    worker.child.start()
    await eventually(lambda: worker.child.exit_code is not None, "its end", 60)
    assert worker.child.exit_code == 70
    said = worker.child.said()
    assert "Traceback" not in said
    return said


async def _changed(
    make_hub: MakeHub,
    folder: Path,
    before: Change,
    change: Change,
    *,
    topic: str = READINGS,
    sent: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The states of the alert that is raised by what is sent, when the seeds change afterwards."""
    seeds = write_seeds(folder / "seeds")
    before(seeds)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:
        life = _Life(hub, follower)
        await life.raise_it(topic, STORM if sent is None else sent)
        change(seeds)
        await hub.restart("worker")
        await life.has(2, "its end")
        return life.states


def _ends(states: list[dict[str, Any]], why: Bilingual, cleared_at: str = CLEARED_AT) -> None:
    raised, ended = states
    assert (raised["state"], ended["state"]) == ("active", "cleared")
    assert ended["alert_id"] == raised["alert_id"]
    assert (raised["sequence"], ended["sequence"]) == (1, 2)
    assert ended["instruction"] == why.model_dump()
    assert ended["cleared_at"] == cleared_at
    assert ended["headline"] == raised["headline"]


async def test_an_alert_ends_when_its_rule_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    states = await _changed(make_hub, tmp_path, _rules(_rain(ADVISORY)), _rules())
    _ends(states, changed_seeds.RULE_GONE)


async def test_an_alert_ends_when_its_level_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    states = await _changed(make_hub, tmp_path, _rules(_rain(ADVISORY, WARNING)), _rules(_rain(WARNING)))
    _ends(states, changed_seeds.LEVEL_GONE)


async def test_an_alert_ends_when_its_sensor_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    states = await _changed(make_hub, tmp_path, _rules(_rain(ADVISORY)), _sensor_gone)
    _ends(states, changed_seeds.SENSOR_GONE)


async def test_a_zones_alert_ends_when_its_zone_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    states = await _changed(make_hub, tmp_path, _rules(ZONE_RAIN), _zone_gone)
    assert states[0]["scope"]["zone"] == ZONES[0]
    _ends(states, changed_seeds.ZONE_GONE, states[1]["cleared_at"])
    assert RAISED_AT < states[1]["cleared_at"] <= CLEARED_AT, "as far as its partitions have told"


async def test_a_zones_alert_ends_when_the_last_zone_rule_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    states = await _changed(make_hub, tmp_path, _rules(ZONE_RAIN), _rules())
    _ends(states, changed_seeds.RULE_GONE, states[1]["cleared_at"])


async def test_an_announcements_alert_ends_when_its_rule_is_gone(make_hub: MakeHub, tmp_path: Path) -> None:
    said = {
        "bulletin_id": "quake-1",
        "revision": 0,
        "kind": "earthquake",
        "issued_at": RAISED_AT,
        "source": "KMA",
        "texts": {"ko": "지진", "en": "Quake"},
        "magnitude": 4.0,
        **DRILL,
    }
    states = await _changed(make_hub, tmp_path, _rules(QUAKE), _rules(), topic="bulletins", sent=[said])
    _ends(states, changed_seeds.RULE_GONE, RAISED_AT)


async def test_changed_thresholds_judge_what_comes_next(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds")
    _rules(_rain(ADVISORY))(seeds)
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:
        life = _Life(hub, follower)
        await life.raise_it(READINGS, STORM)
        _rules(_rain(level("advisory", {"at_least": 40}, {"below": 30}), WARNING | {"raise": {"at_least": 50}}))(seeds)
        await hub.restart("worker")
        for minute, mm in ((6, 31), (7, 55), (8, 14), (9, 29)):
            at = f"2022-09-05T20:0{minute}:00Z"
            await send(
                hub.kafka.bootstrap, READINGS, [{"sensor_id": "rain-1", "observed_at": at, "rainfall_mm": mm, **DRILL}]
            )
        await life.has(4, "its steps by the new thresholds")
        told = [(a["level"], a["value"], a["threshold"], a["sequence"]) for a in life.states]
    assert told == [
        ("advisory", 12, 10, 1),  # it stands, though 12 and 31 are below 40
        ("warning", 55, 50, 2),
        ("advisory", 14, 40, 3),
        (None, 29, None, 4),
    ]
    assert len({a["alert_id"] for a in life.states}) == 1


async def test_another_number_of_partitions_is_refused(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds")
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    await hub.start("worker")
    await send(hub.kafka.bootstrap, READINGS, STORM)
    await _applied(hub, READINGS, len(STORM))
    await hub.stop("worker")
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.kafka.bootstrap)
    await admin.start()
    grown = {name: NewPartitions(8) for name, topic in TOPICS.items() if topic.partitions(8) == 8}
    await admin.create_partitions(grown)
    await admin.close()

    said = await _refused(hub, URBANHUB_PARTITIONS="8")

    assert "the checkpoint is of a topic with 4 partitions, it now has 8" in said
    assert "Give the topic its old number back, or set another URBANHUB_APPLICATION" in said


async def _write(hub: HubUnderTest, owner: Owner, checkpoint: Checkpoint) -> None:
    producer = kafka.producer(hub.settings, "rewriting", transactional_id=f"rewriting-{owner.partition}")
    await producer.start()
    async with producer.transaction():
        for out in pieces_of(hub.settings.application, owner, checkpoint):
            await producer.send(
                CHECKPOINTS, out.value, key=out.key, headers=list(out.headers), partition=owner.partition
            )
    await producer.stop()


async def test_a_state_of_a_layout_that_is_not_known_is_refused(make_hub: MakeHub, tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds")
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds)})
    mine = Owner("readings", READINGS, kafka.partition_of(b"rain-1", 4))
    await _write(hub, mine, Checkpoint(1, 0, 0, 4, "", _of_layout(2, "readings:disaster")))

    said = await _refused(hub)

    assert "the checkpoint was written by another version of the hub" in said
    assert "layout 2 of readings:disaster" in said


def _of_layout(layout: int, stage: str) -> bytes:
    """A state as another version of the program wrote it."""
    kept = {"layout": layout, "stage": stage, "state": b"", "packed": []}
    return zlib.compress(msgspec.msgpack.encode(kept))
