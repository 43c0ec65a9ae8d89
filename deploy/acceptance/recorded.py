"""A scenario's records as they come to stand in the log when it is played, for the independent calculation."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.replay.envelope import outgoing
from connectors.replay.recording import Wrong, find_recording
from deploy.oracle import Arrived
from streams import kafka
from streams.contract.topics import TOPICS
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is sent, partition by partition in its order."""

    log: list[Arrived]
    raw: frozenset[bytes]
    """Records that are sent as bytes; they can't name their exercise."""


def recorded(settings: Settings, scenario: str, exercise: str) -> Recorded:
    """The records of a scenario as `exercise`.

    Raises:
        WrongInput: a record can't be played, or the scenario has none.
    """
    recording = find_recording(scenario, settings.seeds)
    log, raw = [], set()
    with recording.path.open("rb") as file:
        for record in recording.records(file):
            if isinstance(record, Wrong):
                raise record.error
            sent = outgoing(record, exercise, 0)
            if record.value is None:
                raw.add(sent.value)
            partition = kafka.partition_of(sent.key or sent.value, TOPICS[sent.topic].partitions(settings.partitions))
            log.append(Arrived(sent.topic, partition, record.at_ms or 0, sent.value))
    return Recorded(log, frozenset(raw))
