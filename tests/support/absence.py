"""A rule on absence, as its file has it and as the engine takes it; sensors that speak, and what was told of them."""

from __future__ import annotations

from typing import Any

from streams.contract.rules import Rule
from streams.contract.times import parse_ms
from tests.support.timeline import RAIN, RIVER, Partition, clock, ms, sensor


def absence_rule(rule_id: str = "absent", intervals: float = 3, *kinds: str, **more: Any) -> dict[str, Any]:
    """A rule on sensors of these kinds, or on all, that say nothing for so many of their own intervals."""
    text = {"ko": "{zone} {sensor} {value}", "en": "{sensor}, {zone}: {value}"}
    level = {"level": "attention", "raise": {"intervals": intervals}, "headline": text, "instruction": text}
    level |= {"severity": "Unknown", "urgency": "Unknown", "certainty": "Observed", "source": "test"}
    name = {"ko": "무응답", "en": "Absent"}
    watched = {"absence": {"kinds": list(kinds)} if kinds else {}, "levels": [level | more]}
    return {"rule_id": rule_id, "domain": "disaster", "name": name} | watched


def on_absence(rule_id: str = "absent", intervals: float = 3, *kinds: str, **more: Any) -> Rule:
    """The same as a rule."""
    return Rule.model_validate(absence_rule(rule_id, intervals, *kinds, **more))


RULE = on_absence()
"""After three intervals: of `rain-1` 3 minutes, of `river-1` half an hour."""
QUIET = sensor("quiet-1", interval_s=600)
SENSORS = [RAIN, RIVER]


def lines(p: Partition) -> list[str]:
    """What was told of absences: when, of whom, what, and its value."""
    return [
        f"{clock(parse_ms(e['at']))} {e['alert']['scope']['sensor_id']} {e['transition']} {e['value']:g}"
        for e in p.events()
    ]


def beats(p: Partition, first: str, last: str, sensor_id: str = "rain-1", **more: Any) -> None:
    """A reading each minute."""
    for at_ms in range(ms(first), ms(last) + 1, 60_000):
        p.reads(clock(at_ms), sensor_id, temperature_c=20, **more)
