"""The routes: who may act and how, what is refused in which words, what every answer carries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from fastapi import FastAPI

from deploy.waiting import until
from streams.contract.alerts import Command
from streams.metrics import ROOM_CLIENTS
from streams.room import app as server
from streams.room import page
from streams.room.api import Room
from streams.room.commands import BURST, Desk, Refused
from streams.room.tail import Tail
from streams.settings import load
from tests.support.room_log import EXERCISE, NOW_MS, Written
from tests.support.small_city import write_seeds
from tests.unit.room.test_events import StoppedClock

HOST = "127.0.0.1:8600"
ACT = {"command_id": "c-1", "kind": "acknowledge", "by": "Kim"}


class StubTail:
    """A log that was read to its end, or not yet."""

    why: str | None = None
    live = True

    def not_ready(self) -> str | None:
        return self.why

    def status(self) -> dict[str, Any]:
        return {"state": "following", "since": "2025-11-24T16:00:00.000Z"}


class StubDesk:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.away = False

    async def send(self, command: Command) -> None:
        if self.away:
            raise Refused(503, "the act could not be recorded: Kafka does not answer")
        self.sent.append(command)


class Served:
    """The application, asked without a network."""

    def __init__(self, folder: Path) -> None:
        settings = load(seeds=write_seeds(folder), data_dir=folder, influx_url=None)
        self.tail, self.desk, self.clock = StubTail(), StubDesk(), StoppedClock()
        made = server.make_room(settings, self.clock)
        self.log = Written(made.city)
        self.room: Room = replace(made, tail=cast(Tail, self.tail), desk=cast(Desk, self.desk))
        transport = httpx2.ASGITransport(app=server.make_app(self.room))
        self.client = httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}")

    async def act(self, alert_id: str, act: Any, **headers: str) -> httpx2.Response:
        sent = {"content-type": "application/json", **{name.replace("_", "-"): h for name, h in headers.items()}}
        return await self.client.post(f"/api/alerts/{alert_id}/commands", content=json.dumps(act), headers=sent)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path)
    yield made
    await made.client.aclose()


@pytest.fixture
def log(served: Served) -> Written:
    return served.log


def _error(response: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"what", "field", "value", "fix"}
    return error


async def test_every_answer_forbids_what_the_page_does_not_need(served: Served) -> None:
    for path in ("/", "/api/city", "/api/state", "/nothing", "/metrics", "/assets/nothing.js"):
        headers = (await served.client.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


async def test_the_city_is_described(served: Served) -> None:
    city = (await served.client.get("/api/city")).json()
    assert city["name"] == {"ko": "작은 시", "en": "Small City"}
    river = next(sensor for sensor in city["sensors"] if sensor["sensor_id"] == "river-1")
    assert (river["lat"], river["lon"], river["certainty"], river["zone"]) == (36.0, 129.4, "modelled", "ocheon-eup")
    assert river["gauge_levels"]["serious"] == 4.0
    assert city["measures"]["rainfall_mm"]["aggregate"] == "sum"
    (rule,) = city["rules"]
    assert (rule["measure"], rule["levels"][0]["rank"], rule["levels"][0]["from_gauge_level"]) == (
        *("water_level_m", 1, "attention"),
    )


async def test_the_map_is_served_and_nothing_else_of_its_folder(served: Served) -> None:
    zones = await served.client.get("/map/zones.geojson")
    assert zones.json()["type"] == "FeatureCollection"
    assert zones.headers["content-type"] == "application/geo+json"
    for path in ("/map/roads.geojson", "/map/..%2Fcity.geojson", "/map/secret.geojson"):
        assert (await served.client.get(path)).status_code == 404


async def test_the_state_is_the_whole_picture(served: Served, log: Written) -> None:
    log.window("river-1", NOW_MS, 2.5)
    log.alert("a", 1)
    log.bulletin("b")
    state = (await served.client.get("/api/state")).json()
    assert set(state) == {
        *("position", "exercise", "server_time", "clock", "live", "exercises", "latest", "hour", "alerts"),
        *("judged", "bulletins", "sources", "zones", "influx", "kafka"),
    }
    assert state["judged"]["a"]["value"] == 2.5
    assert (len(state["alerts"]), len(state["bulletins"]), state["exercise"]) == (1, 1, None)


async def test_an_exercise_that_is_not_known_is_told(served: Served) -> None:
    for path in ("/api/state?exercise=x", "/api/events?exercise=x"):
        response = await served.client.get(path)
        assert (response.status_code, _error(response)["field"]) == (404, "exercise")


async def test_before_the_log_is_read_nothing_is_shown_as_if_it_were_known(served: Served, log: Written) -> None:
    log.alert("a", 1)
    served.tail.why = "reading what Kafka keeps: 5 records to go"
    for path in ("/api/state", "/api/events", "/api/alerts/a"):
        response = await served.client.get(path)
        assert response.status_code == 503
        assert "5 records" in _error(response)["what"]
    ready = await served.client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "reading what Kafka keeps: 5 records to go\n")
    assert (await served.client.get("/healthz")).status_code == 200


async def test_an_act_becomes_a_command_of_the_alerts_view(served: Served, log: Written) -> None:
    log.alert(f"a:{EXERCISE}", 1, exercise=EXERCISE)
    response = await served.act(f"a:{EXERCISE}", {**ACT, "note": "seen", "until": None, "exercise": EXERCISE})
    assert (response.status_code, response.json()) == (202, {"command_id": "c-1"})
    (command,) = served.desk.sent
    assert (command.alert_id, command.exercise, command.by, command.note) == (f"a:{EXERCISE}", EXERCISE, "Kim", "seen")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1.evil.example"]
)
async def test_another_sites_page_may_not_act(served: Served, log: Written, origin: str) -> None:
    log.alert("a", 1)
    response = await served.act("a", ACT, origin=origin)
    assert (response.status_code, _error(response)["field"]) == (403, "Origin")
    assert served.desk.sent == []


async def test_a_name_that_was_bound_to_this_machine_may_not_act(served: Served, log: Written) -> None:
    log.alert("a", 1)
    response = await served.act("a", ACT, origin="http://evil.example:8600", host="evil.example:8600")
    assert (response.status_code, _error(response)["field"]) == (403, "Host")


@pytest.mark.parametrize("host", ["127.0.0.1:8600", "localhost:8600", "[::1]:8600"])
async def test_the_rooms_own_page_may_act(served: Served, log: Written, host: str) -> None:
    log.alert("a", 1)
    assert (await served.act("a", ACT, origin=f"http://{host}", host=host)).status_code == 202


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"by": None}, "by"),
        ({"by": " "}, "by"),
        ({"by": "x" * 65}, "by"),
        ({"kind": "delete"}, "kind"),
        ({"command_id": "a b"}, "command_id"),
        ({"command_id": 7}, "command_id"),
        ({"note": "x" * 1001}, "note"),
        ({"until": "tomorrow"}, "until"),
        ({"until": "2022-09-05T20:10:00"}, "until"),
        ({"exercise": "another"}, "exercise"),
    ],
)
async def test_a_wrong_act_is_refused_by_its_field(
    served: Served, log: Written, change: dict[str, Any], field: str
) -> None:
    log.alert("a", 1)
    response = await served.act("a", {**ACT, **change})
    assert (response.status_code, _error(response)["field"]) == (422, field)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(served: Served, log: Written, body: bytes) -> None:
    log.alert("a", 1)
    headers = {"content-type": "application/json"}
    response = await served.client.post("/api/alerts/a/commands", content=body, headers=headers)
    assert response.status_code == 422
    _error(response)


async def test_what_else_is_refused(served: Served, log: Written) -> None:
    log.alert("a", 1)
    log.alert("over", 1, cleared_ms=NOW_MS)
    assert (await served.act("a", ACT, content_type="text/plain")).status_code == 415
    assert (await served.act("a", {**ACT, "note": "x" * 20_000})).status_code == 413
    unknown = await served.act("b", ACT)
    assert (unknown.status_code, _error(unknown)["value"]) == (404, "b")
    assert (await served.act("over", ACT)).status_code == 409
    assert (await served.act("over", {**ACT, "kind": "comment", "note": "well done"})).status_code == 202
    served.desk.away = True
    assert (await served.act("a", ACT)).status_code == 503


async def test_too_many_acts_are_slowed_down(served: Served, log: Written) -> None:
    log.alert("a", 1)
    answers = [(await served.act("a", ACT)).status_code for _ in range(BURST + 1)]
    assert answers == [202] * BURST + [429]
    served.clock.at_ms += 1_000
    assert (await served.act("a", ACT)).status_code == 202


async def test_an_alerts_states_come_by_sequence(served: Served, log: Written) -> None:
    for sequence in (2, 1, 3):
        log.alert("a", sequence)
    states = (await served.client.get("/api/alerts/a")).json()["states"]
    assert [state["sequence"] for state in states] == [1, 2, 3]
    assert (await served.client.get("/api/alerts/b")).status_code == 404


async def test_history_without_influxdb_comes_from_memory_and_says_so(served: Served, log: Written) -> None:
    for minute in range(5):
        log.window("rain-1", NOW_MS - minute * 60_000, float(minute))
    answer = (
        await served.client.get("/api/history?sensor_id=rain-1&measure=rainfall_mm&to=2025-11-24T16:00:00Z")
    ).json()
    assert [point["last"] for point in answer["points"]] == [4.0, 3.0, 2.0, 1.0]
    assert set(answer["points"][0]) == {"start", "count", "sum", "mean", "min", "max", "last", "final"}
    assert answer["source"] == "kafka"
    assert set(answer["note"]) == {"ko", "en"}


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("sensor_id=nobody&measure=rainfall_mm", 404, "sensor_id"),
        ("sensor_id=rain-1&measure=pm10_ugm3", 422, "measure"),
        ('sensor_id=rain-1&measure=x") |> drop()', 422, "measure"),
        ("sensor_id=rain-1", 422, "measure"),
        ("sensor_id=rain-1&measure=rainfall_mm&window_s=61", 422, "window_s"),
        ("sensor_id=rain-1&measure=rainfall_mm&window_s=x", 422, "window_s"),
        ("sensor_id=rain-1&measure=rainfall_mm&from=yesterday", 422, "from"),
        ("sensor_id=rain-1&measure=rainfall_mm&to=2022-01-01T00:00:00", 422, "to"),
        ("sensor_id=rain-1&measure=rainfall_mm&from=2001-01-01T00:00:00Z", 422, "from"),
        ("sensor_id=rain-1&measure=rainfall_mm&from=2025-11-25T00:00:00Z", 422, "from"),
        ('sensor_id=rain-1&measure=rainfall_mm&exercise=" or true', 422, "exercise"),
    ],
)
async def test_a_wrong_question_about_the_past_is_told(served: Served, query: str, status: int, field: str) -> None:
    response = await served.client.get(f"/api/history?{query}")
    assert (response.status_code, _error(response)["field"]) == (status, field)


async def test_the_page_is_served_or_said_to_be_missing(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "STATIC", tmp_path / "static")
    page.add_page(app := FastAPI())
    served.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=f"http://{HOST}")
    missing = await served.client.get("/")
    assert missing.status_code == 503
    assert "상황실" in missing.text
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("the page")
    (tmp_path / "static" / "assets").mkdir()
    (tmp_path / "static" / "assets" / "index-abc.js").write_text("1")
    there = await served.client.get("/")
    assert (there.text, there.headers["cache-control"]) == ("the page", "no-cache")
    asset = await served.client.get("/assets/index-abc.js")
    assert (asset.text, "immutable" in asset.headers["cache-control"]) == ("1", True)
    assert (await served.client.get("/assets/../../x")).status_code == 404


async def test_a_stream_begins_at_once(served: Served, log: Written) -> None:
    state = (await served.client.get("/api/state")).json()
    log.alert("a", 1)
    asked = asyncio.create_task(served.client.get("/api/events", params={"last_event_id": state["position"]}))
    assert await until(lambda: ROOM_CLIENTS._value.get() == 1, 5)
    served.room.events.close()
    response = await asked
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = [line[7:] for line in response.text.splitlines() if line.startswith("event: ")]
    assert events == ["alert", "values", "status"]
