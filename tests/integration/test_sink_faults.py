"""The sink on a real Kafka and a real InfluxDB: through every fault of either and of its own, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace

from deploy.influx import InfluxAccess, InfluxNode
from deploy.kafka import KafkaNode
from tests.support.room_log import alert
from tests.support.servers import eventually
from tests.support.sink import (
    BEGIN_MS,
    SinkProcess,
    all_there,
    expected,
    many,
    publish,
    stored,
)

TOPIC = "windows.air-quality"
EXERCISE = "typhoon-20220905T201000Z"
POINTS = "urbanhub_sink_points_total{"
LAG = "urbanhub_lag_records{"

MakeSink = Callable[..., SinkProcess]


async def test_influxdb_away_and_back_again(
    topics: KafkaNode, influx: InfluxNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    before = many(100)
    await publish(topics.bootstrap, TOPIC, before)
    await all_there(buckets, buckets.bucket, expected("air_quality", before))
    await influx.stop()
    try:
        during = many(15_000, sensors=500, zone="jecheol-dong")
        await publish(topics.bootstrap, TOPIC, during)
        failed = "influx_write_failed"
        await eventually(lambda: failed in sink.child.said(100_000), "the outage is told")
        assert sink.child.said(100_000).count(failed) == 1  # once, however often it is tried
    finally:
        await influx.start()
    await all_there(buckets, buckets.bucket, expected("air_quality", [*before, *during]))
    assert "influx_answered_again" in sink.child.said(100_000)


async def test_a_sink_told_to_end_while_influxdb_is_away_ends_at_once_and_loses_nothing(
    topics: KafkaNode, influx: InfluxNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    records = many(200)
    await influx.stop()
    try:
        sink = make_sink()
        await sink.start()
        await publish(topics.bootstrap, TOPIC, records)
        await eventually(lambda: "influx_write_failed" in sink.child.said(100_000), "the outage is told")
        async with asyncio.timeout(5):
            assert await sink.stop() == 0
    finally:
        await influx.start()
    await sink.start()
    await all_there(buckets, buckets.bucket, expected("air_quality", records))


async def test_a_sink_killed_while_it_writes_misses_nothing(
    topics: KafkaNode, influx: InfluxNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    before = many(2_000, sensors=100)
    await publish(topics.bootstrap, TOPIC, before)
    await all_there(buckets, buckets.bucket, expected("air_quality", before))
    pid = influx.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # takes the bytes and does not answer
    try:
        during = many(8_000, sensors=400, zone="jecheol-dong")
        await publish(topics.bootstrap, TOPIC, during)
        await eventually(lambda: asyncio.to_thread(lambda: sink.metric(LAG) > 0), "writes are in flight")
        sink.child.kill()
    finally:
        os.kill(pid, signal.SIGCONT)
    await sink.start()
    await all_there(buckets, buckets.bucket, expected("air_quality", [*before, *during]))


async def test_an_influxdb_killed_while_it_is_written_to_misses_nothing(
    topics: KafkaNode, influx: InfluxNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    records = many(20_000, sensors=400)
    await publish(topics.bootstrap, TOPIC, records)
    await eventually(lambda: asyncio.to_thread(lambda: sink.metric(POINTS) > 0), "it writes")
    influx.kill()
    await influx.start()
    await all_there(buckets, buckets.bucket, expected("air_quality", records))


async def test_an_influxdb_that_stands_still_is_waited_for_and_other_records_are_not_lost(
    topics: KafkaNode, influx: InfluxNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    pid = influx.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        records = many(2_000, sensors=100)
        await publish(topics.bootstrap, TOPIC, records)
        await eventually(lambda: asyncio.to_thread(lambda: sink.metric(LAG) > 0), "the backlog is told as lag")
        states = [alert(f"a:{n}:x", 1, onset_ms=BEGIN_MS) for n in range(20)]
        await publish(topics.bootstrap, "alerts", states)
    finally:
        os.kill(pid, signal.SIGCONT)

    async def there() -> bool:
        found = await asyncio.to_thread(stored, buckets, buckets.bucket)
        return len(found) == len(expected("air_quality", records)) + len(states)

    await eventually(there, "windows and alerts", 60, every_s=0.3)


async def test_two_sinks_share_the_work_and_one_takes_over_when_the_other_is_killed(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    first, second = make_sink(), make_sink()
    await first.start()
    before = many(2_000, sensors=100)
    await publish(topics.bootstrap, TOPIC, before)
    await second.start()
    during = many(4_000, sensors=100, zone="jecheol-dong")
    await publish(topics.bootstrap, TOPIC, during)
    first.child.kill()
    after = many(500, sensors=100, zone="ocheon-eup")
    await publish(topics.bootstrap, TOPIC, after)
    await all_there(buckets, buckets.bucket, expected("air_quality", [*before, *during, *after]))
    assert await second.stop() == 0


async def test_a_new_token_is_taken_up_without_a_restart(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink(replace(buckets, token="an-old-one"))
    await sink.start()
    records = many(50)
    await publish(topics.bootstrap, TOPIC, records)
    await eventually(
        lambda: asyncio.to_thread(lambda: sink.metric('urbanhub_sink_retries_total{why="401"}') >= 3),
        "it is tried again",
    )
    assert sink.child.said(100_000).count('"401"') == 1  # however often it is tried
    assert "an-old-one" not in sink.child.said(100_000)
    await asyncio.to_thread(_write_status, sink, buckets)
    await all_there(buckets, buckets.bucket, expected("air_quality", records))


async def test_an_influxdb_that_appears_later_gets_everything(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink(None)
    await sink.start()
    records = many(50)
    await publish(topics.bootstrap, TOPIC, records)
    await eventually(lambda: "no InfluxDB is known yet" in sink.child.said(100_000), "that there is none is told")
    await asyncio.to_thread(_write_status, sink, buckets)
    await all_there(buckets, buckets.bucket, expected("air_quality", records))


def _write_status(sink: SinkProcess, access: InfluxAccess) -> None:
    influx = {
        "url": access.url,
        "token": access.token,
        "org": access.org,
        "bucket": access.bucket,
        "bucket_exercise": access.bucket_exercise,
        "state": "ready",
    }
    (sink.data_dir / "status.json").write_text(json.dumps({"state": "running", "influx": influx}))
