"""The shipped rules say what law and institutions say, in both languages, and the engine reads them so."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest

from streams.contract.alerts import Bilingual
from streams.contract.readings import MEASURES
from streams.contract.rules import Rule
from streams.contract.sensors import City, GaugeLevels, Place, Sensor, SensorKind
from streams.engine.levels import Judged, LevelState, Threshold
from streams.engine.roster import roster
from streams.engine.rules import compiled
from streams.rulebook import load

SEEDS = Path(__file__).parents[3] / "seeds"
RULES = {rule.rule_id: rule for rule in load(SEEDS)}
TEXTS = [
    (f"{rule.rule_id}/{level.level}/{name}", text)
    for rule in RULES.values()
    for level in rule.levels
    for name, text in (("headline", level.headline), ("instruction", level.instruction))
]
SAID_BY_SENSORS = {"zone", "sensor", "value", "threshold", "unit", "level", "place"}
SAID_BY_BULLETINS = SAID_BY_SENSORS | {"magnitude", "text"}
KINDS: dict[str, tuple[SensorKind, float]] = {
    "pm10_ugm3": ("air-station", 3600),
    "pm25_ugm3": ("air-station", 3600),
    "o3_ppm": ("air-station", 3600),
    "rainfall_mm": ("rain-gauge", 60),
    "water_level_m": ("river-gauge", 600),
    "wind_speed_ms": ("wind-station", 60),
    "wind_gust_ms": ("wind-station", 60),
    "speed_kmh": ("road-link", 300),
    "pga_gal": ("seismic-station", 60),
}
HANGUL = re.compile("[가-힣]")


def thresholds_of(rule: Rule) -> tuple[tuple[Threshold, ...], int]:
    """The rule's levels for a sensor that it watches, and the gap that the engine tolerates."""
    assert rule.when is not None
    kind, interval_s = KINDS[rule.when.measure]
    sensor = Sensor(
        sensor_id="s",
        domain=rule.domain,
        kind=kind,
        name=Bilingual(ko="센서", en="Sensor"),
        zone="z",
        place=Place(lat=36, lon=129, source="test", certainty="exact"),
        owner="o",
        measures=[rule.when.measure],
        interval_s=interval_s,
        source="test",
        gauge_levels=GaugeLevels(attention=2.0, caution=2.5, alert=3.0, serious=4.0, source="test")
        if kind == "river-gauge"
        else None,
    )
    city = City(name=Bilingual(ko="시", en="City"), centre=(129, 36), time_zone="Asia/Seoul", domains={})
    (one,) = compiled([rule], roster(rule.domain, [sensor], city, {}, lambda _: 0))
    return one.thresholds[0], int(one.gap_ms[0])


def judged(rule_id: str, table: str, window: timedelta) -> list[tuple[str, str, str]]:
    """Run a table of `end value | transition` lines through the rule; returns (end, said, found) of each line."""
    rule = RULES[rule_id]
    assert rule.when is not None
    thresholds, gap_ms = thresholds_of(rule)
    state, out = LevelState(), []
    for line in table.strip().splitlines():
        at, value, _, said = (*line.split(maxsplit=3), "")[:4]
        end = datetime.fromisoformat(f"2024-01-01T{at}:00+09:00")
        end_ms, start_ms = (round(t.timestamp() * 1000) for t in (end, end - window))
        change = state.judge(
            thresholds,
            Judged(float(value), start_ms, end_ms),
            below=rule.when.direction == "below",
            tolerated_gap_ms=gap_ms,
        )
        found = (
            "-" if change is None
            else change.transition if change.position < 0
            else f"{change.transition} {thresholds[change.position].level}"
        )  # fmt: skip
        out.append((at, said.split("#")[0].strip(), found))
    return out


