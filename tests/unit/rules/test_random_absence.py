"""Random timelines of many sensors: the engine tells of each that it is absent and speaks again as the oracle calculates it."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from deploy.oracle import Change
from deploy.oracle.absences import absence_alerts
from deploy.oracle.city import City, Times
from deploy.oracle.city import Sensor as Registered
from deploy.oracle.fates import Heard, Timeline
from deploy.oracle.records import Ranges, reading_of
from deploy.rules.offline import AlertState, Arrival, OfflineCity
from deploy.rules.trial import scope_of
from streams.contract.maintenance import Period
from streams.contract.readings import MEASURES
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.contract.times import format_ms, from_ms, parse_ms, to_ms
from streams.contract.topics import readings_topic
from streams.kafka import partition_of
from streams.registry import Registry
from streams.worker.stages import Core
from tests.support.timeline import CITY, sensor

TOPIC: Final = readings_topic("disaster")
PARTITIONS: Final = 2
SENSORS: Final = 400
"""In one run; each has a timeline of its own."""
RUNS: Final = 25
BEGIN_MS: Final = parse_ms("2022-09-06T00:00:00Z")
LENGTH_MS: Final = 6 * 3_600_000
RANGES: Final[Ranges] = {m.name: (m.low, m.high) for m in MEASURES.values() if m.domain == "disaster"}
KINDS: Final = ("river-gauge", "rain-gauge", "wind-station")
DELAYS_S: Final = (0, 0, 0, 300)
GRACE_MS = IDLE_MS = 60_000


def _rule(rule_id: str, intervals: float, *kinds: str) -> dict[str, Any]:
    text = {"ko": "{sensor} {value}", "en": "{sensor} {value}"}
    level = {"level": "attention", "raise": {"intervals": intervals}, "headline": text, "instruction": text}
    level |= {"severity": "Minor", "urgency": "Unknown", "certainty": "Observed", "source": "test"}
    name = {"ko": "무응답", "en": "Absent"}
    return {
        "rule_id": rule_id,
        "domain": "disaster",
        "name": name,
        "absence": {"kinds": list(kinds)},
        "levels": [level],
    }


RULES: Final = [_rule("soon", 1.5, "river-gauge", "rain-gauge"), _rule("later", 4, "wind-station")]


@dataclass
class Run:
    """Sensors, and what they send in the order in which it comes."""

    sensors: list[Sensor]
    exercise: str | None
    arrivals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """When, what."""
    works: list[tuple[str, int, int]] = field(default_factory=list)
    """Planned work: sensor, begin, end."""
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def periods(self) -> list[Period]:
        return [
            Period(sensors=[one], begin=from_ms(begin), end=from_ms(end), reason={"ko": "일", "en": "work"}, by="test")
            for one, begin, end in self.works
        ]


def a_run(rng: random.Random) -> Run:
    sensors = [
        sensor(
            f"s{number}",
            kind=rng.choice(KINDS),
            interval_s=rng.choice((60, 600, 1800)),
            delay_s=rng.choice(DELAYS_S),
            modelled=rng.random() < 0.2,
            measures=["temperature_c"],
        )
        for number in range(SENSORS)
    ]
    run = Run(sensors, rng.choice((None, None, "drill")))
    for each in sensors:
        _speak(run, each, rng)
        for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 2))):
            begin_ms = BEGIN_MS + rng.randrange(0, LENGTH_MS, 60_000)
            run.works.append((each.sensor_id, begin_ms, begin_ms + rng.choice((60_000, 1_800_000, 7_200_000))))
    run.arrivals.sort(key=lambda arrival: arrival[0])
    return run


def _speak(run: Run, each: Sensor, rng: random.Random) -> None:
    """One sensor's timeline: it speaks, falls silent for about as long as a rule asks, comes back with or without a spool."""
    if rng.random() < 0.05:
        run.seen["never speaks"] += 1
        return
    interval_ms = round(each.interval_s * 1000)
    at_ms = BEGIN_MS + rng.randrange(0, interval_ms, 1000) + rng.choice((0, 0, 1800_000))
    for _ in range(rng.randint(1, 5)):
        if at_ms > BEGIN_MS + LENGTH_MS:
            return
        _send(run, each, at_ms, at_ms + rng.choice((0, 0, 0, 500, 30_000, 90_000)), rng)
        gap_ms = rng.choice((1, 1, 1, 1, 1, 1, 1, 1.5, 1.5, 2, 4, 4, 6)) * interval_ms + rng.choice(
            (-1, 0, 0, 1, 1000, 60_000)
        )
        back_ms = at_ms + gap_ms
        if gap_ms > 2 * interval_ms and rng.random() < 0.4:
            run.seen["spool"] += 1
            held = [at_ms + interval_ms * n for n in range(1, int(gap_ms // interval_ms))]
            for number, spooled_ms in enumerate(held if rng.random() < 0.7 else held[::-1]):
                _send(run, each, spooled_ms, back_ms + number, rng)
        at_ms = round(back_ms)


def _send(run: Run, each: Sensor, at_ms: float, arrival_ms: float, rng: random.Random) -> None:
    value = {"sensor_id": each.sensor_id, "observed_at": format_ms(round(at_ms)), "temperature_c": 1.5}
    if run.exercise is not None:
        value["exercise"] = run.exercise
    value |= rng.choice(({}, {}, {"quality": "suspect"}, {"quality": "maintenance"}))
    for again in range(1 + (rng.random() < 0.05)):
        run.arrivals.append((round(arrival_ms) + again, value))


class Calculated:
    """The oracle, fed as the engine is."""

    def __init__(self, run: Run) -> None:
        self._exercise = run.exercise
        times = Times(GRACE_MS, IDLE_MS, 300_000)
        registered = {each.sensor_id: _registered(each, run) for each in run.sensors}
        self.city = City(registered, RULES, {"disaster": times})
        self.timelines = [Timeline(times, run.exercise) for _ in range(PARTITIONS)]

    def take(self, arrival: Arrival) -> None:
        reading = reading_of(arrival.value, RANGES)
        timeline = self.timelines[_home(reading.sensor_id)]
        timeline.take(reading, self.city.sensors[reading.sensor_id], arrival.timestamp)

    def released(self, cores: list[Core], seen: Counter[str]) -> None:
        """What the clock has moved, which no log tells."""
        for timeline, core in zip(self.timelines, cores, strict=True):
            mark_ms = core.exercises.real.watermark.at_ms  # type: ignore[attr-defined]
            if self._exercise is None and timeline.watermark_ms is not None and mark_ms > timeline.watermark_ms:
                timeline.watermark_ms = mark_ms
                timeline.heard.append(Heard(None, mark_ms, mark_ms))
                seen["release"] += 1

    def alerts(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for partition, timeline in enumerate(self.timelines):
            for alert_id, changes in absence_alerts(self.city, "disaster", partition, timeline, _home).items():
                found[alert_id if self._exercise is None else f"{alert_id}:{self._exercise}"] = changes
        return found


def _registered(each: Sensor, run: Run) -> Registered:
    return Registered(
        sensor_id=each.sensor_id,
        domain=each.domain,
        kind=each.kind,
        zone=each.zone,
        measures=tuple(each.measures),
        interval_ms=round(each.interval_s * 1000),
        delay_ms=round(each.delay_s * 1000),
        modelled=each.modelled,
        works=tuple(sorted((begin, end) for one, begin, end in run.works if one == each.sensor_id)),
    )


def _home(sensor_id: str) -> int:
    return partition_of(sensor_id.encode(), PARTITIONS)


def _arrival(at_ms: int, value: dict[str, Any]) -> Arrival:
    return Arrival(TOPIC, value["sensor_id"].encode(), json.dumps(value).encode(), at_ms)


def _played(run: Run, rng: random.Random) -> tuple[dict[str, list[Change]], Calculated]:
    known = Registry(CITY, {each.sensor_id: each for each in run.sensors}, {}, {})
    rules = [Rule.model_validate(rule) for rule in RULES]
    city = OfflineCity(known, rules, partitions=PARTITIONS, periods=run.periods)
    calculated, states, fed = Calculated(run), list[AlertState](), 0
    while fed < len(run.arrivals):
        chunk = [_arrival(*arrival) for arrival in run.arrivals[fed : fed + rng.choice((1, 50, 1000, 1000))]]
        fed += len(chunk)
        states += city.feed(chunk)
        for arrival in chunk:
            calculated.take(arrival)
        if rng.random() < 0.3:
            run.seen["restart"] += 1
            city.restart()
    if rng.random() < 0.5:
        states += city.pass_time(city.now_ms + rng.choice((300_000, 3_600_000)))
        calculated.released(city.cores(TOPIC), run.seen)
    found: dict[str, list[Change]] = {}
    for state in states:
        found.setdefault(state.alert.alert_id, []).append(_change(state))
    return found, calculated


def _change(state: AlertState) -> Change:
    alert = state.alert
    return Change(
        rule_id=alert.rule_id,
        scope=scope_of(alert),
        transition=state.transition,
        level=alert.level,
        at_ms=to_ms(alert.updated_at),
        value=alert.value,
        threshold=alert.threshold,
        onset_ms=to_ms(alert.onset),
        condition_since_ms=to_ms(alert.condition_since),
    )


def _agreed(seed: int) -> Counter[str]:
    """Play a run; fails where stages and calculation differ, returns what was seen in it."""
    rng = random.Random(seed)
    run = a_run(rng)

    found, calculated = _played(run, rng)

    wanted = calculated.alerts()
    assert {i: found.get(i) for i in {*found, *wanted} if found.get(i) != wanted.get(i)} == {
        i: wanted.get(i) for i in {*found, *wanted} if found.get(i) != wanted.get(i)
    }
    said = {(value["sensor_id"], value["observed_at"]) for _, value in run.arrivals}
    where = "reality" if run.exercise is None else "exercise"
    for changes in wanted.values():
        run.seen[f"raised in {where}"] += 1
        run.seen["cleared"] += changes[-1].transition == "cleared"
        at = format_ms(changes[-1].at_ms)
        run.seen["ended by a spool"] += changes[-1].transition == "cleared" and (changes[0].scope, at) not in said
    waits = {(one, end) for one, _, end in run.works}
    run.seen["after work"] += sum(
        (c.scope, c.condition_since_ms) in waits for changes in wanted.values() for c in changes[:1]
    )
    spoke = {sensor_id for sensor_id, _ in said}
    run.seen["never spoke"] += sum(changes[0].scope not in spoke for changes in wanted.values())
    return run.seen


@pytest.mark.slow
def test_ten_thousand_sensors_are_absent_when_the_oracle_says() -> None:
    seen = sum(map(_agreed, range(RUNS)), Counter[str]())

    least = {"raised in reality": 3000, "raised in exercise": 300, "cleared": 3000, "never spoke": 100, "spool": 1000}
    least |= {"after work": 100, "ended by a spool": 100, "restart": 5, "release": 2}
    assert {what: seen[what] for what in least if seen[what] < least[what]} == {}, seen
