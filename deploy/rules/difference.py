"""What other rules would have changed: alerts raised and gone, earlier and later, of other levels and other ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from deploy.rules.offline import AlertState
from deploy.rules.trial import scope_of
from streams.contract.alerts import Bilingual, Level
from streams.contract.times import Instant

Kind = Literal["raised", "gone", "earlier", "later", "levels", "times"]


class StepTold(BaseModel):
    """One step of an alert; no level when it ends."""

    model_config = ConfigDict(frozen=True)
    at: Instant
    level: Level | None


class AlertLife(BaseModel):
    """One alert as one set of rules has it."""

    model_config = ConfigDict(frozen=True)
    alert_id: str
    rule_id: str
    scope_id: str
    exercise: str | None
    headline: Bilingual = Field(description="As it was raised.")
    onset: Instant
    is_past: bool = Field(description="It had ended before the time that is compared.")
    steps: tuple[StepTold, ...]

    @property
    def ended(self) -> Instant | None:
        """When it ended, None while it is active."""
        return self.steps[-1].at if self.steps[-1].level is None else None

    @property
    def levels(self) -> list[Level]:
        """Its levels one after the other."""
        return [step.level for step in self.steps if step.level is not None]


class Difference(BaseModel):
    """One alert that is not the same: by the rules of today (`before`) and by the changed ones (`after`)."""

    model_config = ConfigDict(frozen=True)
    kind: Kind
    before: AlertLife | None
    after: AlertLife | None
    shift_s: float = Field(default=0, description="How much later it is raised, s; negative: earlier.")


class Differences(NamedTuple):
    """All of them, and how many alerts are the same."""

    different: list[Difference]
    same: int


def lives_of(states: Mapping[str, Sequence[AlertState]], past: Collection[str]) -> list[AlertLife]:
    """Each alert's life.

    Args:
        states: by alert id, in their order; none of them made by an officer.
        past: ids of alerts that had ended before the time that is compared.
    """
    return [_life(mine, is_past=alert_id in past) for alert_id, mine in states.items()]


def _life(states: Sequence[AlertState], *, is_past: bool) -> AlertLife:
    first = states[0].alert
    return AlertLife(
        alert_id=first.alert_id,
        rule_id=first.rule_id,
        scope_id=scope_of(first),
        exercise=first.exercise,
        headline=first.headline,
        onset=first.onset,
        is_past=is_past,
        steps=tuple(StepTold(at=each.alert.updated_at, level=each.alert.level) for each in states),
    )


def differences(before: Iterable[AlertLife], after: Iterable[AlertLife]) -> Differences:
    """Compare two sets of alerts; of different onsets are the same if they are of one rule and place and overlap in time.

    What had ended before the time that is compared, by both, is left out.
    """
    old = {life.alert_id: life for life in before}
    new = {life.alert_id: life for life in after}
    pairs = [(old.pop(alert_id), new.pop(alert_id)) for alert_id in list(old) if alert_id in new]
    for life in sorted(old.values(), key=lambda each: each.onset):
        others = [each for each in new.values() if _is_same(life, each)]
        if others:
            other = min(others, key=lambda each: abs((each.onset - life.onset).total_seconds()))
            pairs.append((old.pop(life.alert_id), new.pop(other.alert_id)))
    pairs = [pair for pair in pairs if not all(life.is_past for life in pair)]
    found = [each for pair in pairs if (each := _difference(*pair)) is not None]
    same = len(pairs) - len(found)
    found += [Difference(kind="gone", before=life, after=None) for life in old.values() if not life.is_past]
    found += [Difference(kind="raised", before=None, after=life) for life in new.values() if not life.is_past]
    return Differences(sorted(found, key=_place), same)


def _is_same(one: AlertLife, other: AlertLife) -> bool:
    """Whether two alerts of different onsets are of one trouble: they overlap in time."""
    if (one.rule_id, one.scope_id, one.exercise) != (other.rule_id, other.scope_id, other.exercise):
        return False
    return (one.ended is None or other.onset < one.ended) and (other.ended is None or one.onset < other.ended)


def _difference(before: AlertLife, after: AlertLife) -> Difference | None:
    shift_s = (after.onset - before.onset).total_seconds()
    kind: Kind
    if shift_s:
        kind = "later" if shift_s > 0 else "earlier"
    elif before.levels != after.levels:
        kind = "levels"
    elif before.steps != after.steps:
        kind = "times"
    else:
        return None
    return Difference(kind=kind, before=before, after=after, shift_s=shift_s)


def _place(each: Difference) -> tuple[str, str, Instant]:
    """By rule and place, then in the order of time."""
    life = each.before or each.after
    assert life is not None
    return life.rule_id, life.scope_id, life.onset
