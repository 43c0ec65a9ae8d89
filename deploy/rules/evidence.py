"""What sensors said: their readings and final windows as the log keeps them, sensor by sensor, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from aiokafka import ConsumerRecord
from pydantic import ValidationError

from deploy.rules.kept_log import Kept, KeptLog, Until
from streams.contract.readings import READINGS, SET_ASIDE, Domain, Reading
from streams.contract.times import parse_ms, to_ms
from streams.contract.topics import TOPICS, readings_topic, windows_topic
from streams.contract.windows import Window
from streams.engine.exercises import EXERCISE_KEPT_MS
from streams.kafka import partition_of

T = TypeVar("T")


class SaidValue(NamedTuple):
    """One value of one reading, epoch ms."""

    sensor_id: str
    at_ms: int
    instant_ms: int
    """The instant whose window it enters: of a period, the one just before its end."""
    value: float
    set_aside: bool
    """Its quality keeps it out of windows and rules."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found, and why no more was looked for."""

    rows: list[T]
    until: Until
    filled: frozenset[tuple[str, int]] = frozenset()
    """Of windows: sensor and start (epoch ms) of those that became final after a later one. They filled a hole: no rule
    has judged them, though sums and means that came later hold them."""


class Span(NamedTuple):
    """A stretch of event time [begin, end], and when at the latest what is of it had arrived; epoch ms."""

    begin_ms: int
    end_ms: int
    arrived_ms: int


