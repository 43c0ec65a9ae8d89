"""One partition of the readings stage in event time: given sensors and rules, when readings come, then windows and alerts.

Times are `HH:MM[:SS[.fff]]` of 2022-09-06 UTC. A reading arrives when it was observed unless told otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streams.contract.alerts import Bilingual
from streams.contract.readings import MEASURES_OF, Domain
from streams.contract.rules import Rule
from streams.contract.sensors import City, GaugeLevels, Place, Sensor
from streams.contract.times import format_ms, parse_ms
from streams.contract.topics import ALERT_EVENTS, REJECTED, windows_topic
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.outputs import Out
from streams.engine.readings_stage import ReadingsStage
from streams.engine.roster import Roster, roster

DAY_MS = parse_ms("2022-09-06T00:00:00Z")
PLACE = Place(lat=36.0, lon=129.4, source="test", certainty="modelled")
CITY = City.model_validate(
    {
        "name": {"ko": "작은 시", "en": "Small City"},
        "centre": (129.4, 36.0),
        "time_zone": "Asia/Seoul",
        "domains": {"air-quality": {}, "traffic": {}, "disaster": {}},
    }
)
ZONES = {"ocheon-eup": Bilingual(ko="오천읍", en="Ocheon-eup")}


def ms(text: str) -> int:
    """A time of the day as epoch ms; hours above 23 are of later days, negative ones of earlier days."""
    hours, minutes, *rest = text.split(":")
    return DAY_MS + round((int(hours) * 3600 + int(minutes) * 60) * 1000 + float(rest[0] if rest else 0) * 1000)


def clock(at_ms: int) -> str:
    """Epoch ms as a time of the day, seconds only where there are some."""
    hours, rest = divmod(at_ms - DAY_MS, 3_600_000)
    minutes, seconds = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}" + (f":{seconds / 1000:06.3f}".removesuffix(".000") if seconds else "")


def sensor(sensor_id: str, domain: Domain = "disaster", **more: Any) -> Sensor:
    """A sensor of all its domain's measures, unless told otherwise."""
    return Sensor.model_validate(
        {
            "sensor_id": sensor_id,
            "domain": domain,
            "kind": "weather-station",
            "name": {"ko": f"{sensor_id} 관측소", "en": f"Station {sensor_id}"},
            "zone": "ocheon-eup",
            "place": PLACE,
            "owner": "city",
            "measures": list(MEASURES_OF[domain]),
            "interval_s": 60,
            "source": "test",
            **more,
        }
    )


RAIN = sensor("rain-1")
RIVER = sensor(
    "river-1",
    kind="river-gauge",
    owner="river-office",
    interval_s=600,
    gauge_levels=GaugeLevels(attention=1, caution=2, alert=3, serious=4, source="test"),
)
SLOW = sensor("slow-1", delay_s=900, interval_s=3600, period_s=3600)
"""Published a quarter of an hour late."""


def roster_of(
    sensors: Sequence[Sensor], domain: Domain = "disaster", home_of: Callable[[str], int] = lambda _: 0
) -> Roster:
    """The roster of these sensors."""
    return roster(domain, list(sensors), CITY, ZONES, home_of)


@dataclass
class Raw:
    """A record of the log."""

    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None


