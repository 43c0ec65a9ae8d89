"""Zones give what the independent calculation gives, whichever partition is sooner, and whatever crashes on the way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived, answer_to, read_city
from streams.contract.times import format_ms
from tests.support.storm_city import RANGES
from tests.support.zone_city import PARTITIONS, SENSORS, write_zone_city
from tests.support.zone_run import ZoneRun

BEGIN_MS = 1_662_390_000_000
"""2022-09-06T00:00 KST, a full hour."""
EXERCISE = "storm-20251124T160000Z"
VALUES = {
    "rainfall_mm": (0.0, 2.1, 3.3, 4.9, 5.0, 7.5, 12.0),
    "speed_kmh": (10.0, 20.0, 20.1, 30.0, 31.5, 60.0),
    "pm10_ugm3": (99.0, 100.0, 149.9, 150.0, 220.0),
}
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""A log that fails is told as it was found: making it smaller takes minutes."""


class Case(NamedTuple):
    exercise: str | None
    log: list[Arrived]
    seed: int


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zone_city(tmp_path_factory.mktemp("zones"))


@pytest.fixture(scope="module")
def run(seeds: Path) -> ZoneRun:
    return ZoneRun(seeds, PARTITIONS)


def a_log(random: Random, exercise: str | None, run: ZoneRun) -> list[Arrived]:
    """Readings whose time mostly goes on by seconds, sometimes leaps; sensors begin late, pause, repeat and lag."""
    now_ms, log = BEGIN_MS, []
    quiet: Counter[str] = Counter()
    for _ in range(random.randrange(20, 600)):
        now_ms += random.choice([0, 0, 1_000, 5_000, 10_000, 20_000, 60_000])
        if random.random() < 0.01:
            now_ms += random.choice([600_000, 3_600_000])
        sensor = random.choice(SENSORS)
        if random.random() < 0.05:
            quiet[sensor["sensor_id"]] = len(log) + random.randrange(100)
        if quiet[sensor["sensor_id"]] > len(log):
            continue
        log.append(_arrived(random, exercise, run, sensor, now_ms))
        if random.random() < 0.05:
            log.append(log[-1])
    return log


def _arrived(random: Random, exercise: str | None, run: ZoneRun, sensor: dict[str, Any], now_ms: int) -> Arrived:
    lag_ms = random.choice([0, 0, 0, 2_000, 30_000, 61_000, 200_000, 4_000_000])
    value = {"sensor_id": sensor["sensor_id"], "observed_at": format_ms(now_ms - lag_ms)}
    measure = sensor["measures"][0]
    value[measure] = random.choice(VALUES[measure])
    if exercise is not None:
        value["exercise"] = exercise
    partition = run.partition_of(sensor["sensor_id"])
    return Arrived(f"readings.{sensor['domain']}", partition, now_ms, json.dumps(value).encode())


@pytest.mark.slow
@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 32), exercise=st.sampled_from([EXERCISE, None]))
def test_zones_are_as_calculated_through_any_interleaving_and_crash(
    seeds: Path, run: ZoneRun, seed: int, exercise: str | None
) -> None:
    random = Random(seed)
    log = a_log(random, exercise, run)
    calculated = answer_to(log, read_city(seeds), RANGES, exercise)

    for crashes in (0, 2):
        told = run.told(log, random, crashes)
        found = run.alerts(told, random, exercise, restarts=crashes)

        assert {name: alert.complaint for name, alert in found.items() if alert.complaint} == {}
        on_zones = {name: changes for name, changes in calculated.alerts.items() if not name.startswith("river-level")}
        assert {name: alert.changes for name, alert in found.items()} == on_zones


def test_the_logs_of_these_tests_raise_step_and_clear_alerts_of_every_rule(seeds: Path, run: ZoneRun) -> None:
    city, told = read_city(seeds), Counter[str]()
    for seed in range(60):
        random = Random(seed)
        for alert_id, changes in answer_to(a_log(random, EXERCISE, run), city, RANGES, EXERCISE).alerts.items():
            told.update(f"{alert_id.split(':')[0]} {change.transition}" for change in changes)
    rules = {"rain-share", "rain-mean", "jam-everywhere", "clear-nowhere"}
    assert {f"{rule} raised" for rule in rules} | {f"{rule} cleared" for rule in rules} <= set(told)
    assert {"rain-share stepped_up", "rain-mean stepped_down"} <= set(told)


def test_every_zone_has_sensors_in_more_than_one_partition(run: ZoneRun) -> None:
    for zone in {sensor["zone"] for sensor in SENSORS}:
        assert len({run.partition_of(s["sensor_id"]) for s in SENSORS if s["zone"] == zone}) > 1
