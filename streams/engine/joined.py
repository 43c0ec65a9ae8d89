"""Many records' bytes as one array, read eight at a time wherever they begin, and where their quotes stand."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from streams.engine.instants import Bools, Ints
from streams.engine.records import Texts

Words = npt.NDArray[np.uint64]
W = TypeVar("W", np.int64, np.uint8, np.uint64)

WORD: Final = 8
_QUOTE: Final = ord('"')
BEGIN: Final[Words] = np.array([(1 << 8 * n) - 1 for n in range(WORD)] + [(1 << 64) - 1], np.uint64)
"""By n: a mask of a word's first n bytes (little-endian)."""


class Joined:
    """The bytes of n records, each a text of one buffer.

    Args:
        texts: the records; one that is absent is an empty one.
    """

    def __init__(self, texts: Texts) -> None:
        self.buffer = texts.buffer
        self.start: Ints = np.maximum(texts.start, WORD)
        self.end: Ints = np.maximum(texts.end, WORD)
        """Position after each record. (n,)"""
        self.bytes = np.frombuffer(self.buffer, np.uint8)
        self.words: Words = np.ndarray((len(self.buffer) - WORD + 1,), "<u8", self.buffer, strides=(1,))
        """The word that begins at each position."""
        self.quote: Ints = np.flatnonzero(self.bytes == _QUOTE)
        """Positions of all quotes."""
        self.first_quote: Ints = np.searchsorted(self.quote, self.start)
        """Which quote is each record's first. (n,)"""
        self.quotes: Ints = np.searchsorted(self.quote, self.end) - self.first_quote
        """How many quotes each has. (n,)"""

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