def level(name: str, raised: dict[str, Any], clear: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One level of a rule."""
    return {
        "level": name,
        "raise": raised,
        "clear": clear,
        "severity": "Moderate",
        "urgency": "Expected",
        "certainty": "Observed",
        "headline": {
            "ko": "{zone} {sensor} {value}{unit}, {level} 기준 {threshold}{unit} 도달",
            "en": "{sensor} in {zone} at {value} {unit}, {level} from {threshold} {unit}",
        },
        "instruction": {"ko": "대피하십시오.", "en": "Leave."},
        "source": "test",
        **more,
    }


def rule(rule_id: str, when: dict[str, Any], *levels: dict[str, Any], domain: Domain = "disaster") -> Rule:
    """A rule on sensors."""
    name = {"ko": "시험 규칙", "en": "Test rule"}
    return Rule.model_validate(
        {"rule_id": rule_id, "domain": domain, "name": name, "when": when, "levels": list(levels)}
    )


RAIN_RULE = rule(
    "rain-1h",
    {"measure": "rainfall_mm", "window": "sliding", "window_s": 3600, "aggregate": "sum"},
    level("advisory", {"at_least": 30}, {"below": 20}),
    level("warning", {"at_least": 60}, {"below": 40}),
)
RIVER_RULE = rule(
    "river-level",
    {"measure": "water_level_m", "kinds": ["river-gauge"], "window": "reading"},
    level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention", "margin": 0.1}),
    level("caution", {"gauge_level": "caution"}, {"below_gauge_level": "caution", "margin": 0.1}),
)
WIND_RULE = rule(
    "wind-hour",
    {"measure": "wind_speed_ms", "window": "final", "window_s": 3600, "aggregate": "mean"},
    level("advisory", {"at_least": 14, "hold_s": 7200}, {"below": 14}),
)
RULES = [RAIN_RULE, RIVER_RULE, WIND_RULE]


class Partition:
    """One partition of a domain's readings and what came of it.

    Args:
        sensors: the registry.
        rules: the rules.
        domain: whose readings.
        home_of: the partition that owns a sensor; this one is 0.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor] = (RAIN, RIVER, SLOW),
        rules: Sequence[Rule] = (),
        domain: Domain = "disaster",
        home_of: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self.domain = domain
        roster = roster_of(sensors, domain, home_of)
        self.stage = ReadingsStage(roster, watch_of(list(rules), roster), 0, ONE)
        self.log: list[Raw] = []

    # -- when -------------------------------------------------------------------------------------------------------

    def reads(self, at: str, sensor_id: str, *, arrives: str | None = None, **fields: Any) -> Raw:
        """A reading, applied at once."""
        said = {"sensor_id": sensor_id, "observed_at": format_ms(ms(at)), **fields}
        return self.gets(json.dumps(said).encode(), arrives or at)

    def gets(self, value: bytes | None, arrives: str) -> Raw:
        """A record of any bytes, applied at once."""
        record = Raw(len(self.log), ms(arrives), value, b"as sent")
        self.log.append(record)
        self.stage.step([record])
        return record

    def restarted(self, sensors: Sequence[Sensor] = (RAIN, RIVER, SLOW), rules: Sequence[Rule] = ()) -> Partition:
        """Another worker's partition from this one's checkpoint, its log read again from where it must be."""
        other = Partition(sensors, rules, self.domain)
        resume, kept = self.stage.resume_offset(), self.stage.snapshot()
        other.stage.restore(kept)
        other.log = list(self.log)
        other.stage.step(self.log[resume:])
        return other

    # -- then -------------------------------------------------------------------------------------------------------

    def sent(self, topic: str, partition: int = 0) -> list[Out]:
        """What was sent to a topic, in order."""
        return [out for of, p, out in self.stage.out.each() if (of, p) == (topic, partition)]

    def windows(self, window_s: int | None = 60, *, final: bool | None = True) -> list[dict[str, Any]]:
        """The windows sent, in order."""
        found = [json.loads(out.value) for out in self.sent(windows_topic(self.domain))]
        return [
            w
            for w in found
            if (window_s is None or w["window_s"] == window_s) and (final is None or w["final"] == final)
        ]

    def finals(self, window_s: int = 60) -> list[str]:
        """Final windows as text: `HH:MM sensor measure count sum`, with `rN` where it is a revision."""
        return [
            f"{clock(parse_ms(w['start']))} {w['sensor_id']} {w['measure']} {w['count']} {w['sum']:g}"
            + (f" r{w['revision']}" if w["revision"] else "")
            for w in self.windows(window_s)
        ]

    def rejected(self) -> list[tuple[str, str]]:
        """Reason and field of each dead letter, in order."""
        heads = [{name: value.decode() for name, value in out.headers} for out in self.sent(REJECTED)]
        return [(head["reason"], head["field"]) for head in heads]

    def events(self) -> list[dict[str, Any]]:
        """The alert events sent, in order."""
        return [json.loads(out.value) for out in self.sent(ALERT_EVENTS)]

    def changes(self) -> list[str]:
        """The alert events as text: `HH:MM alert's rule transition level`."""
        return [
            f"{clock(parse_ms(e['at']))} {e['origin'].removeprefix('rule:')} {e['transition']} {e.get('level', '-')}"
            for e in self.events()
        ]

    def counts(self, exercise: str = "") -> dict[str, int]:
        """Values by outcome, of all owners."""
        found: dict[str, int] = {}
        for (name, outcome, _), n in self.stage.accounts.values.items():
            if name == exercise:
                found[outcome] = found.get(outcome, 0) + n
        return found
