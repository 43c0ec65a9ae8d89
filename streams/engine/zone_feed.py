"""What one partition of readings tells the zones stage: windows that zone rules read, and how far it has come.

To each partition of `hub.zone-inputs` that holds a watched zone, in the order of arrival:

    panes       a zone's sensors' windows, when they become final
    watermark   after each reading that brings the timeline past a moment at which a window may be due
    read to     at the end of a batch and by the clock, at most once a second: reality's watermark as it stands

A watermark is told with the reading that moved it, not with the batch that it came in: where the log is cut changes
nothing. While the input is silent reality's watermark is told as the clock releases it, so a silent partition holds up no
zone, but the windows that it still has open go first.

What travels is `streams.contract.zone_inputs.ZoneInput`; it is written here from columns, and read there as the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from streams.contract.times import format_ms
from streams.contract.topics import ZONE_INPUTS, readings_topic
from streams.contract.zone_inputs import ZonePane
from streams.engine.closing import Finished
from streams.engine.instants import Bools, Ints
from streams.engine.outputs import Out, Outputs
from streams.engine.panes import PANE_MS
from streams.engine.roster import Roster
from streams.engine.timeline import Finals, Timeline
from streams.engine.watermark import NEVER_MS
from streams.engine.zone_rules import ZoneRule

EVERY_MS: Final = 1000
"""How far the partition is read is told at most this often, of arrival time."""
CLOCKS_APART_MS: Final = 1000
"""The broker's clock, which says when a record arrived, may be so far behind the worker's."""

_VALUES: Final = tuple(name for name in ZonePane.model_fields if name != "sensor_id")


class _Said(NamedTuple):
    """One record before it is sent, in the order in which records stand."""

    arrived_ms: int
    watermark_ms: int
    is_watermark: bool
    number: int
    fields: dict[str, Any]
    panes: dict[str, Any] | None


class ZoneFeed:
    """What is told of one partition.

    Args:
        rules: the domain's rules on zones.
        roster: the domain's sensors.
        partition: which partition of its readings.
        partitions: how many there are.
        zone_partition: the partition of `hub.zone-inputs` that a zone belongs to.
    """

    def __init__(
        self,
        rules: Sequence[ZoneRule],
        roster: Roster,
        partition: int,
        partitions: int,
        zone_partition: Callable[[str], int],
    ) -> None:
        self._roster, self._zone_partition = roster, zone_partition
        self._source: dict[str, Any] = {
            "topic": readings_topic(roster.domain),
            "partition": partition,
            "partitions": partitions,
        }
        self._to = sorted({zone_partition(zone) for rule in rules for zone in rule.zones})
        self._watched = _watched(rules, roster)
        watched = frozenset[str]().union(*(zone.sensors for rule in rules for zone in rule.zones.values()))
        delays_ms = [int(roster.delay_ms[roster.index[sensor_id]]) for sensor_id in watched]
        self._phases_ms = sorted({delay_ms % PANE_MS for delay_ms in delays_ms})
        """Windows end with a minute, and are due by a delay later: these parts of a minute are the moments that matter."""
        self._waiting: list[_Said] = []
        self.read_to_ms = 0
        """Everything that arrived before this is applied."""
        self._told_to_ms = 0
        """Everything that arrived before this is told."""
        self._released_ms = NEVER_MS
        """What the clock has released reality to; what follows from it is told, so it need not survive a restart."""

    @property
    def is_told(self) -> bool:
        """Whether there is a zone that hears of this partition."""
        return bool(self._to)

    # -- gathered while a batch is applied --------------------------------------------------------------------------

    def closed(self, timeline: Timeline, finals: Finals) -> None:
        """Windows that became final, and the watermarks that made them so."""
        if not self._to:
            return
        for done in finals.windows:
            if done.live and done.window_s in self._watched:
                self._add_panes(timeline, done, finals.arrival_of(done.at_ms))
        for i in self._telling(finals).tolist():
            self._add(timeline, int(finals.marks_ms[i]), int(finals.arrivals_ms[i]))

    def dropped(self, timeline: Timeline, arrived_ms: int) -> None:
        """This partition holds an exercise no more, since this record arrived: after all that it told of it."""
        if self._to:
            self._add(timeline, None, arrived_ms)

    def release(self, real: Timeline, watermark_ms: int) -> None:
        """The clock has released reality to this; only a watermark that a reading has set can be released."""
        if real.watermark.at_ms != NEVER_MS:
            self._released_ms = max(self._released_ms, watermark_ms)

    def _telling(self, finals: Finals) -> Ints:
        """Positions of the readings that brought the watermark past a moment that matters, the first of all among them."""
        before = np.concatenate(([finals.since_ms], finals.marks_ms[:-1]))[: len(finals.marks_ms)]
        passes = np.zeros(len(before), np.bool_)
        for phase_ms in self._phases_ms:
            passes |= (finals.marks_ms - phase_ms) // PANE_MS > (before - phase_ms) // PANE_MS
        return np.flatnonzero(passes)

    def _add_panes(self, timeline: Timeline, done: Finished, arrived_ms: int | None) -> None:
        rows, series, roster = done.rows, timeline.series, self._roster
        sensors, measures = series.sensor[rows.series], series.measure[rows.series]
        mine = np.flatnonzero(self._watched[done.window_s][sensors * len(roster.measures) + measures])
        columns = (sensors, measures, rows.n, rows.total, rows.low, rows.high, rows.last)
        found: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for number, measure, *values in zip(*(column[mine].tolist() for column in columns), strict=True):
            sensor = roster.sensors[number]
            pane = {"sensor_id": sensor.sensor_id, **dict(zip(_VALUES, values, strict=True))}
            found.setdefault((sensor.zone, measure), []).append(pane)
        for (zone, measure), panes in sorted(found.items(), key=lambda each: each[0]):
            told = {
                "zone": zone,
                "measure": roster.measures[measure],
                "window_s": done.window_s,
                "start": format_ms(rows.start_ms),
                "sensors": sorted(panes, key=lambda pane: str(pane["sensor_id"])),
            }
            self._add(timeline, done.at_ms, arrived_ms, told)

    def _add(
        self, timeline: Timeline, watermark_ms: int | None, arrived_ms: int | None, panes: dict[str, Any] | None = None
    ) -> None:
        at_ms = max(self.read_to_ms if arrived_ms is None else arrived_ms, self._told_to_ms)
        fields: dict[str, Any] = {"idle": arrived_ms is None}
        if timeline.exercise is not None:
            fields |= {"exercise": timeline.exercise, "began": timeline.first_offset}
        if watermark_ms is not None:
            fields["watermark"] = format_ms(watermark_ms)
        order = NEVER_MS if watermark_ms is None else watermark_ms
        self._waiting.append(_Said(at_ms, order, panes is None, len(self._waiting), fields, panes))

    # -- sent -------------------------------------------------------------------------------------------------------

    def read(self, to_ms: int) -> None:
        """Everything that arrived before this is applied, by the last record's arrival."""
        self.read_to_ms = max(self.read_to_ms, to_ms)

    def caught_up(self, at_ms: int) -> None:
        """Everything that arrived before this is applied, by this process's clock."""
        self.read(at_ms - CLOCKS_APART_MS)

    def send(self, out: Outputs, real: Timeline, *, at_once: bool = False) -> None:
        """Send what gathered, and how far the log is read where that was not told within a second.

        Args:
            out: where it goes.
            real: reality.
            at_once: tell that in any case, as with a release, which the checkpoint keeps and nobody could date later.
        """
        if not self._to or not (at_once or self._waiting or self.read_to_ms >= self._told_to_ms + EVERY_MS):
            return
        for said in sorted(self._waiting, key=lambda each: each[:4]):
            self._send(out, said.arrived_ms, said.fields, said.panes)
            self._told_to_ms = max(self._told_to_ms, said.arrived_ms)
        self._waiting = []
        self._told_to_ms = max(self._told_to_ms, self.read_to_ms)
        at_ms = max(real.watermark.at_ms, self._released_ms)
        fields: dict[str, Any] = {"idle": self._released_ms > real.watermark.at_ms}
        if at_ms != NEVER_MS:
            fields["watermark"] = format_ms(at_ms)
        self._send(out, self._told_to_ms, fields, None)

    def _send(self, out: Outputs, arrived_ms: int, fields: dict[str, Any], panes: dict[str, Any] | None) -> None:
        told = {**self._source, "arrived_at": format_ms(arrived_ms), **fields}
        if panes is None:
            value = orjson.dumps(told)
            for partition in self._to:
                out.add(ZONE_INPUTS, partition, Out(None, value))
        else:
            zone = panes["zone"]
            value = orjson.dumps({**told, "panes": panes})
            out.add(ZONE_INPUTS, self._zone_partition(zone), Out(zone.encode(), value))


def _watched(rules: Sequence[ZoneRule], roster: Roster) -> dict[int, Bools]:
    """Per length of windows in s: which (sensor × measure) a rule reads."""
    found: dict[int, Bools] = {}
    for rule in rules:
        length_s, measure = rule.window_ms // 1000, roster.measures.index(rule.when.measure)
        marks = found.setdefault(length_s, np.zeros(len(roster.sensors) * len(roster.measures), np.bool_))
        for zone in rule.zones.values():
            for sensor_id in zone.sensors:
                marks[roster.index[sensor_id] * len(roster.measures) + measure] = True
    return found
