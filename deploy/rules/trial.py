"""One test of a rule, run: what came of it beside what it expects."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from deploy.rules.offline import AlertState, Arrival, OfflineCity, cut_to
from deploy.rules.series import clock_of, values_of
from deploy.rules.timelines import Expected, Timeline, series_of, step_s
from streams.contract.alerts import Alert, Bilingual
from streams.contract.maintenance import Period
from streams.contract.rules import Rule
from streams.contract.times import DAY_MS, format_ms, from_ms, to_ms
from streams.contract.topics import BULLETINS, readings_topic
from streams.registry import Registry

FIRST_DAY: Final = dt.date(2024, 1, 1)
"""Any day will do on which no clock is put forward or back."""
AFTERWARDS_MS: Final = 2 * DAY_MS
"""Nothing more comes for so long: the longest window, a day, has closed by then, however late its sensors publish."""
SAME: Final = 1e-6
"""Values are kept to this part of their unit."""


class Came(NamedTuple):
    """One transition of an alert."""

    at_s: float
    """Event time, seconds since the test's midnight."""
    transition: str
    level: str | None
    value: float | None
    scope: str


class Verdict(NamedTuple):
    """What a test expects and what came, a line each."""

    passed: bool
    expected: list[str]
    came: list[str]


def tried(test: Timeline, rule: Rule, known: Registry) -> Verdict:
    """Run a timeline through the stages of a city that has this rule alone.

    Args:
        test: without a scenario.
        rule: which it tests.
        known: the city's registry.
    """
    midnight = dt.datetime.combine(FIRST_DAY, dt.time(), ZoneInfo(known.city.time_zone))
    begin_ms = to_ms(midnight)
    city = OfflineCity(_cut_to(known, test, rule), [rule], periods=_periods(test, begin_ms))
    arrivals, states, fed = _arrivals(test, rule, known, begin_ms), list[AlertState](), 0
    for moment in sorted(test.restart_at):
        due = sum(arrival.timestamp < begin_ms + moment * 1000 for arrival in arrivals)
        states += city.follow(arrivals[fed:due])
        city.restart()
        fed = due
    states += city.follow(arrivals[fed:])
    states += city.pass_time(_end_ms(test, rule, known, begin_ms) or city.now_ms + AFTERWARDS_MS)
    came = [_came(state, begin_ms) for state in states]
    return _verdict(test.expect or [], sorted(came, key=lambda one: (one.at_s, one.scope)))


def _periods(test: Timeline, begin_ms: int) -> list[Period]:
    why = Bilingual(ko="시험", en="test")
    return [
        Period(
            sensors=work.sensors,
            begin=from_ms(begin_ms + work.begin * 1000),
            end=from_ms(begin_ms + work.end * 1000),
            reason=why,
            by="test",
        )
        for work in test.maintenance
    ]


def _cut_to(known: Registry, test: Timeline, rule: Rule) -> Registry:
    """The registry of the test's sensors; of absence without their neighbours, who say nothing in it."""
    if rule.absence is None:
        return cut_to(known, test.readings)
    return replace(known, sensors={sensor_id: known.sensors[sensor_id] for sensor_id in test.readings})


def _end_ms(test: Timeline, rule: Rule, known: Registry, begin_ms: int) -> int | None:
    """When a silent partition has come to the end of the longest series, where a test ends with that; epoch ms."""
    if rule.absence is None:
        return None
    timing = known.city.domains[rule.domain]
    delay_s = max(known.sensors[sensor_id].delay_s for sensor_id in test.readings)
    every = [series for said in test.readings.values() for series in said.values()]
    length_s = max(sum(stretch.length_s for stretch in series) for series in every)
    return begin_ms + round((length_s + delay_s + timing.grace_s + timing.idle_s) * 1000)


def scope_of(alert: Alert) -> str:
    """What an alert is about: its sensor, its zone or its bulletin."""
    if alert.window_s is None and alert.scope.sensor_id is None:
        return alert.alert_id.split(":")[1]
    return alert.scope.sensor_id or alert.scope.zone or ""


def _arrivals(test: Timeline, rule: Rule, known: Registry, begin_ms: int) -> list[Arrival]:
    found = [*_readings(test, rule, known, begin_ms), *_bulletins(test, rule, begin_ms)]
    return sorted(found, key=lambda arrival: arrival.timestamp)


def _readings(test: Timeline, rule: Rule, known: Registry, begin_ms: int) -> Iterable[Arrival]:
    topic = readings_topic(rule.domain)
    for sensor_id in test.readings:
        sensor = known.sensors[sensor_id]
        step = step_s(test, sensor)
        period_s = step if sensor.period_s else 0
        for measure, series in series_of(test, sensor, rule).items():
            for said in values_of(series, step):
                at_ms = begin_ms + (said.begin_s + period_s) * 1000
                value: dict[str, Any] = {"sensor_id": sensor_id, "observed_at": format_ms(at_ms), "period_s": period_s}
                value[measure] = said.value
                if said.quality is not None:
                    value["quality"] = said.quality
                yield _arrival(topic, sensor_id, value, at_ms + round(sensor.delay_s * 1000))


def _bulletins(test: Timeline, rule: Rule, begin_ms: int) -> Iterable[Arrival]:
    for one in test.bulletins:
        at_ms = begin_ms + one.at * 1000
        value = {
            "bulletin_id": one.id,
            "kind": rule.bulletin.kind if rule.bulletin is not None else None,
            "issued_at": format_ms(at_ms),
            "source": "test",
            "texts": {"ko": "시험", "en": "test"},
            **one.model_dump(exclude={"at", "id"}, exclude_none=True),
        }
        yield _arrival(BULLETINS, one.id, value, at_ms)


def _arrival(topic: str, key: str, value: dict[str, Any], at_ms: int) -> Arrival:
    return Arrival(topic, key.encode(), json.dumps(value).encode(), at_ms)


def _came(state: AlertState, begin_ms: int) -> Came:
    alert = state.alert
    at_s = (to_ms(alert.updated_at) - begin_ms) / 1000
    return Came(at_s, state.transition, alert.level, alert.value, scope_of(alert))


def _verdict(expected: Sequence[Expected], came: Sequence[Came]) -> Verdict:
    wanted = sorted(expected, key=lambda one: (one.at, one.scope or ""))
    passed = all(
        want is not None and found is not None and _is_met(want, found) for want, found in zip_longest(wanted, came)
    )
    return Verdict(
        passed,
        [_line(one.at, one.transition, one.level, one.value, one.scope) for one in wanted],
        [_line(*one) for one in came],
    )


def _is_met(want: Expected, found: Came) -> bool:
    same_value = want.value is None or (found.value is not None and abs(want.value - found.value) <= SAME)
    same = (want.at, want.transition, want.level) == (found.at_s, found.transition, found.level)
    return same and same_value and want.scope in (None, found.scope)


def _line(at_s: float, transition: str, level: str | None, value: float | None, scope: str | None) -> str:
    parts = (clock_of(at_s), transition, level, None if value is None else f"{value:g}", scope)
    return " ".join(part for part in parts if part is not None)
