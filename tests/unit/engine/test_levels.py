"""Every cell of an alert's state table: raise, hold, step up, step down, clear, gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.levels import Judged, LevelState, Threshold

HOUR_MS = 3_600_000

PM10 = (
    Threshold("advisory", 150, 2 * HOUR_MS, 100, 0),
    Threshold("warning", 300, 2 * HOUR_MS, 150, 0),
)
"""대기환경보전법 시행규칙 별표 7, 미세먼지(PM-10): 150 and 300 µg/m³ held for 2 h; ended below 100 and 150."""
GAUGE = (
    Threshold("attention", 1, 0, 0.9, 0),
    Threshold("caution", 2, 0, 1.9, 0),
    Threshold("alert", 3, 0, 2.9, 0),
    Threshold("serious", 4, 0, 3.9, 0),
)
HELD_END = (Threshold("advisory", 10, 0, 5, 2 * HOUR_MS),)
COLD = (Threshold("advisory", -12, 0, -10, 0), Threshold("warning", -15, 0, -12, 0))
"""Below its threshold; it ends above another."""

TABLES = {
    "hourly means that must hold for two hours": (
        PM10,
        HOUR_MS,
        False,
        """
        09:00  149  none      -             below 150
        10:00  150  none      -             150 is at least 150, but not yet 2 h
        11:00  150  advisory  raised        held 2 h
        12:00  300  advisory  -             warning not yet held
        13:00  310  warning   stepped_up    held 2 h
        14:00  150  warning   -             150 is not below 150
        15:00  149  advisory  stepped_down  one step at a time
        16:00  100  advisory  -             100 is not below 100
        17:00   99  none      cleared       below 100
        """,
    ),
    "up at once to the highest level that holds": (
        PM10,
        HOUR_MS,
        False,
        """
        10:00  400  none      -             not yet 2 h
        11:00  400  warning   raised        both hold, the higher counts
        12:00   10  advisory  stepped_down  down one level per window
        13:00   10  none      cleared       and the next
        """,
    ),
    "a value between leaving and reaching keeps the level": (
        PM10,
        HOUR_MS,
        False,
        """
        10:00  150  none      -
        11:00  150  advisory  raised
        12:00  120  advisory  -             neither reached nor left
        13:00  160  advisory  -             already there
        14:00   99  none      cleared
        15:00  150  none      -             begins anew
        16:00  150  advisory  raised
        """,
    ),
    "a dip ends what had been held": (
        PM10,
        HOUR_MS,
        False,
        """
        10:00  150  none      -
        11:00  149  none      -             the hour before counts no more
        12:00  150  none      -
        13:00  150  advisory  raised
        """,
    ),
    "a duration never runs over a gap": (
        PM10,
        HOUR_MS,
        False,
        """
        10:00  150  none      -
        12:00  150  none      -             11:00 is missing: 1 h held
        13:00  150  advisory  raised
        15:00  310  advisory  -             14:00 is missing
        16:00  310  warning   stepped_up
        """,
    ),
    "a gap alone ends nothing": (
        PM10,
        HOUR_MS,
        False,
        """
        10:00  150  none      -
        11:00  150  advisory  raised
        19:00  160  advisory  -             unknown in between, still above
        23:00   99  none      cleared
        """,
    ),
    "single readings of a gauge": (
        GAUGE,
        0,
        False,
        """
        05:00  0.99  none       -
        05:10  1.00  attention  raised
        05:20  3.10  alert      stepped_up    two levels at once
        05:30  2.90  alert      -             2.90 is not below 2.90
        05:40  0.10  caution    stepped_down
        05:50  0.10  attention  stepped_down
        06:00  4.00  serious    stepped_up
        06:10  0.10  alert      stepped_down
        06:20  0.10  caution    stepped_down
        06:30  0.10  attention  stepped_down
        06:40  0.10  none       cleared
        """,
    ),
    "an end that must hold too": (
        HELD_END,
        HOUR_MS,
        False,
        """
        10:00  10  advisory  raised
        11:00   4  advisory  -             1 h below
        12:00   5  advisory  -             5 is not below 5
        13:00   4  advisory  -
        14:00   4  none      cleared       2 h below
        """,
    ),
    "an end never runs over a gap": (
        HELD_END,
        HOUR_MS,
        False,
        """
        10:00  10  advisory  raised
        11:00   4  advisory  -
        13:00   4  advisory  -             12:00 is missing
        14:00   4  none      cleared
        """,
    ),
    "low values": (
        COLD,
        0,
        True,
        """
        05:00  -11.9  none      -
        05:10  -12.0  advisory  raised        at most -12
        05:20  -15.0  warning   stepped_up
        05:30  -12.0  warning   -             -12 is not above -12
        05:40  -11.0  advisory  stepped_down
        05:50  -10.0  advisory  -
        06:00   -9.9  none      cleared
        """,
    ),
}


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


@pytest.mark.parametrize("name", TABLES)
def test_state_table(name: str) -> None:
    thresholds, width_ms, below, text = TABLES[name]
    state, step = LevelState(), 0
    for line in text.strip().splitlines():
        at, value, level, transition = line.split()[:4]
        start_ms = _minutes(at)
        judged = Judged(float(value), start_ms, start_ms + width_ms)
        gap_ms = 0 if width_ms else 600_000

        change = state.judge(thresholds, judged, below=below, tolerated_gap_ms=gap_ms)

        assert (change.transition if change else "-") == transition, line
        assert (thresholds[state.position].level if state.position >= 0 else "none") == level, line
        if change is not None:
            step = 1 if transition == "raised" else step + 1
            assert (change.step, change.value, change.at_ms) == (step, float(value), judged.end_ms), line


def test_an_alerts_onset_completes_the_condition_and_its_condition_began_with_the_first_window() -> None:
    state, found = LevelState(), []
    for hour, value in ((9, 10), (10, 150), (11, 160), (12, 300), (13, 300), (14, 10), (15, 10)):
        judged = Judged(value, hour * HOUR_MS, (hour + 1) * HOUR_MS)
        change = state.judge(PM10, judged, below=False, tolerated_gap_ms=0)
        if change:
            found.append((change.transition, change.condition_since_ms // HOUR_MS, change.onset_ms // HOUR_MS))
    assert found == [
        ("raised", 10, 12),
        ("stepped_up", 10, 12),
        ("stepped_down", 10, 12),
        ("cleared", 10, 12),
    ]


def test_a_calm_state_is_not_worth_keeping_and_a_met_condition_is() -> None:
    state = LevelState()
    state.judge(PM10, Judged(10, HOUR_MS, 2 * HOUR_MS), below=False, tolerated_gap_ms=0)
    assert state.is_calm
    state.judge(PM10, Judged(150, 2 * HOUR_MS, 3 * HOUR_MS), below=False, tolerated_gap_ms=0)
    assert not state.is_calm


def test_an_alert_raised_again_within_its_second_goes_on_with_its_steps() -> None:
    quick = (Threshold("advisory", 10, 0, 5, 0),)
    state, steps = LevelState(), []
    for at_ms, value in ((1000, 20), (1200, 1), (1400, 20), (1600, 1), (2100, 20)):
        change = state.judge(quick, Judged(value, at_ms, at_ms), below=False, tolerated_gap_ms=60_000)
        assert change is not None
        steps.append((change.onset_ms // 1000, change.step))
        if value == 1:
            assert not state.is_calm
    assert steps == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 500, width=16)), max_size=40), st.data())
def test_a_state_kept_and_loaded_again_goes_on_as_if_it_had_not_been(
    values: list[tuple[int, float]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(values)))
    straight, kept, hour = LevelState(), LevelState(), 0
    for i, (gap, value) in enumerate(values):
        if i == at:
            kept = LevelState(*kept.state())
        hour += gap
        judged = Judged(value, hour * HOUR_MS, (hour + 1) * HOUR_MS)
        args = {"below": False, "tolerated_gap_ms": 0}
        assert straight.judge(PM10, judged, **args) == kept.judge(PM10, judged, **args)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 500, width=16)), max_size=60))
def test_levels_rise_only_where_they_held_and_fall_one_by_one(values: list[tuple[int, float]]) -> None:
    state, hour, history = LevelState(), 0, list[tuple[int, float]]()
    for gap, value in values:
        hour += gap
        history.append((hour, value))
        before = state.position
        state.judge(PM10, Judged(value, hour * HOUR_MS, (hour + 1) * HOUR_MS), below=False, tolerated_gap_ms=0)
        held = [_held(history, 150), _held(history, 300)]
        highest = 1 if held[1] >= 2 else 0 if held[0] >= 2 else -1
        left = before >= 0 and value < PM10[before].leave
        assert state.position == (highest if highest > before else before - left)


def _held(history: list[tuple[int, float]], least: float) -> int:
    """Hours without a gap, up to the last one, that reach `least`."""
    n, expected = 0, history[-1][0]
    for hour, value in reversed(history):
        if hour != expected or value < least:
            break
        n, expected = n + 1, hour - 1
    return n


@pytest.mark.parametrize(("gap_ms", "is_raised"), [(90_000, True), (90_001, False)])
def test_what_a_sensor_leaves_between_two_readings_is_no_gap_and_a_millisecond_more_is(
    gap_ms: int,
    is_raised: bool,
) -> None:
    held = (Threshold("advisory", 10, 60_000, 5, 0),)
    state = LevelState()
    state.judge(held, Judged(10, 0, 0), below=False, tolerated_gap_ms=90_000)
    change = state.judge(held, Judged(10, gap_ms, gap_ms), below=False, tolerated_gap_ms=90_000)
    assert (change is not None) == is_raised
