"""A contract time is read the same one by one and many at once, and written as the contract says."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from streams.contract.times import Instant, compact_ms, format_ms, from_ms, parse_ms, to_ms
from streams.engine.instants import parse_instants
from tests.support.strategies import instants

AS_READ = """
2022-09-05T20:10:00Z                  2022-09-05T20:10:00.000Z
2022-09-06T05:10:00+09:00             2022-09-05T20:10:00.000Z
2022-09-05T20:10:00.5Z                2022-09-05T20:10:00.500Z
2022-09-05T20:10:00.9999999999Z       2022-09-05T20:10:00.999Z
2022-09-05T14:40:00.25-05:30          2022-09-05T20:10:00.250Z
2000-01-01T00:00:00+14:00             1999-12-31T10:00:00.000Z
2024-02-29T00:00:00-00:00             2024-02-29T00:00:00.000Z
9999-12-31T23:59:59.999Z              9999-12-31T23:59:59.999Z
"""
REFUSED = """
2022-09-05T20:10:00                   has no offset
2022-09-05T20:10:00.5                 has no offset
2022-09-05T20:10Z                     is not YYYY-MM-DD
2022-09-05 20:10:00Z                  is not YYYY-MM-DD
2022-09-05t20:10:00z                  is not YYYY-MM-DD
20220905T201000Z                      is not YYYY-MM-DD
2022-09-05T20:10:00.Z                 is not YYYY-MM-DD
2022-09-05T20:10:00+0900              is not YYYY-MM-DD
2022-09-05T20:10:00+09                is not YYYY-MM-DD
2022-09-05T20:10:00,5Z                is not YYYY-MM-DD
2022-W36-1T20:10:00Z                  is not YYYY-MM-DD
2023-02-29T00:00:00Z                  is no instant of the calendar
2100-02-29T00:00:00Z                  is no instant of the calendar
2022-00-05T20:10:00Z                  is no instant of the calendar
2022-13-05T20:10:00Z                  is no instant of the calendar
2022-09-31T20:10:00Z                  is no instant of the calendar
2022-09-05T24:00:00Z                  is no instant of the calendar
2022-09-05T20:60:00Z                  is no instant of the calendar
2022-12-31T23:59:60Z                  is no instant of the calendar
2022-09-05T20:10:00+24:00             is no instant of the calendar
2022-09-05T20:10:00+09:60             is no instant of the calendar
9999-12-31T23:59:59-00:01             is no instant of the calendar
0000-01-01T00:00:00Z                  is no instant of the calendar
1999-12-31T23:59:59Z                  lies before 2000
1999-12-31T23:59:59-10:00             lies before 2000
0001-01-01T00:00:00+09:00             is no instant of the calendar
"""


def _table(text: str) -> list[tuple[str, str]]:
    return [(line[:38].strip(), line[38:].strip()) for line in text.strip().splitlines()]


@pytest.mark.parametrize(("text", "utc"), _table(AS_READ))
def test_a_time_is_cut_to_milliseconds_and_told_in_utc(text: str, utc: str) -> None:
    assert format_ms(parse_ms(text)) == utc


@pytest.mark.parametrize(("text", "why"), _table(REFUSED))
def test_what_is_no_contract_time_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_ms(text)


@given(st.lists(st.one_of(instants(), st.text("0123456789-:.TZ+", max_size=34), st.text(max_size=25)), max_size=20))
@example([text for text, _ in _table(AS_READ) + _table(REFUSED)])
@example(["2022-09-05T20:10:00\u0665Z", "\uff12022-09-05T20:10:00Z", "2022-09-05T20:10:0\u00b2Z"])
def test_many_times_are_read_as_one_by_one(texts: list[str]) -> None:
    def alone(text: str) -> int | None:
        try:
            return parse_ms(text)
        except ValueError:
            return None

    at_ms, ok = parse_instants(texts)

    read = [at if fine else None for at, fine in zip(at_ms.tolist(), ok.tolist(), strict=True)]
    assert read == [alone(text) for text in texts]


@given(instants())
def test_a_time_agrees_with_pythons_own_reading(text: str) -> None:
    seconds, rest = text[:19], text[19:]
    fraction = rest.rstrip("Z").split("+")[0].split("-")[0]
    offset = rest[len(fraction) :].replace("Z", "+00:00")
    expected = dt.datetime.fromisoformat(seconds + offset) + dt.timedelta(milliseconds=int((fraction[1:] + "000")[:3]))
    assert from_ms(parse_ms(text)) == expected


@given(instants())
def test_what_is_written_is_read_back(text: str) -> None:
    at_ms = parse_ms(text)
    assert parse_ms(format_ms(at_ms)) == at_ms
    assert to_ms(from_ms(at_ms)) == at_ms
    assert TypeAdapter(Instant).validate_python(from_ms(at_ms)) == from_ms(at_ms)


def test_an_ids_time_is_compact_and_cut_to_seconds() -> None:
    assert compact_ms(parse_ms("2022-09-06T04:00:00.999+09:00")) == "20220905T190000Z"


@pytest.mark.parametrize("value", ["5", "null", "true", "[]"])
def test_a_time_that_is_no_text_is_of_a_bad_type(value: str) -> None:
    with pytest.raises(ValidationError) as e:
        TypeAdapter(Instant).validate_json(value)
    assert e.value.errors()[0]["type"] == "bad_type"


def test_a_naive_time_is_never_taken() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(dt.datetime(2022, 9, 6))  # noqa: DTZ001 -- naive on purpose
