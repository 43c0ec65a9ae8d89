"""Hypothesis: readings as gateways send them, as they break them, and logs of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from streams.contract.readings import MEASURES, MEASURES_OF, Domain
from streams.contract.times import from_ms, parse_ms

FIRST_MS, LAST_MS = parse_ms("2000-01-02T00:00:00Z"), parse_ms("2100-01-01T00:00:00Z")
ID_CHARACTERS = "ABCabc012._:-"
sensor_ids = st.text(ID_CHARACTERS, min_size=1, max_size=64)
exercise_ids = st.text(ID_CHARACTERS, min_size=1, max_size=96)

NOT_IN_SCHEMA = frozenset({"bad_time"})
"""What a JSON Schema cannot say: that a time is of the calendar, and not before 2000."""


@st.composite
def instants(draw: st.DrawFn) -> str:
    """A contract time of any form."""
    at = from_ms(draw(st.integers(FIRST_MS, LAST_MS)))
    fraction = draw(st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=9).map(".".__add__)))
    zone = draw(st.one_of(st.just("Z"), st.tuples(st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59))))
    written = zone if isinstance(zone, str) else f"{zone[0]}{zone[1]:02d}:{zone[2]:02d}"
    return at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + written


def measure_values(domain: Domain, name: str) -> st.SearchStrategy[Any]:
    """A plausible value of a measure, the ends of its range included."""
    bounds = MEASURES[domain, name]
    return st.one_of(
        st.sampled_from([bounds.low, bounds.high]),
        st.integers(int(bounds.low), int(bounds.high)),
        st.floats(bounds.low, bounds.high),
    )


@st.composite
def good_readings(draw: st.DrawFn, domain: Domain) -> dict[str, Any]:
    """A reading that the contract takes."""
    names = draw(st.lists(st.sampled_from(MEASURES_OF[domain]), min_size=1, unique=True))
    reading: dict[str, Any] = {"sensor_id": draw(sensor_ids), "observed_at": draw(instants())}
    reading |= {name: draw(measure_values(domain, name)) for name in names}
    more: dict[str, st.SearchStrategy[Any]] = {
        "source": st.text(max_size=128),
        "quality": st.sampled_from(["ok", "estimated", "suspect", "maintenance"]),
        "location": st.fixed_dictionaries({"lat": st.floats(-90, 90), "lon": st.floats(-180, 180)}),
        "period_s": st.floats(0, 86_400),
        "exercise": exercise_ids,
        "firmware": st.one_of(st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())),
    }
    for name in draw(st.lists(st.sampled_from(sorted(more)), unique=True)):
        reading[name] = draw(st.one_of(st.none(), more[name]) if name != "firmware" else more[name])
    return reading


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([10**30, -(10**400), 1e308, -0.0]),
    st.text(max_size=130),
    st.sampled_from(["", "12", "2022-13-01T00:00:00Z", "1999-12-31T23:59:59Z", "2022-09-06T05:20:00", "NaN"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["lat", "lon", "x"]), st.floats(-200, 200), max_size=3),
)


@st.composite
def broken_readings(draw: st.DrawFn, domain: Domain) -> Any:
    """A reading with one or two of its fields taken away or replaced by anything."""
    reading = draw(good_readings(domain))
    names = ["sensor_id", "observed_at", "source", "quality", "location", "period_s", "exercise", *MEASURES_OF[domain]]
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)):
        if draw(st.booleans()):
            reading.pop(name, None)
        else:
            reading[name] = draw(junk)
    return reading


@st.composite
def records(draw: st.DrawFn, domain: Domain) -> bytes | None:
    """The value of a record: a reading, a broken one, or bytes that are none."""
    kind = draw(st.sampled_from(["good", "good", "broken", "text", "bytes", "forged", "none"]))
    if kind == "none":
        return draw(st.sampled_from([None, b"", b" ", b"null", b"[]", b"{}", b"1", b'"x"']))
    if kind == "bytes":
        return draw(st.binary(max_size=40))
    whole = json.dumps(
        draw(good_readings(domain) if kind == "good" else broken_readings(domain)), ensure_ascii=draw(st.booleans())
    ).encode("utf-8", "surrogatepass")
    if kind in ("good", "broken"):
        return whole
    if kind == "text":
        return draw(_mutations(whole))
    return draw(_forgeries(whole))


def _mutations(whole: bytes) -> st.SearchStrategy[bytes]:
    """Cut, joined, with a byte replaced, with numbers that JSON has not."""
    cut = st.integers(0, len(whole)).map(lambda n: whole[:n])
    put = st.tuples(
        st.integers(0, len(whole)), st.sampled_from([b"\n", b"\xff", b"\xed\xa0\x80", b"\x00", b"}{", b" "])
    )
    return st.one_of(
        cut,
        put.map(lambda p: whole[: p[0]] + p[1] + whole[p[0] :]),
        st.sampled_from([b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"+1", b"1.", b".5", b"9" * 400]).map(
            lambda number: whole[:-1] + b',"firmware":1,"period_s":' + number + b"}"
        ),
        st.sampled_from([b"\xef\xbb\xbf" + whole, whole + whole, whole + b"\n" + whole, b"\n" + whole, whole + b"\n"]),
    )


def _forgeries(whole: bytes) -> st.SearchStrategy[bytes]:
    """Names given twice, and halves that would make whole records of their neighbours."""
    at = whole.find(b",") + 1
    return st.sampled_from(
        [
            whole[:-1] + b',"sensor_id":"twice"}',
            whole[:-1] + b',"observed_at":5,"observed_at":"2022-09-06T05:20:00Z"}',
            whole[:-1] + b',"period_s":null,"firmware":{"a":[1,{"b":"}"}]}}',
            whole[:-1] + b',"firmware":"\xff"}',
            whole[:-1] + b',"firmware":"\\ud800"}',
            whole[:-1] + b',"firm\\u0077are" : NaN}',
            whole[:at],
            whole[at:],
            b"1}\n" + whole[:-2],
            b"[" * 300 + b"]" * 300,
            b'{"a":' * 3000 + b"1" + b"}" * 3000,
        ]
    )


# -- logs -------------------------------------------------------------------------------------------------------------

Entry = tuple[int, int, int, int, int]
"""Seconds since the entry before, seconds from observation to arrival, what is sent, its value, its exercise."""

entries = st.tuples(
    st.sampled_from([0, 0, 1, 10, 60, 300, 700, 3600, 30_000, 90_000]),
    st.sampled_from([0, 0, 0, 1, 30, 60, 90, 120, 1000, 4000, 86_399, 86_401, 90_000, -200, -301, -4000]),
    st.integers(0, 15),
    st.integers(0, 9),
    st.sampled_from([0] * 12 + list(range(1, 11))),
)
logs: st.SearchStrategy[list[Entry]] = st.lists(entries, min_size=1, max_size=60)
