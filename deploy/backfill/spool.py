"""Readings in any order → the same in the order of event time, on disk: sorted runs, merged when they are read.

Readings of one instant keep the order in which they were given, so of a value that is told twice the first stays. Runs that
follow one another without overlap are read one after the other, so files that are sorted already cost no merging.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, Field

from deploy.backfill.intake import Reading, Shard
from streams.errors import WrongInput

RUN_BYTES: Final = 8 << 20
"""A run is laid down when it has so much; with four partitions of three domains at most 100 MB wait in memory."""
MOST_CHAINS: Final = 500
"""Files that are read at once; with runs of 8 MiB that is 4 GB a partition in no order at all."""


class Run(BaseModel):
    """Readings of one shard, sorted, in one file."""

    name: str
    topic: str
    partition: int
    number: Annotated[int, Field(ge=0)]
    """Counts up in the order in which readings were given."""
    first_ms: int
    last_ms: int
    records: Annotated[int, Field(ge=1)]


class Sorter:
    """Lays readings down in sorted runs.

    Args:
        folder: where.
        number: of its first run.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._number = folder, number
        self._waiting: dict[Shard, list[tuple[int, bytes]]] = {}
        self._bytes: dict[Shard, int] = {}
        self.runs: list[Run] = []

    def add(self, reading: Reading) -> None:
        """Take in one reading."""
        shard = reading.shard
        self._waiting.setdefault(shard, []).append((reading.at_ms, reading.value))
        self._bytes[shard] = self._bytes.get(shard, 0) + len(reading.value)
        if self._bytes[shard] >= RUN_BYTES:
            self._lay_down(shard)

    def finish(self) -> list[Run]:
        """Lay down what waits; returns every run."""
        for shard in list(self._waiting):
            self._lay_down(shard)
        return self.runs

    def _lay_down(self, shard: Shard) -> None:
        readings = self._waiting.pop(shard)
        self._bytes[shard] = 0
        readings.sort(key=itemgetter(0))
        name = f"{shard.name}-{self._number:06d}.ndjson"
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / name).open("wb") as file:
            file.writelines(b"%d\t%b\n" % reading for reading in readings)
            file.flush()
            os.fsync(file.fileno())
        self.runs.append(
            Run(
                name=name,
                topic=shard.topic,
                partition=shard.partition,
                number=self._number,
                first_ms=readings[0][0],
                last_ms=readings[-1][0],
                records=len(readings),
            )
        )
        self._number += 1


def in_order(folder: Path, runs: Iterable[Run]) -> Iterator[tuple[int, bytes]]:
    """The readings of these runs of one shard in the order of event time: epoch ms, bytes.

    Raises:
        WrongInput: they are in less order than can be merged at once.
    """
    chains: list[list[Run]] = []
    for run in sorted(runs, key=lambda r: r.number):
        fitting = next((chain for chain in chains if chain[-1].last_ms <= run.first_ms), None)
        if fitting is None:
            chains.append([run])
        else:
            fitting.append(run)
    if len(chains) > MOST_CHAINS:
        raise WrongInput(
            f"the files hold {len(chains)} stretches of time that overlap, more than can be merged",
            field="FILE",
            fix="Sort them by observed_at first",
        )
    # No two chains hold runs of one number, so bytes are never compared.
    for at_ms, _, value in heapq.merge(*(_read(folder, chain) for chain in chains)):
        yield at_ms, value


def _read(folder: Path, chain: list[Run]) -> Iterator[tuple[int, int, bytes]]:
    for run in chain:
        with (folder / run.name).open("rb") as file:
            for line in file:
                at_ms, value = line.split(b"\t", 1)
                yield int(at_ms), run.number, value[:-1]
