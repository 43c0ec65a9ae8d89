"""The sink as a process, records that it stores, and what InfluxDB holds then."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from aiokafka import AIOKafkaProducer
from influxdb_client import InfluxDBClient

from deploy.child import Child
from deploy.influx import InfluxAccess
from deploy.ports import free_port
from deploy.processes import asks
from deploy.waiting import until
from streams.contract.times import format_ms, parse_ms, to_ms
from streams.sink.line_protocol import Point, point
from tests.support.servers import eventually

MINUTE_MS = 60_000
BEGIN_MS = 1_662_408_600_000  # 2022-09-05T20:10:00Z
WRITTEN_AT_ONCE = 10_000
START = """
import asyncio
from streams import logs, settings
from streams.sink.app import run
logs.configure(process="sink", form="json")
asyncio.run(run(settings.load()))
"""
TAGS = ("sensor_id", "zone", "window", "exercise", "alert_id", "rule_id", "level")
Identity = tuple[str, int, tuple[tuple[str, str], ...]]
"""Measurement, time in ms, tags."""
Stored = dict[Identity, dict[str, Any]]


class Logged(NamedTuple):
    """A record as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class SinkProcess:
    """A sink, started, killed and started again."""

    def __init__(self, folder: Path, bootstrap: str, influx: InfluxAccess | None, **env: str) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.child = Child(
            "sink",
            [sys.executable, "-c", START],
            log=folder / f"sink-{port}.log",
            env={
                **os.environ,
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                "URBANHUB_DATA_DIR": str(self.data_dir),
                "URBANHUB_METRICS_PORT": str(port),
                "URBANHUB_SESSION_TIMEOUT_S": "6",
                **({} if influx is None else influx.environment()),
                **env,
            },
        )

    async def start(self) -> None:
        """Start it and wait until it has its partitions."""
        self.child.start()

        async def there() -> bool:
            return not self.child.running or await asks(f"{self.address}/readyz") is None

        assert await until(there, 60) and self.child.running, self.child.said(4_000)

    async def stop(self) -> int | None:
        """Stop it in good order; its exit code."""
        return await self.child.stop(15)

    def metric(self, begins: str) -> float:
        """The sum of its metrics whose line begins so."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(begins))


def window(start_ms: int, value: float, **more: Any) -> dict[str, Any]:
    """A window record of PM10."""
    length_s = more.get("window_s", 60)
    return {
        "sensor_id": "air-1",
        "zone": "daesong-myeon",
        "measure": "pm10_ugm3",
        "window_s": length_s,
        "start": format_ms(start_ms),
        "end": format_ms(start_ms + length_s * 1000),
        "count": 3,
        "sum": value * 3,
        "mean": value,
        "min": value - 0.5,
        "max": value + 0.5,
        "last": value,
        "final": True,
        "revision": 0,
        **more,
    }


def many(count: int, sensors: int = 50, **more: Any) -> list[dict[str, Any]]:
    """Windows of many sensors, each sent early before it is final."""
    records = []
    for n in range(count):
        sensor, minute = n % sensors, n // sensors
        series = {"sensor_id": f"air-{sensor}", "measure": ("pm10_ugm3", "o3_ppm")[sensor % 2], **more}
        at_ms = BEGIN_MS + minute * MINUTE_MS
        records.append(window(at_ms, n / 7, final=False, count=1, **series))
        records.append(window(at_ms, n / 3, **series))
    return records


async def publish(bootstrap: str, topic: str, records: Iterable[dict[str, Any] | bytes]) -> None:
    """Write records as the worker does: keyed, in one transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"worker-{topic}")
    await producer.start()
    try:
        async with producer.transaction():
            for record in records:
                if isinstance(record, bytes):
                    await producer.send(topic, record, key=b"air-1")
                else:
                    key = record.get("sensor_id") or record["alert_id"]
                    await producer.send(topic, json.dumps(record).encode(), key=key.encode())
    finally:
        await producer.stop()


def expected(measurement: str, records: Iterable[dict[str, Any]]) -> Stored:
    """What must be stored of these windows: of each, the state that was sent last."""
    points: Stored = {}
    for record in records:
        tags = {"sensor_id": record["sensor_id"], "zone": record["zone"], "window": str(record["window_s"])}
        if "exercise" in record:
            tags["exercise"] = record["exercise"]
        fields = points.setdefault((measurement, parse_ms(record["start"]), tuple(sorted(tags.items()))), {})
        for name in ("count", "final", "last", "max", "mean", "min", "sum"):
            fields[f"{record['measure']}_{name}"] = record[name]
    return points


async def store(access: InfluxAccess, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write records, each with its topic, into the bucket and in the form that the sink gives them; without a sink."""
    lines: dict[str, list[bytes]] = {access.bucket: [], access.bucket_exercise: []}
    for number, (topic, record) in enumerate(records):
        made = point(Logged(topic, 0, number, BEGIN_MS, b"", json.dumps(record).encode()))
        assert isinstance(made, Point), made
        lines[access.bucket_exercise if made.is_exercise else access.bucket].append(made.line)
    async with httpx2.AsyncClient(headers=access.headers(), timeout=60) as http:
        for bucket, points in lines.items():
            where = {"org": access.org, "bucket": bucket, "precision": "ms"}
            rest = iter(points)
            while body := b"\n".join(islice(rest, WRITTEN_AT_ONCE)):
                answer = await http.post(f"{access.url}/api/v2/write", params=where, content=body)
                assert answer.status_code == 204, answer.text


def stored(access: InfluxAccess, bucket: str) -> Stored:
    """Every point in a bucket, read by Flux."""
    points: Stored = {}
    with InfluxDBClient(access.url, access.token, org=access.org, timeout=60_000) as client:
        for table in client.query_api().query(f'from(bucket: "{bucket}") |> range(start: 0)'):
            for row in table.records:
                tags = tuple(sorted((name, row.values[name]) for name in TAGS if row.values.get(name) is not None))
                fields = points.setdefault((row.get_measurement(), to_ms(row.get_time()), tags), {})
                fields[row.get_field()] = row.get_value()
    return points


def same(found: Stored, wanted: Stored) -> bool:
    """Whether the same points are there with the same values, types and all."""
    return found.keys() == wanted.keys() and all(
        fields.keys() == wanted[identity].keys()
        and all(_same_value(value, wanted[identity][name]) for name, value in fields.items())
        for identity, fields in found.items()
    )


def _same_value(found: Any, wanted: Any) -> bool:
    if isinstance(found, float):
        return bool(found == wanted)
    return type(found) is type(wanted) and found == wanted


async def all_there(access: InfluxAccess, bucket: str, wanted: Stored, seconds: float = 60) -> None:
    async def there() -> bool:
        return same(await asyncio.to_thread(stored, access, bucket), wanted)

    await eventually(there, f"{len(wanted)} points as they were sent", seconds, every_s=0.3)
