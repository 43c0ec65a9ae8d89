"""A recorded day through a city's stages: the alerts of some rules beside those that the scenario's file promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from connectors.replay.envelope import outgoing
from connectors.replay.recording import Wrong, find_recording
from deploy.promises import PromisedAlert, read_scenario
from deploy.rules.offline import AlertState, Arrival, OfflineCity
from deploy.rules.trial import Verdict, scope_of
from streams import maintenance
from streams.contract.alerts import COVER_CHANGES
from streams.contract.rules import Rule
from streams.registry import Registry

EXERCISE: Final = "rules-test"
ARRIVAL_MS: Final = 1_764_000_000_000
"""An exercise's arrival times decide nothing of it; they only have to go forward."""


def arrivals(name: str, seeds: Path) -> Iterator[Arrival]:
    """The records of a scenario as they are played, one ms after another.

    Raises:
        WrongInput: there is no such scenario, or a record can't be played.
        WrongSeed: its file of facts is wrong.
    """
    recording = find_recording(name, seeds)
    with recording.path.open("rb") as file:
        for number, record in enumerate(recording.records(file)):
            if isinstance(record, Wrong):
                raise record.error
            sent = outgoing(record, EXERCISE, 0)
            yield Arrival(record.topic, sent.key, sent.value, ARRIVAL_MS + number)


class Played(NamedTuple):
    """What a scenario brings, beside what its file promises."""

    states: list[AlertState]
    """Of alerts, in the order in which they come."""
    promised: list[PromisedAlert]


def played(name: str, seeds: Path, known: Registry, rules: Sequence[Rule]) -> Played:
    """A scenario's alerts by these rules.

    Raises:
        WrongInput, WrongSeed: as `arrivals`.
    """
    periods = maintenance.load(seeds, known)
    states = OfflineCity(known, rules, periods=periods, restarts=False).feed(arrivals(name, seeds))
    return Played(states, read_scenario(seeds, name, known).expects.alerts)


def compared(found: Played, known: Registry, rule: Rule) -> Verdict:
    """A rule's alerts in a scenario beside the promised ones.

    Args:
        found: what was played, of this rule and others.
        known: the city's registry.
        rule: whose alerts.
    """
    zone = ZoneInfo(known.city.time_zone)
    promised = [alert for alert in found.promised if alert.rule_id == rule.rule_id]
    expected = [_line(s.at, zone, s.transition, s.level, alert.scope) for alert in promised for s in alert.states]
    mine = [
        (state.transition, state.alert)
        for state in found.states
        if state.alert.rule_id == rule.rule_id and state.transition not in COVER_CHANGES
    ]
    came = [_line(alert.updated_at, zone, transition, alert.level, scope_of(alert)) for transition, alert in mine]
    return Verdict(sorted(expected) == sorted(came), sorted(expected), sorted(came))


def _line(at: dt.datetime, zone: ZoneInfo, transition: str, level: str | None, scope: str) -> str:
    when = at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return " ".join(part for part in (when, transition, level, scope) if part)