class Evidence:
    """What was said of one measure in reality or in one exercise.

    Args:
        log: where it is read.
        domain: the measure's.
        measure: which one; None where it is asked only when a sensor spoke.
        exercise: None for reality.
        partitions: of a topic of the domain, as the setting has it.
        future_ms: how far a reading may be ahead of its arrival.
        is_set_aside: whether planned work set aside what a sensor (its id) said of an instant (epoch ms).
    """

    def __init__(
        self,
        log: KeptLog,
        domain: Domain,
        measure: str | None,
        exercise: str | None,
        partitions: int,
        future_ms: int,
        is_set_aside: Callable[[str, int], bool] = lambda *_: False,
    ) -> None:
        self._log, self._domain, self._measure, self._exercise = log, domain, measure or "", exercise
        self._partitions, self._future_ms, self._is_set_aside = partitions, future_ms, is_set_aside

    def of(self, measure: str) -> Evidence:
        """What was said of another measure of the same domain."""
        return Evidence(self._log, self._domain, measure, self._exercise, self._partitions, self._future_ms)

    async def readings(self, sensors: Collection[str], span: Span) -> Found[SaidValue]:
        """The sensors' values that were observed in this time; each time of a sensor once, as the hub took it.

        Raises:
            Unavailable: the broker does not answer.
        """
        topic = readings_topic(self._domain)
        rows: list[SaidValue] = []
        found = await self._read(topic, sensors, span, _observed_ms)
        seen: set[tuple[str, int]] = set()
        for record in found.rows:
            said = self._said(record)
            if said is None or not span.begin_ms <= said.at_ms <= span.end_ms:
                continue
            if not said.set_aside:
                if (said.sensor_id, said.at_ms) in seen:
                    continue  # a repeat: the first stays
                seen.add((said.sensor_id, said.at_ms))
            rows.append(said)
        return Found(rows, found.until)

    async def windows(self, sensors: Collection[str], window_s: int, span: Span) -> Found[Window]:
        """The sensors' windows of one length in this time, as they first became final: a revision raises no alert.

        Raises:
            Unavailable: the broker does not answer.
        """
        topic = windows_topic(self._domain)

        def end_ms(value: dict[str, Any]) -> int | None:
            return _instant_ms(value.get("end")) if value.get("window_s") == window_s else None

        found = await self._read(topic, sensors, span, end_ms, also=b'"final":true')
        rows = [Window.model_validate_json(record.value) for record in found.rows]
        mine = [
            row
            for row in rows
            if row.measure == self._measure and row.window_s == window_s and row.final and row.revision == 0
        ]
        inside = [row for row in mine if span.begin_ms <= to_ms(row.start) and to_ms(row.end) <= span.end_ms]
        return Found(sorted(inside, key=lambda row: (row.start, row.sensor_id)), found.until, _filled(mine))

    async def instants(self, sensor_id: str, span: Span) -> Found[int]:
        """When a sensor spoke in this time, whatever of and however well; epoch ms, in the order of arrival.

        Raises:
            Unavailable: the broker does not answer.
        """
        found = await self._read(readings_topic(self._domain), [sensor_id], span, _observed_ms)
        spoke = [to_ms(reading.observed_at) for r in found.rows if (reading := self._taken(r)) is not None]
        return Found([at_ms for at_ms in spoke if span.begin_ms <= at_ms <= span.end_ms], found.until)

    async def _read(
        self,
        topic: str,
        sensors: Collection[str],
        span: Span,
        time_of: Callable[[dict[str, Any]], int | None],
        also: bytes = b"",
    ) -> Found[ConsumerRecord]:
        """Records of the sensors, partition by partition; `time_of` says when a record's content ends, epoch ms."""
        homes: dict[int, set[str]] = defaultdict(set)
        for sensor_id in sensors:
            homes[partition_of(sensor_id.encode(), TOPICS[topic].partitions(self._partitions))].add(sensor_id)
        records: list[ConsumerRecord] = []
        reasons: set[Until] = set()
        for partition, mine in homes.items():
            kept = await self._read_partition(topic, partition, mine, span, time_of, also)
            records += kept.records
            reasons.add(kept.until)
        return Found(records, _worst(reasons))

    async def _read_partition(
        self,
        topic: str,
        partition: int,
        sensors: set[str],
        span: Span,
        time_of: Callable[[dict[str, Any]], int | None],
        also: bytes,
    ) -> Kept:
        texts = [sensor_id.encode() for sensor_id in sensors]

        def is_wanted(record: ConsumerRecord) -> bool:
            text = record.value or b""
            if also not in text or self._measure.encode() not in text or not any(t in text for t in texts):
                return False
            value = _object(text)
            return value.get("sensor_id") in sensors and value.get("exercise") == self._exercise

        def is_enough(records: list[ConsumerRecord]) -> bool:
            ends_ms = [ended_ms for r in records if (ended_ms := time_of(_object(r.value))) is not None]
            return bool(ends_ms) and max(ends_ms) < span.begin_ms  # all: one alone may have come late

        is_real = self._exercise is None
        return await self._log.back(
            topic,
            partition,
            is_wanted,
            since_ms=span.begin_ms - self._future_ms if is_real else None,
            until_ms=span.arrived_ms,
            silence_ms=None if is_real else EXERCISE_KEPT_MS,
            enough=is_enough,
        )

    def _said(self, record: ConsumerRecord) -> SaidValue | None:
        """The measure's value, or None where the record was refused or has no such value."""
        reading = self._taken(record)
        value = None if reading is None else getattr(reading, self._measure)
        if reading is None or value is None:
            return None
        at_ms = to_ms(reading.observed_at)
        instant_ms = at_ms - (1 if reading.period_s else 0)
        aside = reading.quality in SET_ASIDE or self._is_set_aside(reading.sensor_id, at_ms)
        return SaidValue(reading.sensor_id, at_ms, instant_ms, value, aside)

    def _taken(self, record: ConsumerRecord) -> Reading | None:
        """The reading that a record is, or None where it was refused."""
        try:
            reading = READINGS[self._domain].model_validate_json(record.value)
        except ValidationError:
            return None
        is_ahead = self._exercise is None and to_ms(reading.observed_at) - record.timestamp > self._future_ms
        return None if is_ahead else reading


def _filled(windows: Iterable[Window]) -> frozenset[tuple[str, int]]:
    """Sensor and start of the windows, in the order of the log, that come after a later one of their sensor."""
    newest: dict[str, int] = {}
    filled = set()
    for window in windows:
        start_ms = to_ms(window.start)
        if start_ms < newest.get(window.sensor_id, start_ms):
            filled.add((window.sensor_id, start_ms))
        newest[window.sensor_id] = max(start_ms, newest.get(window.sensor_id, start_ms))
    return frozenset(filled)


def _object(text: bytes | None) -> dict[str, Any]:
    """A record's value; empty where it is none of ours."""
    try:
        value = orjson.loads(text or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _observed_ms(value: dict[str, Any]) -> int | None:
    return _instant_ms(value.get("observed_at"))


def _instant_ms(text: Any) -> int | None:
    try:
        return parse_ms(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _worst(reasons: Iterable[Until]) -> Until:
    """What is said of several partitions: what was not looked at weighs more than what is gone."""
    found = set(reasons)
    if "limit" in found:
        return "limit"
    return "deleted" if "deleted" in found else "enough"
