"""A city whose zones' sensors lie in several partitions, with a rule of each kind on its zones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from tests.support.small_city import write_seeds

PLACE = {"lat": 36.0, "lon": 129.4, "source": "test", "certainty": "modelled"}


def _sensor(sensor_id: str, domain: str, kind: str, zone: str, measure: str, **more: Any) -> dict[str, Any]:
    return {
        "sensor_id": sensor_id,
        "domain": domain,
        "kind": kind,
        "name": {"ko": sensor_id, "en": sensor_id},
        "zone": zone,
        "place": PLACE,
        "owner": "city",
        "measures": [measure],
        "interval_s": 60,
        "source": "test",
        **more,
    }


SENSORS = [
    *(_sensor(f"wet-{i}", "disaster", "rain-gauge", "ocheon-eup", "rainfall_mm") for i in (0, 1, 4, 6, 7)),
    *(_sensor(f"dry-{i}", "disaster", "rain-gauge", "daesong-myeon", "rainfall_mm") for i in (0, 5, 7)),
    _sensor("slow-0", "disaster", "rain-gauge", "daesong-myeon", "rainfall_mm", delay_s=150),
    _sensor("other-0", "disaster", "weather-station", "ocheon-eup", "rainfall_mm"),
    *(_sensor(f"street-{i}", "traffic", "road-link", "jukdo-dong", "speed_kmh", interval_s=300) for i in range(3)),
    *(
        _sensor(f"haze-{i}", "air-quality", "air-station", "jukdo-dong", "pm10_ugm3", interval_s=3600, delay_s=900)
        for i in range(3)
    ),
]
PARTITIONS = 3
"""Of each topic: every zone has sensors in more than one."""


def level(name: str, raised: dict[str, Any], clear: dict[str, Any]) -> dict[str, Any]:
    """One level of a rule."""
    return {
        "level": name,
        "raise": raised,
        "clear": clear,
        "severity": "Moderate",
        "urgency": "Expected",
        "certainty": "Observed",
        "headline": {"ko": "{zone} {value}{unit} {level}", "en": "{zone} at {value} {unit}: {level}"},
        "instruction": {"ko": "{threshold}{unit} 이상", "en": "From {threshold} {unit}"},
        "source": "test",
    }


def zone_rule(rule_id: str, domain: str, when: dict[str, Any], *levels: dict[str, Any]) -> dict[str, Any]:
    """A rule on zones."""
    when = {"scope": "zone", "window": "final", **when}
    return {
        "rule_id": rule_id,
        "domain": domain,
        "name": {"ko": "구역 규칙", "en": "Zone rule"},
        "when": when,
        "levels": list(levels),
    }


RAIN = {"measure": "rainfall_mm", "kinds": ["rain-gauge"], "window_s": 60, "aggregate": "sum"}
SHARE = zone_rule(
    "rain-share",
    "disaster",
    RAIN | {"zone": {"judge": "share", "at_least": 5}},
    level("advisory", {"at_least": 50}, {"below": 50}),
    level("warning", {"at_least": 75, "hold_s": 120}, {"below": 75, "hold_s": 120}),
)
MEAN = zone_rule(
    "rain-mean",
    "disaster",
    RAIN | {"zone": {"judge": "mean"}},
    level("advisory", {"at_least": 3.3}, {"below": 2.1}),
    level("warning", {"at_least": 6, "hold_s": 180}, {"below": 4}),
)
RULES = [
    SHARE,
    MEAN,
    zone_rule(
        "jam-everywhere",
        "traffic",
        {
            "measure": "speed_kmh",
            "window_s": 60,
            "aggregate": "mean",
            "direction": "below",
            "zone": {"judge": "max"},
        },
        level("caution", {"at_most": 20}, {"above": 30}),
    ),
    zone_rule(
        "clear-nowhere",
        "air-quality",
        {"measure": "pm10_ugm3", "window_s": 3600, "aggregate": "mean", "zone": {"judge": "min"}},
        level("advisory", {"at_least": 150, "hold_s": 7200}, {"below": 100}),
    ),
]


def write_zone_city(folder: Path, rules: list[dict[str, Any]] | None = None) -> Path:
    """Write the seeds of the city; returns their folder."""
    seeds = write_seeds(folder)
    (seeds / "sensors" / "zones.toml").write_text(tomli_w.dumps({"sensors": SENSORS}))
    (seeds / "rules" / "zones.toml").write_text(tomli_w.dumps({"rules": RULES if rules is None else rules}))
    return seeds
