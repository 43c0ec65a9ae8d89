"""A Faust application as Faust's guide shows it: an agent, a tumbling table with a changelog, windows told when they close.

Its settings are in the environment. It writes the lines that `peer.run_peer` waits for.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import os
import sys
import time
from typing import Any

import faust

TOTAL = int(os.environ["BENCH_RECORDS"])
RANGES = {"pm10_ugm3": (0, 10_000), "pm25_ugm3": (0, 5_000)}
CLOSE_S = 80.0
"""The table looks for windows to close every 30 s, from half a minute after its start on."""

app = faust.App(
    os.environ["BENCH_GROUP"],
    broker=f"kafka://{os.environ['BENCH_BROKER']}",
    datadir=os.environ["BENCH_FOLDER"],
    store="memory://",
    topic_partitions=4,
    topic_disable_leader=True,
    topic_allow_declare=False,
    consumer_auto_offset_reset="earliest",
)
readings = app.topic(os.environ["BENCH_INPUT"], key_serializer="raw", value_serializer="raw")
closed = app.topic(os.environ["BENCH_OUTPUT"], key_serializer="raw", value_serializer="raw")


class State:
    """What the agent has seen."""

    seen = 0
    at_s = 0.0


def tell(event: str) -> None:
    """A line for the benchmark; Faust has taken the usual output for its log."""
    assert sys.__stdout__ is not None
    print(json.dumps({"bench": event, "at_ms": time.time_ns() // 1_000_000}), file=sys.__stdout__, flush=True)


def parsed(value: bytes) -> tuple[str, float, dict[str, float]] | None:
    """Sensor, instant and measures of a reading; None where the contract refuses it."""
    try:
        reading = json.loads(value)
        at = dt.datetime.fromisoformat(reading["observed_at"])
        measures = {name: float(reading[name]) for name in RANGES if isinstance(reading.get(name), int | float)}
        fine = at.tzinfo is not None and all(low <= measures.get(n, low) <= high for n, (low, high) in RANGES.items())
        sensor = reading["sensor_id"]
        return (sensor, at.timestamp(), measures) if fine and measures and isinstance(sensor, str) else None
    except (ValueError, KeyError, TypeError):
        return None


async def publish(key: Any, window: list[float]) -> None:
    """A window that closed."""
    (sensor_id, measure), (start, _) = key[0].split("|"), key[1]
    n, total, low, high, last, _ = window
    began = dt.datetime.fromtimestamp(start, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"sensor_id": sensor_id, "measure": measure, "start": began, "count": n, "sum": total, "mean": total / n}
    await closed.send(value=json.dumps(told | {"min": low, "max": high, "last": last}).encode())


windows = (
    app.Table("windows", default=lambda: [0, 0.0, math.inf, -math.inf, 0.0, -math.inf], on_window_close=publish)
    .tumbling(60, expires=120)
    .relative_to(lambda event: State.at_s)
)


@app.agent(readings)  # type: ignore[untyped-decorator]
async def aggregate(stream: Any) -> None:
    """Update the table with each reading."""
    async for value in stream:
        if not State.seen:
            tell("begun")
        State.seen += 1
        reading = parsed(value)
        if reading is not None:
            sensor, State.at_s, measures = reading
            for measure, v in measures.items():
                key = f"{sensor}|{measure}"
                n, total, low, high, last, last_at = windows[key].value()
                if State.at_s >= last_at:
                    last, last_at = v, State.at_s
                windows[key] = [n + 1, total + v, min(low, v), max(high, v), last, last_at]
        if State.seen == TOTAL:
            tell("seen")
            asyncio.get_running_loop().call_later(CLOSE_S, tell, "published")


if __name__ == "__main__":
    app.main()
