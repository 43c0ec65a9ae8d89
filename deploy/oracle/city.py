"""The seeds as the calculation needs them, read by itself: sensors, rules, each domain's times.

Numbers of a TOML file are read as decimals, so that 8.3 − 0.1 is 8.2.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

GRACE_S: Final = Decimal(60)
IDLE_S: Final = Decimal(60)
FUTURE_S: Final = Decimal(300)
"""Contract 3, Time: the defaults per domain."""


@dataclass(frozen=True)
class Sensor:
    """What matters of a sensor of the registry."""

    sensor_id: str
    domain: str
    kind: str
    zone: str
    measures: tuple[str, ...]
    interval_ms: int
    delay_ms: int
    modelled: bool = False
    """That it stands there is an assumption."""
    works: tuple[tuple[int, int], ...] = ()
    """When work is done on it: begin and end, the earliest first."""
    gauge_measure: str = "water_level_m"
    gauge_levels: dict[str, Decimal] = field(default_factory=dict)
    free_flow_kmh: Decimal | None = None


@dataclass(frozen=True)
class Times:
    """How a domain's time is judged."""

    grace_ms: int
    idle_ms: int
    future_ms: int


@dataclass(frozen=True)
class City:
    """A city's seeds."""

    sensors: dict[str, Sensor]
    rules: list[dict[str, Any]]
    """As they stand in their files."""
    times: dict[str, Times]
    centre: tuple[float, float] = (0.0, 0.0)
    """Longitude, latitude."""


def read_city(seeds: Path) -> City:
    """Read the seeds of a city; they are taken to be right, which the hub's own reading of them proves."""
    sensors = {}
    planned = seeds / "maintenance.toml"
    periods = _toml(planned).get("periods", []) if planned.exists() else []
    for path in sorted((seeds / "sensors").glob("*.toml")):
        for entry in _toml(path).get("sensors", []):
            sensors[entry["sensor_id"]] = _sensor(entry, periods)
    rules = []
    for path in sorted((seeds / "rules").glob("*.toml")):
        if not path.name.endswith(".test.toml"):
            rules += _toml(path).get("rules", [])
    times = {name: _times(entry) for name, entry in _toml(seeds / "city.toml").get("domains", {}).items()}
    longitude, latitude = _toml(seeds / "city.toml")["centre"]
    return City(sensors, rules, times, (float(longitude), float(latitude)))


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def _ms(seconds: Any) -> int:
    return round(Decimal(seconds) * 1000)


def _works(entry: dict[str, Any], periods: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """The times of work on a sensor: named by its id, or else by kind and zone, as far as these are given."""
    for period in periods:
        by_kind = entry["kind"] in period.get("kinds", [entry["kind"]])
        by_zone = entry["zone"] == period.get("zone", entry["zone"])
        if entry["sensor_id"] in period["sensors"] if "sensors" in period else by_kind and by_zone:
            yield round(period["begin"].timestamp() * 1000), round(period["end"].timestamp() * 1000)


def _sensor(entry: dict[str, Any], periods: list[dict[str, Any]]) -> Sensor:
    gauge = entry.get("gauge_levels", {})
    levels = {level: Decimal(gauge[level]) for level in ("attention", "caution", "alert", "serious") if level in gauge}
    return Sensor(
        sensor_id=entry["sensor_id"],
        domain=entry["domain"],
        kind=entry["kind"],
        zone=entry["zone"],
        measures=tuple(entry["measures"]),
        interval_ms=_ms(entry["interval_s"]),
        delay_ms=_ms(entry.get("delay_s", 0)),
        modelled=entry.get("modelled", False),
        works=tuple(sorted(_works(entry, periods))),
        gauge_measure=gauge.get("measure", "water_level_m"),
        gauge_levels=levels,
        free_flow_kmh=Decimal(entry["free_flow_kmh"]) if "free_flow_kmh" in entry else None,
    )


def _times(entry: dict[str, Any]) -> Times:
    return Times(
        _ms(entry.get("grace_s", GRACE_S)), _ms(entry.get("idle_s", IDLE_S)), _ms(entry.get("future_s", FUTURE_S))
    )
