"""Decimal numbers as JSON writes them, many at once: text → float64, each the nearest to what it says.

A number of at most eight characters is one word, and is read with a dozen operations on all of them: the dot is closed up,
then neighbouring digits are joined, pairs, fours, eights. Longer ones are read by Python, one by one.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt

from streams.engine.instants import Bools, Ints
from streams.engine.joined import BEGIN, WORD, Joined, Words

Floats = npt.NDArray[np.float64]

_NUMBER: Final = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MINUS, _ZERO, _NINE = ord("-"), ord("0"), ord("9")


def _each(byte: int) -> np.uint64:
    """A word of eight equal bytes."""
    return np.uint64(int.from_bytes(bytes([byte]) * WORD, "little"))


_ZEROS, _DOTS, _ONES, _HIGH, _TOO_FAR = map(_each, (_ZERO, ord("."), 0x01, 0x80, 0x76))
_PAIRS, _TENS = np.uint64(0x000000FF000000FF), np.uint64(10)
_HUNDREDS, _MILLIONS = np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
_ONE, _SEVEN, _EIGHT, _SIXTEEN, _HALF, _LAST = map(np.uint64, (1, 7, 8, 16, 32, 56))
_POWERS: Final[Floats] = np.array([10.0**n for n in range(WORD + 1)])


def numbers(text: Joined, start: Ints, end: Ints) -> tuple[Floats, Bools]:
    """The number that stands at each place, and whether one stands there; others have 0.

    Args:
        text: where they stand.
        start: position of each one's first character. (n,)
        end: position after its last one. (n,)
    """
    length = end - start
    short = length <= WORD
    if short.all():
        return _short(text, start, end, length)
    value, ok = np.zeros(len(start)), np.zeros(len(start), np.bool_)
    rows = np.flatnonzero(short)
    value[rows], ok[rows] = _short(text, start[rows], end[rows], length[rows])
    for i in np.flatnonzero(~short).tolist():
        said = text.buffer[int(start[i]) : int(end[i])]
        if _NUMBER.fullmatch(said):
            value[i], ok[i] = float(said), True
    return value, ok


def _short(text: Joined, start: Ints, end: Ints, length: Ints) -> tuple[Floats, Bools]:
    first = text.bytes[start]
    minus = first == _MINUS
    begin = start + minus
    digits = length - minus
    ok = (digits > 0) & (text.bytes[end - 1] <= _NINE) & (text.bytes[end - 1] >= _ZERO)
    lead, second = text.bytes[begin], text.bytes[begin + 1]
    # No zero leads but one that stands alone before the dot; a dot at the front leaves no digit there.
    ok &= (lead >= _ZERO) & (lead <= _NINE)
    ok &= (lead != _ZERO) | (digits == 1) | (second < _ZERO)
    if not ok.all():
        digits[~ok] = 1
    word = text.words[end - WORD]
    before = BEGIN[WORD - digits]
    word = (word & ~before) | (_ZEROS & before)
    word, places = _closed_up(word)
    whole, all_digits = _joined(word)
    ok &= all_digits
    value = whole / _POWERS[places]
    if minus.any():
        np.negative(value, out=value, where=minus)
    if not ok.all():
        value[~ok] = 0
    return value, ok


def _closed_up(word: Words) -> tuple[Words, Ints]:
    """Words without their first dot, and how many characters stand behind it."""
    other = word ^ _DOTS
    mark = (other - _ONES) & ~other & _HIGH
    mark &= ~mark + _ONE
    has = mark != 0
    before = (mark >> _SEVEN) - _ONE
    upto = (mark << _ONE) - _ONE
    closed = ((word & before) << _EIGHT) | (word & ~upto) | np.uint64(_ZERO)
    places = WORD - (np.bitwise_count(upto) >> 3).astype(np.int64)
    if has.all():
        return closed, places
    return np.where(has, closed, word), np.where(has, places, 0)


def _joined(word: Words) -> tuple[Floats, Bools]:
    """Eight digits as a number, and whether they are digits."""
    digit = word - _ZEROS
    wrong = ((digit + _TOO_FAR) | digit) & _HIGH
    digit = digit * _TENS + (digit >> _EIGHT)
    number = ((digit & _PAIRS) * _HUNDREDS + ((digit >> _SIXTEEN) & _PAIRS) * _MILLIONS) >> _HALF
    return number.astype(np.float64), wrong == 0
