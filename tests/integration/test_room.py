"""The Situation Room on a real broker: live, resumed after any kill, honest while something is away."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.influx import InfluxAccess
from deploy.kafka import KafkaNode
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms, parse_ms
from streams.kafka import apply_topics
from streams.settings import load
from tests.support import room_log
from tests.support.room import RoomProcess, now_minute_ms
from tests.support.room_log import EXERCISE, MINUTE_MS, SENSORS
from tests.support.servers import eventually


class Log:
    """Writes to the hub's topics as the worker does."""

    def __init__(self, node: KafkaNode) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=node.bootstrap, enable_idempotence=True, transactional_id="worker"
        )

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def write(self, *records: tuple[str, str, dict[str, Any]], commit: bool = True) -> None:
        """One transaction."""
        await self._producer.begin_transaction()
        for topic, key, value in records:
            await self._producer.send(topic, json.dumps(value).encode(), key=key.encode())
        await (self._producer.commit_transaction() if commit else self._producer.abort_transaction())

    async def window(self, sensor_id: str, start_ms: int, value: float, **more: Any) -> None:
        await self.write((SENSORS[sensor_id][0], sensor_id, room_log.window(sensor_id, start_ms, value, **more)))

    async def alert(self, alert_id: str, sequence: int, **more: Any) -> None:
        more.setdefault("onset_ms", SYSTEM_CLOCK.now_ms())
        await self.write(("alerts", alert_id, room_log.alert(alert_id, sequence, **more)))


@pytest.fixture
async def node(own_kafka: KafkaNode) -> KafkaNode:
    await apply_topics(load().model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap}))
    return own_kafka


@pytest.fixture
async def log(node: KafkaNode) -> AsyncIterator[Log]:
    made = Log(node)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def room(node: KafkaNode, tmp_path: Path) -> AsyncIterator[RoomProcess]:
    made = RoomProcess(tmp_path, node.bootstrap)
    yield made
    await made.close()


async def test_it_shows_what_kafka_keeps_and_what_comes(room: RoomProcess, log: Log) -> None:
    minute_ms = now_minute_ms()
    await log.window("rain-1", minute_ms, 2.5, final=False)
    await log.window("river-1", minute_ms, 3.5, exercise=EXERCISE)
    await log.write(("alerts", "never", room_log.alert("never", 1)), commit=False)
    await log.alert("a", 1)
    await room.start()
    state = await room.state()
    assert state["live"] is True
    assert state["latest"]["rain-1"]["rainfall_mm"]["value"] == 2.5
    assert "river-1" not in state["latest"]
    assert [each["alert_id"] for each in state["alerts"]] == ["a"]
    assert state["zones"]["ocheon-eup"]["state"] == "alert"
    assert [(each["exercise"], each["running"]) for each in state["exercises"]] == [(EXERCISE, True)]

    async with asyncio.timeout(20), room.browser(state["position"]) as browser:
        await log.alert("a", 2, level="caution")
        _, told = await browser.next("alert")
        assert (told["alert_id"], told["sequence"]) == ("a", 2)
        await log.window("rain-1", minute_ms, 4.0)
        _, told = await browser.next("values")
        assert told["latest"]["rain-1"]["rainfall_mm"]["value"] == 4.0
        await log.write(("bulletins", "quake", room_log.bulletin("quake", issued_ms=minute_ms)))
        _, told = await browser.next("bulletin")
        assert told["bulletin_id"] == "quake"
        assert "reset" not in [event for event, _ in browser.seen]


async def test_a_killed_room_is_resumed_where_the_browser_was(room: RoomProcess, log: Log) -> None:
    minute_ms = now_minute_ms()
    await log.alert("before", 1)
    await log.window("rain-1", minute_ms, 1.0)
    await room.start()
    state = await room.state()
    async with asyncio.timeout(20), room.browser(state["position"]) as browser:
        await log.alert("seen", 1)
        await browser.next("alert")
        room.child.kill()
        await browser.drain()
    await log.alert("missed", 1)
    await log.alert("seen", 2, cleared_ms=SYSTEM_CLOCK.now_ms())
    await log.window("road-1", minute_ms, 50.0)
    await room.start()
    async with asyncio.timeout(20), room.browser(browser.last_id) as again:
        await again.next("status")
        events = [event for event, _ in again.seen]
        assert sorted(events) == ["alert", "alert", "status", "values"]
        told = {(data["alert_id"], data["sequence"]) for event, data in again.seen if event == "alert"}
        assert told == {("missed", 1), ("seen", 2)}
        (values,) = [data for event, data in again.seen if event == "values"]
        assert list(values["latest"]) == ["road-1"]


