"""The acceptance: every promise is checked, and every way of breaking one is seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.acceptance import RANGES
from deploy.acceptance.counts import Counts
from deploy.acceptance.flux import query
from deploy.acceptance.found import Found
from deploy.acceptance.lives import Lives
from deploy.acceptance.reality import calm_value
from deploy.acceptance.sheet import NOT_CHECKED, Sheet
from deploy.acceptance.windows import Windows
from deploy.oracle import Answer, Arrived, answer_to, read_city
from deploy.promises import Scenario, read_scenario
from streams import registry, rulebook
from streams.contract.readings import MEASURES
from streams.contract.topics import ALERTS, REJECTED
from streams.errors import WrongSeed
from tests.support.engine_run import Engine, EngineAnswer
from tests.support.storm_city import write_storm_seeds

EXERCISE = "storm-20251124T160000Z"
GUSTS = (20.0, 21.0, 22.0, 26.0, 24.0, 18.4, 18.4, 17.0, 17.0)
"""One a minute from 10:00 KST: an advisory at 10:03, a warning for a minute, its end at 10:07."""
RAW = b"not json"
ARRIVED_MS = 1_764_000_000_000
STORM = """
name = { ko = "폭풍", en = "Storm" }
story = { ko = "바람", en = "Wind" }
begins = 2022-09-06T10:00:00+09:00
ends = 2022-09-06T11:00:00+09:00
default_speed = 60.0
[expects.values]
windowed = 9
duplicate = 1
late = 1
set_aside = 0
rejected = 2
[expects.rejected]
late = 1
malformed = 1
unknown_sensor = 1
[[expects.alerts]]
rule_id = "gust"
scope = "wind-1"
onset = 2022-09-06T10:03:00+09:00
states = [
  { transition = "raised", level = "advisory", at = 2022-09-06T10:03:00+09:00 },
  { transition = "stepped_up", level = "warning", at = 2022-09-06T10:04:00+09:00 },
  { transition = "stepped_down", level = "advisory", at = 2022-09-06T10:06:00+09:00 },
  { transition = "cleared", at = 2022-09-06T10:07:00+09:00 },
]
reason = "three minutes of 20 m/s"
[[expects.deadlines]]
rule_ids = ["gust"]
zone = "ocheon-eup"
before = 2022-09-06T10:03:01+09:00
reason = "a minute earlier is too early"
[[expects.windows]]
sensor_id = "wind-1"
measure = "wind_gust_ms"
window_s = 60
reason = "the alert rests on it"
"""


def storm_log() -> list[Arrived]:
    values: list[dict[str, Any]] = [
        {"sensor_id": "wind-1", "observed_at": f"2022-09-06T10:0{i}:00+09:00", "wind_gust_ms": gust}
        for i, gust in enumerate(GUSTS)
    ]
    values.append(values[-1])
    values.append({**values[0], "observed_at": "2022-09-06T10:00:30+09:00"})
    values.append({**values[0], "sensor_id": "wind-2"})
    sent = [json.dumps({**value, "exercise": EXERCISE}).encode() for value in values] + [RAW]
    return [Arrived("readings.disaster", 0, ARRIVED_MS, value) for value in sent]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_storm_seeds(tmp_path_factory.mktemp("storm"))
    (folder / "scenarios" / "storm.toml").write_text(STORM)
    return folder


@pytest.fixture(scope="module")
def scenario(seeds: Path) -> Scenario:
    return read_scenario(seeds, "storm", registry.load(seeds))


@pytest.fixture(scope="module")
def answer(seeds: Path) -> Answer:
    return answer_to(storm_log(), read_city(seeds), RANGES, EXERCISE)


@pytest.fixture
def published(seeds: Path) -> EngineAnswer:
    return Engine(seeds).answer(storm_log(), EXERCISE, frozenset([RAW]))


Failed = Callable[..., list[str]]


@pytest.fixture
def failed(scenario: Scenario, answer: Answer, published: EngineAnswer) -> Failed:
    """The promises that fail, by what is promised, found and calculated; the three agree unless a test says otherwise."""

    def check(
        promised: Scenario = scenario, calculated: Answer = answer, found: Found = published.found, **counted: int
    ) -> list[str]:
        sheet = Sheet()
        counts = Counts(sheet, promised.expects, calculated)
        lives = Lives(sheet, promised.expects, calculated, "Asia/Seoul")
        windows = Windows(sheet, promised, calculated)
        counts.settle_accounts({**published.values, **counted})
        counts.settle_topics(found)
        lives.settle(found.alerts())
        windows.settle_kafka(found.windows)
        return [row.what for row in sheet.rows if not row.passed and row.found != NOT_CHECKED]

    return check


def test_what_holds_passes(failed: Failed) -> None:
    assert failed() == []


def test_what_was_not_checked_failed(scenario: Scenario, answer: Answer) -> None:
    sheet = Sheet()
    Counts(sheet, scenario.expects, answer)
    Lives(sheet, scenario.expects, answer, "Asia/Seoul")
    Windows(sheet, scenario, answer)
    assert sheet.failed == len(sheet.rows) == 16
    assert sheet.verdict == "0 passed, 16 failed"
    assert {row.found for row in sheet.rows} == {"not checked"}


@pytest.mark.parametrize("outcome", ["windowed", "duplicate", "late", "set_aside"])
def test_one_value_more_or_less_is_seen(failed: Failed, published: EngineAnswer, outcome: str) -> None:
    assert failed(**{outcome: published.values[outcome] + 1}) == [f"values {outcome.replace('_', ' ')}"]


def test_a_rejection_that_nobody_promised_is_seen(failed: Failed, published: EngineAnswer) -> None:
    dead = json.dumps({"sensor_id": "wind-1", "exercise": EXERCISE, "wind_gust_ms": 999}).encode()
    published.found.take(REJECTED, dead, [("reason", b"out_of_range"), ("topic", b"readings.disaster")])
    assert failed() == ["values rejected", "records rejected for another reason"]


def test_dead_letters_of_others_are_not_counted(failed: Failed, published: EngineAnswer) -> None:
    headers = [("reason", b"malformed"), ("topic", b"readings.disaster")]
    assert not published.found.take(REJECTED, b"something else", headers)
    assert not published.found.take(REJECTED, b'{"exercise":"another"}', headers)
    assert failed() == []


def changed_alert(answer: Answer, step: int, **changes: Any) -> Answer:
    (alert_id, life), *_ = answer.alerts.items()
    other = [replace(change, **changes) if i == step else change for i, change in enumerate(life)]
    return replace(answer, alerts={alert_id: other})


@pytest.mark.parametrize("changes", [{"level": "warning"}, {"at_ms": 1}, {"transition": "revised"}])
def test_an_alert_that_steps_otherwise_than_calculated_is_seen(
    failed: Failed, answer: Answer, changes: dict[str, Any]
) -> None:
    assert failed(calculated=changed_alert(answer, 2, **changes)) == [
        "alert gust, wind-1",
        "alert states with value, threshold and sequence",
    ]


@pytest.mark.parametrize("changes", [{"value": 24.01}, {"threshold": 19.0}, {"condition_since_ms": 1}])
def test_an_alert_with_another_value_is_seen(failed: Failed, answer: Answer, changes: dict[str, Any]) -> None:
    assert failed(calculated=changed_alert(answer, 1, **changes)) == ["alert states with value, threshold and sequence"]


def rewritten(seeds: Path, tmp_path: Path, old: str, new: str) -> Scenario:
    assert STORM.count(old) == 1
    (tmp_path / "scenarios").mkdir(exist_ok=True)
    (tmp_path / "scenarios" / "storm.toml").write_text(STORM.replace(old, new))
    return read_scenario(tmp_path, "storm", registry.load(seeds))


@pytest.mark.parametrize(
    ("old", "new", "rows"),
    [
        ("windowed = 9", "windowed = 10", ["values windowed", "values in all 60 s windows"]),
        ("[expects.rejected]\nlate = 1", "[expects.rejected]\nlate = 2", ["records rejected: late"]),
        ('cleared", at = 2022-09-06T10:07:00', 'cleared", at = 2022-09-06T10:07:01', ["alert gust, wind-1"]),
        ("onset = 2022-09-06T10:03", "onset = 2022-09-06T10:02", ["alert gust, wind-1"]),
        ('scope = "wind-1"', 'scope = "wind-2"', ["alert gust, wind-2", "alerts that nobody promised"]),
        ("before = 2022-09-06T10:03:01", "before = 2022-09-06T10:03:00", ["ocheon-eup is named by gust"]),
        ('zone = "ocheon-eup"', 'zone = "daesong-myeon"', ["daesong-myeon is named by gust"]),
    ],
)
def test_a_promise_that_is_not_kept_is_seen(
    failed: Failed, seeds: Path, tmp_path: Path, old: str, new: str, rows: list[str]
) -> None:
    assert failed(promised=rewritten(seeds, tmp_path, old, new)) == rows


def test_a_window_that_is_missing_or_other_is_seen(failed: Failed, published: EngineAnswer) -> None:
    key = next(iter(published.found.windows))
    whole = published.found.windows.pop(key)
    assert "windows on Kafka, early and final" in failed()
    published.found.windows[key] = replace(whole, min=whole.min - 1e-6)
    assert failed() == ["windows on Kafka, early and final"]


def state(sequence: int, **more: Any) -> bytes:
    said = {
        "alert_id": f"gust:wind-1:20220906T010300Z:{EXERCISE}",
        "exercise": EXERCISE,
        "rule_id": "gust",
        "scope": {"sensor_id": "wind-1"},
        "zone": "ocheon-eup",
        "area": ["ocheon-eup"],
        "level": "advisory",
        "state": "active",
        "value": 22.0,
        "threshold": 20.0,
        "sequence": sequence,
        "onset": "2022-09-06T01:03:00.000Z",
        "condition_since": "2022-09-06T01:00:00.000Z",
        "updated_at": "2022-09-06T01:03:00.000Z",
        "acknowledged": None,
    }
    return json.dumps(said | more).encode()


def test_a_repeated_state_is_one_and_a_torn_or_missing_one_is_told() -> None:
    found = Found(EXERCISE, frozenset())
    for value in (state(1), state(1), state(2, level="warning")):
        found.take(ALERTS, value, [])
    (alert,) = found.alerts().values()
    assert ([c.transition for c in alert.changes], alert.complaint) == (["raised", "stepped_up"], "")

    found.take(ALERTS, state(4, level=None, state="cleared"), [])
    assert found.alerts()["gust:wind-1:20220906T010300Z"].complaint == "sequence has gaps: [1, 2, 4]"
    found.take(ALERTS, state(2, level="advisory"), [])
    assert found.alerts()["gust:wind-1:20220906T010300Z"].complaint == "two states of sequence 2"


def test_an_officers_act_is_no_step_of_the_alert() -> None:
    found = Found(EXERCISE, frozenset())
    acknowledged = {"by": "officer", "at": "2025-11-24T00:00:00.000Z", "note": None}
    for value in (
        state(1),
        state(2, acknowledged=acknowledged, updated_at="2025-11-24T00:00:00.000Z"),
        state(3, acknowledged=acknowledged, level="warning"),
    ):
        found.take(ALERTS, value, [])
    (alert,) = found.alerts().values()
    assert [c.transition for c in alert.changes] == ["raised", "stepped_up"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("default_speed = 60.0", "default_sped = 60.0", "default_speed"),
        ("windowed = 9\n", "", "windowed"),
        ("windowed = 9", "windowed = -9", "expects.values.windowed"),
        ("malformed = 1", "mallformed = 1", "expects.rejected"),
        ("onset = 2022-09-06T10:03:00+09:00", "onset = 2022-09-06T10:03:00", "expects.alerts.0.onset"),
        ('{ transition = "raised", level = "advisory",', '{ transition = "raised",', "expects.alerts.0.states.0"),
        ('sensor_id = "wind-1"', 'sensor_id = "wind-9"', "expects.windows.0.sensor_id"),
        ('measure = "wind_gust_ms"', 'measure = "pm10_ugm3"', "expects.windows.0.measure"),
        ('zone = "ocheon-eup"', 'zone = "nowhere"', "expects.deadlines.0.zone"),
    ],
)
def test_a_wrong_file_is_told_by_its_field(seeds: Path, tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(WrongSeed, match=re.escape(named)):
        rewritten(seeds, tmp_path, old, new)


def test_a_real_readings_value_is_of_no_level(seeds: Path) -> None:
    known, rules = registry.load(seeds), rulebook.load(seeds)
    found = {
        (sensor.sensor_id, measure): calm_value(MEASURES[sensor.domain, measure], sensor, rules)
        for sensor in known.sensors.values()
        for measure in sensor.measures
    }
    assert found["rain-1", "rainfall_mm"] == 3.0  # of 30 mm
    assert found["river-1", "water_level_m"] == 0.1  # of the gauge's own 1.0 m
    assert 20 < found["road-1", "speed_kmh"] < 60  # a jam is from 20 km/h down
    assert found["air-1", "pm10_ugm3"] == 15.0  # of 150


def test_a_query_keeps_what_it_is_given_in_quotes() -> None:
    asked = query("city", 0, 60_000, sensor_id='a") |> drop(', window="60")
    assert r'r["sensor_id"] == "a\") |> drop("' in asked
    assert "range(start: 1970-01-01T00:00:00.000Z, stop: 1970-01-01T00:01:00.000Z)" in asked
