"""Numbers as JSON writes them: each to the nearest float64, as Python reads it; nothing else is a number."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.engine.decimals import numbers
from streams.engine.directory import Directory
from streams.engine.joined import WORD, Joined
from streams.engine.records import Texts

plain = st.one_of(
    st.from_regex(rb"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?", fullmatch=True),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: repr(number).encode()),
    st.binary(max_size=10),
    st.text("0123456789.-+eE_ ", max_size=10).map(str.encode),
)


def _number(said: bytes) -> float | None:
    try:
        found = json.loads(said.decode("ascii"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return (
        float(found)
        if isinstance(found, int | float) and not isinstance(found, bool) and said == said.strip()
        else None
    )


@settings(max_examples=400)
@given(st.lists(plain, min_size=1, max_size=20))
@example([b"9007199254740993", b"123456.7", b"-0.1", b"1234567.", b"12345678"])
def test_each_is_what_python_reads(said: list[bytes]) -> None:
    text = Joined(Texts.of([b"x" + one + b"," for one in said]))

    value, ok = numbers(text, text.start + 1, text.end - 1)

    for one, found, is_number in zip(said, value.tolist(), ok.tolist(), strict=True):
        wanted = _number(one)
        if len(one) <= WORD and (b"e" in one or b"E" in one):
            assert not is_number, "a short one with an exponent is left to the row reader"
        else:
            assert is_number == (wanted is not None), one
            assert found == (wanted or 0.0), one


@settings(max_examples=200)
@given(
    st.lists(st.text("ab-9._", min_size=1, max_size=20), unique=True, max_size=60),
    st.lists(st.text("ab-9._\x00", max_size=21), min_size=1, max_size=30),
)
@example(["a"], ["a\x00"])
def test_an_id_has_its_number_and_what_is_no_id_has_none(ids: list[str], asked: list[str]) -> None:
    directory, said = Directory(ids), [*asked, *ids]
    text = Joined(Texts.of([one.encode() for one in said]))

    found = directory.numbers(text, text.start, text.end - text.start)

    assert found.tolist() == [ids.index(one) if one in ids else -1 for one in said]
    assert directory.of(said).tolist() == found.tolist()


def test_a_text_is_the_same_where_it_stands_whole() -> None:
    for text in (b"a", b"abcdefg", b"abcdefgh", b"abcdefghijklmnop", b"abcdefghijklmnopq"):
        joined = Joined(Texts.of([text, text[:-1] + b"?", b"?" + text[1:]]))

        assert joined.same(joined.start, text).tolist() == [True, False, False]
        middle = Joined(Texts.of([text[: len(text) // 2] + b"?" + text[len(text) // 2 + 1 :]]))
        assert joined.same(np.array([WORD]), text).all() and not middle.same(middle.start, text).any()
