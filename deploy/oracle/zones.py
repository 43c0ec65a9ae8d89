"""Every alert that rules on zones raise: the windows of a zone's sensors, which lie in several partitions, put together.

A zone's window closes with the first record, in the order of arrival over all partitions of the domain, at which every
partition that has begun has passed the window's end plus the greatest publication delay of the sensors that the rule reads
there. What comes to it afterwards, as of a partition that begins later, is too late for it. An exercise lives here as long
as a partition holds it; one of the same name that begins after that is another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from deploy.oracle import levels
from deploy.oracle.alerts import Alerts, Change, compact
from deploy.oracle.city import City, Sensor
from deploy.oracle.fates import Timeline
from deploy.oracle.judged import judged_values
from deploy.oracle.levels import Judged

MOBILE = "mobile"
"""What a moving sensor has for a zone (contract 4)."""

Place = tuple[int, int]
"""Of a record in the order of arrival: when it arrived, and in which partition."""
Pane = tuple[Place, str, str, int, int]
"""A sensor's window as its partition tells it: when, sensor, measure, start, end."""


@dataclass(frozen=True)
class Holding:
    """What one partition holds of reality or of an exercise, from its first reading until it is dropped."""

    partition: int
    timeline: Timeline
    marks: Sequence[tuple[int, int]]
    """What it has passed, and when: `timeline.passed`, and what the clock has released beside it; neither goes back."""
    dropped_ms: int | None = None
    """Arrival of the record for which it was dropped."""

    @property
    def begun(self) -> Place:
        """Where its first reading stands."""
        return self.marks[0][0], self.partition

    def is_held_at(self, place: Place) -> bool:
        """Whether it has not been dropped by then."""
        return self.dropped_ms is None or (self.dropped_ms, self.partition) > place


@dataclass
class OfZones:
    """What the zones of a domain come to."""

    alerts: Alerts = field(default_factory=dict)
    taken: dict[str, set[Pane]] = field(default_factory=dict)
    """By zone: sensors' windows that entered a window of the zone."""
    late: dict[str, set[Pane]] = field(default_factory=dict)
    """By zone: those that came after a window of the zone had closed."""


@dataclass(frozen=True)
class _Passed:
    """What all partitions had passed once a record had come."""

    place: Place
    mark_ms: int


@dataclass(frozen=True)
class _Known:
    """What a zone can know: its partitions, what all of them have passed, and until when."""

    life: list[Holding]
    passed: list[_Passed]
    until_ms: int | None
    """Only what arrived before this has come to its turn; None = everything."""


@dataclass(frozen=True)
class _Told:
    """A sensor's window, told when it became final."""

    pane: Pane
    value: float

    @property
    def place(self) -> Place:
        return self.pane[0]


def zone_alerts(
    city: City, domain: str, holdings: Sequence[Holding], until_ms: Mapping[str, int] | None = None
) -> OfZones:
    """What the rules on zones of a domain say of its partitions' readings.

    Args:
        city: the seeds.
        domain: whose rules.
        holdings: of reality or of one exercise, those of all partitions.
        until_ms: by zone, the arrival before which everything has come to its turn; None = all that there is.
    """
    found = OfZones()
    begun = sorted((each for each in holdings if each.marks), key=lambda each: each.begun)
    for life in _lives(begun):
        passed: dict[int | None, list[_Passed]] = {}
        for rule in city.rules:
            if rule.get("when", {}).get("scope") != "zone" or rule["domain"] != domain:
                continue
            watched = [s for s in city.sensors.values() if s.domain == domain and _reads(rule["when"], s)]
            for zone in sorted({sensor.zone for sensor in watched} - {MOBILE}):
                sensors = [sensor for sensor in watched if sensor.zone == zone]
                end = None if until_ms is None else until_ms[zone]
                if end not in passed:
                    passed[end] = _passed(life, end)
                _judge(found, rule, zone, sensors, _Known(life, passed[end], end))
    return found


def _lives(begun: Sequence[Holding]) -> Iterator[list[Holding]]:
    """Holdings in the order of their beginnings, those together of which one was held as the next began."""
    life: list[Holding] = []
    for each in begun:
        if life and not any(other.is_held_at(each.begun) for other in life):
            yield life
            life = []
        life.append(each)
    if life:
        yield life


