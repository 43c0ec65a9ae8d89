"""A scenario's records, kept in the order in which they arrived and written the same way each time.

Shape of a line: `{"topic": …, "at": …, "value": {…}}`, or `"raw"` in place of `"value"` for bytes that are sent as they are.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from deploy.seeds.curves import offset
from streams.contract.sensors import Sensor
from streams.contract.topics import BULLETINS, readings_topic

LEAP: Final = timedelta(minutes=5)


class Line(NamedTuple):
    """One record as it arrived."""

    at: datetime
    topic: str
    value: dict[str, Any] | None
    raw: str | None = None


class Recording:
    """Collects what arrived; times are aware, and written with the offset that they have.

    Its own clock, by which it is played, is that of the arrivals, but for the times that are leapt over.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._leapt = timedelta(0)

    def leap(self, to: datetime) -> None:
        """What arrives from `to` on follows `LEAP` after what has been recorded: nobody waits for the years between."""
        self._leapt = to - max(line.at for line in self.lines) - LEAP

    def reading(
        self,
        sensor: Sensor,
        observed_at: datetime,
        values: dict[str, float],
        *,
        arrived_at: datetime,
        **more: Any,
    ) -> None:
        """A reading of a sensor; what it says of a period follows the registry."""
        value: dict[str, Any] = {"sensor_id": sensor.sensor_id, "observed_at": observed_at.isoformat(), **values}
        if sensor.period_s:
            value["period_s"] = sensor.period_s
        self.value(readings_topic(sensor.domain), value | more, arrived_at)

    def announcements(
        self, day: datetime, entries: Sequence[Mapping[str, Any]], delivered_after: timedelta = timedelta(seconds=2)
    ) -> None:
        """Announcements whose times are written as `"HH:MM"` of a day; each arrives a little after it was issued."""
        for entry in entries:
            issued_at = day + offset(entry["issued_at"])
            value = dict(entry) | {"issued_at": issued_at.isoformat()}
            if "occurred_at" in entry:
                value["occurred_at"] = (day + offset(entry["occurred_at"])).isoformat()
            if "expected" in entry:
                value["expected"] = [one | {"at": (day + offset(one["at"])).isoformat()} for one in entry["expected"]]
            self.value(BULLETINS, value, issued_at + delivered_after)

    def value(self, topic: str, value: dict[str, Any], arrived_at: datetime) -> None:
        """A record as it arrived, right or wrong."""
        self.lines.append(Line(arrived_at - self._leapt, topic, value))

    def raw(self, topic: str, text: str, arrived_at: datetime) -> None:
        """Bytes as they arrived."""
        self.lines.append(Line(arrived_at - self._leapt, topic, None, text))

    def change(self, which: Callable[[Line], bool], **values: Any) -> None:
        """What was chosen says this."""
        self.lines = [
            line._replace(value=line.value | values) if line.value is not None and which(line) else line
            for line in self.lines
        ]

    def again(self, which: Callable[[Line], bool], after_s: float) -> None:
        """What was chosen arrives once more, `after_s` seconds later: a gateway that sent it twice."""
        self.lines += [line._replace(at=line.at + timedelta(seconds=after_s)) for line in self.lines if which(line)]

    def delay(self, which: Callable[[Line], bool], until: datetime) -> None:
        """What was chosen arrives at `until` in its old order: a gateway that was cut off and empties its store."""
        at = until - self._leapt
        self.lines = [line._replace(at=max(line.at, at)) if which(line) else line for line in self.lines]

    def write(self, path: Path) -> int:
        """Write the records in order of arrival; the same records give the same bytes. Returns how many there are."""
        lines = sorted(self.lines, key=lambda line: line.at)
        with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            for line in lines:
                packed.write(orjson.dumps(_envelope(line)) + b"\n")
        return len(lines)


def readings_of(sensor_id: str, begin: datetime, end: datetime) -> Callable[[Line], bool]:
    """Chooses the readings that a sensor made from `begin` to just before `end`."""

    def is_chosen(line: Line) -> bool:
        value = line.value or {}
        return value.get("sensor_id") == sensor_id and begin <= datetime.fromisoformat(value["observed_at"]) < end

    return is_chosen


def write_by_command(name: str, build: Callable[[Path, Path], int]) -> None:
    """The command of a builder: `build(seeds, out)` writes the records beside the promise of the scenario `name`."""
    arguments = argparse.ArgumentParser(description=f"Make the records of the scenario {name}.")
    arguments.add_argument("--seeds", type=Path, default=Path("seeds"), help="the city's seeds")
    seeds = arguments.parse_args().seeds
    out = seeds / "scenarios" / f"{name}.ndjson.gz"
    out.parent.mkdir(exist_ok=True)
    print(f"{build(seeds, out)} records in {out}, {out.stat().st_size / 1000:.0f} kB")


def _envelope(line: Line) -> dict[str, Any]:
    envelope: dict[str, Any] = {"topic": line.topic, "at": line.at.isoformat()}
    if line.value is None:
        return envelope | {"raw": line.raw}
    return envelope | {"value": line.value}
