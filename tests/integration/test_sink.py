"""The sink on a real Kafka and a real InfluxDB: what the log holds is stored as it was sent, and the rest refused alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.influx import InfluxAccess
from deploy.kafka import KafkaNode
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from tests.support.room_log import alert
from tests.support.servers import eventually
from tests.support.sink import (
    BEGIN_MS,
    MINUTE_MS,
    SinkProcess,
    all_there,
    expected,
    many,
    publish,
    same,
    stored,
    window,
)

TOPIC = "windows.air-quality"
EXERCISE = "typhoon-20220905T201000Z"
POINTS = "urbanhub_sink_points_total{"
LAG = "urbanhub_lag_records{"

MakeSink = Callable[..., SinkProcess]


async def dead_letters(bootstrap: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer("readings.rejected", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[Any] = []
    try:
        async with asyncio.timeout(30):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
    finally:
        await consumer.stop()
    return found


def said(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


async def arrival(bootstrap: str, headers: dict[str, str]) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        where = TopicPartition(headers["topic"], int(headers["partition"]))
        consumer.assign([where])
        consumer.seek(where, int(headers["offset"]))
        return int((await consumer.getone()).timestamp)
    finally:
        await consumer.stop()


async def write(access: InfluxAccess, line: str) -> None:
    async with httpx2.AsyncClient(headers=access.headers()) as http:
        where = {"org": access.org, "bucket": access.bucket, "precision": "ms"}
        answer = await http.post(f"{access.url}/api/v2/write", params=where, content=line)
        assert answer.status_code == 204, answer.text


async def test_windows_and_alerts_stand_in_influxdb_as_they_were_sent(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    real = many(400)
    hours = [window(BEGIN_MS - BEGIN_MS % 3_600_000, 31.5, window_s=3600)]
    revised = [window(BEGIN_MS, 1.0, sensor_id="late"), window(BEGIN_MS, 2.0, sensor_id="late", revision=1, count=4)]
    whole_numbers = [window(BEGIN_MS, 5, sensor_id="whole", min=5, max=5)]
    exercise = many(60, exercise=EXERCISE)
    rain = [window(BEGIN_MS, 12.5, sensor_id="rain-1", measure="rainfall_mm", zone="ocheon-eup", exercise=EXERCISE)]
    await publish(topics.bootstrap, TOPIC, [*real, *hours, *revised, *whole_numbers, *exercise])
    await publish(topics.bootstrap, "windows.disaster", rain)
    states = [
        alert("river-level:river-1:20220905T201000Z", 1, "attention", onset_ms=BEGIN_MS),
        alert(
            "river-level:river-1:20220905T201000Z",
            2,
            onset_ms=BEGIN_MS,
            cleared_ms=BEGIN_MS + MINUTE_MS,
            value=None,
            zone=None,
            headline={"ko": '"하천" 수위 \\ 해제', "en": 'River, "level" = clear'},
        ),
    ]
    await publish(topics.bootstrap, "alerts", states)
    sink = make_sink()
    await sink.start()
    wanted = expected("air_quality", [*real, *hours, *revised, *whole_numbers])
    common = {"alert_id": states[0]["alert_id"], "rule_id": "river-level"}
    fields = {"measure": "water_level_m", "severity": "Minor", "threshold": 1.0}
    raised = tuple(sorted({**common, "zone": "ocheon-eup", "level": "attention"}.items()))
    cleared = tuple(sorted({**common, "zone": "city", "level": "cleared"}.items()))
    wanted["alert", BEGIN_MS, raised] = {
        **fields,
        "headline_ko": "글",
        "headline_en": "text",
        "state": "active",
        "sequence": 1,
        "level_rank": 1,
        "value": 1.5,
    }
    wanted["alert", BEGIN_MS + MINUTE_MS, cleared] = {
        **fields,
        "headline_ko": '"하천" 수위 \\ 해제',
        "headline_en": 'River, "level" = clear',
        "state": "cleared",
        "sequence": 2,
        "level_rank": 0,
    }
    await all_there(buckets, buckets.bucket, wanted)
    in_exercise = expected("air_quality", exercise) | expected("disaster", rain)
    await all_there(buckets, buckets.bucket_exercise, in_exercise)
    assert await sink.stop() == 0


async def test_every_number_and_every_text_is_read_back_as_it_was_sent(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    numbers = [-0.0, 0.1 + 0.2, 1e22, 1e-7, 5e-324, -1.7976931348623157e308, 2.0**53]
    records = [
        window(BEGIN_MS + n * MINUTE_MS, 1.0, **dict.fromkeys(("sum", "mean", "min", "max", "last"), number))
        for n, number in enumerate(numbers)
    ]
    texts = ['say "so"', "back\\slash \\", "a=b, c d", "형산강 📈", "'; drop"]
    states = [
        alert(f"river-level:river-{n}:x", 1, onset_ms=BEGIN_MS, headline={"ko": text, "en": text})
        for n, text in enumerate(texts)
    ]
    await publish(topics.bootstrap, TOPIC, records)
    await publish(topics.bootstrap, "alerts", states)
    sink = make_sink()
    await sink.start()

    async def there() -> bool:
        found = await asyncio.to_thread(stored, buckets, buckets.bucket)
        return len(found) == len(records) + len(states)

    await eventually(there, "all points")
    found = stored(buckets, buckets.bucket)
    values = [fields["pm10_ugm3_sum"] for (measurement, *_), fields in sorted(found.items()) if measurement != "alert"]
    assert [value.hex() for value in values] == [number.hex() for number in numbers]  # a negative zero, too
    headlines = {fields["headline_ko"] for (measurement, *_), fields in found.items() if measurement == "alert"}
    assert headlines == set(texts)


async def test_of_every_revision_of_a_window_the_last_is_what_stands(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    sent: list[dict[str, Any]] = []
    for revision in range(30):
        changed = [
            window(BEGIN_MS, revision + n, sensor_id=f"air-{n}", count=revision + 1, revision=revision)
            for n in range(20)
        ]
        await publish(topics.bootstrap, TOPIC, changed)
        sent += changed
    await all_there(buckets, buckets.bucket, expected("air_quality", sent))


async def test_writing_everything_twice_changes_nothing(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    records = many(300)
    await publish(topics.bootstrap, TOPIC, records)
    await publish(topics.bootstrap, "alerts", [alert(f"a:{n}:x", 1, onset_ms=BEGIN_MS) for n in range(20)])
    first = make_sink()
    await first.start()
    await eventually(lambda: asyncio.to_thread(lambda: first.metric(POINTS) >= 320), "all is stored")
    before = stored(buckets, buckets.bucket)
    assert await first.stop() == 0

    again = make_sink(URBANHUB_APPLICATION="another")
    await again.start()
    await eventually(lambda: asyncio.to_thread(lambda: again.metric(POINTS) >= 320), "all is stored again")

    assert same(stored(buckets, buckets.bucket), before)
    assert len(before) == 320


async def test_a_window_is_stored_within_a_second_of_its_arrival_and_shown_as_no_lag(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    sink = make_sink()
    await sink.start()
    await publish(topics.bootstrap, TOPIC, [window(BEGIN_MS, 1.0)])  # the first connection, the first shard
    await all_there(buckets, buckets.bucket, expected("air_quality", [window(BEGIN_MS, 1.0)]))
    second = [window(BEGIN_MS, 1.0), window(BEGIN_MS + MINUTE_MS, 2.0)]
    await publish(topics.bootstrap, TOPIC, second[1:])
    await all_there(buckets, buckets.bucket, expected("air_quality", second), seconds=1.5)

    await eventually(
        lambda: asyncio.to_thread(lambda: sink.metric(LAG) == 0), "no lag, transactions' markers notwithstanding"
    )


async def test_one_poisoned_point_is_refused_alone_with_the_servers_words(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    await write(buckets, f"air_quality,sensor_id=x,zone=z,window=60 pm25_ugm3_mean=5i {BEGIN_MS}")
    records = many(3_000, sensors=100)
    poisoned = window(BEGIN_MS + MINUTE_MS, 20.5, sensor_id="air-77", measure="pm25_ugm3")
    await publish(topics.bootstrap, TOPIC, [*records[:3_000], poisoned, b"{not json", *records[3_000:]])
    sink = make_sink()
    await sink.start()
    letters = {said(each)["reason"]: each for each in await dead_letters(topics.bootstrap, 2)}
    refused = letters["influx"]
    headers = said(refused)
    assert json.loads(refused.value) == poisoned
    assert refused.key == b"air-77"
    assert headers["field"] == "pm25_ugm3_mean"
    assert "field type conflict" in headers["detail"]
    assert headers["topic"] == TOPIC
    assert headers["received_at"] == format_ms(await arrival(topics.bootstrap, headers))
    assert letters["malformed"].value == b"{not json"
    wanted = expected("air_quality", records)
    wanted["air_quality", BEGIN_MS, (("sensor_id", "x"), ("window", "60"), ("zone", "z"))] = {"pm25_ugm3_mean": 5}
    await all_there(buckets, buckets.bucket, wanted)
    assert len(await dead_letters(topics.bootstrap, 2)) == 2


async def test_points_that_have_left_the_retention_are_refused_and_the_others_stored(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    short = replace(buckets, bucket=f"{buckets.bucket}-a-day")
    async with httpx2.AsyncClient(base_url=buckets.url, headers=buckets.headers()) as http:
        org_id = (await http.get("/api/v2/orgs", params={"org": buckets.org})).json()["orgs"][0]["id"]
        rules = [{"type": "expire", "everySeconds": 86_400}]
        made = await http.post("/api/v2/buckets", json={"orgID": org_id, "name": short.bucket, "retentionRules": rules})
        assert made.status_code == 201, made.text
    now_ms = SYSTEM_CLOCK.now_ms() // MINUTE_MS * MINUTE_MS
    young = [window(now_ms - n * MINUTE_MS, n) for n in range(200)]
    await publish(topics.bootstrap, TOPIC, [*young[:100], *many(10)[1::2], *young[100:]])
    sink = make_sink(short)
    await sink.start()
    letters = await dead_letters(topics.bootstrap, 10)
    assert all("outside retention" in said(each)["detail"] for each in letters)
    await all_there(short, short.bucket, expected("air_quality", young))


async def test_a_record_larger_than_any_topic_takes_stops_nothing(
    topics: KafkaNode, buckets: InfluxAccess, make_sink: MakeSink
) -> None:
    huge = b'{"x":"' + b"0" * (3 << 20)  # small on its way, by compression, and no JSON
    producer = AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, compression_type="gzip", max_request_size=8 << 20, max_batch_size=8 << 20
    )
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, huge, key=b"air-1")
    finally:
        await producer.stop()
    records = many(50)
    await publish(topics.bootstrap, TOPIC, records)
    sink = make_sink()
    await sink.start()
    [letter] = await dead_letters(topics.bootstrap, 1)
    assert letter.value == b""
    assert said(letter)["reason"] == "malformed"
    assert "it stands where topic, partition and offset say" in said(letter)["detail"]
    await all_there(buckets, buckets.bucket, expected("air_quality", records))