def _judge(found: OfZones, rule: dict[str, Any], zone: str, sensors: list[Sensor], known: _Known) -> None:
    taken, late = found.taken.setdefault(zone, set()), found.late.setdefault(zone, set())
    values = list(_values(rule, sensors, known, taken, late))
    gap_ms = levels.tolerated_gap_ms(rule, min(sensors, key=lambda sensor: sensor.interval_ms))
    for steps in levels.steps(rule, levels.zone_levels(rule), values, gap_ms):
        found.alerts[f"{rule['rule_id']}:{zone}:{compact(steps[0].onset_ms)}"] = [
            Change(
                rule["rule_id"],
                zone,
                step.transition,
                step.level,
                step.at_ms,
                step.value,
                step.threshold,
                step.onset_ms,
                step.condition_since_ms,
            )
            for step in steps
        ]


def _reads(when: dict[str, Any], sensor: Sensor) -> bool:
    return when["measure"] in sensor.measures and sensor.kind in when.get("kinds", [sensor.kind])


def _passed(life: list[Holding], until_ms: int | None) -> list[_Passed]:
    """Whenever all partitions that had begun had passed more than before."""
    records = [((arrival_ms, each.partition), mark_ms) for each in life for arrival_ms, mark_ms in each.marks]
    marks: dict[int, int] = {}
    found: list[_Passed] = []
    for place, mark_ms in sorted(records, key=lambda record: record[0]):
        if until_ms is not None and place[0] >= until_ms:
            break
        marks[place[1]] = mark_ms
        all_ms = min(marks.values())
        if not found or all_ms > found[-1].mark_ms:
            found.append(_Passed(place, all_ms))
    return found


def _values(
    rule: dict[str, Any], sensors: list[Sensor], known: _Known, taken: set[Pane], late: set[Pane]
) -> Iterator[Judged]:
    """What a zone's windows that have closed come to, oldest first."""
    delay_ms, passed = max(sensor.delay_ms for sensor in sensors), known.passed
    windows: dict[tuple[int, int], list[_Told]] = {}
    for each in (told for holding in known.life for sensor in sensors for told in _told(rule["when"], sensor, holding)):
        if known.until_ms is None or each.place[0] < known.until_ms:
            windows.setdefault(each.pane[-2:], []).append(each)
    for (start_ms, end_ms), told in sorted(windows.items()):
        closing = bisect_left(passed, end_ms + delay_ms, key=lambda each: each.mark_ms)
        is_closed = closing < len(passed)
        inside = [each for each in told if not is_closed or each.place <= passed[closing].place]
        taken.update(each.pane for each in inside)
        late.update(each.pane for each in told if each not in inside)
        if is_closed and inside:
            last = {each.pane[1]: each.value for each in sorted(inside, key=lambda each: each.place)}
            yield Judged(_judgement(rule["when"]["zone"], list(last.values())), start_ms, end_ms)


def _told(when: dict[str, Any], sensor: Sensor, holding: Holding) -> Iterator[_Told]:
    """The windows of one sensor that its partition tells, each when its own time has passed it."""
    series, timeline = (sensor.sensor_id, when["measure"]), holding.timeline
    minutes = list(timeline.minutes.get(series, {}).values())
    for one in judged_values(when, timeline, series, minutes, sensor):
        first = bisect_left(timeline.passed, one.end_ms + sensor.delay_ms, key=lambda each: each[1])
        place = timeline.passed[first][0], holding.partition
        yield _Told((place, *series, one.start_ms, one.end_ms), one.value)


def _judgement(zone: dict[str, Any], values: list[float]) -> float:
    """What the sensors' values, as they are written in their windows, come to; a share in percent."""
    exact = [Decimal(repr(value)) for value in values]
    if zone["judge"] == "max":
        return max(values)
    if zone["judge"] == "min":
        return min(values)
    if zone["judge"] == "mean":
        return float(Fraction(sum(exact)) / len(exact))
    beyond = [value >= zone["at_least"] if "at_least" in zone else value <= zone["at_most"] for value in exact]
    return 100 * beyond.count(True) / len(values)
