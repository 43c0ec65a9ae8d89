"""The same records give the same city; nothing of an exercise touches reality; what is unknown is said to be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contract.alerts import Bilingual
from streams.registry import Registry
from streams.room import city as limits
from streams.room import picture
from streams.room.city import City
from streams.room.view import View
from tests.support.room_log import (
    EXERCISE,
    MINUTE_MS,
    NOW_MS,
    PARTITIONS,
    Written,
    alert,
    bulletin,
    small_registry,
    window,
)

HOUR_MS = 60 * MINUTE_MS
STORM_MS = 1_662_408_000_000  # 2022-09-06 05:00 KST
NAMES = {"typhoon": Bilingual(ko="태풍", en="Typhoon")}


@pytest.fixture
def log() -> Written:
    return Written()


@pytest.fixture
def registry() -> Registry:
    return small_registry()


def _status(log: Written, registry: Registry, view: View, now_ms: int = NOW_MS) -> dict[str, Any]:
    return picture.status(log.city, registry, NAMES, view, now_ms)


def _zone(
    log: Written, registry: Registry, zone: str, view: View | None = None, now_ms: int = NOW_MS
) -> dict[str, Any]:
    found: dict[str, Any] = _status(log, registry, view or log.city.reality, now_ms)["zones"][zone]
    return found


def _shown(view: View, now_ms: int = NOW_MS) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = orjson.loads(orjson.dumps(picture.alerts(view, now_ms)))
    return shown


def test_the_latest_value_is_the_last_of_the_newest_minute(log: Written) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 2.0)
    log.window("rain-1", NOW_MS - 3 * MINUTE_MS, 9.0)
    latest = picture.values(log.city.reality, log.city.reality.series)["latest"]["rain-1"]["rainfall_mm"]
    assert latest == {"value": 2.0, "at": "2025-11-24T16:00:00.000Z", "window_s": 60, "kind": "last", "hour_sum": 11.0}


def test_the_rain_of_the_last_hour_slides_by_the_minute(log: Written) -> None:
    for minute in range(61, 0, -1):
        log.window("rain-1", NOW_MS - minute * MINUTE_MS, 0.1)
    latest = picture.values(log.city.reality, log.city.reality.series)["latest"]["rain-1"]["rainfall_mm"]
    assert latest["hour_sum"] == 6.0


def test_the_hour_is_that_of_the_newest_hourly_window(log: Written) -> None:
    log.window("air-1", NOW_MS - 2 * HOUR_MS, 80.0, window_s=3600)
    log.window("air-1", NOW_MS - HOUR_MS, 160.0, window_s=3600, final=False, count=2, sum=320.0)
    hour = picture.values(log.city.reality, log.city.reality.series)["hour"]["air-1"]["pm10_ugm3"]
    assert (hour["mean"], hour["sum"], hour["start"], hour["final"]) == (
        *(160.0, 320.0, "2025-11-24T15:00:00.000Z", False),
    )


@pytest.mark.parametrize(
    ("sensor_id", "age_s", "how"),
    [
        ("road-1", 120, "fresh"),
        ("road-1", 121, "stale"),
        ("road-1", 240, "stale"),
        ("road-1", 241, "absent"),
        ("air-1", 900 + 7200, "fresh"),  # published a quarter of an hour late by nature
        ("air-1", 900 + 7201, "stale"),
    ],
)
def test_a_sensor_is_judged_by_its_own_interval_and_delay(
    log: Written, registry: Registry, sensor_id: str, age_s: int, how: str
) -> None:
    log.window(sensor_id, NOW_MS - MINUTE_MS)
    sensor = registry.sensors[sensor_id]
    spoken_ms = log.city.reality.spoken_ms[sensor_id]
    assert spoken_ms == NOW_MS
    assert picture.freshness(sensor, spoken_ms, NOW_MS + age_s * 1000) == how


def test_an_open_window_of_reality_is_not_of_the_future(log: Written) -> None:
    log.window("road-1", NOW_MS, final=False, arrived_ms=NOW_MS + 4_000)
    assert log.city.reality.spoken_ms["road-1"] == NOW_MS + 4_000


def test_a_window_that_becomes_final_makes_its_sensor_no_fresher(log: Written) -> None:
    log.window("road-1", NOW_MS, final=False, arrived_ms=NOW_MS + 4_000)
    log.window("road-1", NOW_MS, final=True, arrived_ms=NOW_MS + 120_000)
    assert log.city.reality.spoken_ms["road-1"] == NOW_MS + 4_000


def test_a_sensor_that_never_spoke_is_absent_in_reality(log: Written, registry: Registry) -> None:
    rows = {(row["owner"], row["domain"]): row for row in _status(log, registry, log.city.reality)["sources"]}
    assert rows["river-office", "disaster"] == {
        "owner": "river-office",
        "domain": "disaster",
        "sensors": 1,
        "fresh": 0,
        "stale": 0,
        "absent": 1,
        "last_at": None,
    }
    assert sum(row["sensors"] for row in rows.values()) == 4


def test_in_an_exercise_only_a_sensor_that_spoke_in_it_counts(log: Written, registry: Registry) -> None:
    log.window("river-1", STORM_MS, exercise=EXERCISE)
    log.window("road-1", NOW_MS - MINUTE_MS)
    status = _status(log, registry, log.city.views[EXERCISE])
    assert [(row["owner"], row["domain"], row["fresh"]) for row in status["sources"]] == [
        ("river-office", "disaster", 1)
    ]
    assert {zone: each["state"] for zone, each in status["zones"].items()} == {
        "ocheon-eup": "calm",
        "daesong-myeon": "unknown",
        "jukdo-dong": "unknown",
    }


def test_an_exercise_ages_by_its_own_clock(log: Written, registry: Registry) -> None:
    log.window("rain-1", STORM_MS, exercise=EXERCISE)
    log.window("river-1", STORM_MS + 30 * MINUTE_MS, exercise=EXERCISE)
    status = _status(log, registry, log.city.views[EXERCISE], NOW_MS + 24 * HOUR_MS)
    assert status["clock"] == "2022-09-05T20:31:00.000Z"
    rows = {row["owner"]: row for row in status["sources"]}
    assert (rows["river-office"]["fresh"], rows["city"]["absent"]) == (1, 1)


def test_a_zone_without_a_fresh_sensor_is_unknown_not_calm(log: Written, registry: Registry) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS)
    assert _zone(log, registry, "ocheon-eup")["state"] == "calm"
    assert _zone(log, registry, "ocheon-eup", now_ms=NOW_MS + 2 * MINUTE_MS + 1)["state"] == "unknown"
    assert _zone(log, registry, "jukdo-dong")["state"] == "unknown"


def test_a_zone_shows_its_worst_active_alert_even_without_data(log: Written, registry: Registry) -> None:
    log.alert("a", 1, "caution")
    log.alert("b", 1, "advisory", scope={}, zone=None, sensors=[], area=["ocheon-eup", "jukdo-dong"][:1])
    log.alert("c", 1, "warning", sensors=["rain-1"], zone=None, area=[])
    zone = _zone(log, registry, "ocheon-eup")
    assert (zone["state"], zone["level"], zone["rank"], zone["alert_ids"]) == ("alert", "warning", 3, ["c", "a", "b"])
    log.alert("c", 2, cleared_ms=NOW_MS)
    assert _zone(log, registry, "ocheon-eup")["alert_ids"] == ["a", "b"]


def test_an_alert_on_the_whole_city_colours_no_zone(log: Written, registry: Registry) -> None:
    everywhere = ["ocheon-eup", "daesong-myeon", "jukdo-dong"]
    log.alert("quake", 1, "serious", scope={}, zone=None, sensors=[], area=everywhere)
    assert {each["state"] for each in _status(log, registry, log.city.reality)["zones"].values()} == {"unknown"}
    assert [each["alert_id"] for each in _shown(log.city.reality)] == ["quake"]


def test_the_highest_sequence_of_an_alert_is_its_state_whatever_the_order(log: Written) -> None:
    for sequence, level in ((2, "caution"), (1, "attention"), (3, "alert")):
        log.alert("a", sequence, level)  # type: ignore[arg-type]
    assert [(each["sequence"], each["level"]) for each in _shown(log.city.reality)] == [(3, "alert")]
    life = log.city.alert("a")
    assert life is not None
    assert sorted(life.states) == [1, 2, 3]


def test_a_state_that_is_repeated_is_told_once(log: Written) -> None:
    assert log.alert("a", 1) is not None
    assert log.alert("a", 1) is None


def test_cleared_alerts_are_shown_for_a_day_of_the_views_clock(log: Written) -> None:
    log.alert("old", 1, cleared_ms=NOW_MS - 25 * HOUR_MS)
    log.alert("new", 1, cleared_ms=NOW_MS - 23 * HOUR_MS)
    log.alert("long", 1, onset_ms=NOW_MS - 90 * HOUR_MS)
    assert [each["alert_id"] for each in _shown(log.city.reality)] == ["long", "new"]
    log.alert("then", 1, cleared_ms=STORM_MS, onset_ms=STORM_MS, exercise=EXERCISE)
    log.window("rain-1", STORM_MS + 23 * HOUR_MS, exercise=EXERCISE)
    assert [each["alert_id"] for each in _shown(log.city.views[EXERCISE])] == ["then"]


def test_a_deleted_alert_is_gone(log: Written) -> None:
    log.alert("a", 1)
    log.write("alerts", "a", None)
    assert log.city.alert("a") is None


def test_a_bulletin_is_its_highest_revision(log: Written) -> None:
    log.bulletin("quake", 1, magnitude=5.4)
    assert log.bulletin("quake", 0, magnitude=5.5) is None
    shown = orjson.loads(orjson.dumps(picture.bulletins(log.city.reality, NOW_MS)))
    assert [each["magnitude"] for each in shown] == [5.4]


def test_nothing_of_an_exercise_changes_reality(log: Written, registry: Registry) -> None:
    log.window("rain-1", NOW_MS - MINUTE_MS, 1.0)
    before = _status(log, registry, log.city.reality), picture.values(log.city.reality, log.city.reality.series)
    log.window("rain-1", NOW_MS - MINUTE_MS, 99.0, exercise=EXERCISE)
    log.alert("a", 1, "serious", exercise=EXERCISE)
    log.bulletin("quake", exercise=EXERCISE)
    after = _status(log, registry, log.city.reality), picture.values(log.city.reality, log.city.reality.series)
    assert {**after[0], "exercises": []} == {**before[0], "exercises": []}
    assert after[1] == before[1]
    assert _shown(log.city.reality) == []
    assert picture.bulletins(log.city.reality, NOW_MS) == []


def test_exercises_are_listed_newest_first_with_their_scenarios_name(log: Written, registry: Registry) -> None:
    log.window("rain-1", STORM_MS, exercise="drill", arrived_ms=NOW_MS - 2 * MINUTE_MS)
    log.window("rain-1", STORM_MS, exercise=EXERCISE, arrived_ms=NOW_MS)
    listed = _status(log, registry, log.city.reality)["exercises"]
    assert [(each["exercise"], each["name"]["ko"], each["running"]) for each in listed] == [
        *((EXERCISE, "태풍", True), ("drill", "drill", False)),
    ]


def test_the_exercise_that_was_silent_longest_gives_way(log: Written) -> None:
    for number in range(limits.EXERCISES_KEPT + 1):
        log.window("rain-1", STORM_MS, exercise=f"e-{number}", arrived_ms=NOW_MS + (number + 1) % 5)
    assert len(log.city.views) == limits.EXERCISES_KEPT + 1
    assert "e-4" not in log.city.views


def test_memory_is_bounded(log: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS_KEPT", 100)
    monkeypatch.setattr(limits, "ALERTS_KEPT", 3)
    for minute in range(300):
        log.window("rain-1", NOW_MS + minute * MINUTE_MS)
    assert len(log.city.reality.series["rain-1", "rainfall_mm"].minutes) == 75
    for number in range(5):
        log.alert(f"c-{number}", 1, cleared_ms=NOW_MS + number)
    log.alert("open", 1, onset_ms=NOW_MS - HOUR_MS)
    for sequence in range(1, 100):
        log.alert("open", sequence)
    assert sorted(log.city.reality.alerts) == ["c-3", "c-4", "open"]
    assert min(log.city.reality.alerts["open"].states) == 100 - limits.STATES_KEPT


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"sensor_id":"rain-1"}', b"\xff\xfe", b"null"])
@pytest.mark.parametrize("topic", ["alerts", "bulletins", "windows.disaster"])
def test_a_record_that_is_none_of_the_contracts_is_told_and_counts_as_applied(
    log: Written, topic: str, value: bytes
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        log.write(topic, "rain-1", value)
    assert sum(log.city.applied.values()) == 1


NUMBERS = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([-1, 0, 2**32, 2**70])
)
TIMES = st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2022-09-05T20:10:00Z",
        "2022-09-05T20:10:00",
        "9998-12-31T23:59:00+09:00",
    ]
)
ODD = st.one_of(
    st.none(), st.booleans(), NUMBERS, TIMES, st.text(max_size=5), st.lists(st.text(max_size=2), max_size=2)
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_record_can_break_the_room(data: st.DataObject) -> None:
    """Whatever is written to these topics, the picture can still be drawn."""
    log = Written()
    topic, good = data.draw(
        st.sampled_from(
            [("windows.disaster", window("rain-1", NOW_MS)), ("alerts", alert("a", 1)), ("bulletins", bulletin("b"))]
        )
    )
    times = sorted(name for name, value in good.items() if str(value).startswith("2025-"))
    names = st.sampled_from(times) | st.sampled_from(sorted(good))
    odd = {
        name: data.draw(TIMES if name in times else ODD) for name in data.draw(st.sets(names, min_size=1, max_size=3))
    }
    for exercise in (None, EXERCISE):
        with suppress(ValueError):
            log.write(topic, "a", {**good, **odd, "exercise": exercise})
    for view in log.city.views.values():
        orjson.dumps(picture.status(log.city, small_registry(), NAMES, view, NOW_MS))
        orjson.dumps([picture.values(view, view.series), picture.alerts(view, NOW_MS), picture.bulletins(view, NOW_MS)])


def test_windows_of_strangers_take_no_memory(log: Written) -> None:
    log.write("windows.disaster", "x", {**window("rain-1", NOW_MS), "sensor_id": "unregistered"})
    log.write("windows.disaster", "rain-1", {**window("rain-1", NOW_MS), "window_s": 600})
    assert not log.city.reality.series


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["window", "alert", "bulletin"]),
        st.sampled_from([None, EXERCISE, "drill"]),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=40,
)


def _act(log: Written, act: tuple[str, str | None, int, int]) -> None:
    kind, exercise, number, which = act
    extra = {} if exercise is None else {"exercise": exercise}
    if kind == "window":
        log.window(("rain-1", "river-1", "air-1", "road-1")[which], NOW_MS + number * MINUTE_MS, float(number), **extra)
    elif kind == "alert":
        log.alert(f"a-{which}:{exercise}", number + 1, **extra)
    else:
        log.bulletin(f"b-{which}", number, **extra)


def _all(city: City) -> dict[str | None, Any]:
    return {
        exercise: orjson.dumps(
            [picture.values(view, sorted(view.series)), picture.alerts(view, NOW_MS), picture.bulletins(view, NOW_MS)]
        )
        for exercise, view in city.views.items()
    }


@settings(max_examples=60, deadline=None)
@given(ACTS, st.integers(0, 40))
def test_a_browser_that_was_away_knows_the_same_after_what_it_missed(
    acts: list[tuple[str, str | None, int, int]], seen: int
) -> None:
    log = Written()
    for act in acts[:seen]:
        _act(log, act)
    position = log.city.position(NOW_MS)
    values = {e: {key: picture.values(v, [key]) for key in v.series} for e, v in log.city.views.items()}
    sequences = {e: {a: life.newest.sequence for a, life in v.alerts.items()} for e, v in log.city.views.items()}
    for act in acts[seen:]:
        _act(log, act)
    for city in (log.city, log.again()):  # the room that went on, and one that was restarted
        assert _all(city) == _all(log.city)
        for exercise, view in city.views.items():
            missed = city.since(view, position)
            assert missed is not None
            known = dict(sequences.get(exercise, {}))
            for change in missed.changes:
                if change.kind == "alert":
                    state = orjson.loads(change.text)
                    known[state["alert_id"]] = max(state["sequence"], known.get(state["alert_id"], 0))
            assert known == {alert_id: life.newest.sequence for alert_id, life in view.alerts.items()}
            for key in view.series.keys() - missed.series:
                assert picture.values(view, [key]) == values[exercise][key]


def test_a_position_that_cannot_be_continued_says_so(log: Written) -> None:
    log.window("rain-1", NOW_MS)
    log.alert("a", 1)
    ahead = log.city.position(NOW_MS)
    fresh = City(small_registry(), ())
    fresh.begin(log.city.log, dict.fromkeys(PARTITIONS, 0), unread=(), complete_from_ms=0, cut={})
    assert fresh.since(fresh.reality, ahead) is None  # the room knows less than the browser
    old = log.again(complete_from_ms=NOW_MS + 1)
    assert old.since(old.reality, ahead) is None  # windows between the two were never read
    log.write("alerts", "a", None)
    assert log.city.since(log.city.reality, ahead) is None  # an end that has no record to tell it
    assert log.city.since(log.city.reality, log.city.position(NOW_MS)) is not None


def test_a_browser_that_missed_too_much_begins_anew(log: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLAYED_STATES", 2)
    position = log.city.position(NOW_MS)
    for sequence in (1, 2, 3):
        log.alert("a", sequence)
    assert log.city.since(log.city.reality, position) is None
