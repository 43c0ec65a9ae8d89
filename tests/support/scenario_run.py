"""A scenario played through the pure stages alone: no Kafka, no clock, the exercise set as the player sets it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from connectors.replay.envelope import outgoing
from connectors.replay.recording import Record as PlayedRecord
from connectors.replay.recording import Wrong, find_recording
from streams import registry, rulebook
from streams.contract.readings import READINGS, Domain
from streams.contract.rules import Rule
from streams.contract.topics import ALERT_EVENTS, ALERTS, BULLETINS, DEFAULT_PARTITIONS, REJECTED, domain_of
from streams.engine.alerts_stage import AlertsStage
from streams.engine.bulletins_stage import BulletinsStage
from streams.engine.outputs import Out, Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.roster import roster
from streams.engine.rules import compiled
from streams.kafka import partition_of

ARRIVAL_MS = 1_764_000_000_000
"""An exercise's arrival times decide nothing of it; they only have to go forward."""


class LogRecord(NamedTuple):
    """A record as it stands in a partition."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass
class Answer:
    """What the hub answered."""

    records: int = 0
    values: Counter[str] = field(default_factory=Counter)
    """What became of each value."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Dead letters by reason."""
    alerts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """By alert id: its states, each with the `transition` that brought it."""
    windows: dict[tuple[str, str, int], dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    """By (sensor, measure, length): the last final window of each start."""


def played(name: str, seeds: Path, exercise: str) -> Iterator[tuple[PlayedRecord, bytes | None, bytes]]:
    """The scenario's records as the player sends them: the record, its key, its bytes."""
    recording = find_recording(name, seeds)
    with recording.path.open("rb") as file:
        for record in recording.records(file):
            assert not isinstance(record, Wrong), record
            sent = outgoing(record, exercise, 0)
            yield record, sent.key, sent.value


def answer_of(name: str, seeds: Path, exercise: str, chunk: int = 500) -> Answer:
    """Play a scenario; a partition's records are applied `chunk` at a time."""
    answer = Answer()
    logs: dict[tuple[str, int], list[LogRecord]] = defaultdict(list)
    for record, key, value in played(name, seeds, exercise):
        partition = 0 if record.topic == BULLETINS or key is None else partition_of(key, DEFAULT_PARTITIONS)
        log = logs[record.topic, partition]
        log.append(LogRecord(len(log), ARRIVAL_MS + answer.records, key, value))
        answer.records += 1
    outputs = []
    for (topic, partition), log in sorted(logs.items()):
        stage = _stage(seeds, topic, partition)
        for begin in range(0, len(log), chunk):
            stage.step(log[begin : begin + chunk])
        outputs.append(stage.out)
        if isinstance(stage, ReadingsStage):
            for (_, outcome, _), n in stage.accounts.values.items():
                answer.values[outcome] += n
    for out in outputs:
        _read_outputs(out, answer)
    return answer


@cache
def _city(seeds: Path) -> tuple[registry.Registry, list[Rule]]:
    return registry.load(seeds), rulebook.load(seeds)


def _stage(seeds: Path, topic: str, partition: int) -> ReadingsStage | BulletinsStage:
    city, rules = _city(seeds)
    names = {zone_id: zone.name for zone_id, zone in city.zones.items()}
    if topic == BULLETINS:
        return BulletinsStage(rules, names, partition, lambda _: 0)
    domain: Domain = domain_of(topic)
    assert domain in READINGS
    sensors = roster(
        domain,
        city.of_domain(domain),
        city.city,
        names,
        lambda sensor_id: partition_of(sensor_id.encode(), DEFAULT_PARTITIONS),
    )
    return ReadingsStage(sensors, compiled(rules, sensors), partition, lambda _: 0)


def _read_outputs(out: Outputs, answer: Answer) -> None:
    for (topic, _), records in out.records.items():
        if topic == REJECTED:
            answer.rejected.update(dict(record.headers)["reason"].decode() for record in records)
        elif topic == ALERT_EVENTS:
            _read_events(records, answer)
        elif topic.startswith("windows."):
            for record in records:
                window = json.loads(record.value)
                key = window["sensor_id"], window["measure"], window["window_s"]
                if window["final"]:
                    answer.windows[key][window["start"]] = window


def _read_events(events: list[Out], answer: Answer) -> None:
    stage = AlertsStage(0)
    stage.step([LogRecord(i, ARRIVAL_MS, event.key, event.value) for i, event in enumerate(events)])
    told = [json.loads(event.value)["transition"] for event in events]
    states = [json.loads(out.value) for out in stage.out.records.get((ALERTS, 0), [])]
    for transition, state in zip(told, states, strict=True):
        answer.alerts[state["alert_id"]].append(state | {"transition": transition})
