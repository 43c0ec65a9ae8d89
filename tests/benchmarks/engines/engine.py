"""What an adapter of an engine does, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks.broker import Broker
from tests.benchmarks.workload import Readings


class Failed(Exception):
    """A run that gave no figures; the message says why, in one line."""


@dataclass(frozen=True)
class Job:
    """Read a workload that stands in a broker to its end."""

    broker: Broker
    readings: Readings
    records: int
    """What stands in the broker, malformed ones, repeats and last words included."""
    seeds: Path
    folder: Path
    """The run's own, new."""
    name: str
    """Of this run alone: names groups and topics."""
    limit_s: float
    workers: int = 1


@dataclass
class Ran:
    """Figures of one run."""

    seconds: float
    cpu_s: float
    """Of all its processes, their start included."""
    rss_mb: float
    """The peak of each of its processes, added up."""
    wrong: str | None
    """What is wrong with its output; None: it is right."""
    read: int
    """Records that the seconds were spent on."""
    records: int
    """Records that the CPU was spent on."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further figures for the JSON line."""

    @property
    def readings_per_s(self) -> float:
        """Records a second."""
        return self.read / self.seconds

    @property
    def cpu_s_per_million(self) -> float:
        """CPU seconds for a million records."""
        return self.cpu_s / self.records * 1e6


class Engine(Protocol):
    """An adapter."""

    name: str
    needs: str
    """What it needs besides this project, for people."""

    def missing(self) -> str | None:
        """What it lacks here, with how to get it; None: it can run."""
        ...

    async def prepare(self) -> None:
        """Fetch and compile what it needs.

        Raises:
            Failed: it could not.
        """
        ...

    async def run(self, job: Job) -> Ran:
        """Run one job to its end, and leave nothing running.

        Raises:
            Failed: it ended, or did not end in time.
        """
        ...
