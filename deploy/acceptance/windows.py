"""Windows: every one on Kafka, and a sample of series read back from InfluxDB by Flux."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.acceptance import flux
from deploy.acceptance.found import AGGREGATES, WindowKey
from deploy.acceptance.sheet import Row, Sheet
from deploy.influx import InfluxAccess
from deploy.oracle import Answer, Window
from deploy.promises import PromisedSeries, Scenario
from streams.contract.times import DAY_MS, format_ms, to_ms
from streams.registry import Registry

STORED_S: Final = 15.0
"""The sink has said that all is stored; this is for an InfluxDB that is busy or was just started again."""


class Windows:
    """The rows of windows.

    Args:
        sheet: where they stand.
        scenario: what is promised.
        answer: what was calculated.
    """

    def __init__(self, sheet: Sheet, scenario: Scenario, answer: Answer) -> None:
        self._calculated = answer.windows
        self._range_ms = to_ms(scenario.begins) - DAY_MS, to_ms(scenario.ends) + DAY_MS
        self._all = sheet.open("windows on Kafka, early and final", "", f"{len(answer.windows):,} windows")
        self._series: list[tuple[Row, PromisedSeries]] = []
        for series in scenario.expects.windows:
            what = f"{series.measure} of {series.sensor_id}, {series.window_s} s, by Flux"
            n = len(self._final(series))
            self._series.append((sheet.open(what, "every final window", f"{n:,} windows"), series))

    def settle_kafka(self, found: Mapping[WindowKey, Window]) -> None:
        """Every window that subscribers hold."""
        wrong = sorted(key for key in {*found, *self._calculated} if found.get(key) != self._calculated.get(key))
        told = f"{len(found):,} windows, equal"
        if wrong:
            sensor_id, measure, length_s, start_ms = wrong[0]
            told = f"{len(wrong):,} differ; {measure} of {sensor_id}, {length_s} s from {format_ms(start_ms)}"
        self._all.settle(told, passed=bool(found) and not wrong)

    async def settle_influx(self, access: InfluxAccess, registry: Registry, exercise: str) -> None:
        """What InfluxDB holds of each promised series; asked again while it is not yet what it must be."""
        for row, series in self._series:
            sensor = registry.sensors[series.sensor_id]
            asked = flux.query(
                access.bucket_exercise,
                *self._range_ms,
                _measurement=sensor.domain.replace("-", "_"),
                exercise=exercise,
                sensor_id=series.sensor_id,
                window=str(series.window_s),
                zone=sensor.zone,
            )

            def are_right(points: flux.Points, row: Row = row, series: PromisedSeries = series) -> bool:
                self._settle(row, series, points)
                return row.passed

            why = await flux.points_once(access, asked, are_right, STORED_S)
            if why:
                row.settle(why, passed=False)

    def _settle(self, row: Row, series: PromisedSeries, points: flux.Points) -> None:
        calculated = self._final(series)
        found = {
            start_ms: tuple(fields.get(f"{series.measure}_{name}") for name in AGGREGATES)
            for start_ms, fields in points.items()
            if fields.get(f"{series.measure}_final") is True
        }
        wrong = sorted(start for start in {*found, *calculated} if found.get(start) != calculated.get(start))
        told = f"{len(found):,} windows, equal"
        if wrong:
            told = f"{len(wrong):,} differ; {format_ms(wrong[0])}: {_told(found, wrong[0])}, not {_told(calculated, wrong[0])}"
        row.settle(told, passed=bool(found) and not wrong)

    def _final(self, series: PromisedSeries) -> dict[int, tuple[float, ...]]:
        """The series' final windows as calculated: aggregates by start."""
        wanted = (series.sensor_id, series.measure, series.window_s)
        return {
            window.start_ms: tuple(getattr(window, name) for name in AGGREGATES)
            for key, window in self._calculated.items()
            if key[:3] == wanted and window.final
        }


def _told(windows: Mapping[int, tuple[float | None, ...]], start_ms: int) -> str:
    aggregates = windows.get(start_ms)
    if aggregates is None:
        return "none"
    return ", ".join(f"{name} {value}" for name, value in zip(AGGREGATES, aggregates, strict=True))
