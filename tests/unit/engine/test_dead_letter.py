"""A dead letter is the record as received, as long as the topic of dead letters takes it."""

from __future__ import annotations

import pytest

from streams.contract.rejections import Rejection
from streams.contract.topics import MIB
from streams.engine.dead_letter import dead_letter
from tests.support.engine_run import Record

WHY = Rejection("too_large", "", "It is too large.")


def test_the_largest_record_that_a_topic_takes_unpacked_is_kept_byte_for_byte() -> None:
    record = Record(7, 1_662_390_000_000, b"k" * 100, b"x" * (MIB - 100))

    letter = dead_letter(record, WHY, "readings.disaster", 3)

    assert (letter.key, letter.value) == (record.key, record.value)
    assert dict(letter.headers) == {
        "reason": b"too_large",
        "field": b"",
        "detail": b"It is too large.",
        "topic": b"readings.disaster",
        "partition": b"3",
        "offset": b"7",
        "received_at": b"2022-09-05T15:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("key", "value"), [(b"k" * 101, b"x" * (MIB - 100)), (None, b"x" * (10 * MIB)), (b"k" * (10 * MIB), None)]
)
def test_of_a_larger_one_only_why_and_where_it_stands_are_kept(key: bytes | None, value: bytes | None) -> None:
    letter = dead_letter(Record(7, 0, key, value), WHY, "readings.disaster", 3)

    assert (letter.key, letter.value) == (None, b"")
    headers = dict(letter.headers)
    assert (headers["topic"], headers["partition"], headers["offset"]) == (b"readings.disaster", b"3", b"7")
    assert headers["detail"].startswith(b"It is too large. The record is too large to be kept here")


def test_a_tombstone_is_an_empty_letter_with_its_key() -> None:
    letter = dead_letter(Record(7, 0, b"gauge-0", None), WHY, "readings.disaster", 3)

    assert (letter.key, letter.value) == (b"gauge-0", b"")
