"""Points read back from InfluxDB by Flux, as any data user would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from deploy.influx import InfluxAccess
from deploy.waiting import until
from streams.contract.times import format_ms, to_ms

ANSWER_MS: Final = 20_000
ASKED_EVERY_S: Final = 0.5

Points = dict[int, dict[str, Any]]
"""Fields by time, epoch ms."""


def query(bucket: str, from_ms: int, to_ms: int, **tags: str) -> str:
    """The points of one series of points; `measurement` stands among the tags."""
    conditions = " and ".join(f'r["{name}"] == {text(value)}' for name, value in tags.items())
    return (
        f"from(bucket: {text(bucket)})"
        f" |> range(start: {format_ms(from_ms)}, stop: {format_ms(to_ms)})"
        f" |> filter(fn: (r) => {conditions})"
    )


async def points(access: InfluxAccess, asked: str) -> Points | str:
    """The points, or why InfluxDB gave none."""
    return await asyncio.to_thread(_points, access, asked)


async def points_once(access: InfluxAccess, asked: str, are_right: Callable[[Points], bool], seconds: float) -> str:
    """Ask until the points are what they must be; returns why InfluxDB did not answer, or nothing.

    `are_right` sees every answer, so the last one it saw is what InfluxDB holds.
    """
    why = ""

    async def is_right() -> bool:
        nonlocal why
        found = await points(access, asked)
        why = found if isinstance(found, str) else ""
        return not isinstance(found, str) and are_right(found)

    await until(is_right, seconds, every_s=ASKED_EVERY_S)
    return why


def text(value: str) -> str:
    """A text as Flux writes it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'


def _points(access: InfluxAccess, asked: str) -> Points | str:
    with InfluxDBClient(url=access.url, token=access.token, org=access.org, timeout=ANSWER_MS) as client:
        try:
            found: Points = {}
            for record in client.query_api().query_stream(asked):
                found.setdefault(to_ms(record.get_time()), {})[record.get_field()] = record.get_value()
            return found
        except (InfluxDBError, ApiException, HTTPError, OSError) as e:
            return f"InfluxDB does not answer: {type(e).__name__}"
