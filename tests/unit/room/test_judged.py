"""A number that people see as present is what the rule makes of the newest windows, or says what moment it is of."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contract.times import format_ms
from streams.room import city as limits
from streams.room.city import City
from streams.room.judged import judged
from tests.support.room_log import EXERCISE, MINUTE_MS, NOW_MS, SENSORS, Written

HOUR_MS = 60 * MINUTE_MS


@pytest.fixture
def log() -> Written:
    return Written()


def alert_on(log: Written, sensor_id: str, rule_id: str, sequence: int = 1, **more: Any) -> None:
    """An alert of this rule, raised at 90.5."""
    of = {"scope": {"sensor_id": sensor_id}, "measure": SENSORS[sensor_id][2], "sensors": [sensor_id]}
    log.alert(rule_id, sequence, **{"value": 90.5, **of, **more}, rule_id=rule_id)


def now(city: City, rule_id: str, exercise: str | None = None) -> dict[str, Any]:
    """What is told of the alert."""
    view = city.views[exercise]
    return judged(city.watched, view)[rule_id]


def test_a_rule_on_readings_judges_the_newest_reading(log: Written) -> None:
    log.window("river-1", NOW_MS - 10 * MINUTE_MS, 1.5)
    alert_on(log, "river-1", "river-level")
    log.window("river-1", NOW_MS - MINUTE_MS, 2.25)

    found = now(log.city, "river-level")

    assert (found["value"], found["at"]) == (2.25, format_ms(NOW_MS))


@pytest.mark.parametrize(
    ("rule_id", "value"), [("rain-1h", 30.0), ("rain-3h", 90.0), ("rain-12h", 360.0), ("rain-mean", 0.5)]
)
def test_a_sum_slides_over_the_hours_of_its_own_rule(log: Written, rule_id: str, value: float) -> None:
    alert_on(log, "rain-1", rule_id)
    for minute in range(1000, 0, -1):
        log.window("rain-1", NOW_MS - minute * MINUTE_MS, 0.5, final=minute > 1)

    found = now(log.city, rule_id)

    assert (found["value"], found["at"]) == (value, format_ms(NOW_MS))


def test_a_rule_on_final_windows_does_not_see_the_one_that_is_open(log: Written) -> None:
    log.window("air-1", NOW_MS - 2 * HOUR_MS, 160.0, window_s=3600, count=4, sum=640.0)
    log.window("air-1", NOW_MS - HOUR_MS, 300.0, window_s=3600, final=False)
    alert_on(log, "air-1", "dust")

    found = now(log.city, "dust")

    assert (found["value"], found["at"]) == (160.0, format_ms(NOW_MS - HOUR_MS))


def test_a_rule_may_judge_a_window_that_nothing_else_shows(log: Written) -> None:
    alert_on(log, "air-1", "dust-day")
    for day in range(10):
        log.window("air-1", NOW_MS + 24 * (day - 10) * HOUR_MS, 30.0 + day, window_s=86_400, final=day < 9)

    found = now(log.city, "dust-day")

    assert (found["value"], found["at"]) == (38.0, format_ms(NOW_MS - 24 * HOUR_MS))


def test_the_aggregate_is_the_one_that_the_rule_names(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 2.0, max=7.0)
    alert_on(log, "rain-1", "gust")

    assert now(log.city, "gust")["value"] == 7.0


def test_a_rise_is_between_the_oldest_and_the_newest_minute_and_never_guessed(log: Written) -> None:
    alert_on(log, "rain-1", "rain-rise")
    alert_on(log, "rain-1", "rain-rose")
    log.window("rain-1", NOW_MS - 61 * MINUTE_MS, 9.0)
    log.window("rain-1", NOW_MS - MINUTE_MS, 0.5)
    assert now(log.city, "rain-rise")["value"] is None  # one minute says nothing of a rise
    log.window("rain-1", NOW_MS - 30 * MINUTE_MS, 0.7)
    log.window("rain-1", NOW_MS - 60 * MINUTE_MS, 0.4)

    assert now(log.city, "rain-rise")["value"] == 0.1
    assert now(log.city, "rain-rose")["value"] is None  # its window's minutes may be gone


def test_a_sum_of_half_its_minutes_is_never_shown_as_the_whole(log: Written) -> None:
    alert_on(log, "rain-1", "rain-3h")
    first = len(log.records)
    for minute in range(180, 0, -1):
        log.window("rain-1", NOW_MS - minute * MINUTE_MS, 0.5)

    whole = log.read_late(first - 1, complete_from_ms=NOW_MS - 4 * HOUR_MS)
    half = log.read_late(first + 90, complete_from_ms=NOW_MS - 90 * MINUTE_MS)
    half.apply(*log.records[0])

    assert now(whole, "rain-3h")["value"] == 90.0
    assert now(half, "rain-3h") == {"value": None, "at": None, "stepped_at": format_ms(NOW_MS)}


def test_a_gauge_that_began_to_speak_after_the_log_was_read_from_is_whole(log: Written) -> None:
    alert_on(log, "rain-1", "rain-3h")
    log.window("rain-1", NOW_MS - 5 * MINUTE_MS, 3.0)

    city = log.read_late(0, complete_from_ms=NOW_MS - 4 * HOUR_MS)

    assert now(city, "rain-3h")["value"] == 3.0


def test_an_exercise_that_was_read_from_its_middle_waits_until_its_sum_is_whole(log: Written) -> None:
    for minute in range(130):
        log.window("rain-1", NOW_MS + minute * MINUTE_MS, 0.5, exercise=EXERCISE)
    alert_on(log, "rain-1", "rain-1h", exercise=EXERCISE)

    values = {}
    for read in (59, 60):
        city = log.read_late(70, 70 + read, complete_from_ms=0)
        city.apply(*log.records[-1])
        values[read] = now(city, "rain-1h", EXERCISE)["value"]

    assert values == {59: None, 60: 30.0}


def test_minutes_that_found_no_room_are_missed(log: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS_KEPT", 100)
    alert_on(log, "rain-1", "rain-1h")
    alert_on(log, "rain-1", "rain-3h")
    for minute in range(180, 0, -1):
        log.window("rain-1", NOW_MS - minute * MINUTE_MS, 0.5)

    assert now(log.city, "rain-1h")["value"] == 30.0
    assert now(log.city, "rain-3h")["value"] is None


def test_the_moment_of_an_alerts_own_value_is_that_of_its_level_not_of_an_officers_act(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 0.5)
    raised, stepped, acted = (format_ms(NOW_MS + n * MINUTE_MS) for n in range(3))
    seen = []
    alert_on(log, "rain-1", "rain-3h", 1, level="advisory", value=60.5, updated_at=raised)
    seen.append(now(log.city, "rain-3h")["stepped_at"])
    alert_on(log, "rain-1", "rain-3h", 2, level="warning", updated_at=stepped)
    seen.append(now(log.city, "rain-3h")["stepped_at"])
    by = {"by": "이○민", "at": acted, "note": None}
    alert_on(log, "rain-1", "rain-3h", 3, level="warning", updated_at=acted, acknowledged=by)
    seen.append(now(log.city, "rain-3h")["stepped_at"])

    assert seen == [raised, stepped, stepped]


def test_where_only_an_officers_act_is_kept_the_moment_is_unknown(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 0.5)
    acted = format_ms(NOW_MS + MINUTE_MS)
    by = {"by": "이○민", "at": acted, "note": None}

    alert_on(log, "rain-1", "rain-3h", 3, updated_at=acted, acknowledged=by)
    alert_on(log, "rain-1", "rain-1h", 2, updated_at=acted, silenced_until=format_ms(NOW_MS + HOUR_MS))

    assert now(log.city, "rain-3h")["stepped_at"] is None
    assert now(log.city, "rain-1h")["stepped_at"] is None


def test_an_alert_of_no_sensor_or_no_rule_or_that_ended_has_no_present_value(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 0.5)
    log.alert("quake", 1, scope={}, measure=None, value=None, sensors=[])
    alert_on(log, "rain-1", "a-rule-of-yesterday")
    alert_on(log, "rain-1", "rain-1h", cleared_ms=NOW_MS)

    view = log.city.reality
    found = judged(log.city.watched, view)

    assert {alert_id: each["value"] for alert_id, each in found.items()} == {"a-rule-of-yesterday": None}


def test_an_alert_is_judged_anew_when_its_series_or_it_changes(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 0.5)
    log.window("river-1", NOW_MS - MINUTE_MS, 1.0)
    view = log.city.reality
    view.touched.clear()

    alert_on(log, "rain-1", "rain-1h")

    assert view.touched == {("rain-1", "rainfall_mm")}
    assert list(judged(log.city.watched, view, view.touched)) == ["rain-1h"]
    position = log.city.position(NOW_MS)
    alert_on(log, "rain-1", "rain-1h", 2, level="warning")
    missed = log.city.since(view, position)
    assert missed is not None
    assert missed.series == {("rain-1", "rainfall_mm")}


def test_an_alert_on_a_sensor_that_says_nothing_any_more_keeps_its_moment(log: Written) -> None:
    alert_on(log, "rain-1", "rain-3h")

    assert now(log.city, "rain-3h") == {"value": None, "at": None, "stepped_at": format_ms(NOW_MS)}