async def test_a_broker_that_is_away_ends_nothing(room: RoomProcess, log: Log, node: KafkaNode) -> None:
    await log.alert("a", 1)
    await room.start()
    async with asyncio.timeout(90), room.browser() as browser:
        act = {"command_id": "c-1", "kind": "comment", "by": "Kim"}
        assert (await room.client.post("/api/alerts/a/commands", json=act)).status_code == 202
        node.kill()
        refused = asyncio.create_task(room.client.post("/api/alerts/a/commands", json={**act, "command_id": "c-2"}))
        while (await browser.next("status"))[1]["kafka"]["state"] != "away":
            pass
        assert (await refused).status_code == 503
        state = await room.state()
        assert (state["live"], len(state["alerts"])) == (False, 1)
        assert state["kafka"]["since"] <= state["server_time"]
        await node.start()
        while (await browser.next("status"))[1]["kafka"]["state"] != "following":
            pass
        await log.alert("a", 2, level="caution")
        _, told = await browser.next("alert")
        assert told["sequence"] == 2
        assert (await room.client.post("/api/alerts/a/commands", json={**act, "command_id": "c-3"})).status_code == 202


async def test_a_room_without_a_broker_waits_for_it(node: KafkaNode, room: RoomProcess) -> None:
    node.kill()
    await room.start(ready=False)
    refused = await room.client.get("/api/state")
    assert refused.status_code == 503
    assert "Kafka" in refused.json()["error"]["what"]
    await node.start()

    async def ready() -> bool:
        return (await room.client.get("/readyz")).status_code == 200

    await eventually(ready, "the room is ready", 60)


async def test_a_log_that_was_made_anew_is_read_anew(room: RoomProcess, log: Log, node: KafkaNode) -> None:
    for number in range(5):
        await log.alert("old", number + 1)
    await room.start()
    position = (await room.state())["position"]
    async with asyncio.timeout(90), room.browser(position) as browser:
        await browser.next("status")
        admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
        await admin.start()
        await admin.delete_topics(["alerts"])
        await admin.close()
        await _applied(node)
        await log.alert("old", 1)
        await browser.next("reset")
        await browser.drain()

    async def new_picture() -> bool:
        response = await room.client.get("/api/state")
        return response.status_code == 200 and [each["sequence"] for each in response.json()["alerts"]] == [1]

    await eventually(new_picture, "the picture is of the new log", 30)
    async with asyncio.timeout(20), room.browser(position) as browser:
        await browser.next("reset")


async def _applied(node: KafkaNode) -> None:
    settings = load().model_copy(update={"kafka_bootstrap_servers": node.bootstrap})

    async def there() -> bool:
        return not await apply_topics(settings)

    await eventually(there, "all topics are there", 30, every_s=0.3)


