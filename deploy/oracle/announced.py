"""Which level an announcement reaches: each level's alternatives tried one after the other, from the file as it stands."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

EARTH_RADIUS_KM = 6371.0


def reached(rule: dict[str, Any], bulletin: dict[str, Any], centre: tuple[float, float]) -> int:
    """The highest level of which an alternative holds, -1 for none.

    Args:
        rule: as it stands in its file.
        bulletin: as it was sent.
        centre: of the city; longitude, latitude.
    """
    highest, takes = -1, rule["bulletin"]
    hazard = bulletin.get("hazard")
    if hazard not in takes.get("hazards", [hazard]) or hazard in takes.get("other_than", []):
        return highest
    for i, entry in enumerate(rule["levels"]):
        if any(_holds(when, bulletin, centre) for when in _alternatives(entry)):
            highest = i
    return highest


def magnitude_of(level: dict[str, Any], bulletin: dict[str, Any], centre: tuple[float, float]) -> Decimal | None:
    """The magnitude that the first alternative that holds asks for."""
    for when in _alternatives(level):
        if _holds(when, bulletin, centre):
            least = when.get("magnitude_at_least")
            return None if least is None else Decimal(least)
    return None


def _alternatives(entry: dict[str, Any]) -> list[dict[str, Any]]:
    when = entry["when"]
    return when if isinstance(when, list) else [when]


def _holds(when: dict[str, Any], bulletin: dict[str, Any], centre: tuple[float, float]) -> bool:
    """Whether every condition holds; one on what the announcement does not say fails, save where it happened."""
    for name, field in (("magnitude_at_least", "magnitude"), ("intensity_at_least", "intensity")):
        if name in when and (field not in bulletin or Decimal(str(bulletin[field])) < when[name]):
            return False
    if "level" in when and when["level"] != bulletin.get("level"):
        return False
    place = bulletin.get("location")
    return "within_km" not in when or place is None or _km(centre, (place["lon"], place["lat"])) <= when["within_km"]


def _km(here: tuple[float, float], there: tuple[float, float]) -> Decimal:
    """The angle between two places as seen from the middle of the Earth, as a length; in whole metres."""
    a, b = (_direction(*point) for point in (here, there))
    across = math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    along = sum(x * y for x, y in zip(a, b, strict=True))
    return round(Decimal(EARTH_RADIUS_KM * math.atan2(across, along)), 3)


def _direction(lon: float, lat: float) -> tuple[float, float, float]:
    east, north = math.radians(lon), math.radians(lat)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)
