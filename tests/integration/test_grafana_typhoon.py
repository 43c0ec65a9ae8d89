"""Every question of the dashboard about the exercise `typhoon`: the answers are what the scenario promises."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from deploy.grafana.queries import RANKS
from deploy.influx import InfluxAccess, InfluxNode
from deploy.promises import Scenario, read_scenario
from streams.contract.alerts import Level
from streams.contract.times import to_ms
from streams.contract.topics import ALERTS, windows_topic
from streams.registry import Registry, load
from streams.settings import load as load_settings
from tests.support.grafana import (
    DASHBOARD,
    All,
    Table,
    Value,
    answers,
    panels,
    used,
    variables,
    with_macros,
    with_variables,
)
from tests.support.scenario_run import Answer, answer_of
from tests.support.servers import own_buckets
from tests.support.sink import store

SEEDS = load_settings().seeds
EXERCISE = "typhoon-20251124T160000Z"
OCHEON = "ocheon-eup"
EVERY = All(".*")
ZONES: dict[str, Value] = {"all": EVERY, OCHEON: [OCHEON]}


def kst_ms(time: str) -> int:
    """An instant of 2022-09-06 in Korea."""
    return to_ms(datetime.fromisoformat(f"2022-09-06T{time}:00+09:00"))


OVERFLOW_MS = kst_ms("06:00")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(SEEDS)


@pytest.fixture(scope="module")
def scenario(registry: Registry) -> Scenario:
    return read_scenario(SEEDS, "typhoon", registry)


@pytest.fixture(scope="module")
def played() -> Answer:
    return answer_of("typhoon", SEEDS, EXERCISE)


@pytest.fixture(scope="module")
async def typhoon(influx: InfluxNode, played: Answer, registry: Registry) -> InfluxAccess:
    """Buckets that hold nothing but the exercise, whole."""
    access = await own_buckets(influx)
    await store(access, _records(played, registry))
    return access


def _records(played: Answer, registry: Registry) -> Iterator[tuple[str, dict[str, Any]]]:
    for (sensor_id, _, _), windows in played.windows.items():
        topic = windows_topic(registry.sensors[sensor_id].domain)
        yield from ((topic, window) for window in windows.values())
    for states in played.alerts.values():
        yield from ((ALERTS, state) for state in states)


class Viewer:
    """Somebody who chose the exercise and its whole time, or its beginning up to a moment."""

    def __init__(self, access: InfluxAccess, begin_ms: int, end_ms: int) -> None:
        self._access, self._begin_ms, self._end_ms = access, begin_ms, end_ms

    async def asks(self, question: str, *, until_ms: int | None = None, **chosen: Value) -> list[Table]:
        bucket = self._access.bucket_exercise
        known = {"bucket": bucket, "exercises": bucket, "exercise": EXERCISE, "zone": EVERY, "sensor": EVERY}
        flux = with_macros(with_variables(question, known | chosen), self._begin_ms, until_ms or self._end_ms)
        return await asyncio.to_thread(answers, self._access, flux)

    async def reads(self, title: str, **how: Any) -> Table:
        """The rows of the panel with this in its title; of a table's where a number has it too."""
        [panel] = [each for each in panels() if title in each["title"] and each["type"] != "stat"]
        return [row for table in await self.asks(panel["targets"][0]["query"], **how) for row in table]

    async def offered(self, variable: str, **how: Any) -> set[str]:
        tables = await self.asks(variables()[variable]["query"]["query"], **how)
        return {row["_value"] for table in tables for row in table}


@pytest.fixture(scope="module")
def viewer(typhoon: InfluxAccess, scenario: Scenario) -> Viewer:
    return Viewer(typhoon, to_ms(scenario.begins), to_ms(scenario.ends))


def promised_levels(scenario: Scenario, registry: Registry, at_ms: int) -> dict[str, Level]:
    """By alert id: the level of each alert that the scenario promises to be active just before the moment."""
    found: dict[str, Level] = {}
    for alert in scenario.expects.alerts:
        steps = [step for step in alert.states if to_ms(step.at) < at_ms]
        of_sensor, of_bulletin = alert.ids
        if steps and (level := steps[-1].level) is not None:
            found[f"{of_sensor if alert.scope in registry.sensors else of_bulletin}:{EXERCISE}"] = level
    return found


QUESTIONS = [(panel, target) for panel in panels() for target in panel["targets"]]


@pytest.mark.parametrize("stop", ["overflow", "end"])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("panel", "target"), QUESTIONS, ids=[f"{p['id']}-{t['refId']}" for p, t in QUESTIONS])
async def test_every_panel_has_rows_and_only_those_of_the_chosen_zone(
    viewer: Viewer, registry: Registry, panel: dict[str, Any], target: dict[str, Any], zone: str, stop: str
) -> None:
    chosen: dict[str, Any] = {"zone": ZONES[zone], "until_ms": OVERFLOW_MS if stop == "overflow" else None}
    question = target["query"]
    of_gauges = "gauge" in used(question)
    # Grafana repeats the panel for every gauge that is offered.
    repeats = [{"gauge": gauge} for gauge in sorted(await viewer.offered("gauge", **chosen))] if of_gauges else [{}]

    assert repeats
    for repeat in repeats:
        rows = [row for table in await viewer.asks(question, **chosen, **repeat) for row in table]
        if target["refId"] == "levels" and registry.sensors[repeat["gauge"]].gauge_levels is None:
            assert rows == []  # a reservoir, for which no levels are set
        elif stop == "end" and "활성 경보" in panel["title"]:
            assert rows == []  # the scenario promises that each alert is over by then
        else:
            assert rows, (panel["title"], repeat)
        if zone != "all":
            assert {row["zone"] for row in rows if "zone" in row} <= {zone, "city"}
            assert {registry.sensors[row["sensor_id"]].zone for row in rows if "sensor_id" in row} <= {zone}


@pytest.mark.parametrize("zone", ZONES)
async def test_every_variable_offers_what_speaks_in_the_exercise(
    viewer: Viewer, played: Answer, registry: Registry, zone: str
) -> None:
    speak = {
        (sensor_id, measure)
        for sensor_id, measure, _ in played.windows
        if zone in ("all", registry.sensors[sensor_id].zone)
    }

    assert await viewer.offered("exercise", zone=ZONES[zone]) == {EXERCISE}
    assert await viewer.offered("zone") == {registry.sensors[sensor_id].zone for sensor_id, _, _ in played.windows}
    assert await viewer.offered("sensor", zone=ZONES[zone]) == {sensor_id for sensor_id, _ in speak}
    gauges = {sensor_id for sensor_id, measure in speak if measure == "water_level_m"}
    assert await viewer.offered("gauge", zone=ZONES[zone]) == gauges
    assert len(gauges) == (14 if zone == "all" else 4)


async def test_the_hourly_rain_is_what_was_published(viewer: Viewer) -> None:
    rows = await viewer.reads("강수량", sensor=["weather-pohang"])

    hours = {to_ms(row["_time"]): row["_value"] for row in rows}
    assert hours[kst_ms("04:00")] == 77.0
    assert hours[kst_ms("05:00")] == 70.9
    assert round(sum(mm for at_ms, mm in hours.items() if at_ms < OVERFLOW_MS), 1) == 330.6


async def test_the_river_is_as_high_as_was_published(viewer: Viewer) -> None:
    rows = await viewer.reads("수위", gauge="river-hyeongsan-bridge")

    stages = {to_ms(row["_time"]): row["_value"] for row in rows}
    assert stages[kst_ms("06:00")] == 2.50
    assert stages[kst_ms("07:00")] == 3.02
    assert max(stages.values()) == stages[kst_ms("08:30")] == 3.61


@pytest.mark.parametrize("time", ["00:30", "02:00", "05:00", "06:00", "10:00", "18:30"])
async def test_the_active_alerts_of_a_moment_are_those_that_were_promised(
    viewer: Viewer, scenario: Scenario, registry: Registry, time: str
) -> None:
    promised = promised_levels(scenario, registry, kst_ms(time))
    [count] = [panel["targets"][0]["query"] for panel in panels() if panel["type"] == "stat"]

    rows = await viewer.reads("활성 경보", until_ms=kst_ms(time))
    counted = [row["alerts"] for table in await viewer.asks(count, until_ms=kst_ms(time)) for row in table]

    assert {row["alert_id"]: row["level"] for row in rows} == promised
    assert counted == ([len(promised)] if promised else [])


@pytest.mark.parametrize(
    ("time", "rank"),
    [
        ("00:30", 0),
        ("02:00", RANKS["warning"]),  # 90 mm in three hours, from 01:52
        ("05:00", RANKS["warning"]),  # 72 mm in an hour, from 03:30; the river's caution
        ("06:00", RANKS["serious"]),  # three of its rivers, from 05:30
        ("18:30", 0),
    ],
)
async def test_each_zone_is_as_bad_as_the_worst_alert_that_was_promised_for_it(
    viewer: Viewer, scenario: Scenario, registry: Registry, time: str, rank: int
) -> None:
    promised = promised_levels(scenario, registry, kst_ms(time))
    worst = {sensor.zone: 0 for sensor in registry.sensors.values()}
    for alert_id, level in promised.items():
        sensor = registry.sensors.get(alert_id.split(":")[1])
        zone = "city" if sensor is None else sensor.zone
        worst[zone] = max(worst.get(zone, 0), RANKS[level])

    rows = await viewer.reads("구역별 현재 상태", until_ms=kst_ms(time))

    assert {row["zone"]: row["state"] for row in rows} == worst
    assert worst[OCHEON] == rank


async def test_annotations_tell_every_transition_that_was_promised(viewer: Viewer, scenario: Scenario) -> None:
    [annotations] = DASHBOARD["annotations"]["list"]
    [found] = await viewer.asks(annotations["target"]["query"])

    promised = [
        (to_ms(step.at), alert.rule_id, step.level or "cleared")
        for alert in scenario.expects.alerts
        for step in alert.states
    ]
    told = [(to_ms(row["time"]), row["tags"].rsplit(",", 1)[1], row["title"]) for row in found]
    assert sorted(told) == sorted(promised)


async def test_the_list_leads_to_the_exercise_in_its_own_time(viewer: Viewer, scenario: Scenario) -> None:
    [row] = await viewer.reads("훈련 목록")

    assert (row["exercise"], row["from_ms"], row["to_ms"]) == (EXERCISE, to_ms(scenario.begins), kst_ms("18:00"))
