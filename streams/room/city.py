"""The city as known now, made of the log's records and nothing else: the same records give the same city.

Reality and each exercise is a `View` of its own, and nothing of one changes another. Everything known carries where in
the log it stands, so that a browser that was away is told what changed since its position. Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, NamedTuple

from streams.contract.alerts import Alert
from streams.contract.bulletins import Bulletin
from streams.contract.rules import Rule
from streams.contract.times import to_ms
from streams.contract.topics import ALERTS, BULLETINS
from streams.contract.watched import When
from streams.registry import Registry
from streams.room.position import Log, Partition, Position
from streams.room.view import AlertLife, BulletinKept, Place, Series, SeriesKey, View
from streams.room.windows import HOUR_S, MINUTE_S, Row, Rows, decode_window

MINUTES_KEPT: Final = 180
SUMS_SHOWN: Final = 360
"""So many minutes a chart goes back; of a sum that slides it needs the minutes that each of its points sums up."""
HOURS_KEPT: Final = 48
LONG_KEPT: Final = 4
"""Of windows that only a rule asks for: the newest final one, and the open ones after it."""
ROWS_KEPT: Final = 400_000
"""Of all views together, about 70 MB; more series are kept for a shorter time each."""
EXERCISES_KEPT: Final = 16
ALERTS_KEPT: Final = 2_000
"""Of one view; the longest cleared go first, active ones never."""
STATES_KEPT: Final = 64
BULLETINS_KEPT: Final = 200
REPLAYED_STATES: Final = 1_000
"""A browser that missed more states than this is told to begin anew."""
CLOCK_AHEAD_MS: Final = 300_000
"""So far ahead of its arrival a reading is taken (contract 3)."""


class Record(NamedTuple):
    """A record of the log."""

    partition: int
    offset: int
    arrived_ms: int
    key: bytes | None
    value: bytes | None


class Change(NamedTuple):
    """Something that browsers are told at once."""

    view: View
    kind: Literal["alert", "bulletin"]
    text: bytes


class Missed(NamedTuple):
    """What a browser has not seen since its position, in the order of the log."""

    changes: list[Change]
    series: set[SeriesKey]
    """Whose values changed, or an alert on them."""


class City:
    """All views, and how far the log has been applied.

    Args:
        registry: sensors and zones.
        rules: what judges the sensors.
    """

    def __init__(self, registry: Registry, rules: Iterable[Rule]) -> None:
        self._registry = registry
        self.judge_by(rules)
        self.log = Log("", ())
        self.begin(self.log, {}, unread=(), complete_from_ms=0, cut={})

    def judge_by(self, rules: Iterable[Rule]) -> None:
        """Keep what these rules need from now on; windows that only they ask for are known from here."""
        self.watched: dict[str, When] = {rule.rule_id: rule.when for rule in rules if rule.when is not None}
        """What each rule on sensors watches."""
        self._minutes_kept: dict[str, int] = {}
        self._long: set[tuple[str, int]] = set()
        for when in self.watched.values():
            length_s = when.window_s or 0
            if when.window == "sliding":
                minutes = length_s // MINUTE_S + SUMS_SHOWN
                self._minutes_kept[when.measure] = max(minutes, self._minutes_kept.get(when.measure, MINUTES_KEPT))
            elif when.window == "final" and length_s not in (MINUTE_S, HOUR_S):
                self._long.add((when.measure, length_s))

    def begin(
        self,
        log: Log,
        starts: Mapping[Partition, int],
        *,
        unread: Collection[Partition],
        complete_from_ms: int,
        cut: Mapping[Partition, int],
    ) -> None:
        """Forget everything; the next records are those of `log` from `starts` on.

        Args:
            log: what is followed.
            starts: the first offset that will be applied, by partition.
            unread: the partitions that hold earlier records than that.
            complete_from_ms: all windows that arrived from here on will be applied …
            cut: … but for these partitions, in which only those from this offset on.
        """
        self.log = log
        self.applied: dict[Partition, int] = dict(starts)
        self._unread = frozenset(unread)
        self._complete_from_ms, self._cut = complete_from_ms, dict(cut)
        self._forgotten: dict[Partition, int] = {}
        self.reality = View(None)
        self.views: dict[str | None, View] = {None: self.reality}
        self._series_count = 0

    def apply(self, topic: str, record: Record) -> Change | None:
        """Take a record in; returns what browsers are to be told at once.

        Raises:
            ValueError: the record is none of the contract's; it counts as applied.
        """
        place = Place((topic, record.partition), record.offset)
        self.applied[place.partition] = record.offset + 1
        if topic == ALERTS:
            return self._alert(place, record)
        if record.value is None:
            return None
        if topic == BULLETINS:
            return self._bulletin(place, record.value, record.arrived_ms)
        self._window(place, record.value, record.arrived_ms)
        return None

    def alert(self, alert_id: str) -> AlertLife | None:
        """What is known of an alert, whatever view it is of."""
        return next((view.alerts[alert_id] for view in self.views.values() if alert_id in view.alerts), None)

    def position(self, now_ms: int) -> Position:
        """How far the log has been applied."""
        return Position(now_ms, dict(self.applied))

    def since(self, view: View, position: Position) -> Missed | None:
        """What a browser at this position has not seen, or None where that can't be told."""
        if any(position.offsets[each] > applied for each, applied in self.applied.items()):
            return None  # of a later state than this: the log was cut, or is still being read
        if position.issued_ms < self._complete_from_ms:
            return None
        for floors in (self._cut, self._forgotten):
            if any(position.offsets[each] < floor for each, floor in floors.items()):
                return None
        found = [
            (place, Change(view, "alert", text))
            for life in view.alerts.values()
            for place, text in life.states.values()
            if place.is_after(position)
        ]
        found += [
            (kept.place, Change(view, "bulletin", kept.text))
            for kept in view.bulletins.values()
            if kept.place.is_after(position)
        ]
        if len(found) > REPLAYED_STATES:
            return None
        changes = [change for _, change in sorted(found, key=lambda each: each[0])]
        series = {key for key, series in view.series.items() if series.place.is_after(position)}
        for life in view.alerts.values():
            key = view.judged_series(life.newest)
            if key is not None and any(place.is_after(position) for place, _ in life.states.values()):
                series.add(key)
        return Missed(changes, series)

    def _view(self, exercise: str | None, arrived_ms: int) -> View:
        view = self.views.get(exercise)
        if view is None:
            view = self.views[exercise] = View(exercise, arrived_ms=arrived_ms)
            exercises = [each for each in self.views.values() if each.exercise is not None]
            if len(exercises) > EXERCISES_KEPT:
                self._forget(min((each for each in exercises if each is not view), key=lambda each: each.arrived_ms))
        view.arrived_ms = max(view.arrived_ms, arrived_ms)
        return view

    def _forget(self, view: View) -> None:
        del self.views[view.exercise]
        self._series_count -= len(view.series)

    def _window(self, place: Place, value: bytes, arrived_ms: int) -> None:
        window = decode_window(value)
        length_s = window.window_s
        is_kept = length_s in (MINUTE_S, HOUR_S) or (window.measure, length_s) in self._long
        if not is_kept or window.sensor_id not in self._registry.sensors:
            return
        view = self._view(window.exercise, arrived_ms)
        key = window.sensor_id, window.measure
        series = view.series.get(key)
        if series is None:
            series = view.series[key] = Series(place)
            self._series_count += 1
        start_ms = to_ms(window.start)
        row = Row(window.count, window.sum, window.min, window.max, window.last, window.revision, window.final)
        share = ROWS_KEPT // self._series_count
        if length_s == HOUR_S:
            taken = series.hours.put(start_ms, row, min(HOURS_KEPT, max(2, share // 4)))
        elif length_s != MINUTE_S:
            taken = series.long.setdefault(length_s, Rows()).put(start_ms, row, LONG_KEPT)
        else:
            known = series.minutes.at(start_ms)
            if not len(series.minutes):
                series.whole_from_ms = self._whole_from_ms(view, place, start_ms)
            kept = self._minutes_kept.get(window.measure, MINUTES_KEPT)
            taken = series.minutes.put(start_ms, row, min(kept, max(5, share * 3 // 4)))
            if known is None or row.n > known.n:  # a window that only becomes final says nothing of the sensor
                self._spoke(view, window.sensor_id, series, start_ms + MINUTE_S * 1000, arrived_ms)
        if taken:
            series.place = place
            view.touched.add(key)

    def _whole_from_ms(self, view: View, place: Place, first_ms: int) -> int:
        """From which event time on nothing is missing of a series whose first minute starts then."""
        if place.partition not in self._unread:
            return 0
        if view.exercise is not None or place.partition in self._cut:
            return first_ms  # how fast an exercise was played before the log is read is not known
        return min(first_ms, self._complete_from_ms + CLOCK_AHEAD_MS)

    @staticmethod
    def _spoke(view: View, sensor_id: str, series: Series, end_ms: int, arrived_ms: int) -> None:
        view.reach(end_ms)
        # A window that is still open in reality has its reading's time before its end: at most that of its arrival.
        spoken_ms = min(end_ms, arrived_ms) if view.exercise is None else end_ms
        series.spoken_ms = max(series.spoken_ms, spoken_ms)
        view.spoken_ms[sensor_id] = max(view.spoken_ms.get(sensor_id, -1), spoken_ms)

    def _alert(self, place: Place, record: Record) -> Change | None:
        if record.value is None:
            self._remove((record.key or b"").decode(errors="replace"), place)
            return None
        alert = Alert.model_validate_json(record.value)
        view = self._view(alert.exercise, record.arrived_ms)
        view.reach(to_ms(alert.cleared_at or alert.onset))
        life = view.alerts.get(alert.alert_id)
        if life is None:
            life = view.alerts[alert.alert_id] = AlertLife.begun(alert)
            self._keep_alerts(view)
        elif alert.sequence in life.states:
            return None  # repeated after a crash; the first stays
        elif alert.sequence > life.newest.sequence:
            life.move_on(alert)
        if (key := view.judged_series(alert)) is not None:
            view.touched.add(key)
        text = alert.model_dump_json().encode()
        life.states[alert.sequence] = place, text
        if len(life.states) > STATES_KEPT:
            del life.states[min(life.states)]
        return Change(view, "alert", text)

    def _remove(self, alert_id: str, place: Place) -> None:
        for view in self.views.values():
            if view.alerts.pop(alert_id, None) is not None:
                self._forgotten[place.partition] = place.offset + 1

    @staticmethod
    def _keep_alerts(view: View) -> None:
        if len(view.alerts) <= ALERTS_KEPT:
            return
        cleared = [life.newest for life in view.alerts.values() if life.newest.state == "cleared"]
        if cleared:
            del view.alerts[min(cleared, key=lambda alert: alert.cleared_at or alert.updated_at).alert_id]

    def _bulletin(self, place: Place, value: bytes, arrived_ms: int) -> Change | None:
        bulletin = Bulletin.model_validate_json(value)
        view = self._view(bulletin.exercise, arrived_ms)
        view.reach(to_ms(bulletin.issued_at))
        known = view.bulletins.get(bulletin.bulletin_id)
        if known is not None and known.bulletin.revision >= bulletin.revision:
            return None
        text = bulletin.model_dump_json().encode()
        view.bulletins[bulletin.bulletin_id] = BulletinKept(bulletin, place, text)
        if len(view.bulletins) > BULLETINS_KEPT:
            oldest = min(view.bulletins.values(), key=lambda kept: kept.bulletin.issued_at).bulletin.bulletin_id
            del view.bulletins[oldest]
        return Change(view, "bulletin", text)
