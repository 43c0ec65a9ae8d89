"""What each of InfluxDB's answers means, in the words of the real one (2.7.12), and of those who stand before it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.sink.answers import (
    RETRY_AFTER_MAX_S,
    WORDS_CHARACTERS,
    Again,
    Refused,
    Stored,
    TooMuch,
    judged,
    suspects,
)
from streams.sink.line_protocol import Point
from tests.support.sink import Logged

NOW_MS = 1_662_408_600_000  # 2022-09-05T20:10:00Z
PROXYS_PAGE = "<html><body><h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port</body></html>"
CONFLICT = (
    'partial write: field type conflict: input field "pm25_ugm3_mean" on measurement "air_quality" is type float, '
    "already exists as type integer dropped=3"
)
TOO_OLD = (
    "partial write: dropped 2 points outside retention policy of duration 24h0m0s - oldest point air_quality,sensor_id=a "
    "at 2022-09-05T20:10:00Z dropped because it violates a Retention Policy Lower Bound at {bound}Z, newest point x at "
    "2022-09-05T20:11:00Z dropped because it violates a Retention Policy Lower Bound at {bound}Z dropped=2"
)


def said(message: str, code: str = "invalid") -> str:
    return json.dumps({"code": code, "message": message})


def points(*lines: str, time_ms: int = NOW_MS) -> list[Point]:
    record = Logged("windows.air-quality", 0, 0, NOW_MS, b"k", b"{}")
    return [Point(False, line, time_ms, line.encode(), record) for line in lines]


def judge(status: int, body: str = "", **headers: str) -> Any:
    return judged(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW_MS)


# status, body, what it means
TABLE: list[tuple[int, str, type]] = [
    (204, "", Stored),
    (200, "", Stored),
    (400, said("unable to parse 'm f=': missing field value"), Refused),
    (400, said(CONFLICT), Refused),
    (422, said(CONFLICT, "unprocessable entity"), Refused),
    (422, said(TOO_OLD.format(bound="2022-09-05T20:10:30"), "unprocessable entity"), Refused),
    (400, said("a sentence that nobody knows"), Refused),
    (400, json.dumps({"error": "partial write", "data": [{"line_number": 1}]}), Refused),
    (400, said("Please provide either orgID or org"), Again),
    (400, PROXYS_PAGE, Again),
    (400, "", Again),
    (400, json.dumps({"error": "no word of InfluxDB's"}), Again),
    (401, said("unauthorized access", "unauthorized"), Again),
    (403, said("insufficient permissions for write", "forbidden"), Again),
    (404, said('bucket "nope" not found', "not found"), Again),
    (408, "", Again),
    (413, said("points batch is too large", "request too large"), TooMuch),
    (413, "<html>nginx</html>", TooMuch),
    (429, said("too many requests", "too many requests"), Again),
    (302, "", Again),
    (500, said("internal error", "internal error"), Again),
    (502, "<html>bad gateway</html>", Again),
    (503, "", Again),
    (504, "", Again),
]


@pytest.mark.parametrize(("status", "body", "means"), TABLE)
def test_each_answer_of_the_table_means_what_it_says(status: int, body: str, means: type) -> None:
    assert isinstance(judge(status, body), means)


@pytest.mark.parametrize(("status", "body"), [(status, body) for status, body, means in TABLE if means is Again])
def test_an_answer_that_blames_no_line_keeps_its_status_and_its_words(status: int, body: str) -> None:
    again = judge(status, body)

    assert again.why == str(status)
    assert again.words
    assert "\n" not in again.words


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("100000", RETRY_AFTER_MAX_S),
        ("inf", RETRY_AFTER_MAX_S),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Mon, 05 Sep 2022 20:10:12 GMT", 12.0),
        ("Mon, 05 Sep 2022 20:09:00 GMT", 0.0),
        ("Tue, 06 Sep 2022 20:10:00 GMT", RETRY_AFTER_MAX_S),
        ("Mon, 99 Sep 2022 20:10:12 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_later_is_when_the_server_says_up_to_a_minute(status: int, value: str, seconds: float | None) -> None:
    again = judge(status, retry_after=value)

    assert again.after_s == seconds


def test_a_fault_of_the_settings_is_not_put_off_by_a_retry_after() -> None:
    assert judge(401, retry_after="30").after_s is None


def test_lines_that_the_server_quotes_are_found_with_its_words_on_each() -> None:
    first, second = "air_quality,sensor_id=a f= 1", "air_quality,sensor_id=b f=1x 2"
    message = f"unable to parse '{first}': missing field value\nunable to parse '{second}': invalid number"

    refused = judge(400, said(message))

    found = suspects(refused, points("air_quality,sensor_id=c f=1 0", second, first))
    assert found == {1: "invalid number", 2: "missing field value"}


def test_a_quoted_line_may_itself_hold_what_ends_the_quotation() -> None:
    line = "alert,alert_id=a headline_en=\"it's 5': high\",f= 1"

    refused = judge(400, said(f"unable to parse '{line}': missing field value"))

    assert suspects(refused, points("m f=1 1", line)) == {1: "missing field value"}


def test_a_conflict_makes_suspects_of_the_lines_with_that_field_alone() -> None:
    refused = judge(422, said(CONFLICT))

    found = suspects(
        refused,
        points(
            "air_quality,sensor_id=a pm25_ugm3_mean=1.0 1",
            "air_quality,sensor_id=a pm10_ugm3_mean=1.0 1",
            "traffic,sensor_id=a pm25_ugm3_mean=1.0 1",
        ),
    )
    assert found == {0: None}
    assert (refused.dropped, refused.concerns, refused.measurement) == (3, "pm25_ugm3_mean", "air_quality")


def test_points_older_than_the_retention_are_suspects() -> None:
    refused = judge(422, said(TOO_OLD.format(bound="2022-09-05T20:10:30.25")))

    assert refused.kept_from_ms == NOW_MS + 30_250
    assert suspects(refused, [*points("a f=1 1"), *points("b f=1 1", time_ms=NOW_MS + 30_250)]) == {0: None}


def test_a_retention_that_reaches_back_before_the_hubs_years_names_nobody() -> None:
    refused = judge(422, said(TOO_OLD.format(bound="1992-09-05T20:10:30")))

    assert refused.kept_from_ms is None
    assert refused.words.startswith("partial write")


def test_numbered_lines_are_counted_from_one_and_those_that_are_not_there_left_out() -> None:
    numbers: list[Any] = [2, 0, -1, 99, "3", "x", None, "9" * 5000, True]
    data = [{"line_number": number, "error_message": f"wrong {number}"[:20]} for number in numbers]

    refused = judge(400, json.dumps({"error": "partial write", "data": [*data, "no object", {}]}))

    assert suspects(refused, points("a f=1 1", "b f=1 1", "c f=1 1")) == {1: "wrong 2", 2: "wrong 3"}


def test_words_are_one_line_and_not_too_long_for_a_header() -> None:
    refused = judge(400, said("partial write: " + "long\n" * 1000))

    assert len(refused.words) == WORDS_CHARACTERS
    assert refused.words.endswith("…")
    assert "\n" not in refused.words


@given(
    st.integers(100, 599),
    st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps),
    st.dictionaries(st.sampled_from(["retry-after", "content-type"]), st.text(), max_size=2),
)
@example(400, "[" * 100_000, {})
@example(400, said("unable to parse '"), {})
@example(400, said(TOO_OLD.format(bound="2022-99-99T99:99:99")), {})
@example(503, "", {"retry-after": "Mon, 05 Sep 99999 20:10:12 GMT"})
def test_no_answer_ends_the_sink(status: int, body: str, headers: dict[str, str]) -> None:
    verdict = judged(status, headers, body, NOW_MS)

    if isinstance(verdict, Refused):
        assert set(suspects(verdict, points("m,t=v f=1 1"))) <= {0}
    if isinstance(verdict, Again):
        assert verdict.after_s is None or 0 <= verdict.after_s <= RETRY_AFTER_MAX_S
