"""Which level a report reaches by magnitude, distance and intensity; what it does not say hides nothing and adds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contract.bulletins import Bulletin
from streams.contract.rule_levels import RuleLevel
from streams.engine.announced_levels import distance_of, held_by, reached

POHANG = (129.36, 36.02)


def level(name: str, *when: dict[str, Any]) -> RuleLevel:
    text = {"ko": "{text}", "en": "{text}"}
    said = {"severity": "Minor", "urgency": "Immediate", "certainty": "Observed", "source": "test"}
    return RuleLevel.model_validate(said | {"level": name, "when": list(when), "headline": text, "instruction": text})


LEVELS = [
    level("attention", {"magnitude_at_least": 3, "within_km": 50}, {"magnitude_at_least": 3.5, "within_km": 80}),
    level("alert", {"magnitude_at_least": 4}, {"intensity_at_least": 5}),
]


def report(**said: Any) -> Bulletin:
    texts = {"ko": "지진", "en": "Quake"}
    shape = {"bulletin_id": "q", "kind": "earthquake", "issued_at": "2022-09-06T00:00:00Z", "source": "KMA"}
    return Bulletin.model_validate(shape | {"texts": texts} | said)


def north(km: float) -> dict[str, float]:
    return {"lon": POHANG[0], "lat": POHANG[1] + km / 111.19493}


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ({"magnitude": 3.0, "location": north(49.9)}, 0),
        ({"magnitude": 3.0, "location": north(50.1)}, -1),
        ({"magnitude": 3.5, "location": north(79.9)}, 0),
        ({"magnitude": 3.9, "location": north(80.1)}, -1),
        ({"magnitude": 3.0}, 0),
        ({"magnitude": 2.9}, -1),
        ({"magnitude": 4.0, "location": north(900)}, 1),
        ({"magnitude": 2.0, "intensity": 5, "location": north(900)}, 1),
        ({"magnitude": 2.0, "intensity": 4, "location": north(1)}, -1),
        ({"intensity": 5}, 1),
        ({}, -1),
    ],
)
def test_the_highest_level_of_which_an_alternative_holds_is_reached(said: dict[str, Any], standing: int) -> None:
    assert reached(LEVELS, report(**said), POHANG) == standing


def test_the_first_alternative_that_holds_gives_the_threshold() -> None:
    strong, shaken = report(magnitude=4.2, intensity=6), report(magnitude=2.9, intensity=5)

    by_size, by_intensity = held_by(LEVELS[1], strong, POHANG), held_by(LEVELS[1], shaken, POHANG)

    assert by_size is not None and by_size.magnitude_at_least == 4
    assert by_intensity is not None and by_intensity.magnitude_at_least is None
    assert held_by(LEVELS[1], report(magnitude=3), POHANG) is None


def test_a_distance_is_that_on_the_great_circle_in_whole_metres() -> None:
    seoul = report(location={"lat": 37.5665, "lon": 126.978})
    assert distance_of(seoul, POHANG) == pytest.approx(273.2, abs=0.5)
    across = report(location={"lat": 36.02, "lon": -179.9})
    assert distance_of(across, (179.9, 36.02)) == pytest.approx(18.0, abs=0.1)
    assert distance_of(report(), POHANG) is None
