"""Planned work on a city's sensors, read from `seeds/maintenance.toml`; a city without that file has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streams import registry
from streams.contract.maintenance import MaintenanceFile, Period
from streams.errors import Misfit, WrongSeed
from streams.registry import Registry
from streams.seed_file import placed, read_file, together


def files(seeds: Path) -> list[Path]:
    """The city's file, where it has one."""
    path = seeds / registry.MAINTENANCE
    return [path] if path.is_file() else []


def load(seeds: Path, known: Registry | None = None) -> list[Period]:
    """Every period, in the order of the file.

    Args:
        seeds: the city's folder.
        known: its registry; None where it is still to be read.

    Raises:
        WrongSeed: all that is wrong in it, or a period on a sensor or zone that is not there, each by its line.
    """
    for path in files(seeds):
        periods = read_file(path, MaintenanceFile, "periods", "by").periods
        if periods and known is None:
            known = registry.load(seeds)
        wrong: list[WrongSeed] = []
        for number, period in enumerate(periods):
            assert known is not None
            wrong += [placed(path, ("periods", number), each, period.by) for each in _misfits(period, known)]
        if wrong:
            raise together(wrong)
        return periods
    return []


def _misfits(period: Period, known: Registry) -> Iterator[Misfit]:
    for number, sensor_id in enumerate(period.sensors):
        if sensor_id not in known.sensors:
            fix = "Name one of `urbanhub sensors list`"
            yield Misfit("there is no such sensor", at=("sensors", number), value=sensor_id, fix=fix)
    if period.zone is not None and period.zone not in known.zones:
        yield Misfit("there is no such zone", at=("zone",), value=period.zone, fix="Name one of map/zones.geojson")
