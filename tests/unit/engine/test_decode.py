"""The fast reader takes what the contract's model takes, refuses what it refuses, and for the same reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.contract.readings import MAX_RECORD_BYTES, MEASURES_OF, READINGS, SET_ASIDE, Domain, Reading
from streams.contract.rejections import Rejection
from streams.contract.times import format_ms, to_ms
from streams.engine.columns import Columns
from streams.engine.decode import BLOCK, FEW, Decoder
from streams.engine.directory import Directory
from streams.engine.panes import MICRO
from streams.engine.records import Texts
from tests.support import strategies

IDS = ["rain-1", "a", "gauge-1234", "gauge-12345678901", "x" * 64]
DIRECTORY = Directory(IDS)
DECODERS = {domain: Decoder(domain, DIRECTORY) for domain in READINGS}
DOMAINS = sorted(READINGS)
GOOD = b'{"sensor_id":"rain-1","observed_at":"2022-09-06T05:20:00+09:00","rainfall_mm":1.5}'


def _decoded(domain: Domain, values: list[bytes | None]) -> Columns:
    return DECODERS[domain].decode(Texts.of(values))


def _rows(domain: Domain, columns: Columns) -> dict[int, dict[str, Any]]:
    """What the columns say, record by record."""
    names = MEASURES_OF[domain]
    rows: dict[int, dict[str, Any]] = {}
    for i, row in enumerate(columns.row.tolist()):
        rows[row] = {
            "sensor": int(columns.sensor[i]),
            "at": format_ms(int(columns.at_ms[i])),
            "period": bool(columns.period[i]),
            "exercise": None if columns.exercise is None else columns.exercise[i],
            "set_aside": bool(columns.set_aside[i]),
        }
    for measure, where, micro in columns.values:
        for i, value in zip(where.tolist(), micro.tolist(), strict=True):
            rows[int(columns.row[i])][names[measure]] = value
    return rows


def _row(reading: Reading) -> dict[str, Any]:
    """What the model says of a record."""
    row: dict[str, Any] = {
        "sensor": IDS.index(reading.sensor_id) if reading.sensor_id in IDS else -1,
        "at": format_ms(to_ms(reading.observed_at)),
        "period": bool(reading.period_s),
        "exercise": reading.exercise,
        "set_aside": reading.quality in SET_ASIDE,
    }
    for name in MEASURES_OF[reading.domain]:
        value = getattr(reading, name)
        if value is not None:
            row[name] = round(value * MICRO)
    return row


def _judged(domain: Domain, value: bytes | None) -> Rejection | Reading:
    """One record by the definition: empty, too large, else as the model says."""
    if not value:
        return Rejection("empty", "", "The record has no value; send one JSON object per record.")
    if len(value) > MAX_RECORD_BYTES:
        return Rejection("too_large", "", "")
    return DECODERS[domain].explain(value)


def _assert_as_the_model(domain: Domain, values: list[bytes | None]) -> None:
    columns = _decoded(domain, values)
    accepted, rejected = _rows(domain, columns), dict(columns.rejected)
    assert len(rejected) == len(columns.rejected)
    assert [row for row, _ in columns.rejected] == sorted(rejected)
    for i, value in enumerate(values):
        judged = _judged(domain, value)
        if i in accepted and isinstance(judged, Rejection):
            assert accepted[i]["sensor"] == -1
            assert judged.field == "sensor_id"  # left to the stage, which asks the model
        elif isinstance(judged, Rejection):
            assert i not in accepted, value
            assert (rejected[i].reason, rejected[i].field) == (judged.reason, judged.field), value
        else:
            assert i not in rejected, value
            assert accepted[i] == _row(judged), value


@settings(max_examples=70)
@given(
    st.sampled_from(DOMAINS).flatmap(
        lambda domain: st.tuples(st.just(domain), st.lists(strategies.records(domain), min_size=1, max_size=12))
    )
)
@example(("disaster", [GOOD, b'{"sensor_id":"a","observed_at":"9999-12-31T23:59:59-12:00","rainfall_mm":1}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"firmware":"\xff"}']))
@example(("disaster", [GOOD[:-1] + b',"firmware":"\\ud800"}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"firmware":NaN}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"firmware":"\x01"}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"firmware":01}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"source":"\\ud800"}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"source":"\xed\xa0\x80"}', GOOD]))
@example(("disaster", [GOOD[:-1] + b',"firmware":' + b"[" * 250 + b"]" * 250 + b"}", GOOD]))
@example(("disaster", [GOOD[:-1] + b',"rainfall_mm":' + b"9" * 400 + b"}"]))
@example(("disaster", [GOOD[:-1] + b',"rainfall_mm":1e999}']))
@example(("disaster", [GOOD[:-1] + b',"rainfall_mm":-0.0}']))
@example(("disaster", [GOOD.replace(b"05:20", b"24:00")]))
@example(("disaster", [GOOD.replace(b"+09:00", b"+09:60")]))
@example(("disaster", [GOOD.replace(b"+09:00", b"+24:00")]))
@example(("disaster", [GOOD.replace(b"2022", "\uff12022".encode())]))
@example(("disaster", [b"\n", GOOD, b" ", GOOD + b" "]))
def test_the_fast_reader_is_the_model(case: tuple[Domain, list[bytes | None]]) -> None:
    _assert_as_the_model(*case)


@pytest.mark.parametrize("bad", [b"1}\n" + GOOD[:-1], b"{}\n{}", b"\n", b"[]", b"", None, GOOD[:-1], b"{" + GOOD])
@pytest.mark.parametrize("at", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_bad_record_costs_its_neighbours_nothing(bad: bytes | None, at: int) -> None:
    for good in (GOOD, GOOD[:-1] + b',"source":"\\u0061"}'):  # the second has no form that could be learned
        values: list[bytes | None] = [good] * (BLOCK + 2)
        values[at] = bad
        columns = _decoded("disaster", values)
        assert [row for row, _ in columns.rejected] == [at]
        assert columns.row.tolist() == [i for i in range(BLOCK + 2) if i != at]


@pytest.mark.parametrize(
    "odd",
    [
        [b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z"}', GOOD[:-1] + b',"x":1}'],
        [b'{"sensor_id":"a","rainfall_mm":1}', GOOD[:-1] + b',"source":"a"}'],
        [GOOD.replace(b"rainfall_mm", b"water_level_m")],
        [GOOD.replace(b"rainfall_mm", b"rainfallmm")],
        [GOOD.replace(b"rainfall_mm", b"rainfall\\u005fmm")],
        [GOOD.replace(b":1.5", b":null")],
        [GOOD.replace(b":1.5", b":501")],
        [GOOD.replace(b"rain-1", b'rain\\"1')],
        [GOOD[:-1] + b',"rainfall_mm":2}', b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z"}'],
        [GOOD[:-1] + b',"location":{"lat":36,"lon":129.4}}'],
    ],
)
@pytest.mark.parametrize("before", [0, 1, BLOCK])
def test_what_came_before_changes_nothing_of_a_record(odd: list[bytes | None], before: int) -> None:
    _decoded("disaster", [GOOD] * (FEW + 1))  # from now on records like this one are expected

    _assert_as_the_model("disaster", [GOOD] * before + odd + [GOOD])
    unknown = _decoded("disaster", [GOOD, *odd]).unknown_fields
    assert unknown == Decoder("disaster", DIRECTORY).decode(Texts.of(odd)).unknown_fields


def test_two_halves_never_join_to_a_record() -> None:
    head, tail = GOOD[: len(GOOD) // 2], GOOD[len(GOOD) // 2 :]
    columns = _decoded("disaster", [head, tail, GOOD])
    assert [row for row, _ in columns.rejected] == [0, 1]
    assert columns.row.tolist() == [2]


REFUSED = """
# field        value                          reason         told
sensor_id      -                              missing_field  sensor_id is missing
sensor_id      5                              bad_type       valid string
sensor_id      null                           bad_type       valid string
sensor_id      "a b"                          bad_type       match pattern
sensor_id      ""                             bad_type       match pattern
observed_at    -                              missing_field  observed_at is missing
observed_at    1662408000000                  bad_type       write a time as text
observed_at    "2022-09-06T05:20:00"          bad_time       end it with Z or ±hh:mm
observed_at    "2022-09-06 05:20:00Z"         bad_time       YYYY-MM-DDTHH:MM:SS
observed_at    "2022-02-30T00:00:00Z"         bad_time       no instant of the calendar
observed_at    "1999-12-31T23:59:59Z"         bad_time       set the device's clock
rainfall_mm    -                              no_measure     send at least one of rainfall_mm,
rainfall_mm    null                           no_measure     send at least one of
rainfall_mm    "1.5"                          bad_type       valid number
rainfall_mm    true                           bad_type       valid number
rainfall_mm    []                             bad_type       valid number
rainfall_mm    501                            out_of_range   it must be at most 500
rainfall_mm    -0.1                           out_of_range   it must be at least 0
rainfall_mm    1e400                          out_of_range   no finite number
rainfall_mm    NaN                            out_of_range   no finite number
period_s       -1                             out_of_range   it must be at least 0
period_s       86401                          out_of_range   it must be at most 86400
quality        "good"                         bad_type       'ok', 'estimated', 'suspect' or 'maintenance'
source         7                              bad_type       valid string
exercise       "a/b"                          bad_type       match pattern
location       "here"                         bad_type       not a JSON object
location.lat   {"lat":91,"lon":1}             out_of_range   it must be at most 90
location.lon   {"lat":9}                      missing_field  location.lon is missing
"""


def _refusals() -> list[tuple[str, str, str, str]]:
    lines = [line for line in REFUSED.strip().splitlines() if not line.startswith("#")]
    return [(line[:15].strip(), line[15:46].strip(), line[46:61].strip(), line[61:].strip()) for line in lines]


@pytest.mark.parametrize(("field", "value", "reason", "told"), _refusals())
def test_a_refusal_names_reason_and_field_and_says_what_to_do(field: str, value: str, reason: str, told: str) -> None:
    fields = {k: json.dumps(v) for k, v in json.loads(GOOD).items()}
    name = field.split(".")[0]
    fields.pop(name, None)
    if value != "-":
        fields[name] = value
    record = "{" + ",".join(f'"{k}":{v}' for k, v in fields.items()) + "}"

    why = DECODERS["disaster"].explain(record.encode())

    assert isinstance(why, Rejection)
    assert (why.reason, why.field) == (reason, "" if reason == "no_measure" else field)
    assert told in why.detail
    assert why.detail.endswith(".")
    assert "\n" not in why.detail


@pytest.mark.parametrize(
    "value", [b"{", b"[]", b"7", b'"x"', b"\xff\xfe", b"nonsense", GOOD + GOOD, GOOD[:-1], b"\xef\xbb\xbf" + GOOD]
)
def test_what_is_no_json_object_is_malformed(value: bytes) -> None:
    ((_, why),) = _decoded("disaster", [value]).rejected
    assert why.reason == "malformed"
    assert "JSON object" in why.detail


def test_a_record_of_64_kib_is_taken_and_one_byte_more_is_too_large() -> None:
    filler = b',"firmware":"' + b"x" * (MAX_RECORD_BYTES - len(GOOD) - len(b',"firmware":""')) + b'"}'
    fits = GOOD[:-1] + filler
    assert len(fits) == MAX_RECORD_BYTES
    for n in (1, FEW):  # of a form that is not met often enough, and of one that is
        columns = _decoded("disaster", [GOOD, *[fits] * n, fits.replace(b'x"', b'xx"'), GOOD])
        assert columns.row.tolist() == [*range(n + 1), n + 2]
        ((row, why),) = columns.rejected
        assert (row, why.reason, why.field) == (n + 1, "too_large", "")
        assert str(MAX_RECORD_BYTES + 1) in why.detail
        assert str(MAX_RECORD_BYTES) in why.detail


def test_a_records_detail_stays_one_short_sentence_however_long_the_value() -> None:
    record = GOOD.replace(b"rain-1", b"x" * 5000)
    why = DECODERS["disaster"].explain(record)
    assert isinstance(why, Rejection)
    assert len(why.detail) < 250


def test_a_name_given_twice_counts_last() -> None:
    columns = _decoded(
        "disaster", [GOOD[:-1] + b',"rainfall_mm":2}', GOOD[:-1] + b',"rainfall_mm":null,"tide_level_m":1}']
    )
    assert {
        name: row.get(name) for row in _rows("disaster", columns).values() for name in row if name.endswith("m")
    } == {
        "rainfall_mm": 2 * MICRO,
        "tide_level_m": MICRO,
    }


UNKNOWN = [
    (b"", 0),
    (b',"firmware":1', 1),
    (b',"firmware":1,"battery_v":3.3', 2),
    (b',"firmware" : 1', 1),
    (b',"quality":null', 0),
    (b',"quality":"ok","source":"KMA","period_s":60,"location":{"lat":1,"lon":2}', 0),
    (b',"rainfall_mm":2', 0),
    (b',"source":"a \\":\\" b"', 0),
    (b',"firmware":{"a":1}', 1),
    (b',"firmware":NaN', 1),
]


@pytest.mark.parametrize(("more", "count"), UNKNOWN)
def test_unknown_fields_are_ignored_and_counted(more: bytes, count: int) -> None:
    columns = _decoded("disaster", [GOOD, GOOD[:-1] + more + b"}"])
    assert columns.rejected == []
    assert columns.unknown_fields == count


def test_spaces_before_a_colon_hide_no_unknown_field() -> None:
    spaced = GOOD.replace(b'"sensor_id":', b'"sensor_id" :')
    columns = _decoded("disaster", [spaced, GOOD[:-1] + b',"firmware":1}'])
    assert columns.unknown_fields == 1


def test_the_fast_reader_knows_every_field_of_every_model() -> None:
    for domain, model in READINGS.items():
        assert set(MEASURES_OF[domain]) <= set(model.model_fields)
        everything: dict[str, Any] = {"sensor_id": "a", "observed_at": "2022-09-06T05:20:00Z"}
        everything |= dict.fromkeys(MEASURES_OF[domain], 1)
        columns = _decoded(domain, [json.dumps(everything).encode()])
        assert [measure for measure, _, _ in columns.values] == list(range(len(MEASURES_OF[domain])))
