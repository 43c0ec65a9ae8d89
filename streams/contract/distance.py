"""How far two places lie apart."""

from __future__ import annotations

import math
from typing import Final

EARTH_RADIUS_KM: Final = 6371.0


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Kilometres on the great circle between two (longitude, latitude) in degrees."""
    (lon_1, lat_1), (lon_2, lat_2) = (tuple(map(math.radians, point)) for point in (here, there))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))
