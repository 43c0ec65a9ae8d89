"""The engine's pure cores over a log, and what they publish gathered as a subscriber holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.acceptance.found import Found
from deploy.oracle import Arrived
from deploy.rules.offline import Arrival, OfflineCity
from streams import registry, rulebook
from streams.contract.topics import BULLETINS, READING_TOPICS

NOW_MS = 1 << 52
"""Later than anything was sent last: every open window that changed is due."""


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class EngineAnswer(NamedTuple):
    values: Counter[str]
    found: Found


class Engine:
    """The cores of a city.

    Args:
        seeds: of the city.
        partitions: of each topic of readings.
    """

    def __init__(self, seeds: Path, partitions: int = 1) -> None:
        self.known, self.rules, self.partitions = registry.load(seeds), rulebook.load(seeds), partitions

    def answer(
        self, log: Sequence[Arrived], exercise: str | None, raw: frozenset[bytes] = frozenset(), chunk: int = 1000
    ) -> EngineAnswer:
        """What the engine makes of a log, `chunk` records at a time."""
        found, values = Found(exercise, raw), Counter[str]()
        city = OfflineCity(
            self.known,
            self.rules,
            partitions=self.partitions,
            published=lambda topic, out: found.take(topic, out.value, out.headers),
        )
        arrivals = [
            Arrival(a.topic, None, a.value, a.arrival_ms, 0 if a.topic == BULLETINS else a.partition) for a in log
        ]
        for begin in range(0, len(arrivals), chunk):
            city.feed(arrivals[begin : begin + chunk])
        for core in (core for topic in READING_TOPICS for core in city.cores(topic)):
            core.tick(NOW_MS)
            for (_, outcome, _), n in core.accounts.values.items():
                values[outcome] += n
        city.feed([])
        return EngineAnswer(values, found)