HOUR, MINUTE, READING = timedelta(hours=1), timedelta(minutes=1), timedelta(0)
TABLES = {
    # 대기환경보전법 시행규칙 별표 7: 150 for 2 h, ends below 100; 300 for 2 h, below 150 becomes an advisory.
    "pm10": (HOUR, """
        09:00 149 | -
        10:00 150 | -                   # 150 is at least 150, but not yet 2 h
        11:00 150 | raised advisory     # two hours
        12:00 300 | -                   # warning not yet held
        13:00 310 | stepped_up warning
        14:00 150 | -                   # 150 is not below 150
        15:00 149 | stepped_down advisory
        16:00 100 | -                   # 100 is not below 100
        17:00  99 | cleared
        """),
    # the same table: 75 for 2 h, ends below 35; 150 for 2 h, below 75 becomes an advisory
    "pm25": (HOUR, """
        09:00  74.9 | -
        10:00  75   | -
        11:00  75   | raised advisory
        12:00 150   | -
        13:00 150   | stepped_up warning
        14:00  75   | -
        15:00  74   | stepped_down advisory
        16:00  35   | -
        17:00  34.9 | cleared
        """),
    # the same table: 0.12, 0.3, 0.5 ppm in any one hour, each ends below itself, one level at a time
    "ozone": (HOUR, """
        12:00 0.119 | -
        13:00 0.12  | raised advisory
        14:00 0.5   | stepped_up serious_warning
        15:00 0.29  | stepped_down warning
        16:00 0.29  | stepped_down advisory
        17:00 0.12  | -
        18:00 0.119 | cleared
        """),
    # 황사경보: 800 for 2 h
    "yellow-dust": (HOUR, """
        09:00 800 | -
        10:00 800 | raised warning
        11:00 799 | cleared
        """),
    # 호우주의보 60 mm, 호우경보 90 mm in 3 h
    "heavy-rain-3h": (timedelta(hours=3), """
        03:00 59.9 | -
        03:01 60   | raised advisory
        03:02 90   | stepped_up warning
        03:03 60   | -
        03:04 59.9 | stepped_down advisory
        03:05 30   | -
        03:06 29.9 | cleared
        """),
    # the same criteria: 호우주의보 110 mm, 호우경보 180 mm in 12 h
    "heavy-rain-12h": (timedelta(hours=12), """
        12:00 109.9 | -
        12:01 110   | raised advisory
        12:02 180   | stepped_up warning
        12:03 110   | -
        12:04 109.9 | stepped_down advisory
        12:05 55    | -
        12:06 54.9  | cleared
        """),
    "intense-rain-1h": (HOUR, """
        03:00 49.9 | -
        03:01 50   | raised advisory
        03:02 25   | -
        03:03 24.9 | cleared
        """),
    # 호우 긴급재난문자: 72 mm in 1 h
    "extreme-rain": (HOUR, """
        03:00 71.9 | -
        03:01 72   | raised warning
        03:02 50   | -
        03:03 49.9 | cleared
        """),
    # a gauge with 2.0, 2.5, 3.0, 4.0 m: up at the level, down 0.1 m below it for half an hour
    "river-level": (READING, """
        01:00 1.99 | -
        01:10 2.0  | raised attention
        01:20 3.0  | stepped_up alert
        01:30 4.2  | stepped_up serious
        01:40 3.90 | -
        01:50 3.89 | -                  # below 3.9 since now
        02:00 3.85 | -
        02:10 3.91 | -                  # begins again
        02:20 3.5  | -
        02:30 3.2  | -
        02:40 3.0  | -
        02:50 2.8  | stepped_down alert
        03:00 2.3  | -                  # below 2.9 since 02:50, ten minutes
        03:10 1.8  | -
        03:20 1.8  | stepped_down caution
        03:30 1.8  | stepped_down attention   # below 2.4 since 03:00
        03:40 1.8  | cleared                  # below 1.9 since 03:10
        """),
    # 강풍주의보 14 m/s, 강풍경보 21 m/s
    "strong-wind": (READING, """
        00:00 13.9 | -
        00:01 14   | raised advisory
        00:02 21   | stepped_up warning
        00:03 20   | -
        00:04 13   | -
        """),
    # 순간풍속 20 m/s, 26 m/s
    "strong-gust": (READING, """
        00:00 19.9 | -
        00:01 20   | raised advisory
        00:02 26   | stepped_up warning
        00:03 19   | -
        """),
    # 정체 15 km/h 이하, 원활 25 km/h 이상; ten minutes each
    "road-jam": (READING, """
        08:00 40 | -
        08:05 15 | -
        08:10 15 | -
        08:15 12 | raised advisory      # ten minutes since 08:05
        08:20 20 | -
        08:25 26 | -
        08:30 26 | -
        08:35 25 | -                    # 25 is not above 25
        08:40 26 | -
        08:45 27 | -
        08:50 28 | cleared
        """),
    # intensity 4, 5, 6, 7: 0.76, 2.56, 6.86, 14.73 %g
    "shaking": (READING, """
        14:00   7.4 | -
        14:01   7.5 | raised attention
        14:02 250   | stepped_up serious
        14:03   2   | -
        """),
}  # fmt: skip


def test_every_sensor_rule_has_a_table_of_its_law() -> None:
    assert set(TABLES) == {rule_id for rule_id, rule in RULES.items() if rule.when is not None}


@pytest.mark.parametrize("rule_id", sorted(TABLES))
def test_a_rule_goes_up_and_down_as_its_law_says(rule_id: str) -> None:
    window, table = TABLES[rule_id]
    lines = judged(rule_id, table, window)
    assert [(at, said) for at, said, _ in lines] == [(at, found) for at, _, found in lines]


