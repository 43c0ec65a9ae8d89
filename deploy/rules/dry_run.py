"""Changed rules over what Kafka retains: the same records through today's rules and the changed ones; nothing is published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from connectors.replay.progress import Display
from deploy.rules.difference import AlertLife, Difference, differences, lives_of
from deploy.rules.offline import AlertState, Arrival, OfflineCity
from deploy.rules.retained import Retained
from streams import maintenance, registry, rulebook
from streams.clock import Clock
from streams.contract.alerts import COVER_CHANGES
from streams.contract.derived import CAI, HOUR_S
from streams.contract.readings import READINGS, Domain
from streams.contract.rules import Rule
from streams.contract.times import Instant, from_ms
from streams.contract.topics import readings_topic
from streams.contract.watched import When
from streams.engine.air_quality_index import HOURS
from streams.registry import Registry
from streams.settings import Settings

STEP_RECORDS: Final = 5_000
"""Records that go through the stages at once, as much as a worker's chunk."""


class Asked(NamedTuple):
    """What is to be compared."""

    file: Path
    """Stands for the city's file of rules of the same name, or is added where there is none."""
    since_s: float
    """How far back, s before now (arrival time)."""
    domain: Domain | None
    """Only rules of this domain; None: of all."""


class Comparison(BaseModel):
    """What a dry run found."""

    model_config = ConfigDict(frozen=True)
    since: Instant = Field(description="Alerts that had ended before are left out.")
    read_from: Instant = Field(description="Readings that arrived from here on were judged, so that windows run in.")
    run_in_s: float
    is_cut: bool = Field(description="Kafka has deleted readings of this time: it was judged from the oldest on.")
    records: int
    added: list[str] = Field(description="Ids of rules that are new.")
    removed: list[str]
    changed: list[str]
    different: list[Difference]
    same: int


async def dry_run(settings: Settings, asked: Asked, shown: Display, clock: Clock) -> Comparison:
    """Compare the alerts of today's rules with those of changed ones.

    Args:
        settings: how the broker is reached, and where the city's data lie.
        asked: which rules, and how far back.
        shown: is told how far it has come.
        clock: says what time it is.

    Raises:
        WrongSeed: the file or the city's data is wrong.
        Unavailable: the broker does not answer.
    """
    known = registry.load(settings.seeds)
    today, other = (
        [rule for rule in rules if asked.domain in (None, rule.domain)]
        for rules in (rulebook.load(settings.seeds), rulebook.load(settings.seeds, asked.file))
    )
    run_in_s = _run_in_s([*today, *other], known)
    since_ms = clock.now_ms() - round(asked.since_s * 1000)
    begin_ms = since_ms - round(run_in_s * 1000)
    periods = maintenance.load(settings.seeds, known)
    cities = [
        OfflineCity(known, rules, partitions=settings.partitions, periods=periods, restarts=False)
        for rules in (today, other)
    ]
    trials = [_Trial(city, since_ms) for city in cities]
    topics = [readings_topic(each) for each in READINGS if asked.domain in (None, each)]
    records = 0
    async with Retained(settings, topics, begin_ms) as retained:
        with shown:
            shown.lap(asked.file.name, retained.total)
            async for batch in retained.batches():
                for trial in trials:
                    trial.feed(batch)
                records += len(batch)
                shown.moved(read=retained.read, records=records, at_ms=batch[-1].timestamp)
    before, after = (trial.lives(clock.now_ms()) for trial in trials)
    different, same = differences(before, after)
    return Comparison(
        since=from_ms(since_ms),
        read_from=from_ms(begin_ms),
        run_in_s=run_in_s,
        is_cut=retained.is_cut,
        records=records,
        different=different,
        same=same,
        **_changes(today, other),
    )


def _changes(today: Sequence[Rule], other: Sequence[Rule]) -> dict[str, list[str]]:
    """Which rules differ, by what became of them."""
    old, new = ({rule.rule_id: rule for rule in rules} for rules in (today, other))
    return {
        "added": [rule_id for rule_id in new if rule_id not in old],
        "removed": [rule_id for rule_id in old if rule_id not in new],
        "changed": [rule_id for rule_id, rule in new.items() if rule_id in old and old[rule_id] != rule],
    }


def _run_in_s(rules: Sequence[Rule], known: Registry) -> float:
    """How much earlier a window or a duration may have begun, s."""
    longest_s = 0.0
    for rule in rules:
        holds_s = [part.hold_s for one in rule.levels for part in (one.raised, one.clear) if part is not None]
        window_s = 0 if rule.when is None else _looks_back_s(rule, rule.when)
        longest_s = max(longest_s, window_s + max(holds_s, default=0), _missed_s(rule, known))
    delays_s = [sensor.delay_s + sensor.interval_s for sensor in known.sensors.values()]
    return longest_s + max(delays_s, default=0)


def _looks_back_s(rule: Rule, when: When) -> float:
    """How far back the farthest of its values looks, s."""
    further = [also.of(when).window_s for one in rule.levels if one.raised is not None for also in one.raised.also]
    own_s = HOURS * HOUR_S if when.measure == CAI else when.window_s or 0
    return max([own_s, *further])


def _missed_s(rule: Rule, known: Registry) -> float:
    """How long a rule on absence waits for the sensor that speaks least often, s."""
    raised = rule.levels[0].raised
    if rule.absence is None or raised is None or raised.intervals is None:
        return 0
    intervals_s = [sensor.interval_s for sensor in known.sensors.values() if sensor.domain == rule.domain]
    return raised.intervals * max(intervals_s, default=0)


class _Trial:
    """One set of rules over the records; what it had raised and ended before `since_ms` (arrival) is past."""

    def __init__(self, city: OfflineCity, since_ms: int) -> None:
        self._city, self._since_ms = city, since_ms
        self._states: dict[str, list[AlertState]] = {}
        self._past: set[str] | None = None
        """Known from `since_ms` on."""

    def feed(self, arrivals: Sequence[Arrival]) -> None:
        """Apply records in order of arrival."""
        if self._past is None and arrivals[-1].timestamp >= self._since_ms:
            run_in = [each for each in arrivals if each.timestamp < self._since_ms]
            self._apply(run_in)
            self._end_run_in()
            arrivals = arrivals[len(run_in) :]
        self._apply(arrivals)

    def lives(self, now_ms: int) -> list[AlertLife]:
        """Each alert's life, after everything that was silent until now is released."""
        if self._past is None:
            self._keep(self._city.pass_time(self._since_ms))
            self._end_run_in()
        self._keep(self._city.pass_time(now_ms))
        return lives_of(self._states, self._past or ())

    def _apply(self, arrivals: Sequence[Arrival]) -> None:
        for begin in range(0, len(arrivals), STEP_RECORDS):
            self._keep(self._city.follow(arrivals[begin : begin + STEP_RECORDS]))

    def _keep(self, states: Sequence[AlertState]) -> None:
        for each in (one for one in states if one.transition not in COVER_CHANGES):
            self._states.setdefault(each.alert.alert_id, []).append(each)

    def _end_run_in(self) -> None:
        self._past = {alert_id for alert_id, states in self._states.items() if states[-1].alert.state == "cleared"}
