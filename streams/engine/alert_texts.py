"""What an alert says, in both languages: its level's words with their places filled in, and the words of its end."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from streams.contract.alerts import LEVEL_NAMES, Bilingual
from streams.contract.derived import measure_of
from streams.contract.durations import duration
from streams.contract.rule_levels import RuleLevel
from streams.contract.rules import Rule
from streams.contract.watched import When
from streams.engine.absence_rules import AbsenceRule
from streams.engine.levels import Change, Threshold
from streams.engine.rules import CompiledRule
from streams.engine.zone_rules import ZoneRule

FELL: Final = Bilingual(
    ko="기준 아래로 내려가 해제되었습니다.", en="It has fallen below the limit for its end, and the alert has ended."
)
ROSE: Final = Bilingual(
    ko="기준 위로 올라가 해제되었습니다.", en="It has risen above the limit for its end, and the alert has ended."
)
VARIES: Final = Bilingual(ko="값이 다시 변하여 해제되었습니다.", en="Its values vary again, and the alert has ended.")


class Named(NamedTuple):
    """What an alert is about, for people."""

    zone: Bilingual
    name: Bilingual
    """Of the sensor, or of the zone again."""


def told(
    words: RuleLevel, bounds: Threshold, value: float, places: Named, rule: Rule, when: When | None
) -> tuple[Bilingual, Bilingual]:
    """A level's headline and instruction with their places filled in."""
    both: list[dict[str, str]] = [{}, {}]
    for language in ("ko", "en"):
        fields = {
            "zone": getattr(places.zone, language),
            "sensor": getattr(places.name, language),
            "level": getattr(LEVEL_NAMES[bounds.level], language),
            "place": getattr(places.name, language),
            **_figures(language, bounds.reach, value, rule, when),
        }
        for text, told in zip((words.headline, words.instruction), both, strict=True):
            told[language] = getattr(text, language).format_map(fields)
    return Bilingual(**both[0]), Bilingual(**both[1])


def _figures(
    language: Literal["ko", "en"], reach: float, value: float, rule: Rule, when: When | None
) -> dict[str, str]:
    """Value and threshold with their unit; of absence they are durations, in words."""
    if when is None:
        unheard, limit = (getattr(duration(seconds), language) for seconds in (value, reach))
        return {"value": unheard, "threshold": limit}
    measure = measure_of(rule.domain, when.measure)
    unit, decimals = ("%", 0) if is_share(when) else (measure.unit, measure.decimals)
    return {"value": f"{value:.{decimals}f}", "threshold": f"{reach:g}", "unit": unit}


def why_ended(compiled: CompiledRule | ZoneRule | AbsenceRule, change: Change) -> Bilingual:
    """What the end of an alert says."""
    if compiled.when is not None and compiled.when.aggregate == "range" and compiled.below:
        return VARIES
    if compiled.when is not None:
        return ROSE if compiled.below else FELL
    unheard = duration(change.value)
    return Bilingual(
        ko=f"{unheard.ko} 만에 관측값이 다시 들어와 해제되었습니다.",
        en=f"It speaks again after {unheard.en}, and the alert has ended.",
    )


def ended(title: Bilingual, name: Bilingual) -> Bilingual:
    """The headline of an end: what it was about, and the rule's name."""
    return Bilingual(ko=f"{title.ko}: {name.ko} 해제", en=f"{title.en}: {name.en} ended")


def is_share(when: When) -> bool:
    """Whether what is judged is a share of a zone's sensors, in percent."""
    return when.zone is not None and when.zone.judge == "share"
