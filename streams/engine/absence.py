"""Sensors that say nothing: absent is who has not spoken for N of its own intervals when the watermark tells that it is due.

At every place of the log it is a function of the watermark and of the sensor's newest reading: absent as long as the
watermark, less the sensor's publication delay, has reached that reading and N intervals. A record first moves the watermark,
then its sensor has spoken; so a sensor whose own next reading comes after too long a time was absent in between. Every
reading whose time can be counts, whatever its quality: the sensor speaks. A spool that is emptied ends nothing until it has
come so near that its sensor is not due any more; the end is then of the time that the watermark had reached. Planned work that
began before a sensor was absent is waited out; it ends no alert that stands.

In reality a sensor that never spoke counts from the arrival of the partition's first reading; one of which the registry only
assumes that it stands there (`modelled`) does not. In an exercise who has not spoken in it is not looked for.

A hole in the log is held against nobody: where one record moves the watermark on by more than a sensor's interval and the idle
time-out, as after an outage of the broker, the sensor is waited for from there. While the log is read to its end the clock
moves the watermark before that, and tells who is silent alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from streams.engine.absence_alerts import AbsenceAlert, Place, StandingRule, stepped
from streams.engine.absence_rules import FAR_MS, AbsenceRule, Absent
from streams.engine.changed_seeds import LEVEL_GONE, RULE_CHANGED, RULE_GONE, SENSOR_GONE, Withdrawn
from streams.engine.heard import Heard, rows_of
from streams.engine.instants import Bools, Ints
from streams.engine.levels import Change
from streams.engine.maintenance import NO_MAINTENANCE, Maintenance
from streams.engine.roster import Roster
from streams.engine.watermark import NEVER_MS


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
        self._listened_ms: Ints = np.full(len(roster.sensors), NEVER_MS, np.int64)
        """From when on each can be held to have said nothing: the end of the last hole in the log. (sensors,)"""
        self._of = [
            StandingRule(rule, rule.allowed_ms + roster.delay_ms, np.zeros(len(roster.sensors), np.bool_))
            for rule in rules
        ]
        self._named: tuple[int, bytes] = 0, msgspec.msgpack.encode([])
        self._reached_ms = NEVER_MS
        """The watermark at the last call."""
        intervals_ms = np.array([round(sensor.interval_s * 1000) for sensor in roster.sensors], np.int64)
        self._hole_ms: Ints = intervals_ms + round(roster.timing.idle_s * 1000)
        """A move of the watermark that is longer is a hole in the log. (sensors,)"""
        self._past_holes: list[tuple[int, int]] = []
        """Length and end of each hole that no longer one followed: `_listened_ms` in few words."""
        self._shortest_hole_ms = int(self._hole_ms.min(initial=FAR_MS))
        self._of_lost_rules: list[list[Any]] = []
        """Alerts of rules that are gone, as in the snapshot: their steps go on should the rule return."""

    # -- readings in, transitions out -------------------------------------------------------------------------------

    def told(self, heard: Heard, watermark_ms: int) -> list[Absent]:
        """Who fell absent and who speaks again, in the order in which it happened.

        Args:
            heard: readings since the last call; none where the clock alone has moved the watermark.
            watermark_ms: as it stands now.
        """
        if self._is_real and self.begin_ms is None and len(heard.sensor):
            self._begin(max(int(heard.at_ms[0]), int(heard.arrivals_ms[0])))
        found: list[Absent] = []
        begin, reached_ms = 0, self._reached_ms
        for row in self._holes(heard.marks_ms).tolist():
            before_ms, after_ms = int(heard.marks_ms[row - 1]) if row else reached_ms, int(heard.marks_ms[row])
            found += self._told(Heard(*(column[begin:row] for column in heard)), before_ms)
            self._wait_anew(after_ms - before_ms, after_ms)
            begin = row
        found += self._told(Heard(*(column[begin:] for column in heard)), watermark_ms)
        self._reached_ms = watermark_ms
        return found

    def _holes(self, marks_ms: Ints) -> Ints:
        """Rows before which nothing was in the log for longer than the most talkative sensor explains."""
        if self._reached_ms == NEVER_MS:
            return np.flatnonzero(np.diff(marks_ms) > self._shortest_hole_ms) + 1
        found: Ints = np.flatnonzero(np.diff(marks_ms, prepend=self._reached_ms) > self._shortest_hole_ms)
        return found

    def _wait_anew(self, length_ms: int, mark_ms: int) -> None:
        """After a hole of this length nobody whom it could have hidden is due before this watermark and what is allowed."""
        self._past_holes = [hole for hole in self._past_holes if hole[0] > length_ms]
        self._past_holes.append((length_ms, mark_ms))
        self._listened_ms[self._hole_ms < length_ms] = mark_ms

    def _told(self, heard: Heard, watermark_ms: int) -> list[Absent]:
        """The same of readings without a hole before or between them, but before the first."""
        # What lies before the first reading of all is held against nobody.
        at_ms = np.maximum(heard.at_ms, NEVER_MS if self.begin_ms is None else self.begin_ms)
        begins = np.flatnonzero(self._since_ms[heard.sensor] == NEVER_MS)
        found: list[tuple[Place, int, Absent]] = []
        for number, mine in enumerate(self._of):
            sensors, is_moved = self._concerned(mine, heard.sensor, at_ms, begins, watermark_ms)
            for sensor, rows in rows_of(sensors, heard.sensor):
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

    def _concerned(
        self, mine: StandingRule, heard: Ints, at_ms: Ints, begins: Ints, watermark_ms: int
    ) -> tuple[Ints, bool]:
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

    def _due_ms(self, mine: StandingRule) -> Ints:
        """The watermark at which each falls absent; `FAR_MS` for who does not count or is absent already. (sensors,)"""
        counts = (self._since_ms > NEVER_MS) & ~mine.active
        since_ms = np.maximum(self._since_ms, self._listened_ms)
        if self._planned:
            since_ms = self._planned.put_off(since_ms, mine.rule.allowed_ms)
        due_ms: Ints = np.where(counts, since_ms + mine.after_ms, FAR_MS)
        return due_ms

    def _look_ahead(self, mine: StandingRule) -> None:
        mine.next_due_ms = int(self._due_ms(mine).min(initial=FAR_MS))

    def next_due(self) -> int | None:
        """The earliest moment of the watermark at which somebody falls absent, or None."""
        for mine in self._of:
            self._look_ahead(mine)
        due_ms = min((mine.next_due_ms for mine in self._of), default=FAR_MS)
        return due_ms if due_ms < FAR_MS else None

    # -- one sensor -------------------------------------------------------------------------------------------------

    def _follow(
        self, mine: StandingRule, sensor: int, rows: Ints, at_ms: Ints, heard: Heard, watermark_ms: int
    ) -> Iterator[tuple[Place, Change]]:
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
                yield Place(row, True, mark_ms), self._ended(mine, sensor, since_ms, max(spoken_ms, reached_ms))
        yield from self._fallen(mine, sensor, since_ms, (spoke_at, heard.marks_ms), watermark_ms)

    def _fallen(
        self, mine: StandingRule, sensor: int, since_ms: int, where: tuple[int, Ints], mark_ms: int
    ) -> Iterator[tuple[Place, Change]]:
        """Its alert, if it is due by this watermark; `where`: the row of its newest reading, and all rows' watermarks."""
        if since_ms == NEVER_MS or mine.active[sensor]:
            return
        is_old = since_ms == self._since_ms[sensor]
        since_ms = self._waited_since(mine, sensor, max(since_ms, int(self._listened_ms[sensor])))
        due_ms = since_ms + int(mine.after_ms[sensor])
        if due_ms > mark_ms:
            return
        spoke_at, marks_ms = where
        row = max(spoke_at, int(np.searchsorted(marks_ms, due_ms)))
        is_at_once = row == spoke_at and row < len(marks_ms) and not is_old
        onset_ms, alert = since_ms + int(mine.rule.allowed_ms[sensor]), mine.alerts.get(sensor)
        if alert is None or alert.onset_ms // 1000 != onset_ms // 1000:
            alert = mine.alerts[sensor] = AbsenceAlert(onset_ms, since_ms, 0, is_active=True)
        # An alert's id has the second of its onset: one that is raised again within that second goes on with its steps.
        alert.condition_since_ms, alert.is_active, mine.active[sensor] = since_ms, True, True
        yield Place(row, is_at_once, due_ms), stepped(alert, "raised", 0, onset_ms - since_ms, onset_ms)

    def _waited_since(self, mine: StandingRule, sensor: int, since_ms: int) -> int:
        return self._planned.put_off_one(sensor, since_ms, int(mine.rule.allowed_ms[sensor]))

    def _ended(self, mine: StandingRule, sensor: int, since_ms: int, at_ms: int) -> Change:
        """The end of its alert at this event time; from `since_ms` on it is listened to again."""
        alert = mine.alerts[sensor]
        alert.is_active = mine.active[sensor] = False
        if (since_ms + int(mine.rule.allowed_ms[sensor])) // 1000 > alert.onset_ms // 1000:
            del mine.alerts[sensor]
        return stepped(alert, "cleared", -1, at_ms - alert.condition_since_ms, at_ms)

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
        lost = [row for row in self._of_lost_rules if not self._has_spoken_since(row)]
        alerts += lost
        told = {"names": self._named[1], "since_ms": since_ms, "holes": self._past_holes, "alerts": alerts}
        return {"begin_ms": self.begin_ms, **told}

    def load(self, state: dict[str, Any], reached_ms: int) -> list[Withdrawn]:
        """From a snapshot of this watermark; gives the ends of alerts that nothing judges any more.

        Who is new in the registry counts from here on.
        """
        self.begin_ms, self._reached_ms = state["begin_ms"], reached_ms
        if self.begin_ms is not None:
            self._since_ms[self._expected] = max(self.begin_ms, reached_ms)
        names = msgspec.msgpack.decode(state["names"], type=list[str])
        since_ms = np.frombuffer(state["since_ms"], np.int64)
        for place, sensor_id in enumerate(names):
            sensor = self._roster.index.get(sensor_id)
            if sensor is not None:
                self._since_ms[sensor] = since_ms[place]
        for length_ms, mark_ms in state["holes"]:
            self._wait_anew(length_ms, mark_ms)
        return list(self._loaded(state["alerts"], reached_ms))

    def _loaded(self, alerts: list[list[Any]], reached_ms: int) -> Iterator[Withdrawn]:
        by_rule = {mine.rule.rule.rule_id: mine for mine in self._of}
        for rule_id, sensor_id, level, kept in alerts:
            alert, mine, sensor = AbsenceAlert(*kept), by_rule.get(rule_id), self._roster.index.get(sensor_id)
            why = RULE_GONE if mine is None else SENSOR_GONE
            if mine is not None and sensor is not None:
                is_watched = mine.rule.allowed_ms[sensor] < FAR_MS
                why = LEVEL_GONE if is_watched else RULE_CHANGED
                if is_watched and mine.rule.level == level:
                    mine.alerts[sensor], mine.active[sensor] = alert, alert.is_active
                    continue
            if alert.is_active:
                alert.step, alert.is_active = alert.step + 1, False
                yield Withdrawn(rule_id, sensor_id, alert.onset_ms, alert.step, max(reached_ms, alert.onset_ms), why)
            # Told again its id is the same, for it has the onset: its steps go on.
            if mine is not None and sensor is not None:
                mine.alerts[sensor] = alert
            elif sensor is not None:
                self._of_lost_rules.append([rule_id, sensor_id, level, alert.state()])

    def _has_spoken_since(self, row: list[Any]) -> bool:
        """Whether the sensor of a lost rule's alert has spoken since that was told."""
        _, sensor_id, _, kept = row
        return int(self._since_ms[self._roster.index[sensor_id]]) > AbsenceAlert(*kept).condition_since_ms
