"""A position survives its text, and a text of another log is none."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from streams.room.position import Log, Position, read, written
from tests.support.room_log import LOG, PARTITIONS

OFFSETS = st.fixed_dictionaries({each: st.integers(0, 2**62) for each in PARTITIONS})


@given(OFFSETS, st.integers(0, 2**50))
def test_a_position_is_read_back_as_it_was(offsets: dict[tuple[str, int], int], issued_ms: int) -> None:
    position = Position(issued_ms, offsets)
    text = written(LOG, position)
    assert read(LOG, text) == position
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")


def test_a_position_of_another_cluster_or_with_other_partitions_is_none() -> None:
    text = written(LOG, Position(1, dict.fromkeys(PARTITIONS, 5)))
    assert read(Log("another", PARTITIONS), text) is None
    assert read(Log(LOG.cluster, PARTITIONS[:-1]), text) is None


@given(st.text(max_size=120))
def test_no_text_of_a_stranger_does_harm(text: str) -> None:
    assert read(LOG, text) is None
    assert read(LOG, "1" + text) is None


def test_a_cut_text_is_none() -> None:
    text = written(LOG, Position(1_764_000_000_000, dict.fromkeys(PARTITIONS, 70_000)))
    assert all(read(LOG, text[:length]) is None for length in range(len(text) - 1))
