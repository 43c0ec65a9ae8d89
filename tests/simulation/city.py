"""A city of a few sensors in two zones, with a rule of each kind; short times, so that a run of minutes sees everything.

Each zone has rain gauges in both partitions, one of them a publication delay; the air of one zone is in both partitions
and that of the other in one; no rule is on traffic's zones.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from deploy.oracle import City, read_city
from deploy.oracle.records import Ranges
from streams import rule_watch
from streams.kafka import partition_of
from streams.settings import Settings
from streams.worker.stages import Flow, Table
from tests.support.small_city import PLACE
from tests.support.storm_city import RANGES, _announced, _level, _rule, write_in_its_zones

PARTITIONS: Final = 2
APPLICATION: Final = "simulated"
TIMES: Final = """
centre = [129.36, 36.02]
time_zone = "Asia/Seoul"
[name]
ko = "모의 시"
en = "Simulated City"
[domains.disaster]
grace_s = 10
idle_s = 6
future_s = 30
[domains.air-quality]
grace_s = 5
idle_s = 8
future_s = 60
[domains.traffic]
grace_s = 20
idle_s = 7
future_s = 30
"""
ZONED: Final = ("disaster", "air-quality")
"""Domains with rules on zones."""
GAUGE: Final = '[sensors.gauge_levels]\nattention = 1.0\ncaution = 2.0\nalert = 3.0\nsource = "test"\n'
SENSORS: Final = [
    ("rain-1", "disaster", "rain-gauge", "ocheon-eup", ["rainfall_mm"], 10, 0, ""),
    ("rain-2", "disaster", "rain-gauge", "daesong-myeon", ["rainfall_mm"], 10, 0, ""),
    ("rain-8", "disaster", "rain-gauge", "ocheon-eup", ["rainfall_mm"], 10, 0, ""),
    ("rain-9", "disaster", "rain-gauge", "daesong-myeon", ["rainfall_mm"], 10, 0, ""),
    ("river-1", "disaster", "river-gauge", "ocheon-eup", ["water_level_m", "discharge_m3s"], 30, 0, GAUGE),
    ("river-2", "disaster", "river-gauge", "daesong-myeon", ["water_level_m"], 30, 0, GAUGE),
    ("wind-1", "disaster", "wind-station", "ocheon-eup", ["wind_gust_ms", "wind_speed_ms"], 60, 0, ""),
    ("late-1", "disaster", "weather-station", "daesong-myeon", ["temperature_c", "rainfall_mm"], 60, 45, ""),
    ("air-1", "air-quality", "air-station", "daesong-myeon", ["pm10_ugm3", "pm25_ugm3"], 60, 30, ""),
    ("air-2", "air-quality", "air-station", "ocheon-eup", ["pm10_ugm3"], 60, 0, ""),
    ("air-3", "air-quality", "air-station", "daesong-myeon", ["pm10_ugm3"], 60, 0, ""),
    ("road-1", "traffic", "road-link", "daesong-myeon", ["speed_kmh"], 20, 0, "free_flow_kmh = 60.0\n"),
]
"""Id, domain, kind, zone, measures, interval_s, delay_s, what else."""


def _when(measure: str, window: str, **more: Any) -> str:
    said = {"measure": measure, "window": window, **more}
    return "[rules.when]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in said.items())


def _absence(rule_id: str, domain: str, intervals: float, *kinds: str) -> str:
    watched = f"[rules.absence]\nkinds = {json.dumps(kinds)}" if kinds else "[rules.absence]"
    one = _level("attention", f"intervals = {intervals}", "").replace("clear = {  }\n", "").replace("{unit}", "")
    return _rule(rule_id, domain, watched, one)


def _zone_rule(rule_id: str, domain: str, when: str, judge: str, *levels: str) -> str:
    asked = f'{when}\nscope = "zone"\nzone = {judge}'
    return _rule(rule_id, domain, asked, *levels).replace("{sensor}", "{zone}")


RULES: Final = "\n".join(
    [
        _rule(
            "rain-sum",
            "disaster",
            _when("rainfall_mm", "sliding", window_s=3600, aggregate="sum"),
            _level("advisory", "at_least = 30", "below = 20"),
            _level("warning", "at_least = 60, hold_s = 3660", "below = 40"),
        ),
        _rule(
            "river-level",
            "disaster",
            _when("water_level_m", "reading", kinds=["river-gauge"]),
            _level("attention", 'gauge_level = "attention"', 'below_gauge_level = "attention", margin = 0.1'),
            _level("caution", 'gauge_level = "caution", hold_s = 30', 'below_gauge_level = "caution"'),
            _level("alert", 'gauge_level = "alert"', 'below_gauge_level = "alert", margin = 0.1'),
        ),
        _rule(
            "gust",
            "disaster",
            _when("wind_gust_ms", "final", window_s=60, aggregate="max"),
            _level("advisory", "at_least = 20", "below = 18.5, hold_s = 120"),
            _level("warning", "at_least = 26, hold_s = 120", "below = 24"),
        ),
        _rule(
            "dust-hour",
            "air-quality",
            _when("pm10_ugm3", "final", window_s=3600, aggregate="mean"),
            _level("advisory", "at_least = 150", "below = 100"),
            _level("warning", "at_least = 300, hold_s = 7200", "below = 150"),
        ),
        _rule(
            "slow-road",
            "traffic",
            _when("speed_kmh", "final", window_s=60, aggregate="mean", direction="below"),
            _level("caution", "at_most = 20", "above = 30"),
            _level("serious", "at_most = 5, hold_s = 120", "above = 10"),
        ),
        _zone_rule(
            "rain-everywhere",
            "disaster",
            _when("rainfall_mm", "final", window_s=60, aggregate="sum"),
            '{ judge = "share", at_least = 2 }',
            _level("advisory", "at_least = 50", "below = 50"),
            _level("warning", "at_least = 100, hold_s = 120", "below = 75"),
        ),
        _zone_rule(
            "rain-on-average",
            "disaster",
            _when("rainfall_mm", "final", window_s=60, aggregate="sum", kinds=["rain-gauge"]),
            '{ judge = "mean" }',
            _level("advisory", "at_least = 3.5", "below = 2.5"),
            _level("warning", "at_least = 7.5", "below = 5"),
        ),
        _zone_rule(
            "dust-anywhere",
            "air-quality",
            _when("pm10_ugm3", "final", window_s=600, aggregate="mean"),
            '{ judge = "max" }',
            _level("advisory", "at_least = 100", "below = 99.5"),
        ),
        _absence("gauge-absent", "disaster", 6, "rain-gauge", "river-gauge"),
        _absence("station-absent", "disaster", 1.5, "weather-station", "wind-station"),
        _absence("air-absent", "air-quality", 2),
        _rule(
            "earthquake",
            "disaster",
            '[rules.bulletin]\nkind = "earthquake"',
            _announced("advisory", "magnitude_at_least = 3.5"),
            _announced("warning", "magnitude_at_least = 5.5"),
        ),
        _rule(
            "flood-notice",
            "disaster",
            '[rules.bulletin]\nkind = "flood-notice"',
            _announced("advisory", 'level = "advisory"'),
            _announced("warning", 'level = "warning"'),
        ),
    ]
)


class Simulated(NamedTuple):
    """The city as the hub reads it and as the oracle does."""

    settings: Settings
    flow: Flow
    known: City
    ranges: dict[str, Ranges]
    home: dict[str, int]
    """The partition that each sensor belongs to."""
    zone_home: dict[str, int]
    """The partition of `hub.zone-inputs` that each zone belongs to."""
    folder: TemporaryDirectory[str]
    """Removed with this."""


def _sensor(
    sensor_id: str, domain: str, kind: str, zone: str, measures: Any, interval: int, delay: int, more: str
) -> str:
    return f"""
[[sensors]]
sensor_id = "{sensor_id}"
domain = "{domain}"
kind = "{kind}"
name = {{ ko = "감지기", en = "Sensor" }}
zone = "{zone}"
place = {PLACE}
owner = "city"
measures = {json.dumps(measures)}
interval_s = {interval}
delay_s = {delay}
source = "test"
{more}"""


@cache
def simulated() -> Simulated:
    """The city, read once in each process."""
    folder = TemporaryDirectory(prefix="urbanhub-simulation-")
    sensors = "".join(_sensor(*each) for each in SENSORS)
    seeds = write_in_its_zones(Path(folder.name) / "seeds", TIMES, sensors, RULES)
    settings = Settings(
        seeds=seeds, partitions=PARTITIONS, application=APPLICATION, kafka_bootstrap_servers="simulated:0"
    )
    home = {sensor_id: partition_of(sensor_id.encode(), PARTITIONS) for sensor_id, *_ in SENSORS}
    zone_home = {zone: partition_of(zone.encode(), PARTITIONS) for _, _, _, zone, *_ in SENSORS}
    flow = Table(settings).by(rule_watch.read(seeds))
    return Simulated(settings, flow, read_city(seeds), RANGES, home, zone_home, folder)
