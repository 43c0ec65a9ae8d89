"""The simulator finds each defect of the stages' cores that it is there to find: zones, time, states that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest

from streams.engine.absence import Absence
from streams.engine.alerts_stage import AlertsStage
from streams.engine.arrival_order import ArrivalOrder
from streams.engine.bulletins_stage import BulletinsStage
from streams.engine.closing import Closing
from streams.engine.exercises import Exercises
from streams.engine.judging import Judging
from streams.engine.readings_stage import ReadingsStage
from streams.engine.timeline import Timeline
from streams.engine.watermark import NEVER_MS, Watermark
from streams.engine.zone_feed import ZoneFeed
from streams.engine.zone_windows import ZoneWindows
from streams.engine.zones_stage import ZonesStage
from tests.simulation.planting import Defect, Patch, around, must_be_found, name_of, without

pytestmark = pytest.mark.slow

# -- zones --------------------------------------------------------------------------------------------------------------


def _closes_for_the_first(patch: Patch) -> None:
    def make(mark: Any) -> Any:
        def hasty(self: ZoneWindows, partition: int, began: int, watermark_ms: int) -> None:
            mark(self, partition, began, watermark_ms)
            self._passed_ms = max(self._marks.values())

        return hasty

    around(patch, ZoneWindows, "mark", make)


def _waits_for_those_that_never_began(patch: Patch) -> None:
    def make(mark: Any) -> Any:
        def patient(self: ZoneWindows, partition: int, began: int, watermark_ms: int) -> None:
            before_ms = self._passed_ms
            mark(self, partition, began, watermark_ms)
            if len(self._marks) < 2:
                self._passed_ms = before_ms

        return patient

    around(patch, ZoneWindows, "mark", make)


def _takes_as_it_is_told(patch: Patch) -> None:
    def due(self: ArrivalOrder) -> Iterator[Any]:
        waiting, self._waiting = sorted(self._waiting, key=lambda each: each[2]), []
        return (each[-1] for each in waiting)

    patch.setattr(ArrivalOrder, "due", due)


def _waits_for_no_delay(patch: Patch) -> None:
    def make(init: Any) -> Any:
        def undelayed(self: ZoneWindows, *arguments: Any) -> None:
            init(self, *arguments)
            zones = [{z: w.__class__(w.sensors, 0, w.gap_ms) for z, w in rule.zones.items()} for rule in self._rules]
            self._rules = [
                rule.__class__(rule.rule, rule.when, rule.judge, rule.window_ms, rule.thresholds, mine)
                for rule, mine in zip(self._rules, zones, strict=True)
            ]

        return undelayed

    around(patch, ZoneWindows, "__init__", make)


def _takes_what_is_late(patch: Patch) -> None:
    def make(take: Any) -> Any:
        def lenient(self: ZoneWindows, panes: Any) -> Any:
            passed_ms, self._passed_ms = self._passed_ms, NEVER_MS
            taken = take(self, panes)
            self._passed_ms = passed_ms
            return taken

        return lenient

    around(patch, ZoneWindows, "take", make)


def _end_is_told_at_once(patch: Patch) -> None:
    def make(dropped: Any) -> Any:
        def early(self: ZoneFeed, timeline: Timeline, arrived_ms: int) -> None:
            dropped(self, timeline, self._told_to_ms)

        return early

    around(patch, ZoneFeed, "dropped", make)


def _ends_for_all(patch: Patch) -> None:
    def make(drop: Any) -> Any:
        def whole(self: ZoneWindows, partition: int, began: int) -> None:
            drop(self, partition, began)
            self._began.clear()

        return whole

    around(patch, ZoneWindows, "drop", make)


def _told_by_the_batch(patch: Patch) -> None:
    """A watermark is told as it stands at the end of a batch, not with the reading that moved it."""

    def make(closed: Any) -> Any:
        def coarse(self: ZoneFeed, timeline: Timeline, finals: Any) -> None:
            arrivals_ms = np.full_like(finals.arrivals_ms, finals.arrivals_ms[-1] if len(finals.arrivals_ms) else 0)
            closed(self, timeline, finals._replace(arrivals_ms=arrivals_ms))

        return coarse

    around(patch, ZoneFeed, "closed", make)


# -- time and the order of the log --------------------------------------------------------------------------------------


def _watermark_of_the_batch(patch: Patch) -> None:
    def make(before_each: Any) -> Any:
        def at_once(self: Watermark, at_ms: Any) -> Any:
            before_each(self, at_ms)
            return np.full(len(at_ms), self.at_ms, np.int64)

        return at_once

    around(patch, Watermark, "before_each", make)


def _takes_repeated_deliveries(patch: Patch) -> None:
    def make(step: Any) -> Any:
        def again(self: ReadingsStage, records: Any) -> None:
            if records and records[0].offset <= self.applied and self._refill_from is None:
                self.applied = records[0].offset - 1
            step(self, records)

        return again

    around(patch, ReadingsStage, "step", make)


def _lenient_with_the_late(patch: Patch) -> None:
    def make(add_behind: Any) -> Any:
        def lenient(self: Closing, value: Any) -> str:
            told: str = add_behind(self, value)
            return "windowed" if told == "late" else told

        return lenient

    around(patch, Closing, "add_behind", make)


def _exercises_move_reality(patch: Patch) -> None:
    def make(take: Any) -> Any:
        def shared(self: Exercises, *arguments: Any) -> Iterator[Any]:
            for run in take(self, *arguments):
                yield run
                self.real.watermark.at_ms = max(t.watermark.at_ms for t in self)

        return shared

    around(patch, Exercises, "runs", make)


def _suspects_count(patch: Patch) -> None:
    def make(take: Any) -> Any:
        def trusting(self: Timeline, batch: Any) -> Any:
            batch.set_aside[:] = False
            return take(self, batch)

        return trusting

    around(patch, Timeline, "take", make)


def _absence_of_the_batch(patch: Patch) -> None:
    """Each record finds the watermark where its batch leaves it."""

    def make(told: Any) -> Any:
        def hasty(self: Absence, heard: Any, watermark_ms: int) -> Any:
            marks_ms = np.full(len(heard.marks_ms), watermark_ms)
            return told(self, heard._replace(marks_ms=marks_ms), watermark_ms)

        return hasty

    around(patch, Absence, "told", make)


def _strays_are_lost(patch: Patch) -> None:
    patch.setattr(ReadingsStage, "_forward", lambda *_: None)


ZONES: Final = [
    Defect("a zone closes when one partition has passed", _closes_for_the_first),
    Defect("a zone waits for partitions that never began", _waits_for_those_that_never_began, first=5),
    Defect("an idle partition holds its zones for ever", without(ZoneFeed, "release")),
    Defect("an empty partition tells its zones nothing", without(ZoneFeed, "caught_up")),
    Defect("a zone takes what it is told as it is told", _takes_as_it_is_told, ("slow", "stop")),
    Defect("a zone does not wait for what is published late", _waits_for_no_delay),
    Defect("a closed window of a zone takes what is late", _takes_what_is_late, ("slow",), 5),
    Defect("a zone's progress is told by the batch", _told_by_the_batch, ("stop",)),
    Defect("a zone's windows are not kept", without(ZoneWindows, "load"), ("kill",)),
    Defect("what waits for its turn is not kept", without(ArrivalOrder, "load"), ("kill",)),
    Defect("what zones applied is not kept", without(ZonesStage, "restore"), ("kill",)),
    Defect("the end of an exercise is told at once", _end_is_told_at_once),
    Defect("a partition that drops an exercise ends it for all", _ends_for_all, (), 20),
]
CORES: Final = [
    Defect("lateness is judged by the batch", _watermark_of_the_batch),
    Defect("a delivery that comes twice is applied twice", _takes_repeated_deliveries, ("refetch",)),
    Defect("late values are counted as taken", _lenient_with_the_late),
    Defect("an exercise moves reality's clock", _exercises_move_reality),
    Defect("suspect values enter windows", _suspects_count),
    Defect("what is sent to another partition is lost", _strays_are_lost),
    Defect("open windows are never shown", without(ReadingsStage, "tick")),
    Defect("open windows are not kept", without(Closing, "load"), ("kill",)),
    Defect("who is absent is not kept", without(Absence, "load", []), ("kill",)),
    Defect("absence is judged at the end of a batch", _absence_of_the_batch, ("stop",)),
    Defect("levels are not kept", without(Judging, "load", []), ("kill",)),
    Defect("revisions of announcements are not kept", without(BulletinsStage, "restore"), ("kill",)),
    Defect("lives of alerts are not kept", without(AlertsStage, "restore"), ("kill",)),
]
DEFECTS: Final = [*ZONES, *CORES]


@pytest.mark.parametrize("defect", DEFECTS, ids=name_of)
def test_the_simulator_finds(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    must_be_found(defect, monkeypatch)
