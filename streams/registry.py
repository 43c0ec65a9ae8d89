"""Sensors, zones and owners of a city, read from its seeds."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from streams.contract.readings import Domain
from streams.contract.sensors import City, Owner, Sensor, Zone
from streams.contract.windows import MOBILE_ZONE
from streams.errors import WrongSeed

M = TypeVar("M", bound=BaseModel)
MAINTENANCE: Final = "maintenance.toml"
"""Planned work, which changes beside the registry as the rules do."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A city as its seeds describe it; sensors, zones and owners by id."""

    city: City
    sensors: dict[str, Sensor]
    zones: dict[str, Zone]
    owners: dict[str, Owner]

    def of_domain(self, domain: Domain) -> list[Sensor]:
        """The domain's sensors in the order of their ids."""
        return sorted((s for s in self.sensors.values() if s.domain == domain), key=lambda s: s.sensor_id)


def basis_of(seeds: Path) -> str:
    """A digest of what results rest on beside log, rules and planned work: the registry and the program's version."""
    own = (path for path in seeds.rglob("*.toml") if path.parent.name not in ("rules", "scenarios"))
    files = (path for path in own if path != seeds / MAINTENANCE)
    return f"{version('urbanhub')}:{digest_of(seeds, sorted(files))}"


def digest_of(seeds: Path, files: Iterable[Path]) -> str:
    """A digest of what these files of a city hold; of one that cannot be read, of why."""
    digest = hashlib.sha256()
    for path in files:
        try:
            text = path.read_bytes()
        except OSError as e:
            text = repr(e).encode()
        digest.update(f"\0{path.relative_to(seeds)}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()[:32]


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file of the seeds.

    Raises:
        WrongSeed: it is not there, cannot be read or is not TOML; the message names file and line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WrongSeed("the file is not there", field=str(path), fix="Point --seeds at a folder that has it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        place = f"{path}:{_line_of(e, path.read_bytes())}"
        raise WrongSeed(f"is not valid TOML: {e}", field=place, fix="Mend that line") from None
    except OSError as e:
        raise WrongSeed(f"cannot be read: {e.strerror}", field=str(path), fix="Let this process read it") from None


def _line_of(error: ValueError, text: bytes) -> int:
    """The line that a reader of TOML stumbled over; the last one where only the end was missing."""
    if isinstance(error, UnicodeDecodeError):
        text = text[: error.start]
    elif said := re.search(r"at line (\d+)", str(error)):
        return int(said[1])
    return text.count(b"\n") + 1


def read_model(path: Path, model: type[M], data: Any, name: str) -> M:
    """One entry of a seed file as its model.

    Raises:
        WrongSeed: the entry is wrong; the message names file, entry, field and value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise WrongSeed(
            f"{name}{': ' + field if field else ''}: {first['msg']}",
            field=str(path),
            value=first.get("input"),
            fix="Mend that entry",
        ) from None


def load_city(seeds: Path) -> City:
    """The city alone, without the time that reading its sensors takes.

    Raises:
        WrongSeed: the file is missing or wrong.
    """
    return read_model(seeds / "city.toml", City, read_toml(seeds / "city.toml"), "city")


def load(seeds: Path) -> Registry:
    """The registry of a city's seeds.

    Raises:
        WrongSeed: a file is missing or wrong, an id stands twice, or a sensor names a zone or owner that is not there.
    """
    city = load_city(seeds)
    owners_path = seeds / "owners.toml"
    owners = _by_id(
        owners_path,
        "owner_id",
        (read_model(owners_path, Owner, o, str(o.get("owner_id"))) for o in _entries(owners_path, "owners")),
    )
    zones = _zones(seeds / "map" / "zones.geojson")
    sensors: dict[str, Sensor] = {}
    for path in sorted((seeds / "sensors").glob("*.toml")):
        entries = (read_model(path, Sensor, s, str(s.get("sensor_id"))) for s in _entries(path, "sensors"))
        found = _by_id(path, "sensor_id", entries)
        for sensor_id, sensor in found.items():
            if sensor_id in sensors:
                raise WrongSeed(
                    "this sensor_id stands in two files",
                    field=str(path),
                    value=sensor_id,
                    fix="Keep one of them",
                )
            if sensor.zone not in zones and sensor.zone != MOBILE_ZONE:
                raise WrongSeed(
                    f"{sensor_id}: zone is not in map/zones.geojson",
                    field=str(path),
                    value=sensor.zone,
                    fix="Name one that is",
                )
            if sensor.owner not in owners:
                raise WrongSeed(
                    f"{sensor_id}: owner is not in owners.toml",
                    field=str(path),
                    value=sensor.owner,
                    fix="Add it there",
                )
        sensors |= found
    return Registry(city, sensors, zones, owners)


def _entries(path: Path, table: str) -> list[dict[str, Any]]:
    """The file's entries; a misspelt table's name would otherwise lose them all without a word."""
    entries = read_toml(path).get(table)
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise WrongSeed(f"has no [[{table}]]", field=str(path), fix=f"Write each entry under [[{table}]]")
    return entries


def _by_id(path: Path, key: str, entries: Iterable[M]) -> dict[str, M]:
    found: dict[str, M] = {}
    for entry in entries:
        name = str(getattr(entry, key))
        if name in found:
            raise WrongSeed(f"this {key} stands twice", field=str(path), value=name, fix="Keep one of them")
        found[name] = entry
    return found


def _zones(path: Path) -> dict[str, Zone]:
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
    except FileNotFoundError:
        raise WrongSeed("the file is not there", field=str(path), fix="Point --seeds at a folder that has it") from None
    except (ValueError, KeyError, UnicodeDecodeError) as e:
        raise WrongSeed(f"is no GeoJSON feature collection: {e}", field=str(path), fix="Make it anew") from None
    zones = []
    for feature in features:
        said = feature.get("properties") or {}
        for name in ("zone_id", "name_ko", "name_en"):
            if not isinstance(said.get(name), str):
                raise WrongSeed(
                    f"{said.get('zone_id')}: {name} is missing", field=str(path), fix="Give it in properties"
                )
        names = {"ko": said["name_ko"], "en": said["name_en"]}
        zone = {"zone_id": said["zone_id"], "name": names, "district": said.get("district", "")}
        zones.append(read_model(path, Zone, zone, said["zone_id"]))
    return _by_id(path, "zone_id", zones)