@pytest.mark.parametrize("rule_id", ["strong-wind", "strong-gust"])
def test_wind_clears_after_an_hour_below_level_by_level(rule_id: str) -> None:
    first = {"strong-wind": 22, "strong-gust": 27}[rule_id]
    calm = [f"{t // 60:02}:{t % 60:02} 5 | " for t in range(1, 63)]
    lines = judged(rule_id, "\n".join([f"00:00 {first} | ", *calm]), READING)
    assert [(at, found) for at, _, found in lines if found != "-"] == [
        ("00:00", "raised warning"),
        ("01:01", "stepped_down advisory"),
        ("01:02", "cleared"),
    ]


def test_shaking_clears_after_ten_quiet_minutes_level_by_level() -> None:
    quiet = [f"14:{m:02} 1 | " for m in range(1, 15)]
    lines = judged("shaking", "\n".join(["14:00 70 | ", *quiet]), READING)
    assert [(at, found) for at, _, found in lines if found != "-"] == [
        ("14:00", "raised alert"),
        ("14:11", "stepped_down caution"),
        ("14:12", "stepped_down attention"),
        ("14:13", "cleared"),
    ]


@pytest.mark.parametrize(
    ("magnitude", "level"),
    [(3.4, None), (3.5, "attention"), (3.9, "attention"), (4.0, "alert"), (4.9, "alert"), (5.0, "serious")],
)
def test_an_earthquake_has_the_crisis_level_of_its_magnitude(magnitude: float, level: str | None) -> None:
    # 지진 위기경보: 경계 4.0–4.9, 심각 5.0 이상; 재난문자: 육지 3.5 이상
    reached = [
        one.level
        for one in RULES["earthquake"].levels
        if one.when and one.when.magnitude_at_least is not None and magnitude >= one.when.magnitude_at_least
    ]
    assert (reached[-1] if reached else None) == level


@pytest.mark.parametrize("rule_id", ["weather-warning", "flood-notice"])
def test_an_institutions_level_is_passed_through(rule_id: str) -> None:
    assert [(one.level, one.when and one.when.level) for one in RULES[rule_id].levels] == [
        ("advisory", "advisory"),
        ("warning", "warning"),
    ]


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_a_text_is_korean_in_korean_and_fits_what_is_filled_in(name: str, text: Bilingual) -> None:
    rule = RULES[name.split("/")[0]]
    allowed = SAID_BY_SENSORS if rule.when is not None else SAID_BY_BULLETINS
    for said in (text.ko, text.en):
        assert {field for _, field, _, _ in Formatter().parse(said) if field is not None} <= allowed
    assert HANGUL.search(text.ko)
    assert not HANGUL.search(re.sub("관심|주의|경계|심각", "", text.en)), (
        "only the crisis levels keep their Korean names"
    )


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_headline_tells_where_and_how_much(rule_id: str) -> None:
    rule = RULES[rule_id]
    needed = {"zone", "sensor", "value"} if rule.when is not None else {"text"}
    for level in rule.levels:
        for said in (level.headline.ko, level.headline.en):
            assert needed <= {field for _, field, _, _ in Formatter().parse(said)}, said


@pytest.mark.parametrize(
    "rule_id", ["river-level", "heavy-rain-3h", "heavy-rain-12h", "intense-rain-1h", "extreme-rain"]
)
def test_a_gauges_alert_says_that_it_was_observed(rule_id: str) -> None:
    for level in RULES[rule_id].levels:
        assert "관측" in level.headline.ko
        assert "observed" in level.headline.en
        assert level.certainty == "Observed"


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_number_names_its_source_and_when_it_was_read(rule_id: str) -> None:
    rule = RULES[rule_id]
    for level in rule.levels:
        numbers = level.raised is not None and level.raised.gauge_level is None
        numbers |= level.when is not None and level.when.magnitude_at_least is not None
        if numbers and rule_id != "shaking":
            assert re.search(r"에서 20\d\d-\d\d-\d\d 확인", level.source), level.source
        assert re.search("법|규정|기준|가이드라인|구간|4단계|홍수예보", level.source)


def test_a_number_whose_source_was_not_at_hand_says_so() -> None:
    assert all("미열람" in level.source for level in RULES["shaking"].levels)


def test_severity_never_falls_as_the_level_rises() -> None:
    order = ["Minor", "Moderate", "Severe", "Extreme"]
    for rule in RULES.values():
        ranks = [order.index(level.severity) for level in rule.levels]
        assert ranks == sorted(ranks), rule.rule_id


def test_every_measure_that_a_rule_watches_is_of_its_domain() -> None:
    for rule in RULES.values():
        if rule.when is not None:
            assert (rule.domain, rule.when.measure) in MEASURES
