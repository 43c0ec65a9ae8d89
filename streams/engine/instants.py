"""The contract's times, many at once: text → epoch milliseconds.

`streams.contract.times.parse_ms` is the definition; a property test holds the two equal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streams.contract.times import FIRST_YEAR, to_ms

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_DAYS_BEFORE_MONTH = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_DAYS_TO_1970 = 719_162
"""Days from 0001-01-01 to 1970-01-01 in the proleptic Gregorian calendar."""
_LAST_MS = to_ms(dt.datetime.max.replace(tzinfo=dt.UTC))
_PLACES = (4, 7, 10, 13, 16)
_MARKS = np.frombuffer(b"--T::", np.uint8)
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])


def parse_instants(texts: Sequence[str]) -> tuple[Ints, Bools]:
    """Epoch milliseconds of each text, UTC, and which of them are contract times; others have 0."""
    ms, ok = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        if length < 20:
            continue
        some = texts if len(rows) == len(texts) else [texts[i] for i in rows.tolist()]
        # A character outside latin-1 becomes "?", which no place allows, so that every text is `length` bytes.
        chars = np.frombuffer("".join(some).encode("latin-1", "replace"), np.uint8).reshape(len(some), length)
        zulu = chars[:, -1] == ord("Z")
        for is_zulu in (True, False):
            picked = np.flatnonzero(zulu == is_zulu)
            if len(picked):
                ms[rows[picked]], ok[rows[picked]] = _same_shape(chars[picked], 1 if is_zulu else 6)
    return ms, ok


def _same_shape(chars: npt.NDArray[np.uint8], zone_width: int) -> tuple[Ints, Bools]:
    """Texts of one length whose zone is `Z` (1 wide) or `±hh:mm` (6 wide)."""
    fraction_width = chars.shape[1] - 19 - zone_width
    if fraction_width < 0 or fraction_width == 1:
        return np.zeros(len(chars), np.int64), np.zeros(len(chars), np.bool_)
    digits = (chars[:, _DIGITS] - 48).astype(np.int64)  # uint8 wraps: what is below "0" becomes large
    ok = (digits <= 9).all(axis=1) & (chars[:, _PLACES] == _MARKS).all(axis=1)
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second = (digits[:, i] * 10 + digits[:, i + 1] for i in (4, 6, 8, 10, 12))
    ok &= (year >= FIRST_YEAR - 1) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    month = np.where(ok, month, 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    ok &= (day >= 1) & (day <= _DAYS_IN_MONTH[month] + (leap & (month == 2)))
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE_MONTH[month] + (leap & (month > 2))
    seconds = ((days + day - 1 - _DAYS_TO_1970) * 24 + hour) * 3600 + minute * 60 + second
    ms = seconds * 1000
    if fraction_width:
        fraction = (chars[:, 20 : 19 + fraction_width] - 48).astype(np.int64)
        ok &= (chars[:, 19] == ord(".")) & (fraction <= 9).all(axis=1)
        for place, worth in zip(range(min(3, fraction.shape[1])), (100, 10, 1), strict=False):
            ms += fraction[:, place] * worth
    if zone_width == 6:
        zone = chars[:, -6:]
        z = (zone[:, [1, 2, 4, 5]] - 48).astype(np.int64)
        hours, minutes = z[:, 0] * 10 + z[:, 1], z[:, 2] * 10 + z[:, 3]
        minus, plus = zone[:, 0] == ord("-"), zone[:, 0] == ord("+")
        ok &= (minus | plus) & (zone[:, 3] == ord(":")) & (z <= 9).all(axis=1) & (hours < 24) & (minutes < 60)
        ms -= np.where(minus, -1, 1) * (hours * 60 + minutes) * 60_000
    # A year is judged as written, before its offset is applied, as the definition does.
    ok &= (year >= FIRST_YEAR) & (ms <= _LAST_MS)
    return np.where(ok, ms, 0), ok
