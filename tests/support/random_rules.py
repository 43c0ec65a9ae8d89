"""Many sensors with a random past each, through the stages and through the independent calculation: the same alerts?"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from deploy.oracle import City, read_city
from deploy.oracle.alerts import Alerts, sensor_alerts
from deploy.oracle.answer import DEFAULT_TIMES
from deploy.oracle.fates import Timeline
from deploy.oracle.records import reading_of
from deploy.rules.offline import Arrival, OfflineCity
from streams import registry, rulebook
from streams.contract.rules import Rule
from streams.contract.times import format_ms, parse_ms, to_ms
from streams.contract.topics import readings_topic
from tests.support.small_city import write_seeds
from tests.support.storm_city import RANGES

BEGIN_MS = parse_ms("2024-07-01T00:00:00Z")
EXERCISE = "random"


class Said(NamedTuple):
    """One reading: when it comes, in ms since the beginning, whose, and its fields."""

    arrives_ms: int
    at_ms: int
    sensor_id: str
    fields: dict[str, float]
    period_s: int = 0


@dataclass
class RandomCity:
    """A city of many alike sensors and the rules in question.

    Args:
        seeds: an empty folder.
        sensor: what all have in common, without id and name.
        rules: as they stand in a file.
        names: of the sensors.
    """

    seeds: Path
    sensor: dict[str, Any]
    rules: list[dict[str, Any]]
    names: Sequence[str]
    domain: str = field(init=False)
    city: City = field(init=False)
    """As the calculation reads it."""
    known: registry.Registry = field(init=False)
    compiled: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        write_seeds(self.seeds)
        for path in [*(self.seeds / "sensors").glob("*.toml"), *(self.seeds / "rules").glob("*.toml")]:
            path.unlink()
        named = [self.sensor | {"sensor_id": name, "name": {"ko": name, "en": name}} for name in self.names]
        (self.seeds / "sensors" / "random.toml").write_text(tomli_w.dumps({"sensors": named}), encoding="utf-8")
        (self.seeds / "rules" / "random.toml").write_text(tomli_w.dumps({"rules": self.rules}), encoding="utf-8")
        self.domain, self.city = self.sensor["domain"], read_city(self.seeds)
        self.known, self.compiled = registry.load(self.seeds), rulebook.load(self.seeds)

    def differences(self, log: Sequence[Said], restarts: Sequence[int], seen: Counter[str]) -> list[str]:
        """Alerts that the stages and the calculation do not have alike; what happened is counted in `seen`.

        Args:
            log: in the order of arrival.
            restarts: positions in the log at which the hub is killed and started again.
            seen: gains a count for each transition of the calculation.
        """
        records = [self._record(said) for said in log]
        topic, city = readings_topic(self.compiled[0].domain), OfflineCity(self.known, self.compiled)
        states, begin = [], 0
        for end in [*sorted(restarts), len(records)]:
            part = zip(log[begin:end], records[begin:end], strict=True)
            states += city.feed([Arrival(topic, None, value, BEGIN_MS + s.arrives_ms, 0) for s, value in part])
            if end < len(records):
                city.restart()
            begin = end
        found: dict[str, list[tuple[Any, ...]]] = {}
        for transition, alert in states:
            step = transition, alert.level, alert.value, to_ms(alert.updated_at), to_ms(alert.condition_since)
            found.setdefault(alert.alert_id.removesuffix(f":{EXERCISE}"), []).append((*step, alert.threshold))
        wanted = {
            alert_id: [(c.transition, c.level, c.value, c.at_ms, c.condition_since_ms, c.threshold) for c in changes]
            for alert_id, changes in self._calculated(log, records).items()
        }
        seen.update(f"{a.split(':')[0]} {step[0]} {step[1] or '-'}" for a, steps in wanted.items() for step in steps)
        return [
            f"{alert_id}: stages {found.get(alert_id)}, calculation {wanted.get(alert_id)}"
            for alert_id in sorted(found.keys() | wanted.keys())
            if found.get(alert_id) != wanted.get(alert_id)
        ]

    def _calculated(self, log: Sequence[Said], records: Sequence[bytes]) -> Alerts:
        """The calculation's alerts; of the rest of its answer nothing is made."""
        timeline = Timeline(self.city.times.get(self.domain, DEFAULT_TIMES), EXERCISE)
        for said, record in zip(log, records, strict=True):
            reading = reading_of(record, RANGES[self.domain])
            timeline.take(reading, self.city.sensors[said.sensor_id], BEGIN_MS + said.arrives_ms)
        return sensor_alerts(self.city, self.domain, timeline)

    @staticmethod
    def _record(said: Said) -> bytes:
        value: dict[str, Any] = {"sensor_id": said.sensor_id, "observed_at": format_ms(BEGIN_MS + said.at_ms)}
        value |= {"exercise": EXERCISE, "period_s": said.period_s, **said.fields}
        return json.dumps(value).encode()


def pasts(
    names: Sequence[str], rng: random.Random, past: Callable[[str, random.Random], Sequence[Said]]
) -> tuple[list[Said], list[int]]:
    """A random past for each sensor, all in the order of arrival, and where the hub is restarted."""
    log = sorted((said for name in names for said in past(name, rng)), key=lambda said: said.arrives_ms)
    return log, sorted(rng.sample(range(1, len(log)), 2))
