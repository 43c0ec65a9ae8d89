"""One shard's readings in the order of event time → its final windows, published; goes on where it was cut.

A reading of history arrives when it was observed, so none is late, ahead or behind. After the last one every window is
final, also those of a day that the files end in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from connectors.stopping import Stop
from deploy.backfill.kept import Done
from deploy.backfill.publication import Publication
from streams.clock import Clock
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.engine.watermark import CALENDAR_END_MS
from streams.errors import StateRefused

STEP_RECORDS: Final = 2000
SAVE_S: Final = 5.0
"""At most so much is done again after a kill."""


class Raw(NamedTuple):
    """A reading as the core takes it: as a record of a log."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Calculation:
    """One shard.

    Args:
        stage: its core, new and without rules.
        path: where its state is kept while it is under way.
        publication: where its windows go.
        clock: paces the keeping of its state.
    """

    def __init__(self, stage: ReadingsStage, path: Path, publication: Publication, clock: Clock) -> None:
        self._stage, self._path, self._publication, self._clock = stage, path, publication, clock

    def restore(self) -> int:
        """Take over what was kept, if anything; returns how many readings are done.

        Raises:
            StateRefused: it was kept by another version of the program.
        """
        try:
            kept = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        try:
            self._stage.restore(kept)
        except StateRefused as e:
            fix = f"Remove {self._path.parent}, then run the same command again: it begins anew"
            raise StateRefused(e.what, field=str(self._path), value=e.value, fix=fix) from e
        return self._stage.applied + 1

    async def run(
        self, readings: Iterator[tuple[int, bytes]], stop: Stop, advanced: Callable[[int, int], None]
    ) -> Done | None:
        """Go over all readings of the shard, from its first; None where it was asked to stop before their end.

        Args:
            readings: epoch ms and bytes, in the order of event time.
            stop: asks it to end.
            advanced: is told how many are done, and the event time.

        Raises:
            Unavailable: the broker does not take the windows.
        """
        stage, begin = self._stage, self._stage.resume_offset()
        log = (Raw(i, at_ms, None, value) for i, (at_ms, value) in enumerate(readings))
        rest = islice(log, begin, None)
        saved_s = self._clock.monotonic_s()
        while records := list(islice(rest, STEP_RECORDS)):
            stage.step(records)
            await self._send()
            advanced(stage.applied + 1, records[-1].timestamp)
            if stop.asked or self._clock.monotonic_s() - saved_s >= SAVE_S:
                await self._save()
                saved_s = self._clock.monotonic_s()
            if stop.asked:
                return None
        stage.release_idle(CALENDAR_END_MS)
        await self._send()
        await self._publication.flush()
        return self._done()

    async def _send(self) -> None:
        """Publish the windows; what the core refused is counted, and stands in the file."""
        out, self._stage.out = self._stage.out, Outputs()
        for (topic, partition), windows in out.plain.items():
            await self._publication.send(topic, partition, windows)

    async def _save(self) -> None:
        await self._publication.flush()
        new = self._path.with_suffix(".new")
        new.write_bytes(self._stage.snapshot())
        new.replace(self._path)

    def _done(self) -> Done:
        accounts = self._stage.accounts
        done = Done(values={}, refused={})
        for (_, outcome, _), n in accounts.values.items():
            done.values[outcome] = done.values.get(outcome, 0) + n
        for (_, reason), n in accounts.refused.items():
            done.refused[reason] = done.refused.get(reason, 0) + n
        return done
