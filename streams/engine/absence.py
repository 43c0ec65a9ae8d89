"""Sensors that say nothing: absent is who has not spoken for N of its own intervals when the watermark tells that it is due.

At every place of the log it is a function of the watermark and of the sensor's newest reading: absent as long as the
watermark, less the sensor's publication delay, has reached that reading and N intervals. A record first moves the watermark,
then its sensor has spoken; so a sensor whose own next reading comes after too long a time was absent in between. Every
reading whose time can be counts, whatever its quality: the sensor speaks. A spool that is emptied ends nothing until it has
come so near that its sensor is not due any more; the end is then of the time that the watermark had reached. Planned work that
began before a sensor was absent is waited out; it ends no alert that stands.

In reality a sensor that never spoke counts from the partition's first reading; one of which the registry only assumes that it
stands there (`modelled`) does not. In an exercise who has not spoken in it is not looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np

from streams.contract.alerts import Transition
from streams.engine.absence_rules import FAR_MS, AbsenceRule, Absent
from streams.engine.changed_seeds import LEVEL_GONE, RULE_CHANGED, RULE_GONE, SENSOR_GONE, Withdrawn
from streams.engine.instants import Bools, Ints
from streams.engine.levels import Change
from streams.engine.maintenance import NO_MAINTENANCE, Maintenance
from streams.engine.roster import Roster
from streams.engine.watermark import NEVER_MS


class Heard(NamedTuple):
    """Readings in log order. (n,)"""

    sensor: Ints
    at_ms: Ints
    marks_ms: Ints
    """The watermark after each."""
    arrivals_ms: Ints


class _Place(NamedTuple):
    """Where in a batch something happens: what is due by a record comes before what its sensor has said."""

    row: int
    has_spoken: bool
    due_ms: int


@dataclass(slots=True)
class _Alert:
    """The newest alert of a rule on a sensor."""

    onset_ms: int
    condition_since_ms: int
    step: int
    is_active: bool

    def state(self) -> list[Any]:
        return [self.onset_ms, self.condition_since_ms, self.step, self.is_active]


@dataclass(slots=True)
class _OfRule:
    """How one rule stands."""

    rule: AbsenceRule
    after_ms: Ints
    """What it allows, and the sensor's publication delay: so far the watermark may go beyond a reading. (sensors,)"""
    active: Bools
    """Whose alert stands. (sensors,)"""
    alerts: dict[int, _Alert] = field(default_factory=dict)
    """By sensor."""
    next_due_ms: int = NEVER_MS
    """Nobody falls absent before the watermark is there."""


