"""A log through the flow's stages and through the independent calculation: do both have the same alerts?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from deploy.acceptance.found import Found, FoundAlert
from deploy.oracle import Arrived, alerts_to, read_city
from deploy.rules.offline import Arrival, OfflineCity
from streams import registry, rulebook
from streams.contract.topics import ALERTS
from streams.engine.outputs import Out
from streams.kafka import partition_of
from tests.support.storm_city import RANGES


class SideBySide:
    """Both readings of one city.

    Args:
        seeds: of the city.
        partitions: of each topic.
    """

    def __init__(self, seeds: Path, partitions: int = 1) -> None:
        self.known, self.rules, self.city = registry.load(seeds), rulebook.load(seeds), read_city(seeds)
        self.partitions = partitions

    def home_of(self, sensor_id: str) -> int:
        """The partition in which a sensor speaks."""
        return partition_of(sensor_id.encode(), self.partitions)

    def differences(
        self, log: Sequence[Arrived], exercise: str | None, *, restarts: Collection[int], seen: Counter[str]
    ) -> list[str]:
        """Alerts that the stages and the calculation do not have alike.

        Args:
            log: in the order of arrival.
            exercise: whose alerts are compared, None = reality's.
            restarts: positions in the log at which the hub is killed and goes on from its checkpoints.
            seen: gains `RULE TRANSITION LEVEL` for each transition of the calculation.
        """
        found = self._stages(log, exercise, restarts)
        wanted = alerts_to(log, self.city, RANGES, exercise, self.home_of)
        changes = [change for life in wanted.values() for change in life]
        seen.update(f"{one.rule_id} {one.transition} {one.level or '-'}" for one in changes)
        told = [f"{alert_id}: {alert.complaint}" for alert_id, alert in found.items() if alert.complaint]
        for alert_id in sorted(found.keys() | wanted.keys()):
            stages = found[alert_id].changes if alert_id in found else None
            if stages != wanted.get(alert_id):
                told.append(f"{alert_id}: stages {stages}, calculation {wanted.get(alert_id)}")
        return told

    def _stages(self, log: Sequence[Arrived], exercise: str | None, restarts: Collection[int]) -> dict[str, FoundAlert]:
        found = Found(exercise, frozenset())

        def published(topic: str, out: Out) -> None:
            if topic == ALERTS:
                found.take(topic, out.value, out.headers)

        city = OfflineCity(self.known, self.rules, partitions=self.partitions, published=published)
        arrivals = [Arrival(each.topic, None, each.value, each.arrival_ms, each.partition) for each in log]
        begin = 0
        for end in sorted({*restarts, len(arrivals)}):
            city.feed(arrivals[begin:end])
            if end < len(arrivals):
                city.restart()
            begin = end
        city.pass_time(city.now_ms)  # what came last has its turn in the zones
        return found.alerts()
