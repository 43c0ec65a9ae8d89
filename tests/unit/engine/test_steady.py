"""What is passed over as steady changes nothing: the states are those of values that are all judged one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.levels import Judged, LevelState
from streams.engine.panes import PANE_MS
from streams.engine.rules import CompiledRule, compiled
from streams.engine.series import Series
from streams.engine.standing import Standing
from tests.support.timeline import level, roster_of, rule, sensor

SENSORS = [sensor(f"s-{number}") for number in range(4)]
WHEN = {"measure": "water_level_m", "window": "final", "window_s": 60, "aggregate": "last"}
HIGH = rule(
    "high",
    WHEN,
    level("attention", {"at_least": 1}, {"below": 1, "hold_s": 120}),
    level("caution", {"at_least": 2, "hold_s": 120}, {"below": 1.8}),
    level("alert", {"at_least": 3}, {"below": 0.5, "hold_s": 180}),
)
"""The highest level is left last, so that a lower one has been left for long when its turn comes."""
LOW = rule(
    "low",
    WHEN | {"direction": "below"},
    level("attention", {"at_most": 2}, {"above": 2.5, "hold_s": 120}),
    level("caution", {"at_most": 1, "hold_s": 120}, {"above": 3}),
)
VALUES = st.sampled_from([0.4, 0.5, 0.9, 1.0, 1.5, 1.8, 2.0, 2.4, 2.5, 2.6, 3.0, 3.1])
MINUTES = st.lists(st.lists(st.none() | VALUES, min_size=4, max_size=4), min_size=1, max_size=40)


def _standing_and_one_by_one(
    one: CompiledRule, minutes: list[list[float | None]]
) -> tuple[list[Any], list[Any], dict[Any, Any], dict[Any, Any]]:
    standing, states = Standing(), {s: LevelState() for s in range(4)}
    found, wanted = [], []
    series = Series(roster_of(SENSORS))
    series.of(np.arange(4), np.full(4, one.measure))
    for number, values in enumerate(minutes):
        some = [s for s, value in enumerate(values) if value is not None]
        start_ms = number * PANE_MS
        columns = np.array(some, np.int64), np.array(some, np.int64), np.array([values[s] for s in some], np.float64)
        ends = np.full(len(some), start_ms + PANE_MS)
        found += [(number, f.series, f.change) for f in standing.judge(0, one, *columns, ends - PANE_MS, ends)]
        for s in some:
            judged = Judged(float(values[s] or 0), start_ms, start_ms + PANE_MS)
            change = states[s].judge(one.thresholds[s], judged, below=one.below, tolerated_gap_ms=int(one.gap_ms[s]))
            wanted += [] if change is None else [(number, s, change)]
            if states[s].is_calm:
                states[s] = LevelState()
    kept = {s: state for _, s, state, _ in standing.state([one], series)["standing"]}
    return found, wanted, kept, {s: state.state() for s, state in states.items() if state.last_end_ms}


@settings(max_examples=300)
@given(minutes=MINUTES, below=st.booleans())
def test_what_is_passed_over_changes_nothing(minutes: list[list[float | None]], below: bool) -> None:
    (one,) = compiled([LOW if below else HIGH], roster_of(SENSORS))

    found, wanted, kept, judged = _standing_and_one_by_one(one, minutes)

    assert found == wanted
    assert kept == judged


def test_an_alert_that_stays_as_it_is_is_passed_over() -> None:
    (one,) = compiled([HIGH], roster_of(SENSORS))
    standing, series = Standing(), np.arange(4)

    def looked_at(value: float, minute: int) -> int:
        ends = np.full(4, (minute + 1) * PANE_MS)
        list(standing.judge(0, one, series, series, np.full(4, value), ends - PANE_MS, ends))
        steady = standing.steady[0]
        lowest = one.lowest[series]
        return int(steady.unsteady(series, np.full(4, value), lowest, once=True).sum())

    assert looked_at(1.5, 0) == 0, "it stands, and waits for nothing"
    assert looked_at(0.9, 1) == 4, "it waits for the end of its duration"
    assert looked_at(2.0, 2) == 4, "it waits for the next level's"
    assert [looked_at(2.0, minute) for minute in (3, 4)] == [0, 0], "two minutes of it have stepped it up"
