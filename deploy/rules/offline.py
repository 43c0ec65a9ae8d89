"""A city's stages over records in hand: what becomes of its alerts, without Kafka, a clock or a disk.

The worker's own table of stages, with a list for each partition of a topic: what one stage sends, the next one reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from streams.contract.alerts import Alert
from streams.contract.maintenance import Period
from streams.contract.rules import Rule
from streams.contract.topics import ALERTS, COMMANDS, TOPICS, readings_topic
from streams.engine.alerts_stage import AlertsStage
from streams.engine.outputs import Out, Outputs
from streams.engine.records import LogRecord
from streams.engine.zone_feed import CLOCKS_APART_MS, EVERY_MS
from streams.kafka import partition_of
from streams.registry import Registry
from streams.worker.stages import Core, Stage, stages_of

Published = Callable[[str, Out], None]
"""Is told each record that leaves the hub, with its topic."""
TURNS: Final = 3
"""The clock is asked so often, `EVERY_MS` and more apart: a partition is released, that is told, its turn comes."""


class Arrival(NamedTuple):
    """A record as it arrives in an input topic: readings, bulletins, commands."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int
    """When it arrives, epoch ms, UTC."""
    partition: int | None = None
    """Where it stands; None where its key puts it."""


class AlertState(NamedTuple):
    """A state of an alert, and what brought it: a rule's transition, or the kind of an officer's command."""

    transition: str
    alert: Alert


@dataclass(slots=True)
class _Partition:
    """One partition of a topic that a stage reads."""

    stage: Stage
    topic: str
    number: int
    core: Core
    idle_ms: int
    """Silent for so long it is released."""
    end: int = 0
    arrived_ms: int = 0
    """When its last record arrived."""
    waiting: list[LogRecord] = field(default_factory=list)
    """Not applied yet."""
    kept: list[LogRecord] = field(default_factory=list)
    """Applied, and needed again by a restart."""

    def append(self, timestamp: int, key: bytes | None, value: bytes | None) -> None:
        self.waiting.append(LogRecord(self.end, timestamp, key, value))
        self.end, self.arrived_ms = self.end + 1, timestamp

    def step(self, *, keep: bool) -> None:
        self.core.step(self.waiting)
        if keep:
            resume = self.core.resume_offset()
            self.kept = [record for record in (*self.kept, *self.waiting) if record.offset >= resume]
        self.waiting = []


