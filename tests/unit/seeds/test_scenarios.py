"""Each scenario's records bring what its file promises: the pure stages over them, without Kafka."""

from __future__ import annotations

import gzip
import importlib
import math
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connectors.replay.recording import find_recording
from streams import registry
from streams.contract.times import format_ms
from tests.support.scenario_run import Answer, answer_of, played

pytestmark = pytest.mark.slow  # a day of the whole city goes through every stage
SEEDS = Path(__file__).parents[3] / "seeds"
BUILDERS = {"typhoon": "deploy.seeds.typhoon", "dust-and-quake": "deploy.seeds.dust_and_quake"}
NAMES = sorted(BUILDERS)
MINUTE_S, HOUR_S = 60, 3600
FIRST_ALERT_S = 60
"""Within a minute of wall time someone who starts the hub sees an alert (issue 5)."""


@cache
def promise_of(name: str) -> dict[str, Any]:
    return tomllib.loads((SEEDS / "scenarios" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def answer_to(name: str) -> Answer:
    return answer_of(name, SEEDS, exercise_of(name))


def exercise_of(name: str) -> str:
    return f"{name}-20251124T160000Z"


def said(at: datetime) -> str:
    return format_ms(round(at.timestamp() * 1000))


def when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def alert_lines(name: str) -> dict[tuple[str, str, str], list[str]]:
    """By (rule, scope, onset): each transition as one line of text; as promised."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for alert in promise_of(name)["expects"]["alerts"]:
        states = [f"{said(s['at'])} {s['transition']} {s.get('level', '-')}" for s in alert["states"]]
        lines[alert["rule_id"], alert["scope"], said(alert["onset"])] = states
    return lines


def alert_answers(name: str) -> dict[tuple[str, str, str], list[str]]:
    """As `alert_lines`, as the hub answered."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for alert_id, states in answer_to(name).alerts.items():
        scope = alert_id.removesuffix(f":{exercise_of(name)}").split(":", 1)[1]
        if states[0]["scope"]["sensor_id"]:
            scope = scope.rsplit(":", 1)[0]
        key = states[0]["rule_id"], scope, states[0]["onset"]
        lines[key] = [f"{s['updated_at']} {s['transition']} {s['level'] or '-'}" for s in states]
    return lines


@pytest.mark.parametrize("name", NAMES)
def test_the_records_are_what_their_builder_makes(name: str, tmp_path: Path) -> None:
    builder = importlib.import_module(BUILDERS[name])
    again, shipped = tmp_path / "again.ndjson.gz", SEEDS / "scenarios" / f"{name}.ndjson.gz"
    builder.build(SEEDS, again)
    # What is packed, not the packing: that may differ between versions of zlib.
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(shipped.read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_the_fate_that_was_promised(name: str) -> None:
    expected = promise_of(name)["expects"]["values"]
    found = {outcome: answer_to(name).values[outcome] for outcome in ("forwarded", *expected)}
    assert found == {"forwarded": 0} | expected


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_record_is_refused_for_the_promised_reason(name: str) -> None:
    assert answer_to(name).rejected == Counter(promise_of(name)["expects"]["rejected"])


@pytest.mark.parametrize("name", NAMES)
def test_the_promised_alerts_come_with_each_transition_and_no_other_comes(name: str) -> None:
    assert alert_answers(name) == alert_lines(name)


def test_the_answer_does_not_depend_on_how_the_log_is_cut() -> None:
    name = "dust-and-quake"  # the shorter one; the engine's own tests cut logs at every place
    other, whole = answer_of(name, SEEDS, exercise_of(name), chunk=7), answer_to(name)
    assert (other.values, other.rejected) == (whole.values, whole.rejected)
    assert other.alerts == whole.alerts
    assert other.windows == whole.windows


@pytest.mark.parametrize("name", NAMES)
def test_deadlines_are_met_by_a_rule_that_they_name(name: str) -> None:
    deadlines = promise_of(name)["expects"].get("deadlines", [])
    for deadline in deadlines:
        met = [
            states[0]["onset"]
            for states in answer_to(name).alerts.values()
            if states[0]["rule_id"] in deadline["rule_ids"] and deadline["zone"] in states[0]["area"]
        ]
        assert met and min(map(when, met)) < deadline["before"], deadline


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_has_its_reason_and_every_window_a_series(name: str) -> None:
    expects = promise_of(name)["expects"]
    city = registry.load(SEEDS)
    for part in (*expects["alerts"], *expects.get("deadlines", []), *expects["windows"]):
        assert len(part["reason"]) > 20
    for window in expects["windows"]:
        assert window["measure"] in city.sensors[window["sensor_id"]].measures
        assert answer_to(name).windows[window["sensor_id"], window["measure"], window["window_s"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_alert_comes_within_a_minute_of_wall_time(name: str) -> None:
    promise = promise_of(name)
    first_s = FIRST_ALERT_S * promise["default_speed"]
    begins = next(record.at_ms for record, _, _ in played(name, SEEDS, exercise_of(name)))
    assert begins is not None
    onsets = [when(states[0]["onset"]).timestamp() for states in answer_to(name).alerts.values()]
    assert min(onsets) < begins / 1000 + first_s


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_in_order_of_arrival_small_and_within_its_times(name: str) -> None:
    promise = promise_of(name)
    arrivals = [record.at_ms for record, _, _ in played(name, SEEDS, exercise_of(name))]
    assert all(at is not None for at in arrivals)
    assert arrivals == sorted(arrivals, key=lambda at: at or 0)
    assert promise["begins"] <= datetime.fromtimestamp((arrivals[0] or 0) / 1000, UTC)
    assert datetime.fromtimestamp((arrivals[-1] or 0) / 1000, UTC) <= promise["ends"]
    assert find_recording(name, SEEDS).path.stat().st_size < 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_a_sensor_speaks_as_often_as_the_registry_says_and_once_at_a_time(name: str) -> None:
    city = registry.load(SEEDS)
    for (sensor_id, measure, window_s), windows in answer_to(name).windows.items():
        if window_s != MINUTE_S:
            continue
        starts = [when(start) for start in sorted(windows)]
        gaps = {(b - a).total_seconds() for a, b in pairwise(starts)}
        assert min(gaps, default=math.inf) >= city.sensors[sensor_id].interval_s, sensor_id
        assert {window["count"] for window in windows.values()} == {1}, (sensor_id, measure)


@pytest.mark.parametrize(
    ("sensor_id", "begin", "end", "total"),
    [
        ("weather-pohang", "04:00", "05:00", "77.0"),  # imaeil 2022090605314792686
        ("weather-pohang", "05:00", "06:00", "70.9"),  # imaeil 2022090606470018492
        ("weather-pohang", "00:00", "06:00", "330.6"),  # the same
        ("weather-pohang", "00:00", "10:00", "342.4"),  # biz.chosun A5SEHTS62FAXHPJQ6VGPSI7KOY
        ("weather-guryongpo", "05:00", "07:00", "160.0"),  # newsway 2022090608062374158
        ("weather-guryongpo", "05:30", "06:30", "110.0"),  # the city's greatest hour, imaeil 2022090615290279579
    ],
)
def test_typhoon_reproduces_the_published_rain_to_the_tenth(sensor_id: str, begin: str, end: str, total: str) -> None:
    first, last = (datetime.fromisoformat(f"2022-09-06T{time}:00+09:00") for time in (begin, end))
    minutes = answer_to("typhoon").windows[sensor_id, "rainfall_mm", MINUTE_S]
    fallen = [Decimal(str(window["sum"])) for start, window in minutes.items() if first <= when(start) < last]
    assert len(fallen) == (last - first).total_seconds() / MINUTE_S
    assert sum(fallen) == Decimal(total)


@pytest.mark.parametrize(
    ("sensor_id", "at", "stage_m"),
    [
        ("river-gangdong-bridge", "06:10", 5.71),  # observed, nocut 2022-09-06
        ("river-hyeongsan-bridge", "06:00", 2.50),  # expected at 05:10, mbn 4837445
        ("river-hyeongsan-bridge", "07:00", 3.02),  # expected at 06:10, etoday 2170258
    ],
)
def test_typhoon_reproduces_the_published_stages(sensor_id: str, at: str, stage_m: float) -> None:
    minutes = answer_to("typhoon").windows[sensor_id, "water_level_m", MINUTE_S]
    assert minutes[said(datetime.fromisoformat(f"2022-09-06T{at}:00+09:00"))]["last"] == stage_m


def test_typhoon_reaches_the_published_peak_at_hyeongsan_bridge() -> None:
    minutes = answer_to("typhoon").windows["river-hyeongsan-bridge", "water_level_m", MINUTE_S]
    assert max(window["max"] for window in minutes.values()) == 3.61  # imaeil 2023081014033624003


def test_no_hour_of_typhoon_has_more_rain_than_the_greatest_that_was_published() -> None:
    greatest = {
        sensor_id: greatest_hour_mm(windows)
        for (sensor_id, measure, window_s), windows in answer_to("typhoon").windows.items()
        if (measure, window_s) == ("rainfall_mm", MINUTE_S)
    }
    assert max(greatest.values()) == greatest.pop("weather-guryongpo") == Decimal("110.0")  # imaeil 2022090615290279579
    assert max(greatest.values()) < Decimal("110.0")


def greatest_hour_mm(minutes: dict[str, dict[str, Any]]) -> Decimal:
    """The most rain in any 60 minutes, of which each that is missing has none."""
    fallen = {when(start): Decimal(str(window["sum"])) for start, window in minutes.items()}
    hours = ([start + timedelta(minutes=i) for i in range(60)] for start in fallen)
    return max(sum((fallen.get(minute, Decimal(0)) for minute in hour), Decimal(0)) for hour in hours)


def test_no_two_gauges_of_typhoon_have_the_same_storm() -> None:
    series = answer_to("typhoon").windows
    gauges = sorted(sensor_id for sensor_id, measure, s in series if (measure, s) == ("rainfall_mm", MINUTE_S))
    storms = {
        gauge: tuple(window["sum"] for _, window in sorted(series[gauge, "rainfall_mm", MINUTE_S].items()))
        for gauge in gauges
    }
    assert len(set(storms.values())) == len(gauges) == 28
    # nor do their alerts come in one minute
    onsets = Counter(onset for rule_id, _, onset in alert_answers("typhoon") if rule_id == "heavy-rain-3h")
    assert max(onsets.values()) <= 2, onsets


def test_the_three_zones_of_the_naengcheon_are_named_an_hour_before_it_overflows() -> None:
    overflow = datetime.fromisoformat("2022-09-06T06:00:00+09:00")
    named = {
        zone: min(
            when(states[0]["onset"])
            for states in answer_to("typhoon").alerts.values()
            if states[0]["rule_id"] == "extreme-rain" and zone in states[0]["area"]
        )
        for zone in ("ocheon-eup", "jecheol-dong", "cheongnim-dong")
    }
    assert max(named.values()) <= overflow - timedelta(minutes=60), named


def test_every_alert_of_typhoon_has_its_end() -> None:
    assert [key for key, states in alert_answers("typhoon").items() if " cleared " not in states[-1]] == []


def test_what_has_no_power_is_silent_and_its_alert_outlasts_the_silence() -> None:
    windows, lines = answer_to("typhoon").windows, alert_lines("typhoon")
    for sensor_id, measure, rule_id, back in (
        ("wind-posco-works", "wind_gust_ms", "strong-gust", "09:40"),
        ("road-cheolgang-ro", "speed_kmh", "road-jam", "10:10"),
    ):
        lost_at, back_at = (said(datetime.fromisoformat(f"2022-09-06T{at}:00+09:00")) for at in ("07:00", back))
        spoken = sorted(windows[sensor_id, measure, MINUTE_S])
        assert spoken[spoken.index(lost_at) + 1] == back_at
        ends = [states[-1] for (rule, scope, _), states in lines.items() if (rule, scope) == (rule_id, sensor_id)]
        assert len(ends) == 1
        assert ends[0] > back_at


def test_a_gateway_that_was_cut_off_ends_with_all_that_its_gauge_measured() -> None:
    measured: dict[datetime, Decimal] = {}
    for record, _, _ in played("typhoon", SEEDS, exercise_of("typhoon")):
        value = record.value or {}
        if value.get("sensor_id") == "rain-haedo":
            at = when(value["observed_at"])
            hour = (at - timedelta(minutes=1)).replace(minute=0)  # it speaks for the minute that ends
            measured[hour] = measured.get(hour, Decimal(0)) + Decimal(str(value["rainfall_mm"]))
    evening = datetime.fromisoformat("2022-09-06T18:00:00+09:00")  # the hour after it is still open at the end
    windows = answer_to("typhoon").windows["rain-haedo", "rainfall_mm", HOUR_S]
    assert {when(start): Decimal(str(window["sum"])) for start, window in windows.items()} == {
        hour: mm for hour, mm in measured.items() if hour < evening
    }
    hole = said(datetime.fromisoformat("2022-09-06T03:00:00+09:00"))
    assert windows[hole]["count"] == HOUR_S / MINUTE_S
