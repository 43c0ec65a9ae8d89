"""The independent calculation on small timelines, each with its right answer worked out by hand beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.oracle import Answer, Arrived, City, answer_to
from deploy.oracle.records import Refused, instant_ms, reading_of
from streams.contract.times import format_ms, parse_ms
from tests.support.storm_city import RANGES, storm_city

EXERCISE = "storm-1"
DOMAIN = {"air-1": "air-quality", "road-1": "traffic"}
MEASURE = {
    "rain-1": "rainfall_mm",
    "river-1": "water_level_m",
    "river-2": "water_level_m",
    "wind-1": "wind_gust_ms",
    "air-1": "pm10_ugm3",
    "road-1": "speed_kmh",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return storm_city(tmp_path_factory.mktemp("storm"))


def at(time: str) -> int:
    """`HH:MM` or `HH:MM:SS` of the day, UTC."""
    return parse_ms(f"2022-09-05T{time if time.count(':') == 2 else f'{time}:00'}Z")


def clock(instant: int) -> str:
    return format_ms(instant)[11:16]


def reading(sensor_id: str, time: str, value: float, **more: Any) -> Arrived:
    said = {"sensor_id": sensor_id, "observed_at": format_ms(at(time)), "exercise": EXERCISE, MEASURE[sensor_id]: value}
    return Arrived(f"readings.{DOMAIN.get(sensor_id, 'disaster')}", 0, 0, json.dumps(said | more).encode())


def table(sensor_id: str, text: str) -> list[Arrived]:
    """A reading per line: time and value; what stands behind them is for people."""
    rows = (line.split() for line in text.strip().splitlines())
    return [reading(sensor_id, row[0], float(row[1])) for row in rows]


def life(answer: Answer, alert_id: str) -> list[str]:
    """An alert's transitions as `raised advisory 10:03 25.0`."""
    return [f"{c.transition} {c.level} {clock(c.at_ms)} {c.value}" for c in answer.alerts[alert_id]]


@pytest.fixture
def answer(city: City) -> Callable[..., Answer]:
    return lambda *records: answer_to(records, city, RANGES, EXERCISE)


def test_an_alert_goes_up_at_once_and_down_one_level_at_a_time(answer: Callable[..., Answer]) -> None:
    # gust: advisory from 20 held 180 s, cleared below 18.5 held 120 s; warning from 26, left below 24
    log = table(
        "wind-1",
        """
        10:00 20.0   first minute of three
        10:01 21.0
        10:02 22.0   10:00-10:03 is 180 s: advisory at 10:03
        10:03 26.0   warning at once, at the end of its minute
        10:04 24.0   not below 24
        10:05 18.4   below 24: one level down; first minute below 18.5
        10:06 18.4   10:05-10:07 is 120 s: cleared at 10:07
        10:09 17.0   closes the minutes before it
        """,
    )
    assert life(answer(*log), "gust:wind-1:20220905T100300Z") == [
        "raised advisory 10:03 22.0",
        "stepped_up warning 10:04 26.0",
        "stepped_down advisory 10:06 18.4",
        "cleared None 10:07 18.4",
    ]


def test_a_duration_never_runs_over_a_gap(answer: Callable[..., Answer]) -> None:
    # three minutes above 20, but none for 10:02: the run begins anew at 10:03
    log = table("wind-1", "10:00 21\n10:01 21\n10:03 21\n10:04 21\n10:05 21\n10:08 1")
    found = answer(*log)
    assert list(found.alerts) == ["gust:wind-1:20220905T100600Z"]
    assert clock(found.alerts["gust:wind-1:20220905T100600Z"][0].condition_since_ms) == "10:03"


def test_hysteresis_keeps_an_alert_between_its_two_thresholds(answer: Callable[..., Answer]) -> None:
    # river attention: from 1.0, cleared below 0.9 (its own level less the margin of 0.1)
    found = answer(*table("river-1", "10:00 0.99\n10:10 1.0\n10:20 0.95\n10:30 0.9\n10:40 0.89\n10:50 1.0"))
    assert life(found, "river-level:river-1:20220905T101000Z") == [
        "raised attention 10:10 1.0",
        "cleared None 10:40 0.89",
    ]
    assert life(found, "river-level:river-1:20220905T105000Z") == ["raised attention 10:50 1.0"]


