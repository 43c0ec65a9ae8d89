"""The two steps of a backfill: lay the files' readings down in order, then publish the windows of each partition."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from connectors.replay.progress import Display
from connectors.replay.recording import Record, Recording, Wrong
from connectors.stopping import Stop
from deploy.backfill.intake import Reading, Shard, reading_of
from deploy.backfill.kept import Kept, Laid, Progress
from deploy.backfill.publication import Publication
from deploy.backfill.spool import Sorter, in_order
from deploy.backfill.windows import Calculation
from streams import kafka, maintenance, registry
from streams.clock import Clock
from streams.contract.maintenance import Period
from streams.contract.topics import domain_of
from streams.engine.event_partitions import ONE
from streams.engine.judging import Watch
from streams.engine.maintenance import Maintenance
from streams.engine.readings_stage import ReadingsStage
from streams.engine.roster import Roster, roster
from streams.errors import WrongInput
from streams.logs import get
from streams.settings import Settings

BREATH_RECORDS: Final = 1000
"""Records after which signals are heard."""
TOLD_ERRORS: Final = 20
"""So many wrong records of a file are told one by one; the rest are counted."""

log = get(__name__)


@dataclass
class Backfill:
    """One run over some files."""

    kept: Kept
    progress: Progress
    settings: Settings
    clock: Clock
    stop: Stop
    shown: Display

    async def run(self, topic: str | None) -> bool:
        """Do what is left to do; returns whether all is done, False where it was asked to stop before.

        Args:
            topic: where readings go that name no topic themselves.

        Raises:
            WrongInput: a file is damaged, or they hold no reading of history.
            Unavailable: the broker does not answer.
        """
        for source in self.progress.sources[len(self.progress.laid) :]:
            laid = await self._lay_down(Recording(source.path, source.path.name, topic=topic))
            if laid is None:
                return False
            self.progress.laid.append(laid)
            self.kept.save(self.progress)
        if not self.progress.runs:
            raise WrongInput("holds no reading of history", field="FILE", fix="See what was told of its records")
        async with Publication(self.settings) as publication:
            for shard in sorted(self.progress.runs):
                if shard.name not in self.progress.done and not await self._publish(shard, publication):
                    return False
        return True

    async def _lay_down(self, recording: Recording) -> Laid | None:
        """Read a file to its end; None where it was asked to stop before."""
        sorter = Sorter(self.kept.spool, sum(len(laid.runs) for laid in self.progress.laid))
        wrong, now_ms = 0, self.clock.now_ms()
        self.shown.lap(recording.path.name, recording.path.stat().st_size)
        with recording.path.open("rb") as file:
            for record in recording.records(file):
                try:
                    sorter.add(self._reading(record, recording, now_ms))
                except WrongInput as e:
                    wrong += 1
                    if wrong <= TOLD_ERRORS:
                        log.warning("record_wrong", why=str(e))
                if record.place % BREATH_RECORDS == 0:
                    self.shown.moved(read=file.tell(), records=record.place + 1, at_ms=None)
                    await asyncio.sleep(0)
                    if self.stop.asked:
                        return None
        return Laid(runs=sorter.finish(), wrong=wrong)

    def _reading(self, record: Record | Wrong, recording: Recording, now_ms: int) -> Reading:
        if isinstance(record, Wrong):
            raise record.error
        try:
            return reading_of(record, now_ms, self._home_of)
        except WrongInput as e:
            place = f"{recording.path}: record {record.place + 1}: {e.field}"
            raise WrongInput(e.what, field=place, value=e.value, fix=e.fix) from None

    async def _publish(self, shard: Shard, publication: Publication) -> bool:
        """Publish a shard's windows to the last; False where it was asked to stop before."""
        runs = self.progress.runs[shard]
        mine = self._rosters[shard.topic]
        watch = Watch([], maintenance=Maintenance(self._periods, mine.sensors))
        stage = ReadingsStage(mine, watch, shard.partition, ONE)
        calculation = Calculation(stage, self.kept.snapshot(shard), publication, self.clock)
        calculation.restore()
        total = sum(run.records for run in runs)
        self.shown.lap(shard.name, total)

        def advanced(records: int, at_ms: int) -> None:
            self.shown.moved(read=records, records=records, at_ms=at_ms)

        done = await calculation.run(in_order(self.kept.spool, runs), self.stop, advanced)
        if done is None:
            return False
        self.progress.done[shard.name] = done
        self.kept.save(self.progress)
        return True

    def _home_of(self, sensor_id: str) -> int:
        return kafka.partition_of(sensor_id.encode(), self.settings.partitions)

    @cached_property
    def _periods(self) -> list[Period]:
        return maintenance.load(self.settings.seeds)

    @cached_property
    def _rosters(self) -> dict[str, Roster]:
        known = registry.load(self.settings.seeds)
        names = {zone_id: zone.name for zone_id, zone in known.zones.items()}
        sensors = list(known.sensors.values())
        return {
            topic: roster(domain_of(topic), sensors, known.city, names, self._home_of)
            for topic in {shard.topic for shard in self.progress.runs}
        }
