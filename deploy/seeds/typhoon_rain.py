"""How much rain fell at each gauge in each minute of the night of 6 September 2022.

Two stations stand in the press by the hour or by two (`seeds/scenarios/typhoon.toml`); what they say is kept to 0.1 mm. No
other gauge's rain was found. Each has a share of the nearer station's, assumed from where it stands, and has it as much
earlier or later as the rain, coming from the south, took between the two.

Invariant: at each drawn point a total is exact; between two, no minute is further than `UNEVEN` from the straight line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from deploy.seeds.curves import flicker, instants, offset, wobble
from streams.contract.sensors import Sensor

MINUTE: Final = timedelta(minutes=1)
KM_PER_DEGREE: Final = 111.0
"""Of latitude at 36° N, WGS 84."""
RAIN_KMH: Final = 52.0
"""How fast the rain went north: the typhoon's own speed at 06:00, newsway 2022090608062374158."""
SHOWERS: Final = 0.2
FLICKER: Final = 0.15
UNEVEN: Final = SHOWERS + FLICKER
"""How far a minute may be from the mean of its drawn part. Below 0.37 the hour of 110 mm stays the greatest of them all: each
of its minutes has more (110 in 60) than each of the half hours around it (25 in 30)."""

# Running totals in mm since midnight. The hours of station 138 give 182.7 until 04:00, 77.0, 70.9 and 11.8 until 10:00.
# What fell in the last of the 36.3 mm of the day before is assumed, for the gauges that the rain reached later.
TOTALS: Final[dict[str, Mapping[str, float]]] = {
    "weather-pohang": {
        "-00:40": -12.0, "00:00": 0.0, "01:00": 34.0, "02:00": 75.0, "03:00": 122.7, "04:00": 182.7, "04:30": 224.2,
        "05:00": 259.7, "05:30": 299.0, "06:00": 330.6, "06:20": 336.6, "07:00": 339.4, "08:00": 341.4, "09:00": 342.4,
    },
    # 160 mm between 05:00 and 07:00, 110 of them in one hour.
    "weather-guryongpo": {
        "-00:40": -7.0, "00:00": 0.0, "01:00": 14.0, "02:00": 29.0, "03:00": 46.0, "04:00": 66.0, "05:00": 92.0,
        "05:30": 117.0, "06:30": 227.0, "07:00": 252.0, "07:20": 256.0, "08:00": 258.0,
    },
}  # fmt: skip


class Storm(NamedTuple):
    """Whose total a gauge's is drawn by, and how much of that fell on it."""

    station: str
    share: float


STORMS: Final = {
    "weather-pohang": Storm("weather-pohang", 1.0),
    "weather-guryongpo": Storm("weather-guryongpo", 1.0),
    # the slopes that catch the rain from the sea: where the Naengcheon rises, and down along it
    "rain-hangsa": Storm("weather-pohang", 1.26),
    "weather-ocheon": Storm("weather-pohang", 1.16),
    "rain-ocheon": Storm("weather-pohang", 1.14),
    "rain-3gongdan": Storm("weather-pohang", 1.12),
    "rain-daesong": Storm("weather-pohang", 1.08),
    "rain-jecheol": Storm("weather-pohang", 1.06),
    "weather-donghae": Storm("weather-pohang", 1.05),
    "rain-cheongnim": Storm("weather-pohang", 1.03),
    # the town, less with each kilometre from the sea and to the north
    "rain-haedo": Storm("weather-pohang", 0.99),
    "rain-jukdo": Storm("weather-pohang", 0.97),
    "rain-yeonil": Storm("weather-pohang", 0.9),
    "rain-jungang": Storm("weather-pohang", 0.89),
    "rain-yanghak": Storm("weather-pohang", 0.87),
    "rain-hyogok": Storm("weather-pohang", 0.82),
    "rain-uchang": Storm("weather-pohang", 0.8),
    "rain-jangnyang": Storm("weather-pohang", 0.74),
    # the north, and inland behind the hills
    "rain-heunghae": Storm("weather-pohang", 0.58),
    "rain-singwang": Storm("weather-pohang", 0.4),
    "weather-cheongha": Storm("weather-pohang", 0.37),
    "weather-gigye": Storm("weather-pohang", 0.35),
    "rain-songna": Storm("weather-pohang", 0.33),
    "rain-sangok": Storm("weather-pohang", 0.27),
    "rain-gibuk": Storm("weather-pohang", 0.26),
    "weather-jukjang": Storm("weather-pohang", 0.22),
    # the outer coast, on either side of Guryongpo
    "rain-janggi": Storm("weather-guryongpo", 0.92),
    "weather-homigot": Storm("weather-guryongpo", 0.76),
}


def minutes_of_rain(sensors: Mapping[str, Sensor], day: datetime, end: datetime) -> dict[str, dict[datetime, float]]:
    """Rain in mm, by gauge and by the end of the minute in which it fell: from a minute after `day`, midnight, to `end`."""
    rain = {}
    for name, storm in STORMS.items():
        totals = _totals(sensors[name], sensors[storm.station], storm, day, end)
        rain[name] = {at: round(totals[at] - totals[at - MINUTE], 1) for at in instants(day + MINUTE, end, 60)}
    return rain


def minutes_after(gauge: Sensor, station: Sensor) -> int:
    """How many minutes after the station the rain reaches the gauge; negative south of it."""
    km_north = (gauge.place.lat - station.place.lat) * KM_PER_DEGREE
    return round(km_north / RAIN_KMH * 60)


def _totals(gauge: Sensor, station: Sensor, storm: Storm, day: datetime, end: datetime) -> dict[datetime, float]:
    """What had fallen since midnight at each minute, to 0.1 mm."""
    begin = day + minutes_after(gauge, station) * MINUTE
    points = [(begin + offset(time), total * storm.share) for time, total in TOTALS[storm.station].items()]
    totals = {}
    for (since, before), (until, after) in pairwise(points):
        minutes = list(instants(since + MINUTE, until, 60))
        fallen = list(accumulate(1 + _unevenness(gauge.sensor_id, at) for at in minutes))
        for at, so_far in zip(minutes, fallen, strict=True):
            totals[at] = round(before + (after - before) * so_far / fallen[-1], 1)
    last, total = points[-1]
    return totals | {at: round(total, 1) for at in instants(last, end, 60)}


def _unevenness(name: str, at: datetime) -> float:
    return wobble(name, at, SHOWERS) + flicker(name, at, FLICKER)
