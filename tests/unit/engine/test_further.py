"""A level that asks for a further value: reached by both together, left by its own value alone, refitted when it changes."""

from __future__ import annotations

import pytest

from streams.contract.further import Also
from streams.engine.levels import Judged, LevelState, Threshold
from streams.engine.refit import JudgedBy, refitted

MINUTE_MS = 60_000
OF_THREE_HOURS = Also("rainfall_mm", 10_800, "sum", 90, None)
HOUR = (Threshold("warning", 50, 0, 40, 0, (OF_THREE_HOURS,), 72),)
HELD = (Threshold("warning", 50, 2 * MINUTE_MS, 40, 0, (OF_THREE_HOURS,)),)
LOW = (Threshold("advisory", 5, 0, 9, 0, (OF_THREE_HOURS,), 2),)


def steps(thresholds: tuple[Threshold, ...], *said: tuple[float, bool], below: bool = False) -> list[str]:
    """What comes of values, one a minute, each with whether the further condition holds."""
    state, found = LevelState(), []
    for minute, (value, joins) in enumerate(said, 1):
        judged = Judged(value, minute * MINUTE_MS, (minute + 1) * MINUTE_MS, (joins,))
        change = state.judge(thresholds, judged, below=below, tolerated_gap_ms=0)
        found.append("-" if change is None else f"{change.transition} {change.value:g}")
    return found


@pytest.mark.parametrize(
    ("said", "happens"),
    [
        ([(50, False), (50, True)], ["-", "raised 50"]),
        ([(49.9, True), (50, True)], ["-", "raised 50"]),
        ([(71.9, False), (72, False)], ["-", "raised 72"]),
        ([(60, True), (60, False), (40, False), (39.9, True)], ["raised 60", "-", "-", "cleared 39.9"]),
        ([(60, True), (39.9, True), (60, False), (60, True)], ["raised 60", "cleared 39.9", "-", "raised 60"]),
    ],
    ids=["the other is missing", "both are needed", "alone", "its end is its own", "raised anew by both"],
)
def test_a_level_is_reached_by_both_and_left_by_its_own_value(
    said: list[tuple[float, bool]], happens: list[str]
) -> None:
    assert steps(HOUR, *said) == happens


def test_a_duration_is_of_both_together() -> None:
    assert steps(HELD, (60, True), (60, False), (60, True), (60, True)) == ["-", "-", "-", "raised 60"]


def test_what_reaches_its_threshold_alone_neither_raises_nor_ends_what_stands() -> None:
    assert steps(HELD, (60, True), (60, True), (60, False), (60, False)) == ["-", "raised 60", "-", "-"]


def test_low_values_join_as_high_ones_do() -> None:
    assert steps(LOW, (5, False), (5, True), below=True) == ["-", "raised 5"]
    assert steps(LOW, (2.1, False), (2, False), below=True) == ["-", "raised 2"]


@pytest.mark.parametrize(
    ("now", "held"),
    [
        (HELD, True),
        ((HELD[0]._replace(also=(OF_THREE_HOURS._replace(at_least=91),)),), False),
        ((HELD[0]._replace(also=()),), False),
        ((HELD[0]._replace(alone=72),), False),
    ],
    ids=["the same", "another bound", "no further condition", "another way to reach it"],
)
def test_what_has_held_by_a_changed_condition_has_not_held(now: tuple[Threshold, ...], held: bool) -> None:
    state = LevelState(met_since=[MINUTE_MS], left_since=[None], last_end_ms=2 * MINUTE_MS)
    kept = [[*each[:5], [list(also) for also in each.also], each.alone] for each in HELD]

    refitted(state, JudgedBy(None, kept), JudgedBy(None, now))

    assert state.met_since == [MINUTE_MS if held else None]


def test_a_checkpoint_of_before_there_were_further_conditions_is_read() -> None:
    plain = (Threshold("warning", 50, 2 * MINUTE_MS, 40, 0),)
    state = LevelState(0, [MINUTE_MS], [None], 2 * MINUTE_MS, MINUTE_MS, MINUTE_MS, 1)

    assert refitted(state, JudgedBy(None, [list(plain[0][:5])]), JudgedBy(None, plain)) is None
    assert (state.position, state.met_since) == (0, [MINUTE_MS])
