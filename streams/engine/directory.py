"""Sensor ids as they stand in records → their numbers, many at once.

An open-addressed table over ids cut in words: one look-up is a few operations on all of them, and a hit is compared whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.engine.instants import Ints
from streams.engine.joined import BEGIN, WORD, Joined, Words
from streams.engine.records import Texts

_SPARSE: Final = 4
"""Slots per id, at least: nine look-ups in ten then end at their first slot."""
_MIX: Final[Words] = np.array([(0x9E3779B97F4A7C15 * (2 * n + 1)) % (1 << 64) | 1 for n in range(1, 33)], np.uint64)
"""Odd multipliers, one for each word of an id."""


class Directory:
    """The numbers of some ids.

    Args:
        ids: each once, in the order of their numbers.
    """

    def __init__(self, ids: list[str]) -> None:
        self._number = {one: number for number, one in enumerate(ids)}
        said = [one.encode() for one in ids]
        self._longest = max(map(len, said), default=0)
        self._words: list[Words] = [np.zeros(0, np.uint64)]
        self._length: Ints = np.fromiter(map(len, said), np.int64, len(said))
        slots = 1 << max(1, (_SPARSE * len(ids) - 1).bit_length()) if ids else 2
        self._shift, self._wrap = np.uint64(64 - slots.bit_length() + 1), slots - 1
        self._table: Ints = np.full(slots, -1)
        if said:
            text = Joined(Texts.of(said))
            self._words = self._cut(text, text.start, text.end - text.start)
            self._fill(len(ids))

    def _cut(self, text: Joined, start: Ints, length: Ints) -> list[Words]:
        words = []
        for begin in range(0, self._longest, WORD):
            inside = BEGIN[np.clip(length - begin, 0, WORD)]
            words.append(text.words[np.minimum(start + begin, len(text.words) - 1)] & inside)
        return words

    def _slot(self, words: list[Words]) -> Ints:
        mixed = words[0] * _MIX[0]
        for word, mix in zip(words[1:], _MIX[1:], strict=False):
            mixed = (mixed ^ (mixed >> np.uint64(29))) + word * mix
        slot: Ints = (mixed >> self._shift).astype(np.int64)
        return slot

    def _fill(self, n: int) -> None:
        slot, left = self._slot(self._words), np.arange(n)
        while len(left):
            free = left[self._table[slot[left]] < 0]
            # Of those that want one slot the last one written has it; the others go on.
            self._table[slot[free]] = free
            left = left[self._table[slot[left]] != left]
            slot[left] = (slot[left] + 1) & self._wrap

    def of(self, ids: Sequence[str]) -> Ints:
        """The number of each id, -1 where it is none of these. (n,)"""
        return np.fromiter((self._number.get(one, -1) for one in ids), np.int64, len(ids))

    def numbers(self, text: Joined, start: Ints, length: Ints) -> Ints:
        """The number of the id that stands at each place, -1 where none of these does. (n,)"""
        found: Ints = np.full(len(start), -1)
        if not self._longest:
            return found
        words = self._cut(text, start, length)
        slot, left = self._slot(words), np.arange(len(start))
        fits = (length > 0) & (length <= self._longest)
        if not fits.all():
            left = left[fits]
        while len(left):
            number = self._table[slot[left]]
            same = (number >= 0) & (self._length[number] == length[left])
            for own, said in zip(self._words, words, strict=True):
                same &= own[number] == said[left]
            found[left[same]] = number[same]
            left = left[(number >= 0) & ~same]
            slot[left] = (slot[left] + 1) & self._wrap
        return found
