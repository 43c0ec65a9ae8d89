"""The engine gives what the independent calculation gives, whatever arrives and wherever the log is cut."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived, answer_to, read_city
from streams.contract.times import format_ms
from tests.support.engine_run import Engine
from tests.support.storm_city import RANGES, write_storm_seeds

pytestmark = pytest.mark.slow  # the calculation that it is held against is slow on purpose
BEGIN_MS = 1_662_390_000_000
"""2022-09-06T00:00 KST, a full hour."""
EXERCISE = "storm-20251124T160000Z"
SENSORS = {
    "rain-1": ("disaster", "rainfall_mm", (0.0, 0.5, 4.2, 12.0)),
    "river-2": ("disaster", "water_level_m", (8.1, 8.2, 8.3)),
    "river-1": ("disaster", "water_level_m", (0.5, 0.9, 1.0, 1.95, 2.0, 2.05, 3.0, 2.9, 2.8)),
    "wind-1": ("disaster", "wind_gust_ms", (17.0, 18.5, 18.4, 20.0, 26.0, 23.9)),
    "air-1": ("air-quality", "pm10_ugm3", (99.9, 100.0, 149.0, 150.0, 300.0, 320.0)),
    "road-1": ("traffic", "speed_kmh", (4.0, 5.0, 9.0, 15.0, 20.0, 25.0, 30.5, 60.0)),
}


BROKEN = (
    b"",
    b"not json",
    b"[1]",
    b'{"sensor_id":"rain-1"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00","rainfall_mm":1}',
    b'{"sensor_id":"rain-1","observed_at":"1999-12-31T23:59:59Z","rainfall_mm":1}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":"1"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":-1}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":true}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z"}',
    b'{"sensor_id":"rain 1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":1}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":1,"quality":"good"}',
    b'{"sensor_id":"rain-1","observed_at":"2022-09-06T00:00:00Z","rainfall_mm":1,"note":"' + b"x" * 65_536 + b'"}',
)


@dataclass(frozen=True)
class Log:
    """Records of one partition of each topic, of reality or of one exercise."""

    exercise: str | None
    records: list[Arrived]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """A log whose time mostly goes on by minutes, sometimes leaps; some readings are old, ahead, repeated or broken."""
    now_ms, log = BEGIN_MS, []
    exercise = draw(st.sampled_from([EXERCISE, EXERCISE, None]))
    for _ in range(draw(st.integers(1, 60))):
        now_ms += draw(st.sampled_from([0, 7_000, 20_000, 60_000, 60_000, 60_000, 600_000, 3_600_000]))
        old_ms = draw(st.sampled_from([0, 0, 0, 0, 0, 30_000, 61_000, 130_000, 1_800_000, 7_200_000, 90_000_000]))
        topic, value = _value(draw, now_ms - old_ms)
        if exercise is not None:
            value["exercise"] = exercise
        arrival_ms = now_ms + draw(st.sampled_from([0, 500, 500, -300_000, -300_001]))
        record = Arrived(topic, 0, arrival_ms, json.dumps(value).encode())
        log += [record] * draw(st.sampled_from([1, 1, 1, 1, 1, 2]))
        if draw(st.integers(0, 8)) == 0:
            log.append(replace(draw(st.sampled_from(log)), arrival_ms=arrival_ms))
        if draw(st.integers(0, 20)) == 0:
            log.append(Arrived("readings.disaster", 0, arrival_ms, draw(st.sampled_from(BROKEN))))
    return Log(exercise, log)


def _value(draw: st.DrawFn, at_ms: int) -> tuple[str, dict[str, Any]]:
    sensor_id = draw(st.sampled_from([*sorted(SENSORS), *sorted(SENSORS), "nobody"]))
    domain, measure, values = SENSORS.get(sensor_id, SENSORS["rain-1"])
    value: dict[str, Any] = {"sensor_id": sensor_id}
    if sensor_id == "air-1":
        at_ms -= at_ms % 3_600_000
        value["period_s"] = 3600
    value["observed_at"] = format_ms(at_ms)
    value[measure] = draw(st.sampled_from(values))
    if sensor_id == "wind-1" and draw(st.booleans()):
        value["wind_speed_ms"] = 7.123456
    if draw(st.integers(0, 20)) == 0:
        value["quality"] = draw(st.sampled_from(["suspect", "maintenance", "estimated"]))
    return f"readings.{domain}", value


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_storm_seeds(tmp_path_factory.mktemp("storm"))


@pytest.fixture(scope="module")
def engine(seeds: Path) -> Engine:
    return Engine(seeds)


@st.composite
def announcements(draw: st.DrawFn) -> list[Arrived]:
    """Revisions of some announcements, late, repeated, lifted or superseded by another one."""
    log: list[Arrived] = []
    for i in range(draw(st.integers(1, 12))):
        kind, name, said = draw(
            st.sampled_from(
                [
                    ("earthquake", "quake-1", {"magnitude": draw(st.sampled_from([3.4, 3.5, 5.4, 5.5]))}),
                    ("flood-notice", "flood-1", {"level": draw(st.sampled_from(["advisory", "warning"]))}),
                    ("flood-notice", "flood-1", {"level": "warning", "cancelled": True}),
                    ("flood-notice", "flood-2", {"level": "advisory", "supersedes": "flood-1"}),
                    ("emergency-message", "message-1", {}),
                ]
            )
        )
        value = {
            "bulletin_id": name,
            "revision": draw(st.integers(0, 4)),
            "kind": kind,
            "issued_at": format_ms(BEGIN_MS + i * 60_000),
            "source": "KMA",
            "texts": {"ko": "알림", "en": "Notice"},
            "exercise": EXERCISE,
        }
        log.append(Arrived("bulletins", 0, BEGIN_MS, json.dumps(value | said).encode()))
        if draw(st.integers(0, 3)) == 0:
            log.append(draw(st.sampled_from(log)))
    return log


@settings(max_examples=50, deadline=None)
@given(log=announcements(), chunk=st.sampled_from([1, 3, 1000]))
def test_the_engine_follows_announcements_as_calculated(
    seeds: Path, engine: Engine, log: list[Arrived], chunk: int
) -> None:
    calculated = answer_to(log, read_city(seeds), RANGES, EXERCISE)

    alerts = engine.answer(log, EXERCISE, chunk=chunk).found.alerts()

    assert {name: alert.complaint for name, alert in alerts.items() if alert.complaint} == {}
    assert {name: alert.changes for name, alert in alerts.items()} == calculated.alerts


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=logs(), chunk=st.sampled_from([1, 2, 3, 7, 1000]))
def test_the_engine_equals_the_calculation(seeds: Path, engine: Engine, log: Log, chunk: int) -> None:
    calculated = answer_to(log.records, read_city(seeds), RANGES, log.exercise)

    answer = engine.answer(log.records, log.exercise, frozenset(BROKEN), chunk)

    assert +answer.values == +calculated.values
    assert +answer.found.refused == +calculated.refused
    assert answer.found.rejected_values == calculated.values["rejected"]
    assert answer.found.windows == calculated.windows
    alerts = answer.found.alerts()
    assert {name: alert.complaint for name, alert in alerts.items() if alert.complaint} == {}
    assert {name: alert.changes for name, alert in alerts.items()} == calculated.alerts
