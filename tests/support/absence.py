"""A rule on absence, as its file has it and as the engine takes it."""

from __future__ import annotations

from typing import Any

from streams.contract.rules import Rule


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