async def test_an_act_stands_in_the_log_before_it_is_answered(room: RoomProcess, log: Log, node: KafkaNode) -> None:
    alert_id = f"river-level:river-1:20220905T190000Z:{EXERCISE}"
    await log.alert(alert_id, 1, exercise=EXERCISE)
    await room.start()
    act = {"command_id": "c-1", "kind": "acknowledge", "by": "김포항", "note": "확인", "exercise": EXERCISE}
    path = f"/api/alerts/{alert_id}/commands"
    foreign = await room.client.post(path, json=act, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    own = await room.client.post(path, json=act, headers={"Origin": room.url})
    assert (own.status_code, own.json()) == (202, {"command_id": "c-1"})
    async with AIOKafkaConsumer(
        "alerts.commands", bootstrap_servers=node.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 10)
        assert record.key.decode() == alert_id
        assert json.loads(record.value) == {**act, "alert_id": alert_id}
        assert record.partition == room_log.partition_of(record.key, 4)
        ends = await consumer.end_offsets(list(consumer.assignment()))
        assert sum(ends.values()) == 1


async def test_a_browser_that_reads_nothing_is_dropped_and_slows_nobody(room: RoomProcess, log: Log) -> None:
    await log.alert("a", 1)
    await room.start()
    port = int(room.url.rsplit(":", 1)[1])
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(60), room.browser() as quick:
            await quick.next("status")
            text = "가" * 3_000
            sequence = 1
            dropped = False
            while not dropped:
                batch = range(sequence + 1, sequence + 51)
                note = {"by": "x", "at": "2025-11-24T16:00:00.000Z", "note": text}
                records = [("alerts", "a", room_log.alert("a", n, acknowledged=note)) for n in batch]
                await log.write(*records)
                while (await quick.next("alert"))[1]["sequence"] != batch[-1]:
                    pass
                sequence = batch[-1]
                metrics = (await room.client.get("/metrics")).text
                dropped = "urbanhub_room_dropped_clients_total 1.0" in metrics
        assert "urbanhub_room_dropped_clients_total 1.0" in metrics


async def test_it_ends_in_good_order_with_streams_open(room: RoomProcess, log: Log) -> None:
    await log.alert("a", 1)
    await room.start()
    async with asyncio.timeout(20), room.browser() as browser:
        await browser.next("status")
        stopping = asyncio.create_task(room.child.stop(10))
        await browser.drain()
        assert await stopping == 0
    assert "Traceback" not in room.child.said(10_000)


async def test_a_taken_port_is_told_in_one_message(room: RoomProcess) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(room.url.rsplit(":", 1)[1])))
        other.listen()
        room.child.start()
        assert await asyncio.wait_for(room.child.ended(), 30) != 0
        assert "URBANHUB_ROOM_PORT: the room can't listen on 127.0.0.1" in room.child.said(4_000)


async def test_history_comes_from_influxdb_and_memory(
    node: KafkaNode, log: Log, buckets: InfluxAccess, tmp_path: Path
) -> None:
    minute_ms = now_minute_ms()
    tags = "sensor_id=rain-1,zone=ocheon-eup,window=60"
    lines = [
        f"disaster,{tags} rainfall_mm_count=2i,rainfall_mm_sum={n}.5,rainfall_mm_mean=1,rainfall_mm_min=0.5,"
        f"rainfall_mm_max=2,rainfall_mm_last=1.25,rainfall_mm_final=true {minute_ms - n * MINUTE_MS}"
        for n in (300, 299, 3)
    ]
    stored = {"bucket": buckets.bucket, "org": buckets.org, "precision": "ms"}
    async with httpx2.AsyncClient(headers={"Authorization": f"Token {buckets.token}"}) as client:
        answer = await client.post(f"{buckets.url}/api/v2/write", params=stored, content="\n".join(lines))
        assert answer.status_code == 204, answer.text
        exercise = f"disaster,{tags},exercise={EXERCISE} " + lines[0].split(" ", 1)[1]
        stored["bucket"] = buckets.bucket_exercise
        answer = await client.post(f"{buckets.url}/api/v2/write", params=stored, content=exercise)
        assert answer.status_code == 204, answer.text
    await log.window("rain-1", minute_ms - MINUTE_MS, 9.0)
    room = RoomProcess(tmp_path, node.bootstrap, buckets)
    try:
        await room.start()

        async def asked(**more: str) -> dict[str, Any]:
            wishes = {"sensor_id": "rain-1", "measure": "rainfall_mm", "from": format_ms(minute_ms - 301 * MINUTE_MS)}
            response = await room.client.get("/api/history", params={**wishes, "to": format_ms(minute_ms), **more})
            assert response.status_code == 200, response.text
            found: dict[str, Any] = response.json()
            return found

        async def stored_ones() -> bool:
            return (await asked())["source"] == "influx"

        await eventually(stored_ones, "history comes from InfluxDB", 20)
        points = (await asked())["points"]
        assert [(minute_ms - parse_ms(p["start"])) // MINUTE_MS for p in points] == [300, 299, 3, 1]
        assert [(p["count"], p["sum"], p["last"], p["final"]) for p in points] == [
            *((2, 300.5, 1.25, True), (2, 299.5, 1.25, True), (2, 3.5, 1.25, True), (1, 9.0, 9.0, True)),
        ]
        of_exercise = await asked(exercise=EXERCISE)
        assert [p["sum"] for p in of_exercise["points"]] == [300.5]
        assert (await room.state())["influx"] == {"state": "ready", "note": None}
    finally:
        await room.close()
