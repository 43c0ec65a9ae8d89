"""Many records' bytes as one array, read eight at a time wherever they begin, and where their quotes stand."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from streams.engine.instants import Bools, Ints

Words = npt.NDArray[np.uint64]
W = TypeVar("W", np.int64, np.uint8, np.uint64)

WORD: Final = 8
_PAD: Final = b"\n" * WORD
"""Before the first record and behind the last one, so that a word may be read at either end."""
_QUOTE: Final = ord('"')
BEGIN: Final[Words] = np.array([(1 << 8 * n) - 1 for n in range(WORD)] + [(1 << 64) - 1], np.uint64)
"""By n: a mask of a word's first n bytes (little-endian)."""


class Joined:
    """The bytes of n records, each a text without an end of its own.

    Args:
        values: the records.
    """

    def __init__(self, values: list[bytes]) -> None:
        self.buffer = b"".join([_PAD, *values, _PAD])
        n = len(values)
        length = np.fromiter(map(len, values), np.int64, n)
        self.end: Ints = np.cumsum(length) + WORD
        """Position after each record. (n,)"""
        self.start: Ints = self.end - length
        self.bytes = np.frombuffer(self.buffer, np.uint8)
        self.words: Words = np.ndarray((len(self.buffer) - WORD + 1,), "<u8", self.buffer, strides=(1,))
        """The word that begins at each position."""
        self.quote: Ints = np.flatnonzero(self.bytes == _QUOTE)
        """Positions of all quotes."""
        self.first_quote, self.quotes = self._quotes_of_records(n)

    def _quotes_of_records(self, n: int) -> tuple[Ints, Ints]:
        """Which quote is each record's first, and how many it has. (n,)"""
        each, rest = divmod(len(self.quote), n)
        if each and not rest:
            first, last = self.quote[::each], self.quote[each - 1 :: each]
            if bool((first >= self.start).all()) and bool((last < self.end).all()):
                return np.arange(0, n * each, each), np.full(n, each)
        begin = np.searchsorted(self.quote, self.start)
        return begin, np.diff(begin, append=len(self.quote))

    def same(self, at: Ints, text: bytes) -> Bools:
        """Whether this text stands at each position. (n,)"""
        n = len(text)
        if n < WORD:
            found = self.words[at] & BEGIN[n]
            return np.asarray(found == _word(text))
        same = np.asarray(self.words[at] == _word(text))
        for begin in [*range(WORD, n - WORD, WORD), n - WORD]:
            if begin:
                same &= self.words[at + begin] == _word(text[begin : begin + WORD])
        return same


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text[:WORD], "little"))
