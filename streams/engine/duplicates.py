"""(series, time) once, until its 60 s window is final.

Keys are kept as sorted blocks, merged like a log-structured tree, so that a look-up meets few of them; a block is dropped
when the last window it speaks of is final. Nothing of it is in a checkpoint: that holds the lowest offset which an open
window needs, and a restart reads the log again from there only to fill this memory.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.engine.instants import Bools, Ints

TIME_BITS: Final = 42
"""Epoch milliseconds fit until 2109, then they begin again (139 years apart is no repeat in practice); 21 bits are left for
the series."""
BLOCK_KEYS: Final = 60_000


class _Block(NamedTuple):
    keys: Ints
    until_ms: int
    first_offset: int


def keys_of(series: Ints, at_ms: Ints) -> Ints:
    """One number per (series, time). (n,)"""
    return (series << TIME_BITS) | (at_ms & ((1 << TIME_BITS) - 1))


class Seen:
    """The values that may still be repeated."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    def add(self, keys: Ints, until_ms: int, first_offset: int) -> None:
        """Remember keys until the watermark passes `until_ms`; they came at `first_offset` or later."""
        self._blocks.append(_Block(np.sort(keys), until_ms, first_offset))
        while len(self._blocks) > 1 and len(self._blocks[-2].keys) < 2 * len(self._blocks[-1].keys):
            b, a = self._blocks.pop(), self._blocks.pop()
            if len(a.keys) + len(b.keys) > BLOCK_KEYS:
                self._blocks += [a, b]
                break
            merged = np.concatenate((a.keys, b.keys))
            merged.sort()
            self._blocks.append(_Block(merged, max(a.until_ms, b.until_ms), min(a.first_offset, b.first_offset)))

    def holds(self, keys: Ints) -> Bools:
        """Which of the keys are remembered. (n,)"""
        found = np.zeros(len(keys), np.bool_)
        for block in self._blocks:
            at = np.searchsorted(block.keys, keys)
            at[at == len(block.keys)] = 0
            found |= block.keys[at] == keys
        return found

    def forget(self, watermark_ms: int) -> None:
        """Drop what belongs to final windows."""
        if any(b.until_ms <= watermark_ms for b in self._blocks):
            self._blocks = [b for b in self._blocks if b.until_ms > watermark_ms]

    def first_offset(self) -> int | None:
        """The lowest offset from which a restart must read again, or None."""
        return min((b.first_offset for b in self._blocks), default=None)
