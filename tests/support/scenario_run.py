"""A scenario played through the pure stages alone: no Kafka, no clock, the exercise set as the player sets it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.replay.envelope import outgoing
from connectors.replay.recording import Record, Wrong, find_recording
from deploy.rules.offline import AlertState, Arrival, OfflineCity
from deploy.rules.scenarios import ARRIVAL_MS
from streams import registry, rulebook
from streams.contract.alerts import COVER_CHANGES
from streams.contract.topics import DEFAULT_PARTITIONS, READING_TOPICS, REJECTED
from streams.engine.outputs import Out


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

    def publish(self, topic: str, out: Out) -> None:
        """Take in what leaves the hub."""
        if topic == REJECTED:
            self.rejected[dict(out.headers)["reason"].decode()] += 1
        elif topic.startswith("windows."):
            window = json.loads(out.value or b"")
            key = window["sensor_id"], window["measure"], window["window_s"]
            if window["final"]:
                self.windows[key][window["start"]] = window

    def take(self, states: list[AlertState]) -> None:
        """Take in states of alerts."""
        for transition, alert in states:
            if transition in COVER_CHANGES:
                continue  # what covers it is no part of its life
            self.alerts[alert.alert_id].append(json.loads(alert.model_dump_json()) | {"transition": transition})


def played(name: str, seeds: Path, exercise: str) -> Iterator[tuple[Record, bytes | None, bytes]]:
    """The scenario's records as the player sends them: the record, its key, its bytes."""
    recording = find_recording(name, seeds)
    with recording.path.open("rb") as file:
        for record in recording.records(file):
            assert not isinstance(record, Wrong), record
            sent = outgoing(record, exercise, 0)
            yield record, sent.key, sent.value


def answer_of(name: str, seeds: Path, exercise: str, chunk: int = 5000) -> Answer:
    """Play a scenario; its records are applied `chunk` at a time."""
    answer = Answer()
    known, rules = registry.load(seeds), rulebook.load(seeds)
    city = OfflineCity(known, rules, partitions=DEFAULT_PARTITIONS, published=answer.publish)
    waiting: list[Arrival] = []
    for record, key, value in played(name, seeds, exercise):
        waiting.append(Arrival(record.topic, key, value, ARRIVAL_MS + answer.records))
        answer.records += 1
        if len(waiting) == chunk:
            answer.take(city.feed(waiting))
            waiting = []
    answer.take(city.feed(waiting))
    for topic in READING_TOPICS:
        for core in city.cores(topic):
            for (_, outcome, _), n in core.accounts.values.items():
                answer.values[outcome] += n
    return answer