def test_it_is_raised_in_the_highest_level_that_holds(answer: Callable[..., Answer]) -> None:
    # 3.2 m is of `alert` (3.0) at once; `caution` (2.0) would have to hold 600 s
    found = answer(*table("river-1", "10:00 0.5\n10:10 3.2"))
    assert life(found, "river-level:river-1:20220905T101000Z") == ["raised alert 10:10 3.2"]


def test_rain_is_summed_over_the_hour_that_slides(answer: Callable[..., Answer]) -> None:
    # 31 minutes of 1 mm: the 30th brings 30 mm at 10:30; then it is dry, and at 11:11:59 only 19 mm are left
    rain = [reading("rain-1", f"10:{m:02d}:30", 1.0) for m in range(31)]
    dry = [reading("rain-1", f"{10 + m // 60}:{m % 60:02d}:30", 0.0) for m in range(31, 80)]
    found = answer(*rain, *dry)
    assert life(found, "rain-hour:rain-1:20220905T103000Z") == [
        "raised advisory 10:30 30.0",
        "cleared None 11:12 19.0",  # 10:12 to 10:30 are nineteen minutes
    ]


def test_hourly_means_hold_two_hours(answer: Callable[..., Answer]) -> None:
    # dust advisory: hourly mean of at least 150, held 7200 s; the station publishes 15 min late (delay_s = 900)
    hourly = [(11, 150.0), (12, 149.9), (13, 150.0), (14, 160.0), (15, 100.0), (16, 99.9), (18, 1.0)]
    found = answer(*(reading("air-1", f"{hour}:00", value, period_s=3600) for hour, value in hourly))
    assert life(found, "dust-hour:air-1:20220905T140000Z") == [
        "raised advisory 14:00 160.0",
        "cleared None 16:00 99.9",
    ]
    # the mean stamped 13:00 is the hour 12-13
    assert found.windows["air-1", "pm10_ugm3", 3600, at("12:00")].mean == 150.0


def test_a_rule_for_low_values_is_the_same_upside_down(answer: Callable[..., Answer]) -> None:
    # slow road: from 20 km/h down, cleared above 30
    found = answer(*table("road-1", "10:00 21\n10:01 20\n10:02 30\n10:03 30.1\n10:06 60"))
    assert life(found, "slow-road:road-1:20220905T100200Z") == ["raised caution 10:02 20.0", "cleared None 10:04 30.1"]


def test_what_becomes_of_values(answer: Callable[..., Answer]) -> None:
    found = answer(
        reading("rain-1", "10:00:10", 1.0),
        reading("rain-1", "10:00:10", 9.0),  # a repeat: the first stays
        reading("rain-1", "10:00:40", 2.0),
        reading("rain-1", "10:01:00", 4.0, quality="suspect"),  # enters nothing
        reading("rain-1", "10:02:00", 4.0),  # watermark 10:01: the window of 10:00 is final
        reading("rain-1", "10:00:50", 8.0),  # late
        reading("rain-1", "10:03:00", 600.0),  # above what a gauge can say
    )
    assert found.values == {"windowed": 3, "duplicate": 1, "late": 1, "set_aside": 1, "rejected": 1}
    assert found.refused == {"late": 1, "out_of_range": 1}
    window = found.windows["rain-1", "rainfall_mm", 60, at("10:00")]
    assert (window.count, window.sum, window.mean, window.min, window.max, window.last) == (2, 3.0, 1.5, 1.0, 2.0, 2.0)
    assert window.final
    assert not found.windows["rain-1", "rainfall_mm", 60, at("10:02")].final


def test_a_gateway_that_comes_back_fills_its_hole(answer: Callable[..., Answer]) -> None:
    found = answer(
        reading("wind-1", "10:30", 1.0),
        reading("rain-1", "10:05", 1.0),  # behind the watermark of 10:29, but its own window was never final
        reading("rain-1", "10:05:20", 2.0),
        reading("wind-1", "10:31", 1.0),  # watermark 10:30: a minute after the last that entered, so it is final
        reading("rain-1", "10:05:40", 4.0),  # late
        reading("wind-1", "11:01:30", 1.0),  # the hour is final
        reading("rain-1", "10:50", 8.0),
        reading("wind-1", "11:03", 1.0),
    )
    assert found.values == {"windowed": 7, "late": 1}
    assert found.windows["rain-1", "rainfall_mm", 60, at("10:05")].sum == 3.0
    hour = found.windows["rain-1", "rainfall_mm", 3600, at("10:00")]
    assert (hour.sum, hour.final, hour.revision) == (11.0, True, 1)
    assert not found.alerts


