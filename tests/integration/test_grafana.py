"""Every question of the dashboard, put to a real InfluxDB that holds what the sink writes: each has its answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from influxdb_client.rest import ApiException

from deploy.grafana.queries import RANKS
from deploy.influx import InfluxAccess, InfluxNode
from streams.registry import Registry, load
from streams.settings import load as load_settings
from tests.support.grafana import All, Table, Value, answers, panels, variables, with_macros, with_variables
from tests.support.room_log import alert
from tests.support.servers import own_buckets
from tests.support.sink import store, window

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
END_MS = 1_662_408_000_000  # 2022-09-05T20:00:00Z
BEGIN_MS = END_MS - 3 * HOUR_MS
EXERCISE = "typhoon-20220905T201000Z"
GAUGE = "river-mundeok3-bridge"
STALE_ZONE = "stale-zone"
ALL: dict[str, Value] = {"zone": All(".*"), "sensor": All(".*"), "gauge": GAUGE}


def series(topic: str, sensor: str, zone: str, measure: str, value: float, **more: Any) -> Iterator[tuple[str, Any]]:
    """Three hours of one sensor: windows of a minute and of an hour."""
    for at_ms in range(BEGIN_MS, END_MS, MINUTE_MS):
        yield topic, window(at_ms, value, sensor_id=sensor, zone=zone, measure=measure, **more)
    for at_ms in range(BEGIN_MS, END_MS, HOUR_MS):
        yield topic, window(at_ms, value, sensor_id=sensor, zone=zone, measure=measure, window_s=3600, **more)


def city(exercise: str | None, factor: float = 1.0) -> Iterator[tuple[str, Any]]:
    """What the log holds of a small city: calm Jecheol-dong, flooded Ocheon-eup, a zone without fresh data."""
    more = {} if exercise is None else {"exercise": exercise}
    yield from series("windows.disaster", "rain-ocheon", "ocheon-eup", "rainfall_mm", 12.5 * factor, **more)
    yield from series("windows.disaster", GAUGE, "ocheon-eup", "water_level_m", 2.6 * factor, **more)
    for measure, value in (("pm10_ugm3", 31.0), ("pm25_ugm3", 15.0), ("o3_ppm", 0.03), ("no2_ppm", 0.01)):
        yield from series("windows.air-quality", "air-jecheol", "jecheol-dong", measure, value * factor, **more)
    yield from series("windows.traffic", "road-1", "jecheol-dong", "speed_kmh", 48.0 * factor, **more)
    yield (
        "windows.disaster",
        window(BEGIN_MS, 1.0, sensor_id="wind-1", zone=STALE_ZONE, measure="wind_speed_ms", **more),
    )
    yield from (("alerts", state) for state in alert_states(exercise))


def alert_states(exercise: str | None) -> Iterator[dict[str, Any]]:
    """A river that rises by two levels, rain that was and is over, and something about the whole city."""
    at = {"onset_ms": BEGIN_MS, "exercise": exercise}
    river, rain, quake = (f"{rule}:x{':' + exercise if exercise else ''}" for rule in ("river-level", "rain", "quake"))
    later = {"updated_at": "2022-09-05T18:30:00.000Z"}
    yield alert(river, 1, "attention", **at)
    yield alert(river, 2, "caution", **at, **later, headline={"ko": "문덕3교 주의 단계", "en": "Mundeok 3: caution"})
    yield alert(rain, 1, "warning", rule_id="rain-3h", zone="jecheol-dong", **at)
    yield alert(rain, 2, rule_id="rain-3h", zone="jecheol-dong", cleared_ms=BEGIN_MS + HOUR_MS, **at)
    yield alert(quake, 1, "attention", rule_id="quake", zone=None, value=None, threshold=None, **at)


@pytest.fixture(scope="module")
async def filled(influx: InfluxNode) -> InfluxAccess:
    access = await own_buckets(influx)
    await store(access, city(None))
    await store(access, city(EXERCISE, factor=2.0))
    return access


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(load_settings().seeds)


async def asked(access: InfluxAccess, question: str, *, exercise: bool = False, **chosen: Value) -> list[Table]:
    """The answer to a question as Grafana would put it, with reality or the exercise chosen."""
    bucket = access.bucket_exercise if exercise else access.bucket
    known = {"bucket": bucket, "exercise": EXERCISE if exercise else "", "exercises": access.bucket_exercise}
    flux = with_macros(with_variables(question, {**ALL, **known, **chosen}), BEGIN_MS, END_MS)
    return await asyncio.to_thread(answers, access, flux)


async def rows(access: InfluxAccess, panel: str, **how: Any) -> Table:
    """The rows of a table's panel, found by a part of its title."""
    [question] = [each["targets"][0]["query"] for each in panels() if panel in each["title"] and each["type"] != "stat"]
    return [row for table in await asked(access, question, **how) for row in table]


