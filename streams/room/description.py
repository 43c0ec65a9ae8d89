"""What does not change by itself, as the page gets it: registry, measures, rules; and scenarios' names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from streams.contract.absence import ABSENT
from streams.contract.alerts import LEVEL_NAMES, Bilingual
from streams.contract.derived import DERIVED
from streams.contract.readings import MEASURES, READINGS
from streams.contract.rule_levels import Raise, RuleLevel
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.errors import WrongSeed
from streams.logs import get
from streams.registry import Registry, read_toml
from streams.room.picture import RANKS

MAP_LAYERS: Final = ("zones", "land", "water", "roads")

log = get("streams.room.description")


class Description:
    """The city as a page is told of it.

    Args:
        registry: what stays while the room runs.
        rules: what judges at first.
    """

    def __init__(self, registry: Registry, rules: list[Rule]) -> None:
        self._registry = registry
        self.judge_by(rules)

    def judge_by(self, rules: list[Rule]) -> None:
        """Tell of these rules from now on."""
        self.text = orjson.dumps(described(self._registry, rules))
        """JSON."""


def described(registry: Registry, rules: list[Rule]) -> dict[str, Any]:
    """The city: names, places, what is measured, what is judged."""
    city = registry.city
    return {
        "name": city.name.model_dump(),
        "centre": list(city.centre),
        "time_zone": city.time_zone,
        "domains": list(READINGS),
        "zones": [zone.model_dump() for zone in registry.zones.values()],
        "owners": [owner.model_dump(include={"owner_id", "name", "sector"}) for owner in registry.owners.values()],
        "sensors": [_sensor(registry.sensors[sensor_id]) for sensor_id in sorted(registry.sensors)],
        "measures": _measures(),
        "rules": [_rule(rule) for rule in rules],
    }


def scenario_names(seeds: Path) -> dict[str, Bilingual]:
    """Each scenario's name for people, where its file says one."""
    names = {}
    for path in sorted((seeds / "scenarios").glob("*.toml")):
        try:
            names[path.stem] = Bilingual.model_validate(read_toml(path).get("name"))
        except (WrongSeed, ValidationError) as e:
            log.warning("scenario_name_missing", file=path.name, error=str(e).splitlines()[0])
    return names


def _sensor(sensor: Sensor) -> dict[str, Any]:
    place = sensor.place
    described: dict[str, Any] = sensor.model_dump(exclude={"place", "source"})
    return described | {"lat": place.lat, "lon": place.lon, "certainty": place.certainty}


def _measures() -> dict[str, dict[str, Any]]:
    """By name; one that two domains share stands with the first of them."""
    found: dict[str, dict[str, Any]] = {}
    for measure in (*MEASURES.values(), *DERIVED.values()):
        said = {"domain": measure.domain, "unit": measure.unit, "label": {"ko": measure.ko, "en": measure.en}}
        found.setdefault(measure.name, {**said, "decimals": measure.decimals, "aggregate": measure.says})
    return found


def _rule(rule: Rule) -> dict[str, Any]:
    when, watched = rule.when, rule.when or rule.absence
    return {
        "rule_id": rule.rule_id,
        "domain": rule.domain,
        "name": rule.name.model_dump(),
        "measure": when.measure if when else ABSENT if rule.absence else None,
        "kinds": (watched.kinds or []) if watched else [],
        "window": when.window if when else None,
        "window_s": when.window_s if when else None,
        "aggregate": when.aggregate if when else None,
        "bulletin": rule.bulletin.kind if rule.bulletin else None,
        "levels": [_level(one) for one in rule.levels],
        "source": "; ".join(dict.fromkeys(one.source for one in rule.levels)),
    }


def _level(one: RuleLevel) -> dict[str, Any]:
    raised, clear = one.raised, one.clear
    return {
        "level": one.level,
        "rank": RANKS[one.level],
        "name": LEVEL_NAMES[one.level].model_dump(),
        "raise": None if raised is None else _reaching(raised),
        "clear": None if clear is None else clear.below if clear.below is not None else clear.above,
        "from_gauge_level": raised.gauge_level if raised else None,
        "free_flow_pct": (raised.at_most_free_flow_pct or raised.at_least_free_flow_pct) if raised else None,
    }


def _reaching(raised: Raise) -> float | None:
    """What reaches a level whatever else is measured: with further conditions only what stands in for them."""
    if raised.also:
        return raised.or_at_least if raised.or_at_least is not None else raised.or_at_most
    return raised.at_least if raised.at_least is not None else raised.at_most
