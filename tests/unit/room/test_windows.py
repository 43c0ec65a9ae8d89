"""What is kept of a series: the newest windows, each in its best state."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streams.contract.times import to_ms
from streams.contract.windows import Window
from streams.room.windows import Row, Rows, decode_window
from tests.support.room_log import MINUTE_MS, NOW_MS, SENSORS, window

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def _row(n: int = 1, *, revision: int = 0, final: bool = False, last: float = 1.0) -> Row:
    return Row(n, 1.0, 1.0, 1.0, last, revision, final)


@given(
    st.sampled_from(sorted(SENSORS)),
    NUMBERS,
    st.integers(0, 2**32).map(lambda n: n * 1000),
    st.booleans(),
    st.booleans(),
)
def test_a_window_is_understood_as_the_contract_says(
    sensor_id: str, value: float, after_ms: int, final: bool, in_exercise: bool
) -> None:
    extra = {"exercise": "typhoon-20251124T160000Z"} if in_exercise else {}
    text = json.dumps(window(sensor_id, 946_684_800_000 + after_ms, value, final=final, a_field_of_tomorrow=1, **extra))
    model, understood = Window.model_validate_json(text), decode_window(text.encode())
    for name in ("exercise", "sensor_id", "measure", "window_s", "count", "sum", "min", "max", "last", "final"):
        assert getattr(understood, name) == getattr(model, name), name
    assert to_ms(understood.start) == to_ms(model.start)


def test_the_newest_windows_are_kept() -> None:
    rows = Rows()
    for minute in (3, 1, 4, 0, 5, 2):
        rows.put(minute * MINUTE_MS, _row(), kept=3)
    assert list(rows.between(0, 10 * MINUTE_MS)) == [3 * MINUTE_MS, 4 * MINUTE_MS, 5 * MINUTE_MS]
    assert rows.newest_ms == 5 * MINUTE_MS


@given(st.permutations([_row(1), _row(2), _row(3), _row(3, final=True), _row(4, final=True, revision=1)]))
def test_a_repeated_early_state_never_replaces_a_better_one(states: list[Row]) -> None:
    rows = Rows()
    for state in states:
        rows.put(NOW_MS, state, kept=10)
    assert rows.newest() == _row(4, final=True, revision=1)


def test_rows_come_back_with_what_they_had() -> None:
    rows = Rows()
    row = Row(3, 0.30000000000000004, -1.5, 1e300, 0.1, 7, True)
    rows.put(NOW_MS, row, kept=1)
    assert rows.at(NOW_MS) == row
    assert row.mean == 0.30000000000000004 / 3