def test_a_value_older_than_a_day_is_late(answer: Callable[..., Answer]) -> None:
    later = {"observed_at": "2022-09-06T10:01:00.000Z"}
    found = answer(
        reading("wind-1", "00:00", 1.0, **later),  # watermark 10:00 of the next day
        reading("rain-1", "10:00:00", 1.0),
        reading("rain-1", "09:59:59", 1.0),
    )
    assert found.values == {"windowed": 2, "late": 1}


def test_another_exercise_is_another_world(answer: Callable[..., Answer]) -> None:
    found = answer(
        reading("rain-1", "10:00", 1.0),
        reading("rain-1", "23:00", 1.0, exercise="other"),
        reading("rain-1", "22:00", 1.0, exercise=None),
        reading("rain-1", "10:00:30", 2.0),
    )
    assert found.values == {"windowed": 2}
    assert found.windows["rain-1", "rainfall_mm", 60, at("10:00")].sum == 3.0


def bulletin(revision: int, magnitude: float, issued: str, **more: Any) -> Arrived:
    said = {
        "bulletin_id": "quake-1",
        "revision": revision,
        "kind": "earthquake",
        "issued_at": format_ms(at(issued)),
        "occurred_at": format_ms(at("05:29:31")),
        "source": "KMA",
        "texts": {"ko": "지진", "en": "Earthquake"},
        "magnitude": magnitude,
        "exercise": EXERCISE,
    }
    return Arrived("bulletins", 0, 0, json.dumps(said | more).encode())


def test_an_alert_follows_the_revisions_of_its_announcement(answer: Callable[..., Answer]) -> None:
    found = answer(
        bulletin(0, 5.5, "05:30"),
        bulletin(2, 5.4, "05:50"),
        bulletin(1, 5.6, "05:40"),  # came after its successor: changes nothing
        bulletin(2, 5.4, "05:50"),  # the same once more: changes nothing
        bulletin(3, 5.3, "06:10"),
        bulletin(4, 5.3, "06:20", cancelled=True),
    )
    assert life(found, "earthquake:quake-1") == [
        "raised warning 05:30 5.5",
        "stepped_down advisory 05:50 5.4",
        "revised advisory 06:10 5.3",
        "cleared None 06:20 5.3",
    ]
    assert {clock(c.onset_ms) for c in found.alerts["earthquake:quake-1"]} == {"05:29"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2022-09-05T10:00:00", "bad_time"),
        ("2022-09-05 10:00:00Z", "bad_time"),
        ("2022-02-30T10:00:00Z", "bad_time"),
        ("1999-12-31T23:59:59Z", "bad_time"),
        (5, "bad_type"),
    ],
)
def test_a_time_that_is_none_is_refused(text: Any, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        instant_ms(text)
    assert refused.value.reason == reason


def test_a_time_is_cut_to_milliseconds() -> None:
    assert instant_ms("2022-09-06T00:00:00.9999+09:00") == instant_ms("2022-09-05T15:00:00.999Z")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "empty"),
        (b"{", "malformed"),
        (b"[]", "malformed"),
        (b"\xff", "malformed"),
        (b"{" + b" " * 65_536 + b"}", "too_large"),
        (b'{"observed_at":"2022-09-05T10:00:00Z","rainfall_mm":1}', "missing_field"),
        (b'{"sensor_id":"r","observed_at":"2022-09-05T10:00:00Z"}', "no_measure"),
        (b'{"sensor_id":"r","observed_at":"2022-09-05T10:00:00Z","rainfall_mm":null}', "no_measure"),
        (b'{"sensor_id":"r","observed_at":"2022-09-05T10:00:00Z","rainfall_mm":true}', "bad_type"),
        (b'{"sensor_id":"r","observed_at":"2022-09-05T10:00:00Z","rainfall_mm":500.1}', "out_of_range"),
    ],
)
def test_a_record_that_is_no_reading_is_refused(value: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        reading_of(value, RANGES["disaster"])
    assert refused.value.reason == reason


def test_a_margin_is_as_exact_as_the_seeds_say_it(tmp_path: Path) -> None:
    # 8.3 less 0.1 is 8.2 for people; as binary fractions it is a little more, and 8.2 m would clear the alert
    city = storm_city(tmp_path)
    levels = [8.3, 8.2, 8.1]
    found = answer_to(
        [reading("river-2", f"10:{10 * i:02d}", level) for i, level in enumerate(levels)], city, RANGES, EXERCISE
    )
    assert life(found, "river-level:river-2:20220905T100000Z")[1] == "cleared None 10:20 8.1"
