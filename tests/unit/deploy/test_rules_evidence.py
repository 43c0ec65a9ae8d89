"""What the log says of sensors: which windows filled a hole afterwards, and so were judged by no rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from deploy.rules.evidence import Evidence, Span
from deploy.rules.kept_log import Kept
from deploy.rules.offline import Arrival, OfflineCity
from streams import registry
from streams.contract.times import format_ms, to_ms
from streams.contract.topics import readings_topic, windows_topic
from streams.engine.outputs import Out
from tests.support.small_city import write_seeds
from tests.support.timeline import ms


class Kafkas(NamedTuple):
    """A record as a consumer has it."""

    value: bytes | None
    timestamp: int


class LogInHand:
    """A partition that is read from its beginning."""

    def __init__(self, records: list[Kafkas]) -> None:
        self._records = records

    async def back(self, topic: str, partition: int, wanted: Any, **_: Any) -> Kept:
        """What is wanted of it."""
        return Kept([record for record in self._records if wanted(record)], "enough")


def rain(minute: int, arrives: str) -> Arrival:
    said = {"sensor_id": "rain-1", "observed_at": format_ms(ms(f"10:{minute:02}")), "rainfall_mm": 1}
    return Arrival(readings_topic("disaster"), b"rain-1", json.dumps(said).encode(), ms(arrives))


async def test_windows_that_filled_a_hole_are_told_apart(tmp_path: Path) -> None:
    published: list[Kafkas] = []

    def keep(topic: str, out: Out) -> None:
        published.extend([Kafkas(out.value, 0)] if topic == windows_topic("disaster") else [])

    city = OfflineCity(registry.load(write_seeds(tmp_path)), [], published=keep)
    on_time = [*range(5), *range(8, 13)]
    city.feed([rain(minute, f"10:{minute:02}") for minute in on_time])
    city.feed([rain(minute, "10:12:30") for minute in (5, 6, 7)])
    city.feed([rain(minute, f"10:{minute:02}") for minute in range(13, 20)])

    evidence = Evidence(LogInHand(published), "disaster", "rainfall_mm", None, 1, 300_000)  # type: ignore[arg-type]
    found = await evidence.windows(["rain-1"], 60, Span(ms("10:00"), ms("10:15"), ms("11:00")))

    assert [(to_ms(row.start) - ms("10:00")) // 60_000 for row in found.rows] == list(range(15))
    assert found.filled == {("rain-1", ms(f"10:{minute:02}")) for minute in (5, 6, 7)}
