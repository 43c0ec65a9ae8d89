"""What a rule says of the values of one series: raised, stepped up, stepped down, cleared (design 4.6).

Nothing is carried from value to value but the level itself: how long a condition has held is found anew for each value by
walking back from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import ge, le
from typing import Any

from deploy.oracle.city import Sensor

JITTER_MS = 60_000
"""A sensor that speaks every ten minutes may be a minute early or late without leaving a gap."""


@dataclass(frozen=True)
class Further:
    """A further condition of a level, with what it leaves out as the rule has it."""

    measure: str
    window_s: int
    aggregate: str
    at_least: Decimal | None
    at_most: Decimal | None

    @property
    def what(self) -> tuple[str, int, str]:
        """Which value of the sensor it is on."""
        return self.measure, self.window_s, self.aggregate

    @classmethod
    def of_level(cls, when: dict[str, Any], up: dict[str, Any]) -> tuple[Further, ...]:
        """Those of one level."""
        said = [{"aggregate": "last", **when, **one} for one in up.get("also", [])]
        return tuple(
            cls(
                one["measure"],
                int(one["window_s"]),
                one["aggregate"],
                None if "at_least" not in one else Decimal(one["at_least"]),
                None if "at_most" not in one else Decimal(one["at_most"]),
            )
            for one in said
        )

    @classmethod
    def of_rule(cls, rule: dict[str, Any]) -> set[Further]:
        """Those of all levels of a rule on sensors."""
        return {one for entry in rule["levels"] for one in cls.of_level(rule["when"], entry["raise"])}

    def holds(self, judged: Judged) -> bool:
        """Whether it does at this moment; not where its value is not known."""
        value = judged.others.get(self.what)
        if value is None:
            return False
        return (
            value >= self.at_least if self.at_least is not None else self.at_most is not None and value <= self.at_most
        )


INPUTS = {"cai": ("pm10_ugm3", "pm25_ugm3", "o3_ppm", "no2_ppm")}
"""What a sensor must measure for what is calculated from it."""
Condition = Callable[["Judged"], bool]
"""Of a value that is judged."""


@dataclass
class Judged:
    """A value that a rule judges, and the event time that it speaks for; of a single reading both ends are the same."""

    value: float
    start_ms: int
    end_ms: int
    others: dict[tuple[str, int, str], Decimal] = field(default_factory=dict)
    """What further conditions are on: measure, length in s, aggregate → its value at the same moment."""

    def __post_init__(self) -> None:
        """Its decimal as it is written: 0.3 is three tenths, as in the rule."""
        self.exact = Decimal(repr(self.value))


@dataclass(frozen=True)
class Level:
    """One level of a rule for one sensor."""

    name: str
    reach: Decimal
    hold_ms: int
    leave: Decimal
    leave_hold_ms: int
    also: tuple[Further, ...] = ()
    alone: Decimal | None = None
    """What reaches it whatever its further conditions say."""

    def is_met(self, judged: Judged, below: bool) -> bool:
        """Whether a value reaches it."""
        beyond = le if below else ge
        alone = self.alone is not None and beyond(judged.exact, self.alone)
        return alone or (beyond(judged.exact, self.reach) and all(one.holds(judged) for one in self.also))

    def is_past(self, judged: Judged, below: bool) -> bool:
        """Whether a value lies where it is left."""
        return judged.exact > self.leave if below else judged.exact < self.leave


@dataclass(frozen=True)
class Step:
    """One transition of one alert."""

    transition: str
    level: str | None
    at_ms: int
    value: float
    threshold: float | None
    onset_ms: int
    condition_since_ms: int


def levels_of(rule: dict[str, Any], sensor: Sensor) -> list[Level]:
    """The rule's levels for this sensor, lowest first; none where it does not watch it."""
    when = rule["when"]
    needed = INPUTS.get(when["measure"], (when["measure"],))
    if not set(needed) <= set(sensor.measures) or sensor.kind not in when.get("kinds", [sensor.kind]):
        return []
    return [level for entry in rule["levels"] if (level := _level(rule, entry, sensor)) is not None]


def zone_levels(rule: dict[str, Any]) -> list[Level]:
    """The levels of a rule on zones, lowest first."""
    return [level for entry in rule["levels"] if (level := _level(rule, entry, None)) is not None]


