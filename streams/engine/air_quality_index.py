"""Korea's comprehensive air-quality index (통합대기환경지수, CAI) from hourly means, in whole numbers and so exactly.

As AirKorea publishes it; each part says where it was confirmed, all on 2026-11-30:

- the predicted 24-hour mean of dust, its M and its ratios, and that there is no index without PM10, PM2.5, O3 and NO2:
  AirKorea, CAI calculator (airkorea.or.kr/web/caiCalculator)
- break points and the line between them, I = (I_HI − I_LO) / (BP_HI − BP_LO) · (C − BP_LO) + I_LO: Jeju's air-quality site
  (air.jeju.go.kr, CAI); the highest sub-index counts, 50 more where two are unhealthy, 75 more where three or more are: Seoul's
  explanation as quoted at ezformula.net
- indices are rounded, and dust's predicted mean is in whole µg/m³: recorded answers of AirKorea's open data, as 48 µg/m³ of
  PM2.5 → 147 (146.8), NO2 0.065 ppm → 105 (105.3), 0.044 → 73 (73.0), O3 0.028 → 47 (46.7)

Not found, and therefore this hub's own: how many hours may be missing (a quarter, as is usual for air data: at least 9 of
12 and 3 of 4), that the predicted mean is rounded rather than cut off, what an index beyond 500 is called (500), and to
which line a gas between two break points belongs (the upper one's).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.engine.instants import Bools, Ints

POLLUTANTS: Final = ("pm10_ugm3", "pm25_ugm3", "o3_ppm", "no2_ppm", "co_ppm", "so2_ppm")
"""The last two may be missing."""
HOURS: Final = 12
"""How many hours it looks back on."""
UNKNOWN: Final = -1

_DUST: Final = 2
"""So many pollutants, the first, count by their predicted 24-hour mean."""
_NEEDED: Final = 4
_INDEX_LO: Final = np.array([0, 51, 101, 251], np.int64)
_INDEX_HI: Final = np.array([50, 100, 250, 500], np.int64)
_UNHEALTHY: Final = 101
"""From this sub-index on a pollutant is 나쁨 (unhealthy)."""
_TWO_UNHEALTHY, _MORE_UNHEALTHY = 50, 75
_HIGHEST: Final = 500
_UGM3: Final = 1_000_000
"""Micro-units of a µg/m³."""
_LO: Final = np.array(
    [
        [0, 31_000_000, 81_000_000, 151_000_000],
        [0, 16_000_000, 36_000_000, 76_000_000],
        [0, 31_000, 91_000, 151_000],
        [0, 31_000, 61_000, 201_000],
        [0, 2_010_000, 9_010_000, 15_010_000],
        [0, 21_000, 51_000, 151_000],
    ],
    np.int64,
)
_HI: Final = np.array(
    [
        [30_000_000, 80_000_000, 150_000_000, 600_000_000],
        [15_000_000, 35_000_000, 75_000_000, 500_000_000],
        [30_000, 90_000, 150_000, 600_000],
        [30_000, 60_000, 200_000, 2_000_000],
        [2_000_000, 9_000_000, 15_000_000, 50_000_000],
        [20_000, 50_000, 150_000, 1_000_000],
    ],
    np.int64,
)
"""Break points in micro-units of each measure, a row per pollutant; of dust they are means of 24 hours, of gases of one."""
_RECENT: Final = 4
_DAMPED_FROM: Final = (70 * _UGM3, 30 * _UGM3)
"""M: from here on an hour of PM10, PM2.5 that is near the mean of twelve hours weighs three quarters."""
_LEAST_HOURS, _LEAST_RECENT = 9, 3


def indices(hours: Ints) -> tuple[Ints, Bools]:
    """The index of each station, and where it is known.

    Args:
        hours: mean of each pollutant in each of the last twelve hours, oldest first, micro-units; `UNKNOWN` where there is
            none. (stations, pollutants, hours)
    """
    parts = sub_indices(hours)
    known = np.asarray((parts[:, :_NEEDED] != UNKNOWN).all(axis=1))
    unhealthy = (parts >= _UNHEALTHY).sum(axis=1)
    more = np.where(unhealthy >= 3, _MORE_UNHEALTHY, np.where(unhealthy == 2, _TWO_UNHEALTHY, 0))
    return np.minimum(parts.max(axis=1, initial=UNKNOWN) + more, _HIGHEST), known


def sub_indices(hours: Ints) -> Ints:
    """Each pollutant's own index, `UNKNOWN` where it has none. (stations, pollutants)"""
    parts = np.empty(hours.shape[:2], np.int64)
    for number in range(len(POLLUTANTS)):
        mine = hours[:, number]
        parts[:, number] = _on_its_line(
            predicted(mine, _DAMPED_FROM[number]) if number < _DUST else mine[:, -1], number
        )
    return parts


def predicted(hours: Ints, damped_from: int) -> Ints:
    """Dust's predicted 24-hour mean, (C12 · 12 + C4 · 12) / 24, to a whole µg/m³; micro-units, `UNKNOWN` where there is none.

    Args:
        hours: hourly means, oldest first. (stations, hours)
        damped_from: M.
    """
    said = hours != UNKNOWN
    total, n = np.where(said, hours, 0).sum(axis=1), said.sum(axis=1)
    recent, recent_n = np.where(said, hours, 0)[:, -_RECENT:], said[:, -_RECENT:].sum(axis=1)
    tenths = 10 * n[:, None] * recent  # of the ratio to the mean of twelve hours, times their sum
    near = (tenths >= 9 * total[:, None]) & (tenths <= 17 * total[:, None])
    quarters = (np.where((recent >= damped_from) & near, 3, 4) * recent).sum(axis=1)
    known = (n >= _LEAST_HOURS) & (recent_n >= _LEAST_RECENT)
    n, recent_n = np.where(known, n, 1), np.where(known, recent_n, 1)
    mean = _rounded(4 * recent_n * total + n * quarters, 8 * recent_n * n * _UGM3)
    return np.where(known, mean * _UGM3, UNKNOWN)


def _on_its_line(micro: Ints, number: int) -> Ints:
    """What a pollutant's concentrations come to. (stations,)"""
    band = np.searchsorted(_HI[number, :-1], micro)
    lo, hi = _LO[number][band], _HI[number][band]
    rise = (_INDEX_HI[band] - _INDEX_LO[band]) * (micro - lo)
    index = np.minimum(_INDEX_LO[band] + _rounded(rise, hi - lo), _HIGHEST)
    return np.where(micro == UNKNOWN, UNKNOWN, index)


def _rounded(over: Ints, under: Ints) -> Ints:
    """A quotient to a whole number, a half upwards."""
    rounded: Ints = (2 * over + under) // (2 * under)
    return rounded
