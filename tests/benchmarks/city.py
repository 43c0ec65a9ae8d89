"""Seeds of a city that has the workload's sensors: the project's own zones, owners, times and rules, other sensors."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any, Final

import orjson
import tomli_w

from streams import rulebook
from streams.kafka import partition_of
from tests.benchmarks.case import Workload
from tests.benchmarks.workload import KINDS, kinds_of, sensor_ids

SEEDS: Final = Path(__file__).parent.parent.parent / "seeds"
GAUGE_LEVELS: Final = '{ attention = 2.0, caution = 3.0, alert = 4.0, serious = 5.0, source = "benchmark" }'


def write_seeds(folder: Path, workload: Workload) -> Path:
    """Write the seeds; returns their folder."""
    folder.mkdir(parents=True)
    for name in ("city.toml", "owners.toml"):
        shutil.copy(SEEDS / name, folder / name)
    shutil.copytree(SEEDS / "map", folder / "map")
    (folder / "rules").mkdir()
    for path in rulebook.files(SEEDS) if workload.rules else ():
        rules = tomllib.loads(path.read_text(encoding="utf-8"))["rules"]
        (folder / "rules" / path.name).write_text(tomli_w.dumps({"rules": _times(rules, workload.rules)}))
    zones = [f["properties"]["zone_id"] for f in json.loads((SEEDS / "map" / "zones.geojson").read_text())["features"]]
    interval_s = max(workload.sensors * workload.span_s / workload.readings, 0.001)
    entries = []
    for i, (sensor_id, k) in enumerate(zip(sensor_ids(workload), kinds_of(workload).tolist(), strict=True)):
        kind = KINDS[k]
        entries.append(
            f'[[sensors]]\nsensor_id = "{sensor_id}"\ndomain = "{kind.domain}"\nkind = "{kind.name}"\n'
            f'name = {{ ko = "관측소 {i}", en = "Station {i}" }}\nzone = "{zones[i % len(zones)]}"\n'
            'place = { lat = 36.0, lon = 129.4, source = "benchmark", certainty = "modelled" }\n'
            f'owner = "pohang-city"\nmeasures = {orjson.dumps([s.measure for s in kind.signals]).decode()}\n'
            f'interval_s = {interval_s}\nperiod_s = {kind.period_s}\nsource = "benchmark"\nmodelled = true\n'
            + (f"gauge_levels = {GAUGE_LEVELS}\n" if kind.name == "river-gauge" else "")
        )
    (folder / "sensors").mkdir()
    (folder / "sensors" / "benchmark.toml").write_text("\n".join(entries))
    return folder


def _times(rules: list[dict[str, Any]], times: int) -> list[dict[str, Any]]:
    """Each rule so often, the further ones by ids of their own."""
    again = [rule | {"rule_id": f"{rule['rule_id']}-{n}"} for n in range(2, times + 1) for rule in rules]
    return [*rules, *again]


def homes(workload: Workload, partitions: int) -> list[int]:
    """The partition of each sensor by number, as Kafka's standard partitioner gives it."""
    return [partition_of(sensor_id.encode(), partitions) for sensor_id in sensor_ids(workload)]


def one_of_each_partition(workload: Workload, partitions: int) -> dict[str, list[int]]:
    """Per domain, the first sensor of each partition; a partition without sensors has none."""
    found: dict[str, dict[int, int]] = {}
    kinds = kinds_of(workload).tolist()
    for number, home in enumerate(homes(workload, partitions)):
        found.setdefault(KINDS[kinds[number]].domain, {}).setdefault(home, number)
    return {domain: list(by_home.values()) for domain, by_home in found.items()}
