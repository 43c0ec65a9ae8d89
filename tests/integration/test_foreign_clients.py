"""Clients that know nothing but the contract: the README's gateway and subscriber, Kafka's console producer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

from influxdb_client.client.influxdb_client import InfluxDBClient

from deploy.influx import InfluxAccess
from streams import kafka
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from streams.contract.topics import ALERTS
from tests.support.examples import running
from tests.support.log import Follower
from tests.support.servers import HubUnderTest, console_producer, eventually

READINGS = "readings.disaster"
GAUGE, ATTENTION_M = "river-naengcheon-bridge", 1.5


def _stored(access: InfluxAccess, sensor_id: str) -> float | None:
    """The last level of a sensor in InfluxDB."""
    asked = (
        f'from(bucket: "{access.bucket}") |> range(start: -1h) '
        f'|> filter(fn: (r) => r.sensor_id == "{sensor_id}" and r._field == "water_level_m_last" and r.window == "60")'
        " |> last()"
    )
    with InfluxDBClient(access.url, access.token, org=access.org) as client:
        for table in client.query_api().query(asked):
            for row in table.records:
                return float(row.get_value())
    return None


async def _first_alert(follower: Follower, sensor_id: str) -> dict[str, Any]:
    async def is_there() -> bool:
        await follower.more()
        return any(r.json["scope"]["sensor_id"] == sensor_id for r in follower.of(ALERTS))

    await eventually(is_there, f"an alert of {sensor_id}", 60)
    found: dict[str, Any] = next(r.json for r in follower.of(ALERTS) if r.json["scope"]["sensor_id"] == sensor_id)
    return found


async def test_a_gateway_with_librdkafkas_own_partitioner_is_stored_and_raises_an_alert(
    hub: HubUnderTest, buckets: InfluxAccess, tmp_path: Path
) -> None:
    await hub.start("worker", "sink")
    gateway = running("gateway", tmp_path, hub.kafka.bootstrap, GAUGE, "1.61")
    gateway.start()
    assert await gateway.ended() == 0, gateway.said()

    async with Follower(hub.kafka.bootstrap, ALERTS, READINGS) as follower:
        alert = await _first_alert(follower, GAUGE)
    assert (alert["level"], alert["value"], alert["threshold"]) == ("attention", 1.61, ATTENTION_M)
    # Its CRC-32 is another partition than Kafka's murmur2: the reading came there, and was forwarded to its own.
    came, own = crc32(GAUGE.encode()) % 4, kafka.partition_of(GAUGE.encode(), 4)
    assert came != own
    assert [(r.partition, "forwarded_from" in r.headers) for r in follower.of(READINGS)] == [(came, False), (own, True)]
    await eventually(lambda: _stored(buckets, GAUGE) == 1.61, "its level in InfluxDB", 60, every_s=0.5)


async def test_the_console_producer_is_stored_and_raises_an_alert(
    hub: HubUnderTest, buckets: InfluxAccess, kafka_jars: list[Path]
) -> None:
    await hub.start("worker", "sink")
    at = format_ms(SYSTEM_CLOCK.now_ms())
    line = f'{GAUGE}|{{"sensor_id":"{GAUGE}","observed_at":"{at}","water_level_m":2.3}}\n'
    options = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=|"]
    await console_producer(hub.kafka, kafka_jars, READINGS, line, *options)

    async with Follower(hub.kafka.bootstrap, ALERTS) as follower:
        alert = await _first_alert(follower, GAUGE)
    assert alert["level"] == "caution"
    await eventually(lambda: _stored(buckets, GAUGE) == 2.3, "its level in InfluxDB", 60, every_s=0.5)