QUESTIONS = [(panel, target) for panel in panels() for target in panel["targets"]]


@pytest.mark.parametrize("exercise", [False, True], ids=["reality", "exercise"])
@pytest.mark.parametrize(("panel", "target"), QUESTIONS, ids=[f"{p['id']}-{t['refId']}" for p, t in QUESTIONS])
async def test_every_panel_has_rows_of_the_form_that_it_shows(
    filled: InfluxAccess, panel: dict[str, Any], target: dict[str, Any], exercise: bool
) -> None:
    tables = await asked(filled, target["query"], exercise=exercise)

    found = [row for table in tables for row in table]
    assert found, panel["title"]
    if panel["type"] == "timeseries":
        for row in found:
            assert isinstance(row["_value"], float)
            assert BEGIN_MS <= row["_time"].timestamp() * 1000 <= END_MS
            assert row["sensor_id"]
        for table in tables:
            times = [row["_time"] for row in table]
            assert times == sorted(set(times))
    else:
        assert len(tables) == 1
        assert not any("_value" in row for row in found)


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["id"])
async def test_every_column_that_a_panel_dresses_is_there(filled: InfluxAccess, panel: dict[str, Any]) -> None:
    found = {name for target in panel["targets"] for table in await asked(filled, target["query"]) for name in table[0]}

    dressed = {
        each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if each["matcher"]["id"] == "byName"
    }
    assert dressed <= found


VALUES = {
    "zone": {"ocheon-eup", "jecheol-dong", STALE_ZONE},
    "sensor": {"rain-ocheon", GAUGE, "air-jecheol", "road-1", "wind-1"},
    "gauge": {GAUGE},
}


@pytest.mark.parametrize("exercise", [False, True], ids=["reality", "exercise"])
@pytest.mark.parametrize("name", VALUES)
async def test_every_variable_offers_what_is_there(filled: InfluxAccess, name: str, exercise: bool) -> None:
    [table] = await asked(filled, variables()[name]["query"]["query"], exercise=exercise)

    assert {row["_value"] for row in table} == VALUES[name]


async def test_the_sensors_offered_are_those_of_the_chosen_zones(filled: InfluxAccess) -> None:
    question = variables()["sensor"]["query"]["query"]

    [one] = await asked(filled, question, zone=["ocheon-eup"])
    [two] = await asked(filled, question, zone=["ocheon-eup", STALE_ZONE])

    assert {row["_value"] for row in one} == {"rain-ocheon", GAUGE}
    assert {row["_value"] for row in two} == {"rain-ocheon", GAUGE, "wind-1"}


async def test_exercises_are_offered_in_their_bucket_alone(filled: InfluxAccess) -> None:
    question = variables()["exercise"]["query"]["query"]

    assert [row["_value"] for table in await asked(filled, question, exercise=True) for row in table] == [EXERCISE]
    assert await asked(filled, question) == []


async def test_a_zone_shows_its_worst_alert_calm_only_with_fresh_data_else_unknown(filled: InfluxAccess) -> None:
    found = {row["zone"]: row for row in await rows(filled, "구역별 현재 상태")}

    states = {zone: row["state"] for zone, row in found.items()}
    assert states == {
        "ocheon-eup": RANKS["caution"],
        "city": RANKS["attention"],
        "jecheol-dong": 0,  # its rain alert is over
        STALE_ZONE: -1,
    }
    assert found["ocheon-eup"]["headline"] == "문덕3교 주의 단계 / Mundeok 3: caution"
    newest = dt.datetime.fromtimestamp((END_MS - MINUTE_MS) / 1000, dt.UTC)
    assert found["ocheon-eup"]["data_at"] == newest


