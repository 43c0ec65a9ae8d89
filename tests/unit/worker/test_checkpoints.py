"""Checkpoints: cut in pieces, found again whole, never a stranger's, never a torn one."""

from __future__ import annotations

import random

import pytest

from streams.engine.outputs import Out
from streams.errors import StateRefused
from streams.worker.checkpoints import BASIS, PIECE_BYTES, Checkpoint, Found, Owner, pieces_of

OWNER = Owner("readings", "readings.disaster", 2)


def _checkpoint(number: int, state: bytes) -> Checkpoint:
    return Checkpoint(number=number, applied=100 + number, resume=90 + number, partitions=4, basis="b", state=state)


def _found(records: list[Out], application: str = "hub") -> Found:
    found = Found(application)
    for key, value, headers in records:
        found.add(key, value, headers)
    return found


def test_a_state_of_several_pieces_comes_back_whole_with_its_place() -> None:
    kept = _checkpoint(7, random.Random(1).randbytes(2 * PIECE_BYTES + 17))

    pieces = pieces_of("hub", OWNER, kept)

    assert [len(p.value) for p in pieces] == [PIECE_BYTES, PIECE_BYTES, 17]
    assert _found(pieces).newest(OWNER) == kept


def test_an_empty_state_is_a_state() -> None:
    kept = _checkpoint(1, b"")
    assert _found(pieces_of("hub", OWNER, kept)).newest(OWNER) == kept


def test_the_newest_whole_set_counts_and_a_torn_one_never() -> None:
    older = _checkpoint(4, b"a" * PIECE_BYTES + b"older")
    newer = _checkpoint(5, b"b" * PIECE_BYTES + b"newer")

    for missing in range(2):
        torn = pieces_of("hub", OWNER, newer)
        del torn[missing]
        assert _found([*pieces_of("hub", OWNER, older), *torn]).newest(OWNER) == older
    assert _found([*pieces_of("hub", OWNER, older), *pieces_of("hub", OWNER, newer)]).newest(OWNER) == newer


def test_pieces_that_a_longer_older_set_left_in_the_slot_are_not_mixed_in() -> None:
    long = _checkpoint(4, b"x" * (2 * PIECE_BYTES))
    short = _checkpoint(6, b"short")

    assert _found([*pieces_of("hub", OWNER, long), *pieces_of("hub", OWNER, short)]).newest(OWNER) == short


def test_the_order_in_which_records_are_read_changes_nothing() -> None:
    records = [p for n in (3, 4, 5) for p in pieces_of("hub", OWNER, _checkpoint(n, b"y" * PIECE_BYTES + b"%d" % n))]
    for seed in range(20):
        random.Random(seed).shuffle(records)
        newest = _found(records).newest(OWNER)
        assert newest is not None
        assert newest.number == 5


def test_where_nothing_is_whole_it_is_refused_and_not_begun_anew() -> None:
    torn = pieces_of("hub", OWNER, _checkpoint(1, b"z" * (PIECE_BYTES + 1)))[:1]
    with pytest.raises(StateRefused, match="no checkpoint is whole"):
        _found(torn).newest(OWNER)


def test_another_applications_or_partitions_state_is_a_strangers() -> None:
    pieces = pieces_of("other", OWNER, _checkpoint(1, b"state"))
    assert _found(pieces).newest(OWNER) is None
    assert _found(pieces, "other").newest(OWNER._replace(partition=3)) is None
    assert _found(pieces, "other").newest(OWNER._replace(stage="alerts")) is None


def test_records_that_are_no_checkpoints_are_passed_over() -> None:
    found = Found("hub")
    found.add(None, b"x", ())
    found.add(b"hub|short", b"x", ())
    found.add(pieces_of("hub", OWNER, _checkpoint(1, b"s"))[0].key, None, ())
    assert found.newest(OWNER) is None


def test_a_checkpoint_of_a_version_without_a_basis_is_found_and_its_state_may_say_whose_it_is() -> None:
    (piece,) = pieces_of("hub", OWNER, _checkpoint(1, b"state"))
    older = piece._replace(headers=tuple(header for header in piece.headers if header[0] != BASIS))

    found = _found([older]).newest(OWNER)

    assert found is not None
    assert (found.basis, found.state) == ("", b"state")


def test_a_topic_cut_otherwise_is_refused_with_both_numbers() -> None:
    with pytest.raises(StateRefused, match=r"4 partitions, it now has 8"):
        _checkpoint(1, b"").must_fit(OWNER, 8)
    _checkpoint(1, b"").must_fit(OWNER, 4)
