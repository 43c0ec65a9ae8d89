"""The readings of a workload, made from its seed: as columns, and as the bytes that a gateway would send.

Shape: columns of n records in the order in which they are sent. The same workload and beginning give the same bytes.
Values are whole numbers of a measure's last decimal, so that every sum of them is exact.

Sensors speak in turn, in an order that the seed shuffles. A reading out of order has an odd millisecond and all others
have even ones, so no two readings of a sensor fall together unless one is a repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from streams.contract.readings import Domain
from tests.benchmarks.case import Workload

Ints = npt.NDArray[np.int64]
HOUR_MS: Final = 3_600_000
BLOCK: Final = 50_000
"""Records made at a time: memory stays bounded, and arrays stay long enough to be quick."""
REPEAT_AFTER: Final = 200
REPEAT_WITHIN_S: Final = 10
"""A repeat follows its original within this many records and seconds, as a gateway's second try does; none is ever late."""
STORMS: Final = 3
"""How often a stormy sensor rises and falls in the span."""


class Signal(NamedTuple):
    """One measure of a kind of sensor, in units of its last decimal."""

    measure: str
    decimals: int
    calm_low: int
    calm_high: int
    storm: int
    """What a storm adds at its height."""


class Kind(NamedTuple):
    """A kind of sensor of the workload."""

    name: str
    domain: Domain
    signals: tuple[Signal, ...]
    period_s: int = 0


KINDS: Final = (
    Kind("air-station", "air-quality", (Signal("pm10_ugm3", 1, 50, 900, 4000), Signal("pm25_ugm3", 1, 20, 400, 2000))),
    Kind("road-link", "traffic", (Signal("speed_kmh", 1, 300, 700, -250), Signal("flow_vph", 0, 100, 1500, 400))),
    Kind("rain-gauge", "disaster", (Signal("rainfall_mm", 1, 0, 2, 30),), 60),
    Kind("river-gauge", "disaster", (Signal("water_level_m", 2, 80, 120, 450),)),
    Kind("wind-station", "disaster", (Signal("wind_speed_ms", 1, 5, 80, 180), Signal("wind_gust_ms", 1, 20, 120, 220))),
)

