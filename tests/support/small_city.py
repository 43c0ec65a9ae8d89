"""A city of two zones and five sensors: enough for every case, small enough to be seen at once."""

from __future__ import annotations

import json
from pathlib import Path

CITY = """
centre = [129.36, 36.02]
time_zone = "Asia/Seoul"
[name]
ko = "작은 시"
en = "Small City"
[domains.air-quality]
[domains.traffic]
[domains.disaster]
"""
OWNERS = """
[[owners]]
owner_id = "city"
name = { ko = "시", en = "City" }
sector = "local-government"
[[owners]]
owner_id = "river-office"
name = { ko = "홍수통제소", en = "Flood Control Office" }
sector = "environment"
"""
PLACE = '{ lat = 36.0, lon = 129.4, source = "test", certainty = "modelled" }'
SENSORS = f"""
[[sensors]]
sensor_id = "rain-1"
domain = "disaster"
kind = "rain-gauge"
name = {{ ko = "비", en = "Rain" }}
zone = "ocheon-eup"
place = {PLACE}
owner = "city"
measures = ["rainfall_mm"]
interval_s = 60
source = "test"
[[sensors]]
sensor_id = "river-1"
domain = "disaster"
kind = "river-gauge"
name = {{ ko = "강", en = "River" }}
zone = "ocheon-eup"
place = {PLACE}
owner = "river-office"
measures = ["water_level_m", "discharge_m3s"]
interval_s = 600
source = "test"
[sensors.gauge_levels]
attention = 1.0
caution = 2.0
alert = 3.0
serious = 4.0
source = "test"
[[sensors]]
sensor_id = "air-1"
domain = "air-quality"
kind = "air-station"
name = {{ ko = "공기", en = "Air" }}
zone = "daesong-myeon"
place = {PLACE}
owner = "city"
measures = ["pm10_ugm3"]
interval_s = 3600
delay_s = 900
period_s = 3600
source = "test"
[[sensors]]
sensor_id = "road-1"
domain = "traffic"
kind = "road-link"
name = {{ ko = "길", en = "Road" }}
zone = "daesong-myeon"
place = {PLACE}
owner = "city"
measures = ["speed_kmh"]
interval_s = 60
free_flow_kmh = 60.0
source = "test"
"""
RULES = """
[[rules]]
rule_id = "river-level"
domain = "disaster"
name = { ko = "하천 수위", en = "River level" }
[rules.when]
measure = "water_level_m"
kinds = ["river-gauge"]
window = "reading"
[[rules.levels]]
level = "attention"
raise = { gauge_level = "attention" }
clear = { below_gauge_level = "attention", margin = 0.1 }
severity = "Minor"
urgency = "Future"
certainty = "Observed"
headline = { ko = "관심", en = "Attention" }
instruction = { ko = "보라", en = "Watch" }
source = "test"
"""
SCENARIO = 'name = { ko = "태풍", en = "Typhoon" }\n'
ZONES = ("ocheon-eup", "daesong-myeon", "jukdo-dong")
"""The last one has no sensor."""


def write_seeds(folder: Path) -> Path:
    """Write the seeds of the small city; returns their folder."""
    for name in ("map", "sensors", "rules", "scenarios"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(CITY)
    (folder / "owners.toml").write_text(OWNERS)
    (folder / "sensors" / "all.toml").write_text(SENSORS)
    (folder / "rules" / "river.toml").write_text(RULES)
    (folder / "scenarios" / "typhoon.toml").write_text(SCENARIO)
    features = [
        {"type": "Feature", "geometry": None, "properties": {"zone_id": z, "name_ko": z, "name_en": z}} for z in ZONES
    ]
    (folder / "map" / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder
