"""Random hours of random stations: the index in whole numbers is the one in fractions, and its alerts are the same."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from deploy.oracle.air_quality_index import ENDS, NEXT, index_of
from streams.engine.air_quality_index import HOURS, POLLUTANTS, UNKNOWN, indices
from streams.engine.hourly import HOUR_MS
from tests.support.random_rules import Said, agreed, speaking, write_alike
from tests.support.side_by_side import SideBySide
from tests.support.zone_city import PLACE, level

HISTORIES = 10_000
NAMES = [f"air-{i:03d}" for i in range(150)]
LOGS = 4
MINUTE_MS = 60_000
STATION: dict[str, Any] = {
    "domain": "air-quality",
    "kind": "air-station",
    "zone": "jukdo-dong",
    "place": PLACE,
    "owner": "city",
    "measures": list(POLLUTANTS),
    "interval_s": 3600,
    "delay_s": 1200,
    "period_s": 3600,
    "source": "test",
}
RULE = {
    "rule_id": "index",
    "domain": "air-quality",
    "name": {"ko": "지수", "en": "Index"},
    "when": {"measure": "cai", "window": "final", "window_s": 3600},
    "levels": [
        level("advisory", {"at_least": 101}, {"below": 101, "hold_s": 7200}),
        level("warning", {"at_least": 251, "hold_s": 7200}, {"below": 251}),
    ],
}


def _near(measure: str, rng: random.Random) -> float:
    """A concentration at, beside or between break points, or anywhere up to beyond the last."""
    end, step = float(rng.choice(ENDS[measure][:3])), float(NEXT[measure])
    beside = end + rng.choice((-step, -step / 2, 0, step / 2, step, 1.5 * step))
    return round(rng.choice((beside, beside, rng.random() * 1.2 * float(ENDS[measure][3]))), 6)


def test_whole_numbers_come_to_what_fractions_come_to() -> None:
    rng = random.Random(12)
    hours = np.full((HISTORIES, len(POLLUTANTS), HOURS), UNKNOWN, np.int64)
    wanted, seen = list[int | None](), Counter[str]()
    for station in range(HISTORIES):
        means: dict[str, dict[int, Fraction]] = {measure: {} for measure in POLLUTANTS}
        missing, steady, calm = rng.choice((0, 0, 0.1, 0.3)), rng.random() < 0.5, rng.random() < 0.3
        for number, measure in enumerate(POLLUTANTS):
            base = float(ENDS[measure][number == station % 6]) if calm else _near(measure, rng)
            for hour in range(HOURS):
                value = base * rng.choice((0.9, 1, 1, 1.7)) if steady or calm else _near(measure, rng)
                if rng.random() >= missing:
                    hours[station, number, hour] = round(value * 1_000_000)
                    means[measure][hour * HOUR_MS] = Fraction(int(hours[station, number, hour]), 1_000_000)
        wanted.append(index_of(means, (HOURS - 1) * HOUR_MS))
        seen[_named(wanted[-1])] += 1

    value, known = indices(hours)

    assert [int(v) if k else None for v, k in zip(value, known, strict=True)] == wanted
    assert all(seen[name] > 100 for name in ("unknown", "good or moderate", "unhealthy", "very unhealthy", "500")), seen


def _named(index: int | None) -> str:
    if index is None:
        return "unknown"
    return (
        "500"
        if index == 500
        else "very unhealthy"
        if index > 250
        else "unhealthy"
        if index > 100
        else "good or moderate"
    )


@pytest.mark.parametrize(
    ("measure", "concentration", "published"),
    [
        ("pm25_ugm3", 48, 147),
        ("pm25_ugm3", 21, 64),
        ("pm25_ugm3", 25, 74),
        ("pm25_ugm3", 27, 79),
        ("pm25_ugm3", 23, 69),
        ("no2_ppm", 0.065, 105),
        ("no2_ppm", 0.044, 73),
        ("o3_ppm", 0.066, 80),
        ("o3_ppm", 0.028, 47),
        ("o3_ppm", 0.040, 58),
    ],
)
def test_an_index_is_the_one_that_airkorea_published(measure: str, concentration: float, published: int) -> None:
    hours = np.zeros((1, len(POLLUTANTS), HOURS), np.int64)
    hours[0, POLLUTANTS.index(measure)] = round(concentration * 1_000_000)
    if measure == "pm25_ugm3" and concentration >= 30:  # an hour of 48 beside hours of 48 would weigh three quarters
        hours[0, POLLUTANTS.index(measure)] = _whole_hours(concentration)

    assert indices(hours)[0].tolist() == [published]


def _whole_hours(mean: float) -> list[int]:
    """Hours whose predicted mean is this, in which the last four are too far from the mean of twelve to be damped."""
    recent = round(mean * 1_000_000 * 1.5)
    return [(round(mean * 1_000_000) // 2 * 12 - 4 * recent) // 8] * 8 + [recent] * 4


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    return SideBySide(write_alike(tmp_path_factory.mktemp("index"), STATION, NAMES, [RULE]))


def _past(name: str, rng: random.Random) -> list[Said]:
    """Eighteen hours, some dirty: measures or hours are missing, some come late enough to fill a hole, some twice."""
    said, dirty = [], rng.random() < 0.5
    for hour in range(1, 19):
        at_ms = hour * 3_600_000
        dirty ^= rng.random() < 0.15
        fields = {
            "pm10_ugm3": rng.choice((20, 60, 92, 93, 160)) if dirty else rng.choice((20, 60, 70)),
            "pm25_ugm3": rng.choice((5, 20, 34, 40, 50)) if dirty else rng.choice((5, 20, 30)),
            "o3_ppm": rng.choice((0.091, 0.151, 0.151)) if dirty else rng.choice((0.03, 0.0305, 0.09, 0.0909)),
            "no2_ppm": rng.choice((0.02, 0.06, 0.061)) if dirty else 0.02,
            "co_ppm": rng.choice((1, 9.01)) if dirty else 1,
            "so2_ppm": rng.choice((0.01, 0.051)) if dirty else 0.01,
        }
        for measure in list(fields):
            if rng.random() < 0.04:
                del fields[measure]
        if rng.random() < 0.05 or not fields:
            continue
        late_ms = rng.choice((0, 0, 0, 0, 10 * MINUTE_MS, 100 * MINUTE_MS))
        said.append(Said(at_ms + late_ms + rng.randrange(MINUTE_MS), at_ms, name, fields | {"period_s": 3600}))
        if rng.random() < 0.05:
            said.append(Said(at_ms + late_ms + 2 * MINUTE_MS, at_ms, name, fields | {"period_s": 3600}))
    return said


@pytest.mark.slow
def test_the_index_raises_as_the_calculation_has_it(both: SideBySide) -> None:
    seen = agreed(both, speaking(NAMES, _past, STATION["domain"]), LOGS)

    for happened in (
        "raised advisory",
        "stepped_up warning",
        "stepped_down advisory",
        "cleared -",
    ):
        assert seen[f"index {happened}"] > 10, seen