def _level(rule: dict[str, Any], entry: dict[str, Any], sensor: Sensor | None) -> Level | None:
    """One level as it is for a sensor, or for zones; None where the sensor has no such level or no free flow."""
    up, down, measure = entry["raise"], entry["clear"], rule["when"]["measure"]
    reach = up.get("at_least", up.get("at_most", _gauge(sensor, measure, up.get("gauge_level"))))
    leave = down.get("below", down.get("above", _gauge(sensor, measure, down.get("below_gauge_level"))))
    for name, pct in (*up.items(), *down.items()):
        if name in ("at_most_free_flow_pct", "at_least_free_flow_pct"):
            reach = _free_flow(sensor, pct)
        elif name in ("above_free_flow_pct", "below_free_flow_pct"):
            leave = _free_flow(sensor, pct)
    if reach is None or leave is None:
        return None
    margin = Decimal(down.get("margin", 0)) * (1 if _is_below(rule) else -1)
    holds = [round(Decimal(part.get("hold_s", 0)) * 1000) for part in (up, down)]
    alone = up.get("or_at_least", up.get("or_at_most"))
    return Level(
        entry["level"],
        Decimal(reach),
        holds[0],
        Decimal(leave) + margin,
        holds[1],
        Further.of_level(rule["when"], up),
        None if alone is None else Decimal(alone),
    )


def tolerated_gap_ms(rule: dict[str, Any], sensor: Sensor) -> int:
    """Event time between two judged values over which a duration still runs, because the sensor speaks no oftener."""
    when, interval_ms = rule["when"], sensor.interval_ms
    if when["window"] == "reading":
        return interval_ms + max(JITTER_MS, interval_ms // 2)
    if when["window"] == "sliding":
        return 0
    window_ms = int(when["window_s"]) * 1000
    return interval_ms - window_ms + JITTER_MS if interval_ms > window_ms else 0


def steps(rule: dict[str, Any], levels: list[Level], judged: list[Judged], gap_ms: int) -> list[list[Step]]:
    """Every alert of a rule for one series, each as its transitions in order."""
    below = _is_below(rule)
    alerts: list[list[Step]] = []
    position, onset_ms, since_ms = -1, 0, 0
    for k, now in enumerate(judged):
        reached = [i for i, level in enumerate(levels) if _is_reached(judged, k, level, gap_ms, below)]
        if reached and reached[-1] > position:
            transition = "raised" if position < 0 else "stepped_up"
            position = reached[-1]
        elif position >= 0 and _is_left(judged, k, levels[position], gap_ms, below):
            position -= 1
            transition = "cleared" if position < 0 else "stepped_down"
        else:
            continue
        level = levels[position] if position >= 0 else None
        if transition == "raised":
            alerts.append([])
            onset_ms = now.end_ms
            since_ms = _since(judged, k, gap_ms, partial(levels[position].is_met, below=below)) or 0
        alerts[-1].append(
            Step(
                transition=transition,
                level=level.name if level else None,
                at_ms=now.end_ms,
                value=now.value,
                threshold=float(level.reach) if level else None,
                onset_ms=onset_ms,
                condition_since_ms=since_ms,
            )
        )
    return alerts


def _is_below(rule: dict[str, Any]) -> bool:
    return bool(rule["when"].get("direction", "above") == "below")


def _gauge(sensor: Sensor | None, measure: str, level: str | None) -> Decimal | None:
    if sensor is None or level is None or sensor.gauge_measure != measure:
        return None
    return sensor.gauge_levels.get(level)


def _free_flow(sensor: Sensor | None, pct: Any) -> Decimal | None:
    """A share of a link's free-flow speed, km/h; values are kept to a millionth, so this is too."""
    if sensor is None or sensor.free_flow_kmh is None:
        return None
    return round(sensor.free_flow_kmh * Decimal(pct) / 100, 6)


def _is_reached(judged: list[Judged], k: int, level: Level, gap_ms: int, below: bool) -> bool:
    since_ms = _since(judged, k, gap_ms, partial(level.is_met, below=below))
    return since_ms is not None and judged[k].end_ms - since_ms >= level.hold_ms


def _is_left(judged: list[Judged], k: int, level: Level, gap_ms: int, below: bool) -> bool:
    since_ms = _since(judged, k, gap_ms, partial(level.is_past, below=below))
    return since_ms is not None and judged[k].end_ms - since_ms >= level.leave_hold_ms


def _since(judged: list[Judged], k: int, gap_ms: int, condition: Condition) -> int | None:
    """The start of the unbroken run of values that meet the condition and ends with number `k`; None where that does not."""
    since_ms = None
    for i in range(k, -1, -1):
        if not condition(judged[i]):
            break
        if since_ms is not None and judged[i + 1].start_ms - judged[i].end_ms > gap_ms:
            break
        since_ms = judged[i].start_ms
    return since_ms
