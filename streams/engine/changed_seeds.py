"""What is told of an alert whose rule or scope has changed since its state was kept: that it ends and why, or what it covers.

Nothing here asks the time: an alert ends at the event time that its stage had reached when the state was kept, so that
the same checkpoint and the same seeds always give the same event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from streams.contract.alerts import Bilingual
from streams.contract.rules import Rule


def _ended(ko: str, en: str) -> Bilingual:
    """A reason, and that it says nothing of the danger itself."""
    return Bilingual(ko=f"{ko} 위험이 끝났다는 뜻은 아닙니다.", en=f"{en} This does not mean that the danger is over.")


RULE_GONE: Final = _ended("이 경보의 규칙이 삭제되어 해제되었습니다.", "Ended because its rule has been removed.")
RULE_CHANGED: Final = _ended(
    "규칙이 바뀌어 이 대상을 더는 판단하지 않으므로 해제되었습니다.",
    "Ended because its rule has changed and no longer judges this.",
)
LEVEL_GONE: Final = _ended(
    "이 경보의 단계가 규칙에서 삭제되어 해제되었습니다.", "Ended because its level has been removed from the rule."
)
SENSOR_GONE: Final = _ended(
    "관측소가 등록부에서 삭제되어 해제되었습니다.", "Ended because its sensor has been removed from the registry."
)
ZONE_GONE: Final = _ended(
    "구역이 없어졌거나 이 규칙이 보는 관측소가 구역에 더는 없어 해제되었습니다.",
    "Ended because its zone, or the last sensor that the rule reads there, has been removed.",
)


class Withdrawn(NamedTuple):
    """The end of an alert that nobody judges any more."""

    rule_id: str
    scope_id: str
    onset_ms: int
    step: int
    at_ms: int
    why: Bilingual
    covered: Sequence[str] = ()
    """What its rule covered."""


class CoverChanged(NamedTuple):
    """A standing alert whose rule covers others than when the state was kept."""

    rule_id: str
    scope_id: str
    onset_ms: int
    step: int
    at_ms: int
    covers: Sequence[str]


def covers_of(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """By rule id: the rules that it covers, to be kept; only those that cover any."""
    return {rule.rule_id: rule.covers for rule in rules if rule.covers}


def place_now(place: int, before: list[Any] | None, now: list[Any] | None) -> int | Bilingual:
    """Where a level of a rule on announcements stands among today's, or why its alert ends.

    Args:
        place: among those of before, -1 where there is no alert.
        before: the kind of announcement and the levels' names; None where an older checkpoint does not say.
        now: the same of today; None where the rule is gone.
    """
    if place < 0:
        return place
    if now is None:
        return RULE_GONE
    kind, names = before or now
    if kind != now[0]:
        return RULE_CHANGED
    name = names[place] if place < len(names) else None
    return now[1].index(name) if name in now[1] else LEVEL_GONE
