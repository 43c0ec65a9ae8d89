"""What becomes of a kept level when rules or registry have changed since: it stands on, or its alert ends and says why.

    the rule, the sensor or the zone is gone; the level at which it stands is gone     the alert ends
    the rule watches another measure, window, aggregate or direction                   it ends; a new one may be raised
    a threshold or a further condition has changed    it stands at its level, and the next value is judged by what holds now
    a duration has changed             likewise; how long a condition has held by an unchanged threshold counts on

So with rules on sensors and on zones; those on announcements and on absences have less to keep, and fit it themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from streams.contract.alerts import Bilingual
from streams.contract.rules import Rule
from streams.contract.watched import When
from streams.engine.changed_seeds import LEVEL_GONE, RULE_CHANGED, CoverChanged, Withdrawn, covers_of
from streams.engine.levels import LevelState, Threshold


class JudgedBy(NamedTuple):
    """How a rule judges one series or zone; None where an older checkpoint does not say."""

    watched: list[Any] | None
    thresholds: Sequence[Sequence[Any]] | None
    """Each as a `Threshold`, lowest first; as lists where they come from a checkpoint."""


def kept_of(rules: Iterable[Rule]) -> dict[str, Any]:
    """What a snapshot keeps of the rules by which levels stand, for `Refit`."""
    rules = list(rules)
    return {"watched": {rule.rule_id: _watched_by(rule.when) for rule in rules}, "covers": covers_of(rules)}


class Refit:
    """Kept levels, one by one, and what changes for their alerts.

    Args:
        kept: a snapshot with what `kept_of` gave.
        reached_ms: the event time that its stage had reached.
    """

    def __init__(self, kept: Mapping[str, Any], reached_ms: int) -> None:
        self._watched: dict[str, list[Any]] = kept["watched"]
        self._covers: dict[str, list[str]] = kept.get("covers", {})
        self._reached_ms = reached_ms
        self.changed: list[Withdrawn | CoverChanged] = []
        """Alerts that nothing judges any more, and those that cover others than before."""

    def is_same(self, rule: Rule) -> bool:
        """Whether a rule watches what it did."""
        return self._watched.get(rule.rule_id) in (None, _watched_by(rule.when))

    def drop(self, state: LevelState, rule_id: str, scope_id: str, gone: Bilingual) -> None:
        """Nothing judges this level any more: its rule is gone, or what it stood for."""
        if state.position >= 0:
            self._withdraw(state, rule_id, scope_id, gone)

    def fit(
        self,
        state: LevelState,
        rule: Rule,
        scope_id: str,
        before: Sequence[Sequence[Any]] | None,
        now: Sequence[Threshold],
    ) -> None:
        """Fit a level to today's rule.

        Args:
            state: as it was kept; changed in place.
            rule: of today.
            scope_id: sensor or zone.
            before: the thresholds by which it stood; None where an older checkpoint does not say.
            now: those by which it is judged from here on; none where it is not.
        """
        watched = JudgedBy(self._watched.get(rule.rule_id), before)
        why = refitted(state, watched, JudgedBy(_watched_by(rule.when), now))
        if why is not None:
            self._withdraw(state, rule.rule_id, scope_id, why)
        elif state.position >= 0 and self._covers.get(rule.rule_id, []) != rule.covers:
            at_ms = self._at_ms(state)
            self.changed.append(CoverChanged(rule.rule_id, scope_id, state.onset_ms, state.step, at_ms, rule.covers))

    def _withdraw(self, state: LevelState, rule_id: str, scope_id: str, why: Bilingual) -> None:
        state.step += 1
        covered = self._covers.get(rule_id, [])
        self.changed.append(Withdrawn(rule_id, scope_id, state.onset_ms, state.step, self._at_ms(state), why, covered))

    def _at_ms(self, state: LevelState) -> int:
        return max(self._reached_ms, state.last_end_ms, state.onset_ms)


def _watched_by(when: When | None) -> list[Any]:
    """What makes two rules of the same id judge the same; plain values, to be kept. Nothing for one that watches no value."""
    if when is None:
        return []
    zone = None if when.zone is None else when.zone.model_dump()
    return [when.measure, when.window, when.window_s, when.aggregate, when.direction, zone]


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
