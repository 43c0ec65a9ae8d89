"""What becomes of a kept level when rules or registry have changed since: it stands on, or its alert ends and says why.

    the rule, the sensor or the zone is gone; the level at which it stands is gone     the alert ends
    the rule watches another measure, window, aggregate or direction                   it ends; a new one may be raised
    a threshold or a further condition has changed    it stands at its level, and the next value is judged by what holds now
    a duration has changed             likewise; how long a condition has held by an unchanged threshold counts on

Nothing here asks the time: an alert ends at the event time that its stage had reached when the state was kept, so that
the same checkpoint and the same seeds always give the same event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from streams.contract.alerts import Bilingual
from streams.contract.rules import Rule
from streams.contract.watched import When
from streams.engine.levels import LevelState, Threshold


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


class Recovered(NamedTuple):
    """A standing alert whose rule covers others than when the state was kept."""

    rule_id: str
    scope_id: str
    onset_ms: int
    step: int
    at_ms: int
    covers: Sequence[str]


class JudgedBy(NamedTuple):
    """How a rule judges one series or zone; None where an older checkpoint does not say."""

    watched: list[Any] | None
    thresholds: Sequence[Sequence[Any]] | None
    """Each as a `Threshold`, lowest first; as lists where they come from a checkpoint."""


def watched_by(when: When) -> list[Any]:
    """What makes two rules of the same id judge the same; plain values, to be kept."""
    zone = None if when.zone is None else when.zone.model_dump()
    return [when.measure, when.window, when.window_s, when.aggregate, when.direction, zone]


def covers_of(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """By rule id: the rules that it covers, to be kept; only those that cover any."""
    return {rule.rule_id: rule.covers for rule in rules if rule.covers}


def refitted(state: LevelState, before: JudgedBy, now: JudgedBy) -> Bilingual | None:
    """Fit a kept state to how its rule judges now; why its alert ends, or None where it stands on or there is none."""
    stood = state.position >= 0
    if not now.thresholds or (before.watched is not None and before.watched != now.watched):
        state.position, state.met_since, state.left_since = -1, [], []
        return RULE_CHANGED if stood else None
    today = [Threshold.kept(each) for each in now.thresholds]
    kept = today if before.thresholds is None else [Threshold.kept(each) for each in before.thresholds]
    if kept != today or state.position >= len(kept):
        _move(state, kept, today)
    return LEVEL_GONE if stood and state.position < 0 else None


def _move(state: LevelState, before: list[Threshold], now: list[Threshold]) -> None:
    """Find each level by its name again; a condition by another threshold has not held yet."""
    old = {threshold.level: i for i, threshold in enumerate(before)}
    standing = before[state.position].level if 0 <= state.position < len(before) else None
    met, left = dict(enumerate(state.met_since)), dict(enumerate(state.left_since))
    state.met_since, state.left_since = [], []
    for threshold in now:
        i = old.get(threshold.level, -1)
        state.met_since.append(met.get(i) if i >= 0 and _reached_alike(before[i], threshold) else None)
        state.left_since.append(left.get(i) if i >= 0 and before[i].leave == threshold.leave else None)
    state.position = next((i for i, threshold in enumerate(now) if threshold.level == standing), -1)


def _reached_alike(one: Threshold, other: Threshold) -> bool:
    return (one.reach, one.also, one.alone) == (other.reach, other.also, other.alone)


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


def recovered(
    state: LevelState, scope_id: str, covered: Sequence[str], rule: Rule, reached_ms: int
) -> Recovered | None:
    """What a standing alert covers now, where that is not what it covered; None where it is, or where none stands.

    Args:
        state: as it was kept, refitted.
        scope_id: sensor or zone.
        covered: what its rule covered when the state was kept.
        rule: today's.
        reached_ms: the event time that its stage had reached.
    """
    if state.position < 0 or list(covered) == rule.covers:
        return None
    at_ms = max(reached_ms, state.last_end_ms, state.onset_ms)
    return Recovered(rule.rule_id, scope_id, state.onset_ms, state.step, at_ms, rule.covers)


def withdrawn(
    state: LevelState, rule_id: str, scope_id: str, why: Bilingual, reached_ms: int, covered: Sequence[str] = ()
) -> Withdrawn:
    """The end of an alert that stood in this state, which goes on with the step after it.

    Args:
        state: as it was kept, or refitted.
        rule_id: its rule.
        scope_id: sensor or zone.
        why: what the end says.
        reached_ms: the event time that its stage had reached.
        covered: what its rule covered.
    """
    state.step += 1
    at_ms = max(reached_ms, state.last_end_ms, state.onset_ms)
    return Withdrawn(rule_id, scope_id, state.onset_ms, state.step, at_ms, why, covered)
