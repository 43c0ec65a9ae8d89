"""What a person asks of rules beside a hub that runs: why an alert was raised, and what changed rules would have changed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli_w
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from connectors.replay.progress import Lines
from deploy.rules.dry_run import Asked, dry_run
from deploy.rules.explain import explain
from deploy.rules.explanation import Explanation, Step
from deploy.rules.kept_log import KeptLog
from deploy.rules.sentences import sentence
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import compact_ms, format_ms, from_ms
from streams.contract.topics import ALERTS, BULLETINS, COMMANDS
from streams.errors import WrongInput, WrongSeed
from streams.kafka import partition_of
from streams.settings import Settings
from tests.support.log import Follower, send
from tests.support.servers import HubUnderTest, eventually
from tests.support.zone_city import level, write_zone_city, zone_rule

EXERCISE = "flood"
BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""
MINUTE_MS = 60_000
QUICK = {"URBANHUB_CHECKPOINT_INTERVAL_S": "0.2", "URBANHUB_SESSION_TIMEOUT_S": "6"}
RIVER, AIR = "river-stage:river-1:20220905T151000Z:flood", "dust:air-1:20220905T180000Z:flood"
ZONE, RAIN = "wet-zone:ocheon-eup:20220905T150400Z:flood", "rain-hour:dry-0:20220905T152500Z:flood"
QUAKE = "quake:kma-1:flood"
MakeHub = Callable[..., Awaitable[HubUnderTest]]


def _rule(rule_id: str, domain: str, when: dict[str, Any], *levels: dict[str, Any]) -> dict[str, Any]:
    return zone_rule(rule_id, domain, {"scope": "sensor", **when}, *levels)


def _rules() -> list[dict[str, Any]]:
    gauge = {"measure": "water_level_m", "kinds": ["river-gauge"], "window": "reading"}
    dust = {"measure": "pm10_ugm3", "kinds": ["air-station"], "window_s": 3600, "aggregate": "mean"}
    rain = {"measure": "rainfall_mm", "kinds": ["rain-gauge"]}
    quakes = [level("attention", {}, {}) | {"when": {"magnitude_at_least": 3.5}}]
    quakes += [level("serious", {}, {}) | {"when": {"magnitude_at_least": 5.0}}]
    for one in quakes:
        del one["raise"], one["clear"]
        one["headline"] = {"ko": "규모 {magnitude}", "en": "Magnitude {magnitude}"}
        one["instruction"] = {"ko": "보라", "en": "Watch"}
    hold = {"margin": 0.1, "hold_s": 1200}
    return [
        _rule(
            "river-stage",
            "disaster",
            gauge,
            level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention"}),
            level("caution", {"gauge_level": "caution"}, {"below_gauge_level": "caution", **hold}),
        ),
        _rule("dust", "air-quality", dust, level("advisory", {"at_least": 150, "hold_s": 7200}, {"below": 100})),
        _rule(
            "rain-hour",
            "disaster",
            rain | {"window": "sliding", "window_s": 3600, "aggregate": "sum"},
            level("advisory", {"at_least": 20}, {"below": 5}),
        ),
        zone_rule(
            "wet-zone",
            "disaster",
            rain | {"window_s": 60, "aggregate": "sum", "zone": {"judge": "mean"}},
            level("advisory", {"at_least": 3.3}, {"below": 2.1}),
        ),
        {
            "rule_id": "quake",
            "domain": "disaster",
            "name": {"ko": "지진 발표", "en": "Earthquake report"},
            "bulletin": {"kind": "earthquake"},
            "levels": quakes,
        },
    ]


def _said(sensor_id: str, minute: float, **said: Any) -> dict[str, Any]:
    at = format_ms(BEGIN_MS + round(minute * MINUTE_MS))
    return {"sensor_id": sensor_id, "observed_at": at, "exercise": EXERCISE, **said}


def _disaster() -> list[dict[str, Any]]:
    stages = [(0, 0.5), (10, 1.2), (20, 2.3), (30, 1.8), (40, 1.7), (50, 1.6), (60, 0.5), (70, 0.5)]
    sent = [_said("river-1", minute, water_level_m=metres) for minute, metres in stages]
    sent.append(_said("river-1", 35, water_level_m=9.9, quality="suspect"))
    sent.append(_said("river-1", 5, water_level_m=0.4) | {"exercise": "another"})
    sent += [_said("wet-0", minute, rainfall_mm=5 if minute == 3 else 1) for minute in range(70)][:10]
    sent += [_said("wet-1", minute, rainfall_mm=4 if minute == 3 else 1) for minute in range(10)]
    sent += [_said("dry-0", minute, rainfall_mm=1 if 5 <= minute < 35 else 0) for minute in range(70)]
    return sorted(sent, key=lambda each: str(each["observed_at"]))


def _air() -> list[dict[str, Any]]:
    hours = [100, 160, 170, 90, 80, 80, 80]
    return [_said("air-1", 60 * n, pm10_ugm3=value, period_s=3600) for n, value in enumerate(hours, 1)]


def _quakes() -> list[bytes]:
    said = {
        "bulletin_id": "kma-1",
        "kind": "earthquake",
        "source": "KMA",
        "texts": {"ko": "북구 북쪽 9km 지진", "en": "Earthquake 9 km north"},
        "exercise": EXERCISE,
    }
    news = [{"issued_at": format_ms(BEGIN_MS), "magnitude": 5.1}]
    news += [{"issued_at": format_ms(BEGIN_MS + MINUTE_MS), "magnitude": 4.9, "revision": 1}]
    return [json.dumps(said | each).encode() for each in news]


def _acts() -> list[bytes]:
    acts = [{"command_id": "1", "kind": "acknowledge", "note": "현장 확인 중"}, {"command_id": "2", "kind": "close"}]
    said = {"alert_id": QUAKE, "by": "김당직", "exercise": EXERCISE}
    refused = {"command_id": "3", "kind": "close", "alert_id": RAIN}
    return [json.dumps(said | each).encode() for each in (refused, *acts)]


class Flood(NamedTuple):
    """A hub after a flood: each alert was raised by a worker, and an officer has acted."""

    hub: HubUnderTest
    settings: Settings
    real: str
    """Id of the one alert of reality."""


@pytest.fixture
async def flood(make_hub: MakeHub, tmp_path: Path) -> Flood:
    seeds = write_zone_city(tmp_path / "seeds", [])
    (seeds / "rules" / "zones.toml").unlink()
    (seeds / "rules" / "river.toml").write_text(tomli_w.dumps({"rules": _rules()}))
    hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **QUICK})
    await hub.start("worker")
    sent = _disaster()
    for part in (
        sent[:4],
        sent[4:],
    ):  # every partition begins before one of them goes on: a zone waits for those that have
        await send(hub.kafka.bootstrap, "readings.disaster", part)
    now_ms = SYSTEM_CLOCK.now_ms() // 1000 * 1000
    risen = [(now_ms - 600_000, 0.5), (now_ms, 1.3)]
    real = [{"sensor_id": "river-1", "observed_at": format_ms(ms), "water_level_m": metres} for ms, metres in risen]
    await send(hub.kafka.bootstrap, "readings.disaster", real)
    real_id = f"river-stage:river-1:{compact_ms(now_ms)}"
    await send(hub.kafka.bootstrap, "readings.air-quality", _air())
    await send(hub.kafka.bootstrap, BULLETINS, _quakes(), partition=0)

    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:

        def states() -> dict[str, int]:
            counts: dict[str, int] = {}
            for record in follower.records:
                counts[record.json["alert_id"]] = record.json["sequence"]
            return counts

        async def come(wanted: dict[str, int]) -> bool:
            await follower.more()
            return states() == wanted

        wanted = {RIVER: 4, AIR: 2, ZONE: 2, RAIN: 1, QUAKE: 2, real_id: 1}
        try:
            await eventually(lambda: come(wanted), "every alert with its end", 60)
        except AssertionError:
            raise AssertionError(states()) from None
        await send(hub.kafka.bootstrap, COMMANDS, _acts(), partition=0)
        await eventually(lambda: come({**wanted, QUAKE: 4}), "what the officer did", 60)
    await hub.stop("worker")
    return Flood(hub, hub.settings.model_copy(update={"seeds": seeds}), real_id)


def _told(told: Explanation) -> list[tuple[str, str | None, float | None]]:
    return [(step.what, step.level, step.value) for step in told.steps]


def _values(step: Step) -> list[tuple[float, bool]]:
    return [(one.value, one.met) for one in step.judged]


async def test_each_alert_is_explained_by_what_was_judged(flood: Flood) -> None:
    settings = flood.settings
    river, air = await explain(settings, RIVER), await explain(settings, AIR)
    zone, rain, quake = [await explain(settings, alert_id) for alert_id in (ZONE, RAIN, QUAKE)]

    assert _told(river) == [
        ("raised", "attention", 1.2),
        ("stepped_up", "caution", 2.3),
        ("stepped_down", "attention", 1.6),
        ("cleared", None, 0.5),
    ]
    assert _values(river.steps[0]) == [(0.5, False), (1.2, True)]
    assert _values(river.steps[2]) == [(2.3, False), (1.8, True), (1.7, True), (1.6, True)]
    fell = river.steps[2].condition
    assert fell is not None
    assert (fell.limit, fell.hold_s, fell.held_s, fell.from_gauge) == (1.9, 1200, 1200, True)
    assert [(one.count, one.set_aside) for one in river.steps[2].readings] == [(3, 1)]
    assert "이 지점 주의 해제 기준(1.9 m 미만)" in sentence(river.steps[2], river).ko

    assert _told(air) == [("raised", "advisory", 170), ("cleared", None, 90)]
    assert _values(air.steps[0]) == [(100, False), (160, True), (170, True)]
    rose = air.steps[0].condition
    assert rose is not None
    assert (rose.hold_s, rose.held_s, rose.held_since) == (7200, 7200, from_ms(BEGIN_MS + 60 * MINUTE_MS))

    assert zone.steps[0].judged[-1].sensors == {"wet-0": 5, "wet-1": 4}
    assert _values(zone.steps[0]) == [(1, False), (4.5, True)]

    assert _values(rain.steps[0]) == [(19, False), (20, True)]
    assert sum(each.value for each in rain.steps[0].minutes) == 20
    assert [one.count for one in rain.steps[0].readings] == [25]

    assert [step.what for step in quake.steps] == ["raised", "stepped_down", "acknowledge", "close"]
    assert [step.bulletin.magnitude for step in quake.steps if step.bulletin is not None] == [5.1, 4.9]
    assert "김당직" in sentence(quake.steps[2], quake).ko

    for told in (river, air, zone, rain, quake):
        assert [step.gaps for step in told.steps] == [[]] * len(told.steps)
        assert told.changed == []
    assert [(step.what, step.taken) for step in rain.steps] == [("raised", True), ("close", False)]


async def test_an_alert_of_reality_is_explained_on_a_terminal_and_to_a_program(flood: Flood) -> None:
    page = await flood.hub.run("rules", "explain", flood.real, "--lang", "en")
    told = Explanation.model_validate_json(await flood.hub.run("rules", "explain", flood.real, "--json"))

    assert "Raised → Attention" in page
    assert "1.3 m meets this gauge's own threshold for Attention (1 m or more)" in page
    assert "훈련" not in page and "EXERCISE" not in page
    assert [(one.value, one.met) for one in told.steps[0].judged] == [(0.5, False), (1.3, True)]


async def test_what_is_gone_or_changed_since_is_said(flood: Flood) -> None:
    settings = flood.settings
    async with KeptLog(settings, most=5) as log:
        newest = await log.back("readings.disaster", partition_of(b"dry-0", 4), lambda _: True)
    assert (len(newest.records), newest.until) == (5, "limit")
    await _delete(settings, "readings.disaster", "windows.disaster")
    await _delete(settings, BULLETINS, partitions=1)
    rules = settings.seeds / "rules" / "river.toml"
    rules.write_text(rules.read_text().replace("at_least = 20", "at_least = 25"))

    rain = await explain(settings, RAIN)

    gaps = [gap.en.split(" can't be shown: Kafka no longer keeps them")[0] for gap in rain.steps[0].gaps]
    assert gaps == ["The values that were judged", "The readings inside the window"]
    assert rain.steps[0].condition is not None
    assert (rain.steps[0].value, rain.steps[0].condition.limit) == (20, 20)
    assert [remark.en for remark in rain.changed] == [
        "The rule has changed since: the threshold of “Advisory” was 20, today it is 25."
    ]
    quake = await explain(settings, QUAKE)
    assert ["no longer keeps" in gap.en for step in quake.steps for gap in step.gaps] == [True, True]
    assert sentence(quake.steps[0], quake).en == "Value in the log 5.1, threshold 5."

    asked = Asked(rules, 3600, None)
    assert (await dry_run(settings, asked, Lines(SYSTEM_CLOCK), SYSTEM_CLOCK)).is_cut

    rules.unlink()
    rain = await explain(settings, RAIN)
    assert "The rule is gone" in rain.changed[0].en
    assert sentence(rain.steps[0], rain).en == "Value in the log 20, threshold 20."
    with pytest.raises(WrongInput, match="no such alert"):
        await explain(settings, "rain-hour:dry-0:20200905T152500Z")


async def _delete(settings: Settings, *topics: str, partitions: int = 4) -> None:
    """Delete all records, as the retention time does."""
    admin = AIOKafkaAdminClient(**kafka.client_options(settings, "test"))
    await admin.start()
    try:
        everything = RecordsToDelete(before_offset=-1)
        await admin.delete_records(
            {TopicPartition(topic, p): everything for topic in topics for p in range(partitions)}
        )
    finally:
        await admin.close()


async def test_a_dry_run_tells_what_another_threshold_would_have_changed(flood: Flood, tmp_path: Path) -> None:
    settings, changed = flood.settings, tmp_path / "river.toml"
    text = (settings.seeds / "rules" / "river.toml").read_text()
    changed.write_text(text.replace("at_least = 20", "at_least = 25").replace("at_least = 3.3", "at_least = 4.6"))

    found = await dry_run(settings, Asked(changed, 3600, None), Lines(SYSTEM_CLOCK), SYSTEM_CLOCK)

    assert (found.changed, found.added, found.removed) == (["rain-hour", "wet-zone"], [], [])
    assert [(each.kind, each.before and each.before.alert_id, each.shift_s) for each in found.different] == [
        ("later", RAIN, 300),
        ("gone", ZONE, 0),
    ]
    assert found.same == 4
    assert not found.is_cut
    assert found.records == 2 + len(_disaster()) + len(_air()) + len(_quakes())
    async with Follower(settings.bootstrap, ALERTS) as follower:
        assert len(await follower.to_end()) == 14, "it has published something"

    changed.write_text(text.replace('"pm10_ugm3"', '"pm11_ugm3"'))
    with pytest.raises(WrongSeed, match=r"river\.toml"):
        await dry_run(settings, Asked(changed, 3600, None), Lines(SYSTEM_CLOCK), SYSTEM_CLOCK)