class OfflineCity:
    """The stages of a city, from nothing.

    Args:
        known: its registry; `cut_to` leaves what a few sensors need.
        rules: what judges.
        partitions: of each topic; lateness and zones follow each partition's own clock.
        published: is told what leaves: windows, dead letters, states of alerts.
        periods: planned work on its sensors.
        restarts: whether `restart` will be called: what it reads again is kept for it, days of it where exercises end.
    """

    def __init__(
        self,
        known: Registry,
        rules: Sequence[Rule],
        *,
        partitions: int = 1,
        published: Published | None = None,
        periods: Sequence[Period] = (),
        restarts: bool = True,
    ) -> None:
        stages = stages_of(known, list(rules), partitions, periods)
        self._read_by = {topic: stage for stage in stages for topic in stage.topics}
        self._per_topic, self._published, self._restarts = partitions, published, restarts
        self._idle_ms = {readings_topic(d): round(timing.idle_s * 1000) for d, timing in known.city.domains.items()}
        self._topics: dict[str, list[_Partition]] = {}
        """Of each topic that had a record: its partitions."""
        self.now_ms = 0
        """The latest arrival, or how long nothing more has arrived; epoch ms, UTC."""

    def feed(self, arrivals: Iterable[Arrival]) -> list[AlertState]:
        """Apply records in order of arrival; the states of alerts that come of them, each alert's in its order."""
        states: list[AlertState] = []
        for arrival in arrivals:
            if arrival.topic == COMMANDS:  # it acts on what was before it, and on nothing after
                states += self._settled()
            self._append(arrival)
            if arrival.topic == COMMANDS:
                states += self._settled()
        return states + self._settled()

    def follow(self, arrivals: Sequence[Arrival]) -> list[AlertState]:
        """As `feed`, and as a worker does that keeps up with them: a partition that is silent meanwhile is released."""
        states, begin, slot_ms = list[AlertState](), 0, min(self._idle_ms.values()) // 2
        heard = {(each.topic, each.number): each.arrived_ms for each in self._everywhere() if each.end}
        for i, arrival in enumerate(arrivals):
            now_ms = arrival.timestamp
            if now_ms // slot_ms != arrivals[i - 1].timestamp // slot_ms and self._is_silent(heard, now_ms):
                states += self.feed(arrivals[begin:i]) + self._released(now_ms)
                begin = i
            heard[arrival.topic, self._number_of(arrival)] = now_ms
        return states + self.feed(arrivals[begin:])

    def _is_silent(self, heard: Mapping[tuple[str, int], int], now_ms: int) -> bool:
        """Whether a partition has said nothing for longer than the idle time-out."""
        return any(now_ms > at_ms + self._idle_ms.get(topic, now_ms) for (topic, _), at_ms in heard.items())

    def pass_time(self, until_ms: int) -> list[AlertState]:
        """Nothing arrives until this moment (epoch ms, UTC): silent partitions are released, what waits for them closes."""
        self.now_ms = max(self.now_ms, until_ms)
        states: list[AlertState] = []
        for turn in range(TURNS):
            at_ms = self.now_ms + CLOCKS_APART_MS + turn * 2 * EVERY_MS
            for each in self._everywhere():
                each.core.caught_up(at_ms)
                if at_ms >= each.arrived_ms + each.idle_ms:
                    each.core.release_idle(at_ms)
                states += self._sent(each)
            states += self._settled()
        return states

    def restart(self) -> None:
        """Every stage goes on in another worker: from its checkpoint, its log read again from where it must be."""
        for each in self._everywhere():
            core = each.stage.core(each.topic, each.number)
            core.restore(each.core.snapshot())
            core.step(each.kept)
            each.core = core

    def cores(self, topic: str) -> list[Core]:
        """The cores of a topic's partitions; none where it never had a record."""
        return [each.core for each in self._topics.get(topic, ())]

    def _released(self, now_ms: int) -> list[AlertState]:
        """What closes as partitions have been silent for the idle time-out until now."""
        states: list[AlertState] = []
        for each in self._everywhere():
            if each.end and now_ms > each.arrived_ms + each.idle_ms:
                each.core.caught_up(now_ms)
                each.core.release_idle(now_ms)
                states += self._sent(each)
        return states

    # -- the flow ---------------------------------------------------------------------------------------------------

    def _append(self, arrival: Arrival) -> None:
        self.now_ms = max(self.now_ms, arrival.timestamp)
        number = self._number_of(arrival)
        self._partitions(arrival.topic)[number].append(arrival.timestamp, arrival.key, arrival.value)

    def _number_of(self, arrival: Arrival) -> int:
        """The partition in which a record stands."""
        if arrival.partition is not None:
            return arrival.partition
        many = len(self._partitions(arrival.topic))
        return partition_of(arrival.key, many) if arrival.key and many > 1 else 0

    def _partitions(self, topic: str) -> list[_Partition]:
        found = self._topics.get(topic)
        if found is None:
            stage, n = self._read_by[topic], TOPICS[topic].partitions(self._per_topic)
            idle_ms = self._idle_ms.get(topic, 0)
            found = [_Partition(stage, topic, p, stage.core(topic, p), idle_ms) for p in range(n)]
            self._topics[topic] = found
        return found

    def _everywhere(self) -> list[_Partition]:
        """Every partition, in the order of the flow."""
        topics = [topic for topic in self._read_by if topic in self._topics]
        return [each for topic in topics for each in self._topics[topic]]

    def _settled(self) -> list[AlertState]:
        """Apply everything that waits, and what comes of it."""
        states: list[AlertState] = []
        while True:
            for each in self._everywhere():
                if each.waiting:
                    each.step(keep=self._restarts)
                each.core.caught_up(self.now_ms)
                states += self._sent(each)
            if not any(each.waiting for each in self._everywhere()):
                return states

    def _sent(self, each: _Partition) -> list[AlertState]:
        """Take what a core sends to who reads it; the states of alerts among it."""
        out, each.core.out = each.core.out, Outputs()
        for (topic, number), records in out.records.items():
            if topic in self._read_by:
                for record in records:
                    self._partitions(topic)[number].append(self.now_ms, record.key, record.value)
        if self._published is not None:
            for topic, _, record in out.each():
                if topic not in self._read_by:
                    self._published(topic, record)
        return _states(each.core, out.records.get((ALERTS, each.number), []))


def _states(core: Core, records: list[Out]) -> list[AlertState]:
    if not isinstance(core, AlertsStage):
        return []
    transitions, core.transitions = core.transitions, []
    told = [record.value for record in records if record.value is not None]
    return [
        AlertState(transition, Alert.model_validate_json(value))
        for (_, transition), value in zip(transitions, told, strict=True)
    ]


def cut_to(known: Registry, sensor_ids: Collection[str]) -> Registry:
    """The registry of these sensors and of those that share a zone with them, as a rule on a zone reads them all."""
    zones = {known.sensors[sensor_id].zone for sensor_id in sensor_ids}
    mine = {i: s for i, s in known.sensors.items() if i in sensor_ids or s.zone in zones}
    return replace(known, sensors=mine)
