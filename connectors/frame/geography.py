"""Where something lies as seen from the city: distance, direction, and both in words."""

from __future__ import annotations

import math
from typing import Final

from streams.contract.alerts import Bilingual
from streams.contract.distance import distance_km
from streams.contract.sensors import City

WINDS: Final = (
    ("북", "N"), ("북북동", "NNE"), ("북동", "NE"), ("동북동", "ENE"),
    ("동", "E"), ("동남동", "ESE"), ("남동", "SE"), ("남남동", "SSE"),
    ("남", "S"), ("남남서", "SSW"), ("남서", "SW"), ("서남서", "WSW"),
    ("서", "W"), ("서북서", "WNW"), ("북서", "NW"), ("북북서", "NNW"),
)  # fmt: skip


def place_seen_from(city: City, there: tuple[float, float]) -> Bilingual:
    """A place by its distance and direction from the city's centre, as the KMA words it; (longitude, latitude), degrees."""
    km, bearing_deg = distance_and_bearing(city.centre, there)
    ko, en = WINDS[round(bearing_deg / 360 * len(WINDS)) % len(WINDS)]
    if round(km) == 0:
        return Bilingual(ko=f"{city.name.ko} 중심부", en=f"the centre of {city.name.en}")
    return Bilingual(ko=f"{city.name.ko} {ko}쪽 {km:.0f}km 지역", en=f"{km:.0f} km {en} of {city.name.en}")


def distance_and_bearing(here: tuple[float, float], there: tuple[float, float]) -> tuple[float, float]:
    """Kilometres on the great circle and degrees from north, of two (longitude, latitude) in degrees."""
    (lon_1, lat_1), (lon_2, lat_2) = (tuple(map(math.radians, point)) for point in (here, there))
    lon = lon_2 - lon_1
    east = math.sin(lon) * math.cos(lat_2)
    north = math.cos(lat_1) * math.sin(lat_2) - math.sin(lat_1) * math.cos(lat_2) * math.cos(lon)
    return distance_km(here, there), math.degrees(math.atan2(east, north)) % 360
