"""The readings stage: one partition of `readings.*` in, windows, dead letters, forwarded records and alert events out.

`step` follows one batch from bytes to alert: decode, own or forward, split by timeline, take, close, render.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from streams.contract.rejections import Rejection
from streams.contract.topics import REJECTED, readings_topic
from streams.engine import refusals, snapshot
from streams.engine.accounting import NO_PLACE, UNKNOWN_OWNER, Accounts
from streams.engine.alert_events import absence_event, send_changed, send_event, sensor_event
from streams.engine.batch import Batch, batch_of, by_exercise
from streams.engine.columns import Columns
from streams.engine.dead_letter import dead_letter
from streams.engine.decode import Decoder
from streams.engine.event_partitions import EventPartitions
from streams.engine.exercises import Exercises
from streams.engine.judging import Watch
from streams.engine.outputs import Out, Outputs
from streams.engine.records import Record, Records
from streams.engine.roster import Roster
from streams.engine.standing import Finding
from streams.engine.timeline import Taken, Timeline
from streams.engine.watermark import CALENDAR_END_MS
from streams.engine.window_records import WindowRecords
from streams.engine.zone_feed import ZoneFeed

NAME: Final = "readings"
EARLY_EVERY_MS: Final = 1000
"""An open window is sent at once when it opens, then at most this often (contract 4)."""


class ReadingsStage:
    """State of one partition of one domain's readings.

    Args:
        roster: the domain's sensors.
        watch: the domain's sensor rules.
        partition: which one.
        events: partitions of alert events.
        zones: what the zones stage is told; None where no rule is on zones.
    """

    name: Final = NAME

    def __init__(
        self,
        roster: Roster,
        watch: Watch,
        partition: int,
        events: EventPartitions,
        zones: ZoneFeed | None = None,
    ) -> None:
        self.roster, self.partition = roster, partition
        self._zones = zones or ZoneFeed([], roster, partition, 1, lambda _: 0)
        self.topic = readings_topic(roster.domain)
        self._events = events
        self._decoder = Decoder(roster.domain, roster.directory)
        self._watch = watch
        self._renderers: dict[Timeline, WindowRecords] = {}
        self.exercises = Exercises(self._timeline, self._forget_exercise)
        self.accounts = Accounts([*roster.owners, UNKNOWN_OWNER])
        self.applied = -1
        self._refill_from: int | None = None
        """Where a restart began to read again, until it has come to what is new."""
        self.out = Outputs()

    def _timeline(self, name: str | None, first_offset: int = 0) -> Timeline:
        return Timeline(name, self.roster, self._watch, first_offset, self.partition)

    # -- one batch --------------------------------------------------------------------------------------------------

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order; what is to be sent gathers in `out`."""
        if not records:
            return
        records = Records.of(records)
        fresh = int(np.searchsorted(records.offset, self.applied, side="right"))
        if fresh:
            self._refill(records[:fresh])
        if records.offset[-1] >= self.applied:
            self._refill_from = None
        if fresh == len(records):
            return
        records = records[fresh:] if fresh else records
        columns = self._decoder.decode(records.values)
        self.accounts.receive(columns)
        self.accounts.unknown_fields += columns.unknown_fields
        refused = columns.rejected
        for _, why in refused:
            self.accounts.refuse(None, why.reason, UNKNOWN_OWNER)
        columns = self._owned(columns, records, refused)
        if len(columns.row):
            self._apply(columns, records, refused)
        for row, why in sorted(refused, key=lambda r: r[0]):
            self._dead_letter(records[row], why)
        self.accounts.bound()
        self._zones.read(int(records.timestamp[-1]))
        self._zones.send(self.out, self.exercises.real)
        self.applied = int(records.offset[-1])

    def _owned(self, columns: Columns, records: Records, refused: list[tuple[int, Rejection]]) -> Columns:
        """The rows of known sensors that live in this partition; others are refused or forwarded."""
        sensor = columns.sensor
        known = sensor >= 0
        mine = known & (self.roster.home[sensor] == self.partition) if len(self.roster.home) else known
        if mine.all():
            return columns
        values = columns.values_per_row()
        for i in np.flatnonzero(~known).tolist():
            why = self._why_unknown(records[int(columns.row[i])])
            refused.append((int(columns.row[i]), why))
            exercise = columns.exercise[i] if columns.exercise is not None else None
            self.accounts.refuse(exercise, why.reason, UNKNOWN_OWNER, int(values[i]))
        away = np.flatnonzero(known & ~mine)
        for i in away.tolist():
            self._forward(records[int(columns.row[i])], int(sensor[i]))
        for exercise, rows in by_exercise(columns.exercise, away):
            self.accounts.count(exercise, "forwarded", self.roster.owner[sensor[rows]], values[rows])
        keep = np.flatnonzero(mine)
        return columns.taken(keep)

    def _why_unknown(self, record: Record) -> Rejection:
        judged = self._decoder.explain(record.value or b"")
        if isinstance(judged, Rejection):
            return judged
        return refusals.unknown(judged.sensor_id, self.roster.domain)

    def _forward(self, record: Record, sensor: int) -> None:
        origin = f"{self.topic}-{self.partition}-{record.offset}".encode()
        out = Out(self.roster.sensors[sensor].sensor_id.encode(), record.value or b"", (("forwarded_from", origin),))
        self.out.add(self.topic, int(self.roster.home[sensor]), out)

    def _apply(self, columns: Columns, records: Records, refused: list[tuple[int, Rejection]]) -> None:
        batch = batch_of(columns, records, self._watch.maintenance)
        values = batch.values_per_row()
        for timeline, rows in self.exercises.runs(columns.exercise, batch.arrival_ms, batch.offset):
            mine = batch if len(rows) == len(batch.row) else batch.of_rows(rows)
            taken = timeline.take(mine)
            self._account(timeline, mine, taken, refused)
            for finding, arrived_ms in taken.findings:
                self._send(timeline, finding, arrived_ms)
            self._close(timeline)
        for i in np.flatnonzero(self.exercises.refused).tolist():
            refused.append((int(batch.row[i]), refusals.NO_PLACE))
            owner = self.roster.owners[int(self.roster.owner[batch.sensor[i]])]
            self.accounts.refuse(NO_PLACE, "exercise_limit", owner, int(values[i]))

    def _account(self, timeline: Timeline, batch: Batch, taken: Taken, refused: list[tuple[int, Rejection]]) -> None:
        owner, exercise = self.roster.owner[batch.sensor], timeline.exercise
        for outcome, rows in (
            ("windowed", taken.windowed),
            ("duplicate", taken.duplicate),
            ("late", taken.late),
            ("set_aside", taken.set_aside),
        ):
            if len(rows):
                self.accounts.count(exercise, outcome, owner[rows])
        values = batch.values_per_row() if len(taken.future) else batch.row
        for i in taken.future.tolist():
            why = refusals.ahead(exercise, int(batch.at_ms[i]) - int(batch.arrival_ms[i]))
            refused.append((int(batch.row[i]), why))
            self.accounts.refuse(exercise, why.reason, self.roster.owners[int(owner[i])], int(values[i]))
        for i in np.unique(taken.late).tolist():
            refused.append((int(batch.row[i]), refusals.late(int(batch.at_ms[i]))))
            self.accounts.refused[exercise or "", "late"] += 1

    def _dead_letter(self, record: Record, why: Rejection) -> None:
        self.out.add(REJECTED, 0, dead_letter(record, why, self.topic, self.partition))

    def _close(self, timeline: Timeline) -> None:
        closed = timeline.close()
        self._zones.closed(timeline, closed)
        for done in closed.windows:
            self._renderer(timeline).render(self.out, done.window_s, done.rows, final=True, revision=done.revision)
        for finding, arrived_ms in closed.findings:
            self._send(timeline, finding, arrived_ms)
        for absent in closed.absent:
            send_event(self.out, absence_event(absent, self.roster, timeline.exercise), self._events)

    def _send(self, timeline: Timeline, finding: Finding, arrived_ms: int | None) -> None:
        sensor, of = int(timeline.series.sensor[finding.series]), timeline.exercise
        event = sensor_event(finding, sensor=sensor, roster=self.roster, exercise=of, arrived_ms=arrived_ms)
        send_event(self.out, event, self._events, finding.rule.rule.covers)

    def _renderer(self, timeline: Timeline) -> WindowRecords:
        if timeline not in self._renderers:
            self._renderers[timeline] = WindowRecords(timeline, self.partition)
        return self._renderers[timeline]

    def _forget_exercise(self, timeline: Timeline, arrived_ms: int) -> None:
        self._show(timeline, CALENDAR_END_MS)  # in a backlog it ends before the clock has shown what is open of it
        self._renderers.pop(timeline, None)
        self.accounts.forget(timeline.exercise or "")
        self._zones.dropped(timeline, arrived_ms)

    # -- by the clock -----------------------------------------------------------------------------------------------

    def tick(self, now_ms: int) -> None:
        """Send what changed of open windows; `now_ms` only paces the sending."""
        for timeline in self.exercises:
            self._show(timeline, now_ms)

    def _show(self, timeline: Timeline, now_ms: int) -> None:
        for window_s, rows in timeline.windows.early(now_ms, EARLY_EVERY_MS):
            if len(rows.series):
                self._renderer(timeline).render(self.out, window_s, rows, final=False, revision=None)

    def caught_up(self, at_ms: int) -> None:
        """The input was read to its end: everything that arrived before this moment of the clock is applied."""
        self._zones.caught_up(at_ms)
        self._zones.send(self.out, self.exercises.real)

    def release_idle(self, now_ms: int) -> bool:
        """The input is at its end and has been silent for the idle time-out: move reality's watermark on.

        Returns whether anything became final by it, or anybody absent. The checkpoint must ride with that: `out.once`.
        """
        real = self.exercises.real
        if self._zones.is_told:  # in order of arrival: it is silent for as long as it is read without a record
            now_ms = min(now_ms, self._zones.read_to_ms)
            if now_ms < max(t.last_arrival_ms for t in self.exercises) + real.idle_ms:
                return False
        target = now_ms - real.idle_ms - real.watermark.grace_ms
        self._zones.release(real, target)
        due = real.next_due()
        if due is None or due > target:
            return False
        real.watermark.release(target)
        self._close(real)
        self._zones.send(self.out, real, at_once=True)
        self.out.once = True
        return True

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def _refill(self, records: Records) -> None:
        columns = self._decoder.decode(records.values)
        if not self.roster.index:
            return
        sensor = columns.sensor
        columns = columns.taken(np.flatnonzero((sensor >= 0) & (self.roster.home[sensor] == self.partition)))
        batch = batch_of(columns, records, self._watch.maintenance)
        for exercise, rows in by_exercise(columns.exercise, np.arange(len(columns.row))):
            timeline = self.exercises.real if exercise is None else self.exercises.named.get(exercise)
            if timeline is not None:
                timeline.refill(batch.of_rows(rows))

    def resume_offset(self) -> int:
        """Where a restart must read from: the first record that an open window needs, else the next one."""
        found = [t.resume_offset() for t in self.exercises]
        return min([o for o in (*found, self._refill_from) if o is not None] + [self.applied + 1])

    def snapshot(self) -> bytes:
        """The state, whole."""
        packed: list[bytes] = []

        def put_by(part: bytes) -> int:
            packed.append(part)
            return len(packed) - 1

        return snapshot.pack(
            f"{NAME}:{self.roster.domain}",
            {
                "applied": self.applied,
                "resume": self.resume_offset(),
                "accounts": self.accounts.state(),
                "timelines": [t.state(put_by) for t in self.exercises],
                snapshot.PACKED: packed,
            },
        )

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state.

        Raises:
            StateRefused: the snapshot does not fit.
        """
        state: dict[str, Any] = snapshot.unpack(f"{NAME}:{self.roster.domain}", kept)
        self.applied = state["applied"]
        self._refill_from = state["resume"] if state["resume"] <= self.applied else None
        self.accounts.load(state["accounts"])
        for part in state["timelines"]:
            name, named = part["exercise"], self.exercises.named
            timeline = self.exercises.real if name is None else named.setdefault(name, self._timeline(name))
            for changed in timeline.load(part, state.get(snapshot.PACKED, [])):
                send_changed(self.out, changed, name, self._events, self.roster.area_of(changed.scope_id))
            self._zones.read(timeline.last_arrival_ms)  # what it has passed is never told as of before that

    def remember(self, before: ReadingsStage) -> None:
        """Take over what a snapshot leaves out, the memory of duplicates, from the stage whose snapshot was restored."""
        for timeline, old in zip(self.exercises, before.exercises, strict=True):
            timeline.remember(old)