BROKEN: Final = (
    lambda value: value[: len(value) // 2],
    lambda value: b"{}",
    lambda value: b"\xff\xfe" + value,
    lambda value: value.replace(b'"sensor_id"', b'"sensorid"', 1),
    lambda value: value.replace(b'"observed_at":"20', b'"observed_at":"x20', 1),
    lambda value: value.replace(b"}", b'"}', 1),
)
"""Ways of being malformed; every engine must refuse each of them."""


@dataclass
class Readings:
    """All records of a workload. Arrays of n records, in the order in which they are sent."""

    workload: Workload
    begin_ms: int
    """Event time at which it begins: a whole hour, UTC."""
    sensor: Ints
    """Number of the sensor, from 0."""
    at_ms: Ints
    values: npt.NDArray[np.int32]
    """A column per signal of its kind; the second of a kind with one signal is unused. (n, 2)"""
    repeat: npt.NDArray[np.bool_]
    """Sent before, byte for byte."""
    malformed: npt.NDArray[np.bool_]

    @cached_property
    def kind_of(self) -> Ints:
        """Index in `KINDS` of each sensor. (sensors,)"""
        return kinds_of(self.workload)

    @cached_property
    def ids(self) -> list[str]:
        """The sensors' ids by number."""
        return sensor_ids(self.workload)

    @property
    def end_ms(self) -> int:
        """No reading of the body is at or after it."""
        return self.begin_ms + self.workload.span_s * 1000

    def __len__(self) -> int:
        return len(self.sensor)

    def blocks(self, first: int = 0, end: int | None = None, size: int = BLOCK) -> Iterator[tuple[Ints, list[bytes]]]:
        """The sensors and values of the records from one to before another, block by block."""
        end = len(self) if end is None else min(end, len(self))
        for begin in range(first, end, size):
            rows = np.arange(begin, min(begin + size, end))
            yield self.sensor[rows], self._rendered(rows)

    def _rendered(self, rows: Ints) -> list[bytes]:
        out: list[bytes] = [b""] * len(rows)
        kind = self.kind_of[self.sensor[rows]]
        for k in np.unique(kind).tolist():
            where = np.flatnonzero(kind == k)
            mine = rows[where]
            names = [self.ids[s].encode() for s in self.sensor[mine].tolist()]
            times = np.datetime_as_string(self.at_ms[mine].astype("M8[ms]")).astype("S23").tolist()
            columns = [texts(self.values[mine, i], s.decimals) for i, s in enumerate(KINDS[k].signals)]
            form = b'{"sensor_id":"%b","observed_at":"%bZ"'
            if KINDS[k].period_s:
                form += b',"period_s":%d' % KINDS[k].period_s
            form += b"".join(b',"' + s.measure.encode() + b'":%b' for s in KINDS[k].signals) + b"}"
            for i, parts in zip(where.tolist(), zip(names, times, *columns, strict=True), strict=True):
                out[i] = form % parts
        for i in np.flatnonzero(self.malformed[rows]).tolist():
            out[i] = BROKEN[int(rows[i]) % len(BROKEN)](out[i])
        return out


def texts(whole: npt.NDArray[Any], decimals: int) -> list[bytes]:
    """Numbers given in units of their last decimal, as JSON writes them."""
    number = np.ascontiguousarray(whole if not decimals else whole / 10**decimals)
    return orjson.dumps(number, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def kinds_of(workload: Workload) -> Ints:
    """Index in `KINDS` of each sensor: domains share the sensors evenly, and the kinds of a domain theirs. (sensors,)"""
    number = np.arange(workload.sensors)
    domain, within = number % len(workload.domains), number // len(workload.domains)
    kinds = np.zeros(workload.sensors, np.int64)
    for i, name in enumerate(workload.domains):
        own = np.array([k for k, kind in enumerate(KINDS) if kind.domain == name])
        kinds[domain == i] = own[within[domain == i] % len(own)]
    return kinds


def sensor_ids(workload: Workload) -> list[str]:
    """The sensors' ids by number."""
    return [f"{KINDS[k].name}-{i:05d}" for i, k in enumerate(kinds_of(workload).tolist())]


def last_beginning(now_ms: int, span_s: int) -> int:
    """The latest whole hour from which a span, and the hour after it, have passed."""
    hours = -(-span_s * 1000 // HOUR_MS)
    return (now_ms // HOUR_MS - hours - 1) * HOUR_MS


def readings_of(workload: Workload, begin_ms: int) -> Readings:
    """Make the readings of a workload.

    Args:
        workload: what to make.
        begin_ms: event time at which it begins, epoch ms, UTC.

    Raises:
        ValueError: its sensors would speak more than once in two milliseconds.
    """
    rng = np.random.default_rng(workload.seed)
    n, span_ms = workload.readings, workload.span_s * 1000
    if span_ms * workload.sensors < 2 * n:
        raise ValueError("a sensor would speak more than once in two milliseconds; take more sensors or a longer span")
    sensor = rng.permutation(workload.sensors)[np.arange(n) % workload.sensors]
    at_ms = begin_ms + (np.arange(n, dtype=np.int64) * span_ms // n) // 2 * 2
    at_ms = _out_of_order(workload, begin_ms, sensor, at_ms, rng)
    values = _values(workload, begin_ms, sensor, at_ms, rng)
    malformed = rng.random(n) < workload.malformed
    repeat = np.zeros(n, np.bool_)
    if workload.duplicates:
        again = np.flatnonzero((rng.random(n) < workload.duplicates) & ~malformed)
        within = max(2, min(REPEAT_AFTER, n * REPEAT_WITHIN_S // workload.span_s))
        place = again + rng.integers(1, within, len(again)) + 0.5
        order = np.argsort(np.concatenate((np.arange(n), place)), kind="stable")
        source = np.concatenate((np.arange(n), again))[order]
        repeat = order >= n
        sensor, at_ms, values, malformed = sensor[source], at_ms[source], values[source], malformed[source]
    return Readings(workload, begin_ms, sensor, at_ms, values, repeat, malformed)


def _out_of_order(workload: Workload, begin_ms: int, sensor: Ints, at_ms: Ints, rng: np.random.Generator) -> Ints:
    """Some readings observed earlier than their place says, each at an instant that its sensor has only once."""
    back = rng.random(len(at_ms)) < workload.out_of_order
    shift = 2 * rng.integers(0, workload.out_of_order_s * 500, len(at_ms)) + 1
    earlier = at_ms - shift
    back &= earlier >= begin_ms
    rows = np.flatnonzero(back)
    _, first = np.unique(sensor[rows] * (1 << 42) + (earlier[rows] - begin_ms), return_index=True)
    rows = rows[first]
    moved = at_ms.copy()
    moved[rows] = earlier[rows]
    return moved


def _values(
    workload: Workload, begin_ms: int, sensor: Ints, at_ms: Ints, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    stormy = rng.random(workload.sensors) < workload.stormy
    height = np.sin((at_ms - begin_ms) / (workload.span_s * 1000) * STORMS * np.pi) ** 2 * stormy[sensor]
    kind = kinds_of(workload)[sensor]
    values = np.zeros((len(sensor), 2), np.int32)
    noise = rng.random((len(sensor), 2), dtype=np.float32)
    for k in np.unique(kind).tolist():
        mine = np.flatnonzero(kind == k)
        for i, signal in enumerate(KINDS[k].signals):
            calm = signal.calm_low + noise[mine, i] * (signal.calm_high - signal.calm_low)
            values[mine, i] = np.maximum(calm + height[mine] * signal.storm, 0).astype(np.int32)
    return values


def last_words(workload: Workload, begin_ms: int, homes: dict[str, list[int]]) -> list[tuple[int, bytes]]:
    """One reading for each sensor given, three minutes after the span's last hour: it makes all windows before it final.

    Args:
        workload: whose.
        begin_ms: where it begins.
        homes: per domain, a sensor of each partition.
    """
    hours = -(-workload.span_s * 1000 // HOUR_MS)
    at_ms = np.array([begin_ms + hours * HOUR_MS + 180_000])
    ids, kinds = sensor_ids(workload), kinds_of(workload)
    time = np.datetime_as_string(at_ms.astype("M8[ms]"))[0]
    out = []
    for numbers in homes.values():
        for number in numbers:
            measure = KINDS[int(kinds[number])].signals[0].measure
            out.append((number, f'{{"sensor_id":"{ids[number]}","observed_at":"{time}Z","{measure}":1}}'.encode()))
    return out
