"""Records of a form are read as columns: always what the row reader makes of them, whatever byte of them is another."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.columns import Columns, merged
from streams.engine.decode import FEW, Decoder
from streams.engine.directory import Directory
from streams.engine.forms import MOST_FORMS
from streams.engine.joined import Joined
from streams.engine.records import Texts
from streams.engine.template import Template

IDS = ["rain-1", "a", "gauge-12345678901", "x" * 64]
DIRECTORY = Directory(IDS)
FORMS = [
    '{"sensor_id":"%s","observed_at":"2022-09-06T%s:%s:%s.%sZ","rainfall_mm":%s,"water_level_m":%s}',
    '{"sensor_id": "%s", "observed_at": "2022-09-06T%s:%s:%s.%s+09:00", "rainfall_mm": %s, "wind_gust_ms": %s}',
    '{"observed_at":"2022-09-06T%s:%s:%s.%s00-03:30","exercise":"drill","water_level_m":%s,"temperature_c":%s,"sensor_id":"%s"}',
    '{"sensor_id":"%s","period_s":60,"observed_at":"2022-09-06T%s:%s:%s.%sZ","rainfall_mm":%s,"x":null,"discharge_m3s":%s}',
    '{"quality":"suspect","sensor_id":"%s","observed_at":"1969-12-31T%s:%s:%s.%sZ","water_level_m":%s,"wind_speed_ms":%s}',
]
NUMBERS = [
    "0",
    "1",
    "-0",
    "0.0",
    "12.5",
    "3.25",
    "0.125",
    "7.0000001",
    "49.123456789",
    "1e1",
    "501",
    "-3.2",
    "00",
    "1.",
    ".5",
]
BYTES = b'"{}:,.-+0 9\\eaZ\n\xff'


def _record(form: str, rng: random.Random) -> bytes:
    two = [
        f"{rng.choice((rng.randrange(60), rng.randrange(25))) % 24:02d}",
        *(f"{rng.randrange(61):02d}" for _ in range(2)),
    ]
    parts = [*two, f"{rng.randrange(1000):03d}", rng.choice(NUMBERS[:9]), rng.choice(NUMBERS)]
    name = rng.choice([*IDS, "stranger"])
    return (form % ((*parts, name) if form.endswith('"%s"}') else (name, *parts))).encode()


def _mutated(value: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(value))
    kind = rng.randrange(3)
    new = bytes([rng.choice(BYTES)])
    return value[:at] + (b"" if kind == 0 else new if kind == 1 else new + value[at : at + 1]) + value[at + 1 :]


def _said(columns: Columns) -> dict[str, Any]:
    rows = columns.row.tolist()
    values = {
        m: [(rows[i], v) for i, v in zip(where.tolist(), micro.tolist(), strict=True)]
        for m, where, micro in columns.values
        if len(where)
    }
    return {
        "rows": rows,
        "sensor": columns.sensor.tolist(),
        "at_ms": columns.at_ms.tolist(),
        "period": columns.period.tolist(),
        "exercise": columns.exercise or [None] * len(rows),
        "set_aside": columns.set_aside.tolist(),
        "values": dict(sorted(values.items())),
        "rejected": [(row, why.reason, why.field) for row, why in columns.rejected],
        "unknown_fields": columns.unknown_fields,
    }


@settings(max_examples=200)
@given(st.integers(0, 1 << 60), st.integers(1, len(FORMS)), st.integers(0, 30))
def test_what_is_read_by_its_form_is_what_is_read_row_by_row(seed: int, forms: int, odd: int) -> None:
    rng = random.Random(seed)
    values: list[bytes | None] = [_record(rng.choice(FORMS[:forms]), rng) for _ in range(FEW + rng.randrange(1, 60))]
    for _ in range(odd):
        at = rng.randrange(len(values))
        values[at] = _mutated(values[at] or b"{}", rng) if rng.random() < 0.95 else None
    decoder = Decoder("disaster", DIRECTORY)

    for _ in range(2):  # the second time its forms are known
        found = decoder.decode(Texts.of(values))
        assert _said(found) == _said(Decoder("disaster", DIRECTORY)._by_rows(values, range(len(values))))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_learned_and_spares_the_row_reader(form: str) -> None:
    rng = random.Random(form)
    values = [_record(form, rng) for _ in range(200)]
    decoder = Decoder("disaster", DIRECTORY)
    decoder.decode(Texts.of(values))

    parts, left = decoder._forms.read(Texts.of(values))

    read = np.concatenate([left[:0], *(part.row for part in parts)])
    rows = decoder._by_rows(values, range(len(values)))
    plain = [i for i, value in enumerate(values) if b"1e1" not in value]
    known = set(rows.row[(rows.sensor >= 0) & (rows.at_ms > 0)].tolist()) if "1969" not in form else set()
    assert known & set(plain) <= set(read.tolist())
    assert sorted([*read.tolist(), *left.tolist()]) == list(range(200))


def test_a_source_that_changes_with_every_record_fills_no_memory() -> None:
    decoder = Decoder("disaster", DIRECTORY)
    for i in range(300):
        value = b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z","rainfall_mm":1,"source":"s%d"}'
        decoder.decode(Texts.of([value % (100 * i + n) for n in range(FEW + 1)]))

    assert 0 < len(decoder._forms._forms) <= MOST_FORMS


@pytest.mark.parametrize(
    "example",
    [
        b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z","rainfall_mm":1,"rainfall_mm":2}',
        b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z","location":{"lat":1,"lon":2}}',
        b'{"sensor_id":"\\u0061","observed_at":"2022-09-06T05:20:00Z","rainfall_mm":1}',
        b'{"sensor_id":"a","rainfall_mm":1}',
        b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00.1234567Z","rainfall_mm":1}',
        b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z","rainfall_mm":1} ',
    ],
)
def test_what_is_not_plain_is_no_template(example: bytes) -> None:
    with pytest.raises(ValueError):
        Template(example, {"rainfall_mm": (0, 0.0, 500.0)})


def test_a_template_takes_no_record_that_was_not_asked_for() -> None:
    value = b'{"sensor_id":"a","observed_at":"2022-09-06T05:20:00Z","rainfall_mm":1}'
    template = Template(value, {"rainfall_mm": (0, 0.0, 500.0)})

    found = template.read(Joined(Texts.of([value] * 4)), np.array([1, 3]), DIRECTORY)

    assert found.rows.tolist() == [1, 3]


def test_parts_are_merged_in_log_order() -> None:
    rng = random.Random(5)
    values = [_record(rng.choice(FORMS[:2]), rng) for _ in range(40)]
    decoder = Decoder("disaster", DIRECTORY)
    whole = decoder._by_rows(values, range(40))

    parts = [decoder._by_rows(values, range(begin, 40, 3)) for begin in (1, 0, 2)]

    assert _said(merged(parts)) == _said(whole)
