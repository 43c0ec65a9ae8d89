"""A window or an alert becomes the line that the contract says, whatever stands in it; anything else a rejection."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.contract.readings import MEASURES
from streams.contract.rejections import Rejection
from streams.contract.topics import WINDOW_TOPICS
from streams.sink.line_protocol import Point, escaped, point, quoted
from tests.support.line_protocol import Line, read_line
from tests.support.room_log import alert
from tests.support.sink import Logged, window

AT_MS = 1_662_408_600_000  # 2022-09-05T20:10:00Z
ID = st.text("ABCXYZabcxyz0189._:-", min_size=1, max_size=64)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
# What JSON can carry: no half of a surrogate pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def made(record: dict[str, Any] | bytes, topic: str = "windows.air-quality") -> Point | Rejection | None:
    value = record if isinstance(record, bytes) else json.dumps(record).encode()
    return point(Logged(topic, 0, 7, AT_MS, b"key", value))


def line(record: dict[str, Any], topic: str = "windows.air-quality") -> Line:
    point_made = made(record, topic)
    assert isinstance(point_made, Point), point_made
    return read_line(point_made.line)


def test_a_window_is_the_line_of_the_contract_to_the_letter() -> None:
    record = window(AT_MS, 31.5, sensor_id="air-1", zone="daesong-myeon", count=3, sum=94.5, min=31, max=32.25, last=32)

    written = made(record)

    assert isinstance(written, Point)
    assert written.line == (
        b"air_quality,sensor_id=air-1,window=60,zone=daesong-myeon "
        b"pm10_ugm3_count=3i,pm10_ugm3_final=true,pm10_ugm3_last=32.0,pm10_ugm3_max=32.25,pm10_ugm3_mean=31.5,"
        b"pm10_ugm3_min=31.0,pm10_ugm3_sum=94.5 1662408600000"
    )
    assert written.time_ms == AT_MS
    assert not written.is_exercise


@pytest.mark.parametrize("topic", WINDOW_TOPICS)
@pytest.mark.parametrize("window_s", [60, 600, 3600, 10_800, 43_200, 86_400])
def test_the_measurement_is_the_domain_and_the_window_is_text(topic: str, window_s: int) -> None:
    read = line(window(AT_MS, 1.0, window_s=window_s), topic)

    assert read.measurement == topic.removeprefix("windows.").replace("-", "_")
    assert read.tags == {"sensor_id": "air-1", "zone": "daesong-myeon", "window": str(window_s)}
    assert read.time_ms == AT_MS


@pytest.mark.parametrize("measure", sorted({name for _, name in MEASURES}))
def test_every_measure_of_the_contract_has_its_seven_fields_of_one_type_each(measure: str) -> None:
    whole_numbers = line(window(AT_MS, 2, measure=measure, sum=6, mean=2, min=1, max=3, last=2, final=False))

    assert whole_numbers.fields == {
        f"{measure}_count": 3,
        f"{measure}_final": False,
        f"{measure}_last": 2.0,
        f"{measure}_max": 3.0,
        f"{measure}_mean": 2.0,
        f"{measure}_min": 1.0,
        f"{measure}_sum": 6.0,
    }
    types = {name.rpartition("_")[2]: type(value) for name, value in whole_numbers.fields.items()}
    assert types == {"count": int, "final": bool} | dict.fromkeys(("last", "max", "mean", "min", "sum"), float)


def test_an_exercise_is_a_tag_and_a_bucket_of_its_own_and_absent_or_null_is_reality() -> None:
    real, null = made(window(AT_MS, 1.0)), made(window(AT_MS, 1.0, exercise=None))
    exercise = made(window(AT_MS, 1.0, exercise="typhoon-20220905T201000Z"))

    assert isinstance(real, Point)
    assert isinstance(null, Point)
    assert isinstance(exercise, Point)
    assert [each.is_exercise for each in (real, null, exercise)] == [False, False, True]
    assert real.line == null.line
    assert read_line(exercise.line).tags["exercise"] == "typhoon-20220905T201000Z"
    assert "exercise" not in read_line(real.line).tags
    assert exercise.series != real.series


@given(FINITE, FINITE, FINITE, FINITE, FINITE, st.integers(1, 2**63 - 1))
@example(-0.0, 5e-324, 1.7976931348623157e308, 1e22, 1e-7, 2**63 - 1)
def test_every_number_comes_back_as_the_very_same_double(
    low: float, high: float, mean: float, last: float, total: float, count: int
) -> None:
    read = line(window(AT_MS, 0.0, min=low, max=high, mean=mean, last=last, sum=total, count=count)).fields

    found = [read[f"pm10_ugm3_{name}"] for name in ("min", "max", "mean", "last", "sum")]
    assert found == [low, high, mean, last, total]
    assert [math.copysign(1, each) for each in found] == [math.copysign(1, e) for e in (low, high, mean, last, total)]
    assert read["pm10_ugm3_count"] == count


@given(ID, ID, ID | st.none())
@example("a:b", "z.-_", "e" * 64)
def test_every_id_of_the_contract_stands_in_its_tag_as_it_is(sensor: str, zone: str, exercise: str | None) -> None:
    tags = line(window(AT_MS, 1.0, sensor_id=sensor, zone=zone, exercise=exercise)).tags

    expected = {"sensor_id": sensor, "zone": zone, "window": "60"}
    assert tags == expected | ({} if exercise is None else {"exercise": exercise})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), min_size=1))
@example("a b,c=d")
@example(", =")
@example('"quoted" é 포항')
def test_every_special_character_of_a_tag_is_escaped(text: str) -> None:
    assert read_line(f"m,t={escaped(text)},u=v f=1 0".encode()) == Line("m", {"t": text, "u": "v"}, {"f": 1.0}, 0)


@pytest.mark.parametrize("text", ["", "a\nb", "a\rb", "a\tb", "a\0b", "a\\b", "end\\", "\x7f"])
def test_what_a_tag_has_no_escape_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="can't stand in a tag"):
        escaped(text)


@given(TEXT)
@example('say "so"')
@example("back\\slash \\")
@example("two\nlines, = and spaces")
@example('\\"')
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert read_line(f"m f={quoted(text)},g=1i 0".encode()).fields == {"f": text, "g": 1}


def test_an_alert_is_a_point_of_the_contract_with_fields_for_annotations() -> None:
    state = alert("river-level:river-1:20220905T201000Z", 3, "caution", onset_ms=AT_MS, value=2, threshold=1.8)

    read = line(state | {"headline": {"ko": "형산강 '주의' 단계", "en": 'Caution, "Hyeongsan" = 2 m'}}, "alerts")

    assert read == Line(
        "alert",
        {
            "alert_id": "river-level:river-1:20220905T201000Z",
            "level": "caution",
            "rule_id": "river-level",
            "zone": "ocheon-eup",
        },
        {
            "headline_ko": "형산강 '주의' 단계",
            "headline_en": 'Caution, "Hyeongsan" = 2 m',
            "level_rank": 2,
            "sequence": 3,
            "severity": "Minor",
            "state": "active",
            "measure": "water_level_m",
            "value": 2.0,
            "threshold": 1.8,
        },
        AT_MS,
    )


def test_a_cleared_alert_has_the_level_cleared_and_the_time_of_its_end() -> None:
    cleared = alert("river-level:river-1:x", 2, onset_ms=AT_MS, cleared_ms=AT_MS + 60_000, value=None, threshold=None)

    read = line(cleared, "alerts")

    assert (read.tags["level"], read.fields["state"], read.fields["level_rank"]) == ("cleared", "cleared", 0)
    assert read.time_ms == AT_MS + 60_000
    assert not {"value", "threshold"} & read.fields.keys()


def test_an_alert_on_no_zone_is_the_citys_and_one_of_an_exercise_is_tagged_with_it() -> None:
    tags = line(alert("quake:b-1", 1, zone=None, measure=None, exercise="e-1", onset_ms=AT_MS), "alerts").tags

    assert (tags["zone"], tags["exercise"]) == ("city", "e-1")


@given(TEXT, TEXT)
def test_no_headline_breaks_an_alerts_line(ko: str, en: str) -> None:
    fields = line(alert("a:b:c", 1, headline={"ko": ko, "en": en}), "alerts").fields

    assert (fields["headline_ko"], fields["headline_en"]) == (ko, en)


def test_two_records_of_one_window_are_one_point_and_two_measures_are_two() -> None:
    early, final = made(window(AT_MS, 1.0, final=False)), made(window(AT_MS, 2.0, revision=1))
    other = made(window(AT_MS, 1.0, measure="o3_ppm"))

    assert isinstance(early, Point)
    assert isinstance(final, Point)
    assert isinstance(other, Point)
    assert (early.series, early.time_ms) == (final.series, final.time_ms)
    assert other.series != early.series


def test_a_tombstone_is_nothing_to_store() -> None:
    assert point(Logged("alerts", 0, 7, AT_MS, b"key", None)) is None


BROKEN = {
    "nothing": (b"", "malformed"),
    "no JSON": (b"{not json", "malformed"),
    "a list": (b"[]", "bad_type"),
    "bytes that are no UTF-8": (b'{"sensor_id":"\xff"}', "malformed"),
    "half of a surrogate pair": (json.dumps(window(AT_MS, 1.0, sensor_id="\ud800")).encode(), "malformed"),
    "nested without end": (b'{"x":' + b"[" * 100_000, "malformed"),
    "NaN": (json.dumps(window(AT_MS, math.nan)).encode(), "malformed"),
    "a number too large for a double": (json.dumps(window(AT_MS, 1.0)).replace("1.0", "1e400").encode(), "bad_type"),
    "text for a number": (window(AT_MS, 1.0, mean="1"), "bad_type"),
    "a boolean for a number": (window(AT_MS, 1.0, count=True), "bad_type"),
    "null for a number": (window(AT_MS, 1.0, sum=None), "bad_type"),
    "a missing field": ({"sensor_id": "air-1"}, "bad_type"),
    "a measure that breaks out of its field": (window(AT_MS, 1.0, measure="a=1,b"), "malformed"),
    "an id that breaks out of its tag": (window(AT_MS, 1.0, sensor_id="a b,c=d\n"), "malformed"),
    "an empty zone": (window(AT_MS, 1.0, zone=""), "malformed"),
    "an exercise with a line break": (window(AT_MS, 1.0, exercise="a\nb"), "malformed"),
    "no time": (window(AT_MS, 1.0, start="soon"), "malformed"),
    "a day that is not": (window(AT_MS, 1.0, start="2022-02-30T00:00:00Z"), "malformed"),
    "a megabyte of an id": (window(AT_MS, 1.0, sensor_id="x" * 1_000_000), "malformed"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_window_is_a_rejection_of_one_sentence(name: str) -> None:
    record, reason = BROKEN[name]

    refused = made(record)

    assert isinstance(refused, Rejection)
    assert refused.reason == reason
    assert len(refused.detail) < 500
    assert refused.detail.endswith(".")


def test_an_alert_whose_ids_can_stand_in_no_tag_is_a_rejection() -> None:
    for wrong in ({"alert_id": "a b"}, {"rule_id": ""}, {"zone": "a,b"}, {"level": ""}, {"alert_id": "x" * 301}):
        refused = made({**alert("a:b:c", 1), **wrong}, "alerts")
        assert isinstance(refused, Rejection), wrong
        assert refused.reason == "malformed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from([*WINDOW_TOPICS, "alerts"]), st.binary() | JSON.map(lambda each: json.dumps(each).encode()))
def test_no_bytes_end_the_sink(topic: str, value: bytes) -> None:
    assert not isinstance(made(value, topic), Point) or read_line(made(value, topic).line)  # type: ignore[union-attr]


@given(st.sampled_from(sorted(window(AT_MS, 1.0))), JSON)
def test_a_window_with_any_value_in_one_field_is_a_readable_line_or_a_rejection(name: str, value: Any) -> None:
    result = made(window(AT_MS, 1.0) | {name: value})

    if isinstance(result, Point):
        assert set(read_line(result.line).tags) == {"sensor_id", "zone", "window"}
    else:
        assert isinstance(result, Rejection)


@given(st.sampled_from(sorted(alert("a:b:c", 1))), JSON)
def test_an_alert_with_any_value_in_one_field_is_a_readable_line_or_a_rejection(name: str, value: Any) -> None:
    result = made(alert("a:b:c", 1) | {name: value}, "alerts")

    if isinstance(result, Point):
        assert set(read_line(result.line).tags) >= {"alert_id", "level", "rule_id", "zone"}
    else:
        assert isinstance(result, Rejection)