class Absence:
    """Who of one timeline's sensors is absent.

    Args:
        rules: the domain's.
        roster: the domain's sensors.
        partition: whose sensors are expected to speak here.
        planned: when work is done on which sensors.
        is_real: whether sensors that never spoke count.
    """

    def __init__(
        self,
        rules: Sequence[AbsenceRule],
        roster: Roster,
        partition: int,
        planned: Maintenance = NO_MAINTENANCE,
        *,
        is_real: bool,
    ) -> None:
        self._roster, self._planned, self._is_real = roster, planned, is_real
        self._expected: Bools = (roster.home == partition) & is_real
        self._expected &= np.array([not sensor.modelled for sensor in roster.sensors], np.bool_)
        self.begin_ms: int | None = None
        """The first reading of all; None before it."""
        self._since_ms: Ints = np.full(len(roster.sensors), NEVER_MS, np.int64)
        """Since when each has said nothing, `NEVER_MS` where it does not count (yet). (sensors,)"""
        self._of = [
            _OfRule(rule, rule.allowed_ms + roster.delay_ms, np.zeros(len(roster.sensors), np.bool_)) for rule in rules
        ]
        self._named: tuple[int, bytes] = 0, msgspec.msgpack.encode([])

    # -- readings in, transitions out -------------------------------------------------------------------------------

    def told(self, heard: Heard, watermark_ms: int) -> list[Absent]:
        """Who fell absent and who speaks again, in the order in which it happened.

        Args:
            heard: readings since the last call; none where the clock alone has moved the watermark.
            watermark_ms: as it stands now.
        """
        if self._is_real and self.begin_ms is None and len(heard.sensor):
            self._begin(int(heard.at_ms[0]))
        # What lies before the first reading of all is held against nobody.
        at_ms = np.maximum(heard.at_ms, NEVER_MS if self.begin_ms is None else self.begin_ms)
        begins = np.flatnonzero(self._since_ms[heard.sensor] == NEVER_MS)
        found: list[tuple[_Place, int, Absent]] = []
        for number, mine in enumerate(self._of):
            sensors, is_moved = self._concerned(mine, heard.sensor, at_ms, begins, watermark_ms)
            for sensor, rows in _rows_of(sensors, heard.sensor):
                for place, change in self._follow(mine, sensor, rows, at_ms, heard, watermark_ms):
                    arrived_ms = int(heard.arrivals_ms[place.row]) if place.row < len(heard.sensor) else None
                    found.append((place, number, Absent(mine.rule, sensor, change, arrived_ms)))
            if is_moved:
                mine.next_due_ms = NEVER_MS
        np.maximum.at(self._since_ms, heard.sensor, at_ms)
        for mine in self._of:
            if mine.next_due_ms <= watermark_ms:
                self._look_ahead(mine)
        return [each for _, _, each in sorted(found, key=lambda one: (one[0], one[1], one[2].sensor))]

    def _begin(self, at_ms: int) -> None:
        self.begin_ms = at_ms
        self._since_ms[self._expected] = at_ms
        for mine in self._of:
            mine.next_due_ms = NEVER_MS

    def _concerned(self, mine: _OfRule, heard: Ints, at_ms: Ints, begins: Ints, watermark_ms: int) -> tuple[Ints, bool]:
        """Sensors of which something may have happened; whether any of them may fall due earlier than was known.

        Who speaks only moves its moment on: so of all others nobody is due before `next_due_ms`.

        Args:
            mine: the rule.
            heard: who has spoken. (n,)
            at_ms: when. (n,)
            begins: rows of those that did not count until now.
            watermark_ms: as it stands now.
        """
        some = np.zeros(len(self._since_ms), np.bool_)
        if mine.next_due_ms <= watermark_ms:
            some |= self._due_ms(mine) <= watermark_ms
        new = heard[begins]
        some[new[at_ms[begins] + mine.after_ms[new] <= watermark_ms]] = True
        again = heard[mine.active[heard]] if mine.alerts else new[:0]
        some[again] = True
        return np.flatnonzero(some), bool(len(new) or len(again))

    def _due_ms(self, mine: _OfRule) -> Ints:
        """The watermark at which each falls absent; `FAR_MS` for who does not count or is absent already. (sensors,)"""
        counts = (self._since_ms > NEVER_MS) & ~mine.active
        since_ms = self._since_ms
        if self._planned:
            since_ms = self._planned.put_off(since_ms, mine.rule.allowed_ms)
        due_ms: Ints = np.where(counts, since_ms + mine.after_ms, FAR_MS)
        return due_ms

    def _look_ahead(self, mine: _OfRule) -> None:
        mine.next_due_ms = int(self._due_ms(mine).min(initial=FAR_MS))

    def next_due(self) -> int | None:
        """The earliest moment of the watermark at which somebody falls absent, or None."""
        for mine in self._of:
            self._look_ahead(mine)
        due_ms = min((mine.next_due_ms for mine in self._of), default=FAR_MS)
        return due_ms if due_ms < FAR_MS else None

    # -- one sensor -------------------------------------------------------------------------------------------------

    def _follow(
        self, mine: _OfRule, sensor: int, rows: Ints, at_ms: Ints, heard: Heard, watermark_ms: int
    ) -> Iterator[tuple[_Place, Change]]:
        """What happens to one sensor, record by record of its own; between them it can only fall absent."""
        since_ms, after_ms = int(self._since_ms[sensor]), int(mine.after_ms[sensor])
        spoke_at = 0
        for row in rows.tolist():
            mark_ms, spoken_ms = int(heard.marks_ms[row]), int(at_ms[row])
            yield from self._fallen(mine, sensor, since_ms, (spoke_at, heard.marks_ms), mark_ms)
            if spoken_ms > since_ms:
                since_ms, spoke_at = spoken_ms, row
            if mine.active[sensor] and self._waited_since(mine, sensor, since_ms) + after_ms > mark_ms:
                reached_ms = mark_ms - int(self._roster.delay_ms[sensor])
                yield _Place(row, True, mark_ms), self._ended(mine, sensor, since_ms, max(spoken_ms, reached_ms))
        yield from self._fallen(mine, sensor, since_ms, (spoke_at, heard.marks_ms), watermark_ms)

    def _fallen(
        self, mine: _OfRule, sensor: int, since_ms: int, where: tuple[int, Ints], mark_ms: int
    ) -> Iterator[tuple[_Place, Change]]:
        """Its alert, if it is due by this watermark; `where`: the row of its newest reading, and all rows' watermarks."""
        if since_ms == NEVER_MS or mine.active[sensor]:
            return
        is_old, since_ms = since_ms == self._since_ms[sensor], self._waited_since(mine, sensor, since_ms)
        due_ms = since_ms + int(mine.after_ms[sensor])
        if due_ms > mark_ms:
            return
        spoke_at, marks_ms = where
        row = max(spoke_at, int(np.searchsorted(marks_ms, due_ms)))
        is_at_once = row == spoke_at and row < len(marks_ms) and not is_old
        onset_ms, alert = since_ms + int(mine.rule.allowed_ms[sensor]), mine.alerts.get(sensor)
        if alert is None or alert.onset_ms // 1000 != onset_ms // 1000:
            alert = mine.alerts[sensor] = _Alert(onset_ms, since_ms, 0, is_active=True)
        # An alert's id has the second of its onset: one that is raised again within that second goes on with its steps.
        alert.condition_since_ms, alert.is_active, mine.active[sensor] = since_ms, True, True
        yield _Place(row, is_at_once, due_ms), _step(alert, "raised", 0, onset_ms - since_ms, onset_ms)

    def _waited_since(self, mine: _OfRule, sensor: int, since_ms: int) -> int:
        return self._planned.put_off_one(sensor, since_ms, int(mine.rule.allowed_ms[sensor]))

    def _ended(self, mine: _OfRule, sensor: int, since_ms: int, at_ms: int) -> Change:
        """The end of its alert at this event time; from `since_ms` on it is listened to again."""
        alert = mine.alerts[sensor]
        alert.is_active = mine.active[sensor] = False
        if (since_ms + int(mine.rule.allowed_ms[sensor])) // 1000 > alert.onset_ms // 1000:
            del mine.alerts[sensor]
        return _step(alert, "cleared", -1, at_ms - alert.condition_since_ms, at_ms)

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot: self-describing, by the ids of sensors and rules."""
        counted = np.flatnonzero(self._since_ms > NEVER_MS)
        if self._named[0] != len(counted):
            names = [self._roster.sensors[sensor].sensor_id for sensor in counted.tolist()]
            self._named = len(counted), msgspec.msgpack.encode(names)
        alerts = [
            [mine.rule.rule.rule_id, self._roster.sensors[sensor].sensor_id, mine.rule.level, alert.state()]
            for mine in self._of
            for sensor, alert in mine.alerts.items()
        ]
        since_ms = self._since_ms[counted].tobytes()
        return {"begin_ms": self.begin_ms, "names": self._named[1], "since_ms": since_ms, "alerts": alerts}

    def load(self, state: dict[str, Any], reached_ms: int) -> list[Withdrawn]:
        """From a snapshot of this watermark; gives the ends of alerts that nothing judges any more.

        Who is new in the registry counts from here on.
        """
        self.begin_ms = state["begin_ms"]
        if self.begin_ms is not None:
            self._since_ms[self._expected] = max(self.begin_ms, reached_ms)
        names = msgspec.msgpack.decode(state["names"], type=list[str])
        for sensor_id, since_ms in zip(names, np.frombuffer(state["since_ms"], np.int64).tolist(), strict=True):
            sensor = self._roster.index.get(sensor_id)
            if sensor is not None:
                self._since_ms[sensor] = since_ms
        return list(self._loaded(state["alerts"], reached_ms))

    def _loaded(self, alerts: list[list[Any]], reached_ms: int) -> Iterator[Withdrawn]:
        by_rule = {mine.rule.rule.rule_id: mine for mine in self._of}
        for rule_id, sensor_id, level, kept in alerts:
            alert, mine, sensor = _Alert(*kept), by_rule.get(rule_id), self._roster.index.get(sensor_id)
            why = RULE_GONE if mine is None else SENSOR_GONE
            if mine is not None and sensor is not None:
                is_watched = mine.rule.allowed_ms[sensor] < FAR_MS
                why = LEVEL_GONE if is_watched else RULE_CHANGED
                if is_watched and mine.rule.level == level:
                    mine.alerts[sensor], mine.active[sensor] = alert, alert.is_active
                    continue
            if alert.is_active:
                at_ms = max(reached_ms, alert.onset_ms)
                yield Withdrawn(rule_id, sensor_id, alert.onset_ms, alert.step + 1, at_ms, why)


def _rows_of(sensors: Ints, heard: Ints) -> Iterator[tuple[int, Ints]]:
    """Each of these sensors, with the rows in which it speaks."""
    if not len(sensors):
        return
    some = np.flatnonzero(np.isin(heard, sensors))
    some = some[np.argsort(heard[some], kind="stable")]
    begin, end = (np.searchsorted(heard[some], sensors, side=side) for side in ("left", "right"))
    for sensor, first, last in zip(sensors.tolist(), begin.tolist(), end.tolist(), strict=True):
        yield sensor, some[first:last]


def _step(alert: _Alert, transition: Transition, position: int, unheard_ms: int, at_ms: int) -> Change:
    """The next transition of an alert; its value is how long nothing was said, s."""
    alert.step += 1
    return Change(transition, position, alert.step, unheard_ms / 1000, at_ms, alert.onset_ms, alert.condition_since_ms)
