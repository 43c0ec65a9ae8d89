"""Which files a backfill is of, and how far it has come, below the data folder; gone when it is done.

The same command finds it again: a run is named after its files, their sizes and times, so files that changed are others.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field

from connectors.frame.kept import read_kept, write_whole
from deploy.backfill.intake import Shard
from deploy.backfill.spool import Run
from streams.errors import NoRoom, Occupied

_STATE: Final = "state.json"


class Source(BaseModel):
    """A file as it was when the run began."""

    path: Path
    bytes: int
    changed_ns: int


class Laid(BaseModel):
    """What one file came to."""

    runs: list[Run]
    wrong: int


class Done(BaseModel):
    """What a finished shard came to."""

    values: dict[str, int]
    """By what became of them: `windowed`, `duplicate`, `late`, `set_aside`, `rejected`."""
    refused: dict[str, int]
    """Records by reason."""


class Progress(BaseModel):
    """How far a run has come."""

    sources: list[Source]
    laid: list[Laid] = Field(default_factory=list)
    """Of the files that have been read to their end, in their order."""
    done: dict[str, Done] = Field(default_factory=dict)
    """By name of the shard."""

    @property
    def runs(self) -> dict[Shard, list[Run]]:
        """The runs by shard."""
        found: dict[Shard, list[Run]] = {}
        for laid in self.laid:
            for run in laid.runs:
                found.setdefault(Shard(run.topic, run.partition), []).append(run)
        return found

    def total(self, name: str) -> Counter[str]:
        """One of the counts of all finished shards."""
        return sum((Counter(getattr(done, name)) for done in self.done.values()), Counter[str]())


class Kept:
    """The folder of one run.

    Args:
        data_dir: of the hub.
        files: the files, in the order in which they were named.
        topic: where their readings go that name none.
        partitions: of each topic of readings.
    """

    def __init__(self, data_dir: Path, files: Sequence[Path], topic: str | None, partitions: int) -> None:
        sources = []
        for path in files:
            facts = path.stat()
            sources.append(Source(path=path.resolve(), bytes=facts.st_size, changed_ns=facts.st_mtime_ns))
        self._new = Progress(sources=sources)
        said = f"{self._new.model_dump_json()} {topic} {partitions}"
        self.folder = data_dir / "backfill" / hashlib.sha256(said.encode()).hexdigest()[:16]
        self.spool = self.folder / "spool"

    @contextmanager
    def held(self) -> Iterator[Progress]:
        """Hold the run for this process; gives how far it has come.

        Raises:
            Occupied: another process does it now.
            NoRoom: the data folder can't be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a")
        except OSError as e:
            raise NoRoom(
                f"the folder can't be written: {e.strerror}", field=str(self.folder), fix="Choose another data folder"
            ) from e
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Occupied(
                    "another process backfills these files now", field="FILE", fix="Let it end, or stop it first"
                ) from None
            yield read_kept(self.folder / _STATE, Progress) or self._new

    def save(self, progress: Progress) -> None:
        """Write it whole or not at all.

        Raises:
            NoRoom: the disk is full or the folder may not be written.
        """
        write_whole(self.folder / _STATE, progress)

    def snapshot(self, shard: Shard) -> Path:
        """Where a shard's state is kept while it is under way."""
        return self.folder / f"{shard.name}.state"

    def forget(self) -> None:
        """It is done."""
        shutil.rmtree(self.folder)
