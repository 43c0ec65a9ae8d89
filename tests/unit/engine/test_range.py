"""How much a value changes within a final window: judged where the window is full enough, and of sensors only."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deploy.rules.judged import of_windows
from streams.contract.rules import Rule
from streams.contract.windows import Window
from streams.engine.rules import least_readings
from tests.support.timeline import RIVER, Partition, level, rule

WHEN: dict[str, Any] = {
    "measure": "water_level_m",
    "window": "final",
    "window_s": 3600,
    "aggregate": "range",
    "direction": "below",
}
STUCK = rule("stuck", WHEN, level("attention", {"at_most": 0.01}, {"above": 0.02}))


def changes(*metres: float | None, more: str = "12:00") -> list[tuple[str, float]]:
    """What an hour of these comes to, a value every ten minutes from 10:00 on."""
    p = Partition([RIVER], [STUCK])
    for n, value in enumerate(metres):
        if value is not None:
            p.reads(f"{10 + n // 6:02d}:{n % 6}0", "river-1", water_level_m=value)
    p.reads(more, "river-1", water_level_m=9)
    p.reads("14:00", "river-1", water_level_m=9)
    return [(e["transition"], e["value"]) for e in p.events()]


def test_an_hour_in_which_nothing_changes_is_stuck() -> None:
    assert changes(0.5, 0.5, 0.5, 0.5, 0.5, 0.5) == [("raised", 0.0)]
    assert changes(0.5, 0.51, 0.5, 0.5, 0.5, 0.5) == [("raised", 0.01)]
    assert changes(0.5, 0.511, 0.5, 0.5, 0.5, 0.5) == []


def test_it_ends_when_it_changes_enough() -> None:
    still, moving = [0.5] * 6, [0.5, 0.521, 0.5, 0.5, 0.5, 0.5]
    assert changes(*still, *moving, more="13:00") == [("raised", 0.0), ("cleared", 0.021)]
    assert changes(*still, 0.5, 0.52, 0.5, 0.5, 0.5, 0.5, more="13:00") == [("raised", 0.0)]


def test_a_window_with_too_few_readings_says_nothing() -> None:
    assert changes(0.5, 0.5, 0.5, 0.5, None, None) == []
    assert changes(0.5, 0.5, 0.5, 0.5, 0.5, None) == [("raised", 0.0)]
    assert [least_readings(STUCK.when, s) for s in (60, 600, 900, 3600) if STUCK.when] == [45, 5, 3, 2]


def test_an_explanation_leaves_out_what_was_not_judged() -> None:
    said = {"sensor_id": "a", "zone": "z", "measure": "temperature_c", "window_s": 3600, "final": True, "revision": 0}
    said |= {"start": "2022-09-06T00:00:00Z", "end": "2022-09-06T01:00:00Z", "sum": 1, "mean": 1, "last": 1}
    windows = [Window.model_validate(said | {"count": n, "min": 0.1, "max": 0.3}) for n in (44, 45)]

    assert [judged.value for judged in of_windows(windows, "range", 45)] == [0.2]


@pytest.mark.parametrize(
    ("when", "raised", "told"),
    [
        ({"window": "reading", "window_s": None}, {"at_most": 0}, "write window = 'final'"),
        ({"window": "sliding"}, {"at_most": 0}, "take sum, mean or rise"),
        ({"scope": "zone", "zone": {"judge": "max"}}, {"at_most": 0}, "which hold no range"),
        ({}, {"at_most": -0.1}, "never below zero"),
        ({"direction": "above"}, {"gauge_level": "caution"}, "heights, not ranges"),
    ],
)
def test_what_is_no_range_is_refused(when: dict[str, Any], raised: dict[str, Any], told: str) -> None:
    clear = {"below_gauge_level": "caution"} if "gauge_level" in raised else {"above": 1}
    with pytest.raises(ValidationError, match=told):
        Rule.model_validate(STUCK.model_dump() | {"when": WHEN | when, "levels": [level("attention", raised, clear)]})
