"""A city of a few sensors, each with a rule of another kind: enough to judge every kind of alert by hand."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.oracle import City, read_city
from streams.contract.readings import MEASURES, READINGS
from tests.support.small_city import CITY, OWNERS, SENSORS, ZONES

MORE = """
[[sensors]]
sensor_id = "river-2"
domain = "disaster"
kind = "river-gauge"
name = { ko = "둘째 강", en = "Second river" }
zone = "daesong-myeon"
place = { lat = 36.0, lon = 129.4, source = "test", certainty = "modelled" }
owner = "river-office"
measures = ["water_level_m"]
interval_s = 600
source = "test"
[sensors.gauge_levels]
attention = 8.3
source = "test"
[[sensors]]
sensor_id = "wind-1"
domain = "disaster"
kind = "wind-station"
name = { ko = "바람", en = "Wind" }
zone = "ocheon-eup"
place = { lat = 36.0, lon = 129.4, source = "test", certainty = "modelled" }
owner = "city"
measures = ["wind_gust_ms", "wind_speed_ms"]
interval_s = 60
source = "test"
"""


def _level(level: str, up: str, down: str) -> str:
    return f"""
[[rules.levels]]
level = "{level}"
raise = {{ {up} }}
clear = {{ {down} }}
severity = "Minor"
urgency = "Future"
certainty = "Observed"
headline = {{ ko = "{{sensor}} {{value}}{{unit}}", en = "{{sensor}} {{value}}{{unit}}" }}
instruction = {{ ko = "보라", en = "Watch" }}
source = "test"
"""


def _announced(level: str, when: str) -> str:
    return (
        _level(level, "at_least = 1", "below = 1")
        .replace("raise = { at_least = 1 }", f"when = {{ {when} }}")
        .replace("clear = { below = 1 }\n", "")
    )


def _rule(rule_id: str, domain: str, when: str, *levels: str) -> str:
    name = '{ ko = "규칙", en = "Rule" }'
    return f'[[rules]]\nrule_id = "{rule_id}"\ndomain = "{domain}"\nname = {name}\n{when}\n{"".join(levels)}'


RULES = "\n".join(
    [
        _rule(
            "rain-hour",
            "disaster",
            '[rules.when]\nmeasure = "rainfall_mm"\nwindow = "sliding"\nwindow_s = 3600\naggregate = "sum"',
            _level("advisory", "at_least = 30", "below = 20"),
            _level("warning", "at_least = 50, hold_s = 3720", "below = 30"),
        ),
        _rule(
            "rain-half-day",
            "disaster",
            '[rules.when]\nmeasure = "rainfall_mm"\nwindow = "sliding"\nwindow_s = 43200\naggregate = "sum"',
            _level("advisory", "at_least = 40", "below = 20"),
            _level("warning", "at_least = 90", "below = 40"),
        ),
        _rule(
            "river-day",
            "disaster",
            '[rules.when]\nmeasure = "water_level_m"\nwindow = "final"\nwindow_s = 86400\naggregate = "mean"',
            _level("caution", "at_least = 1.5", "below = 1.5"),
        ),
        _rule(
            "river-rise",
            "disaster",
            '[rules.when]\nmeasure = "water_level_m"\nwindow = "sliding"\nwindow_s = 3600\naggregate = "rise"',
            _level("advisory", "at_least = 0.1", "below = 0.05"),
            _level("warning", "at_least = 0.95, hold_s = 3660", "below = 0.1, hold_s = 3660"),
        ),
        _rule(
            "river-fall",
            "disaster",
            '[rules.when]\nmeasure = "water_level_m"\nwindow = "final"\nwindow_s = 10800\naggregate = "rise"\n'
            'direction = "below"',
            _level("advisory", "at_most = -0.05", "above = 0"),
        ),
        _rule(
            "gust-rise",
            "disaster",
            '[rules.when]\nmeasure = "wind_gust_ms"\nwindow = "final"\nwindow_s = 600\naggregate = "rise"',
            _level("advisory", "at_least = 1.5", "below = 0.1"),
        ),
        _rule(
            "gust-ten-minutes",
            "disaster",
            '[rules.when]\nmeasure = "wind_gust_ms"\nwindow = "final"\nwindow_s = 600\naggregate = "mean"',
            _level("advisory", "at_least = 18.5", "below = 18.5"),
        ),
        _rule(
            "river-level",
            "disaster",
            '[rules.when]\nmeasure = "water_level_m"\nkinds = ["river-gauge"]\nwindow = "reading"',
            _level("attention", 'gauge_level = "attention"', 'below_gauge_level = "attention", margin = 0.1'),
            _level("caution", 'gauge_level = "caution", hold_s = 600', 'below_gauge_level = "caution", hold_s = 600'),
            _level("alert", 'gauge_level = "alert"', 'below_gauge_level = "alert", margin = 0.1'),
        ),
        _rule(
            "gust",
            "disaster",
            '[rules.when]\nmeasure = "wind_gust_ms"\nwindow = "final"\nwindow_s = 60\naggregate = "max"',
            _level("advisory", "at_least = 20, hold_s = 180", "below = 18.5, hold_s = 120"),
            _level("warning", "at_least = 26", "below = 24"),
        ),
        _rule(
            "dust-hour",
            "air-quality",
            '[rules.when]\nmeasure = "pm10_ugm3"\nwindow = "final"\nwindow_s = 3600\naggregate = "mean"',
            _level("advisory", "at_least = 150, hold_s = 7200", "below = 100"),
            _level("warning", "at_least = 300, hold_s = 7200", "below = 150"),
        ),
        _rule(
            "slow-road",
            "traffic",
            '[rules.when]\nmeasure = "speed_kmh"\nwindow = "final"\nwindow_s = 60\naggregate = "mean"\ndirection = "below"',
            _level("caution", "at_most = 20", "above = 30"),
            _level("serious", "at_most = 5, hold_s = 120", "above = 10"),
        ),
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
RANGES = {d: {name: (m.low, m.high) for (of, name), m in MEASURES.items() if of == d} for d in READINGS}


def write_storm_seeds(folder: Path) -> Path:
    """Write the seeds of the city; returns their folder."""
    return write_in_its_zones(folder, CITY, SENSORS + MORE, RULES)


def write_in_its_zones(folder: Path, city: str, sensors: str, rules: str) -> Path:
    """Write the seeds of another city with the same owners and zones; returns their folder.

    Args:
        folder: where.
        city: `city.toml`.
        sensors: entries of its sensors.
        rules: entries of its rules.
    """
    for name in ("map", "sensors", "rules", "scenarios"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(city)
    (folder / "owners.toml").write_text(OWNERS)
    (folder / "sensors" / "all.toml").write_text(sensors)
    (folder / "rules" / "all.toml").write_text(rules)
    features = [
        {"type": "Feature", "geometry": None, "properties": {"zone_id": z, "name_ko": z, "name_en": z}} for z in ZONES
    ]
    (folder / "map" / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder


def storm_city(folder: Path) -> City:
    """The city as the independent calculation reads it."""
    return read_city(write_storm_seeds(folder))