async def test_active_alerts_are_those_that_are_not_over_the_worst_first(filled: InfluxAccess) -> None:
    found = await rows(filled, "활성 경보")

    assert [(row["alert_id"], row["level"]) for row in found] == [
        ("river-level:x", "caution"),
        ("quake:x", "attention"),
    ]
    assert found[0]["threshold"] == 1.0


async def test_an_alert_that_is_over_by_now_is_shown_while_it_lasted(filled: InfluxAccess) -> None:
    [question] = [panel["targets"][0]["query"] for panel in panels() if panel["type"] == "stat"]
    known = {**ALL, "bucket": filled.bucket, "exercise": ""}

    early = with_macros(with_variables(question, known), BEGIN_MS, BEGIN_MS + HOUR_MS)
    [[then]] = await asyncio.to_thread(answers, filled, early)
    [[now]] = await asked(filled, question)

    assert (then["alerts"], now["alerts"]) == (3, 2)


async def test_reality_shows_nothing_of_the_exercise_and_the_exercise_nothing_of_reality(filled: InfluxAccess) -> None:
    real = {row["_value"] for row in await rows(filled, "강수량")}
    exercise = {row["_value"] for row in await rows(filled, "강수량", exercise=True)}

    assert (real, exercise) == ({37.5}, {75.0})
    assert {row["alert_id"] for row in await rows(filled, "활성 경보", exercise=True)} == {
        f"river-level:x:{EXERCISE}",
        f"quake:x:{EXERCISE}",
    }


async def test_a_chosen_zone_and_sensor_narrow_every_panel(filled: InfluxAccess) -> None:
    for panel in panels():
        question = panel["targets"][0]["query"]
        for table in await asked(filled, question, zone=["jecheol-dong"], sensor=["air-jecheol"]):
            for row in table:
                assert row.get("zone", "jecheol-dong") in ("jecheol-dong", "city")
                assert row.get("sensor_id") in (None, "air-jecheol", GAUGE)  # a gauge has a variable of its own


async def test_a_gauges_levels_are_those_of_the_registry(filled: InfluxAccess, registry: Registry) -> None:
    [panel] = [each for each in panels() if each.get("repeat") == "gauge"]
    levels = registry.sensors[GAUGE].gauge_levels
    assert levels is not None

    tables = await asked(filled, panel["targets"][1]["query"])

    drawn = {table[0]["level"]: [row["_value"] for row in table] for table in tables}
    known = {name: levels.of(name) for name in ("attention", "caution", "alert", "serious")}  # type: ignore[arg-type]
    assert drawn == {name: [value, value] for name, value in known.items() if value is not None}
    assert len(drawn) == 4


async def test_annotations_tell_every_change_of_an_alert(filled: InfluxAccess) -> None:
    from tests.support.grafana import DASHBOARD

    [annotations] = DASHBOARD["annotations"]["list"]
    [found] = await asked(filled, annotations["target"]["query"])

    assert len(found) == 5
    assert all(set(row) == {"time", "title", "text", "tags"} for row in found)
    assert [row["tags"] for row in found if "문덕3교" in row["text"]] == ["caution,ocheon-eup,river-level"]
    assert "cleared" in {row["title"] for row in found}


async def test_the_oldest_data_comes_first_with_its_age(filled: InfluxAccess) -> None:
    found = await rows(filled, "센서별 마지막 자료")

    ages = {row["sensor_id"]: row["age_s"] for row in found}
    assert ages == {
        "wind-1": 3 * 3600,
        **dict.fromkeys(("rain-ocheon", GAUGE, "air-jecheol", "road-1"), 60),
    }
    assert found[0]["sensor_id"] == "wind-1"


async def test_the_list_of_exercises_leads_to_each_in_its_own_time(filled: InfluxAccess) -> None:
    [found] = await rows(filled, "훈련 목록")

    assert found["exercise"] == EXERCISE
    assert (found["from_ms"], found["to_ms"]) == (BEGIN_MS, END_MS)


async def test_a_question_with_a_mistake_would_be_seen(filled: InfluxAccess) -> None:
    question = QUESTIONS[0][1]["query"]

    with pytest.raises(ApiException, match="undefined identifier"):
        await asked(filled, question.replace("from(bucket", "form(bucket"))
    with pytest.raises(KeyError):
        await asked(filled, question.replace("${bucket}", "${bukcet}"))
    assert await asked(filled, question.replace('"alert"', '"alarm"')) == []
