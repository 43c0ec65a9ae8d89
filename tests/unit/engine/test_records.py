"""Records as columns are the records they were made of."""

from __future__ import annotations

import gc
import weakref

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.records import PAD, LogRecord, Records, Texts, joined

texts = st.one_of(st.none(), st.binary(max_size=12))
logs = st.lists(st.builds(LogRecord, st.integers(0, 1 << 60), st.integers(0, 1 << 42), texts, texts), max_size=30)


@given(logs)
def test_each_is_as_it_was(log: list[LogRecord]) -> None:
    records = Records.of(log)
    assert list(records) == log
    assert Records.of(records) is records
    assert bool(records) == bool(log)


@given(logs, st.integers(-40, 40), st.integers(-40, 40))
def test_a_part_of_them_shares_their_buffer(log: list[LogRecord], begin: int, end: int) -> None:
    records = Records.of(log)
    part = records[begin:end]
    assert list(part) == log[begin:end]
    assert part.values.buffer is records.values.buffer


@given(st.lists(logs, max_size=5))
def test_parts_follow_one_another(parts: list[list[LogRecord]]) -> None:
    whole = joined([Records.of(part) for part in parts])
    assert list(whole) == [record for part in parts for record in part]


@given(logs, st.integers(0, 30))
def test_parts_of_one_buffer_stay_in_it(log: list[LogRecord], cut: int) -> None:
    records = Records.of(log)
    whole = joined([records[:cut], records[cut:]])
    assert list(whole) == log
    assert whole.values.buffer is records.values.buffer


@given(st.lists(texts, max_size=9))
def test_every_text_has_room_on_both_sides(some: list[bytes | None]) -> None:
    found = Texts.of(some)
    for text, start, end in zip(some, found.start.tolist(), found.end.tolist(), strict=True):
        if text is not None:
            assert start >= len(PAD)
            assert end <= len(found.buffer) - len(PAD)


def test_that_they_are_gone_can_be_seen() -> None:
    gone: list[str] = []
    records = Records.of([LogRecord(0, 0, None, b"{}")])
    seen = weakref.ref(records, lambda _: gone.append("gone"))
    part = records[:1]
    del records
    gc.collect()
    assert gone == ["gone"]
    assert seen() is None
    assert part[0].value == b"{}"
