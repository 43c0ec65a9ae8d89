"""What browsers are told, in which order; how one goes on where it was; how a slow one is dropped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from starlette.types import Message

from deploy.waiting import until
from streams.contract.alerts import Bilingual
from streams.metrics import ROOM_CLIENTS, ROOM_DROPPED
from streams.room import events as limits
from streams.room.city import City
from streams.room.events import END, Events, Listener
from streams.room.position import written
from streams.room.stream_response import StreamResponse
from tests.support.room_log import EXERCISE, MINUTE_MS, NOW_MS, Written, small_registry


@dataclass
class StoppedClock:
    """A clock that a test sets."""

    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.at_ms / 1000


class Room:
    """A log, a city and its events, without any I/O."""

    def __init__(self, city: City | None = None) -> None:
        self.log, self.clock = Written(), StoppedClock()
        self.log.city = city or self.log.city
        self.influx: dict[str, Any] = {"state": "none", "note": None}
        names = {"typhoon": Bilingual(ko="태풍", en="Typhoon")}
        services = lambda: {"influx": self.influx, "kafka": {"state": "following"}}  # noqa: E731
        self.events = Events(self.log.city, small_registry(), names, self.clock, services)

    def alert(self, alert_id: str, sequence: int, **more: Any) -> None:
        change = self.log.alert(alert_id, sequence, **more)
        assert change is not None
        self.events.tell(change)

    def position(self) -> str:
        return written(self.log.city.log, self.log.city.position(self.clock.now_ms()))


Frame = tuple[str, str | None, Any]


def _read(listener: Listener) -> list[Frame]:
    """What waits for a browser: event, id, data."""
    frames: list[Frame] = []
    while not listener.frames.empty():
        fields = dict(line.split(": ", 1) for line in listener.frames.get_nowait().decode().splitlines() if line)
        if "event" in fields:
            frames.append((fields["event"], fields.get("id"), orjson.loads(fields["data"])))
    return frames


def _kinds(frames: list[Frame]) -> list[str]:
    return [event for event, _, _ in frames]


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_browser_is_told_at_once_how_things_are_and_each_alert_as_it_comes(room: Room) -> None:
    listener = room.events.join(None, room.position())
    assert _kinds(_read(listener)) == ["status"]
    room.alert("a", 1)
    room.alert("a", 2, level="caution")
    assert [(event, data["sequence"]) for event, _, data in _read(listener)] == [("alert", 1), ("alert", 2)]


def test_values_are_told_once_a_tick_whatever_their_number(room: Room) -> None:
    listener = room.events.join(None, None)
    _read(listener)
    for value in range(50):
        room.log.window("rain-1", NOW_MS, float(value), final=False, count=value + 1)
    assert _kinds(_read(listener)) == []
    room.events.tick()
    values = [data for event, _, data in _read(listener) if event == "values"]
    assert [each["latest"]["rain-1"]["rainfall_mm"]["value"] for each in values] == [49.0]
    room.events.tick()
    assert "values" not in _kinds(_read(listener))


def test_the_status_comes_every_two_seconds_and_when_something_changed(room: Room) -> None:
    listener = room.events.join(None, None)
    room.events.tick()
    _read(listener)
    told = []
    for _ in range(8):
        room.clock.at_ms += 500
        room.events.tick()
        told.append(_kinds(_read(listener)).count("status"))
    assert sum(told) == 2
    room.alert("a", 1)
    room.events.tick()
    assert _kinds(_read(listener)) == ["alert", "values", "status"]
    room.influx = {"state": "ready", "note": None}
    room.events.tick()
    assert _kinds(_read(listener)) == ["status"]


def test_views_hear_only_their_own(room: Room) -> None:
    room.log.window("rain-1", NOW_MS, exercise=EXERCISE)
    reality, exercise = room.events.join(None, None), room.events.join(EXERCISE, None)
    room.events.tick()
    _read(reality), _read(exercise)
    room.alert("a", 1, exercise=EXERCISE)
    room.log.window("road-1", NOW_MS)
    room.events.tick()
    heard = {event: data for event, _, data in _read(reality)}
    assert "alert" not in heard
    assert (list(heard["values"]["latest"]), heard["values"]["judged"]) == (["road-1"], {})
    heard = {event: data for event, _, data in _read(exercise)}
    assert "alert" in heard
    assert (heard["values"]["latest"], list(heard["values"]["judged"])) == ({}, ["a"])


def test_a_browser_that_comes_back_is_told_what_it_missed_and_only_that(room: Room) -> None:
    room.alert("a", 1)
    room.log.window("rain-1", NOW_MS)
    listener = room.events.join(None, None)
    room.events.tick()
    last_id = [identity for _, identity, _ in _read(listener) if identity][-1]
    room.events.leave(listener)
    room.alert("a", 2, level="caution")
    room.alert("b", 1)
    room.log.window("road-1", NOW_MS)
    missed = _read(room.events.join(None, last_id))
    assert _kinds(missed) == ["alert", "alert", "values", "status"]
    assert [(data["alert_id"], data["sequence"]) for event, _, data in missed if event == "alert"] in (
        [("a", 2), ("b", 1)],
        [("b", 1), ("a", 2)],  # of two partitions
    )
    assert list(missed[2][2]["latest"]) == ["road-1"]
    assert [identity is None for _, identity, _ in missed] == [True, True, True, False]


def test_no_id_claims_a_value_that_was_not_told(room: Room) -> None:
    """The stream breaks after an alert, before the tick that would have told the value."""
    listener = room.events.join(None, None)
    room.events.tick()
    _read(listener)
    room.log.window("rain-1", NOW_MS, 7.0)
    room.alert("a", 1)
    ((_, last_id, _),) = _read(listener)
    again = _read(room.events.join(None, last_id))
    assert _kinds(again) == ["values", "status"]
    assert again[0][2]["latest"]["rain-1"]["rainfall_mm"]["value"] == 7.0


def test_the_first_id_of_a_room_claims_no_value_that_waits(room: Room) -> None:
    room.events.join(None, None)
    room.log.window("rain-1", NOW_MS, 7.0)
    ((_, last_id, _),) = _read(room.events.join(None, None))
    assert "values" in _kinds(_read(room.events.join(None, last_id)))


def test_a_restarted_room_goes_on_from_the_same_id(room: Room) -> None:
    room.alert("a", 1)
    last_id = room.position()
    room.alert("a", 2, level="caution")
    room.log.window("rain-1", NOW_MS)
    restarted = Room(room.log.again())
    assert _kinds(_read(restarted.events.join(None, last_id))) == ["alert", "values", "status"]


@pytest.mark.parametrize("last_id", ["", "nonsense", "1AAAA", "1" + "A" * 5000])
def test_a_position_that_is_none_begins_anew(room: Room, last_id: str) -> None:
    assert _kinds(_read(room.events.join(None, last_id))) == ["reset", "status"]


def test_a_view_that_is_not_known_is_no_view(room: Room) -> None:
    with pytest.raises(KeyError):
        room.events.join("never-played", None)


def test_an_exercise_that_is_forgotten_resets_its_browsers(room: Room) -> None:
    room.log.window("rain-1", NOW_MS, exercise=EXERCISE)
    listener = room.events.join(EXERCISE, None)
    del room.log.city.views[EXERCISE]
    _read(listener)
    room.events.tick()
    assert _kinds(_read(listener)) == ["reset"]


def test_a_replaced_log_resets_and_ends_every_stream(room: Room) -> None:
    listener = room.events.join(None, None)
    _read(listener)
    room.events.reset()
    assert listener.frames.get_nowait() == limits.RESET
    assert listener.frames.get_nowait() == END


def test_who_was_cut_off_when_the_others_began_anew_begins_anew_as_well(room: Room) -> None:
    before = room.position()
    room.clock.at_ms += 1
    room.events.reset()
    after = room.position()
    assert _kinds(_read(room.events.join(None, before))) == ["reset", "status"]
    assert _kinds(_read(room.events.join(None, after))) == ["status"]


def test_a_slow_browser_is_dropped_and_counted_and_slows_nobody(room: Room) -> None:
    dropped = ROOM_DROPPED._value.get()
    slow, quick = room.events.join(None, None), room.events.join(None, None)
    heard = 0
    for sequence in range(1, limits.QUEUED_FRAMES + 10):
        room.alert("a", sequence)
        heard += _kinds(_read(quick)).count("alert")
    assert slow.dropped.is_set() and not quick.dropped.is_set()
    assert heard == limits.QUEUED_FRAMES + 9
    assert slow.frames.qsize() == limits.QUEUED_FRAMES
    assert ROOM_DROPPED._value.get() == dropped + 1
    assert ROOM_CLIENTS._value.get() == 1


def test_a_browser_that_missed_more_than_a_queue_holds_begins_anew(room: Room) -> None:
    last_id = room.position()
    for number in range(limits.QUEUED_FRAMES + 1):
        room.alert(f"a-{number}", 1)
    listener = room.events.join(None, last_id)
    assert b"event: reset" in listener.frames.get_nowait()
    assert listener.frames.qsize() == 1


class Browser:
    """The other end of a response: takes what it is sent until told to stop reading."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        self.sent.append(message)


def _answered(room: Room, browser: Browser, listener: Listener) -> asyncio.Task[None]:
    response = StreamResponse(listener, room.events.leave)
    return asyncio.create_task(response({"type": "http"}, browser.receive, browser.send))


async def test_a_stream_ends_when_its_browser_leaves(room: Room) -> None:
    browser = Browser()
    answered = _answered(room, browser, room.events.join(None, None))
    assert await until(lambda: len(browser.sent) >= 3, 5)
    assert dict(browser.sent[0]["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    browser.left.set()
    await asyncio.wait_for(answered, 5)
    assert ROOM_CLIENTS._value.get() == 0


async def test_a_stream_to_a_browser_that_reads_nothing_is_cut(room: Room) -> None:
    browser = Browser()
    answered = _answered(room, browser, room.events.join(None, None))
    assert await until(lambda: bool(browser.sent), 5)
    browser.reads.clear()
    for sequence in range(1, limits.QUEUED_FRAMES + 10):
        room.alert("a", sequence)
    await asyncio.wait_for(answered, 5)
    assert all(message.get("more_body", True) for message in browser.sent)


async def test_a_room_that_stops_ends_its_streams_in_good_order(room: Room) -> None:
    browser = Browser()
    answered = _answered(room, browser, room.events.join(None, None))
    assert await until(lambda: bool(browser.sent), 5)
    room.events.close()
    await asyncio.wait_for(answered, 5)
    assert browser.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_an_alert_is_followed_by_what_its_rule_judges_now(room: Room) -> None:
    room.log.window("river-1", NOW_MS, 2.25)
    listener = room.events.join(None, room.position())
    room.events.tick()
    _read(listener)

    room.alert("a", 1)
    room.events.tick()

    ((_, _, data),) = [frame for frame in _read(listener) if frame[0] == "values"]
    assert data["judged"]["a"]["value"] == 2.25


def test_an_exercises_values_carry_its_own_clock(room: Room) -> None:
    room.log.window("rain-1", NOW_MS - 600 * MINUTE_MS, exercise=EXERCISE)
    listener = room.events.join(EXERCISE, None)
    _read(listener)
    room.log.window("rain-1", NOW_MS - 599 * MINUTE_MS, exercise=EXERCISE)
    room.events.tick()
    ((_, _, data),) = [frame for frame in _read(listener) if frame[0] == "values"]
    assert data["clock"] == "2025-11-24T06:02:00.000Z"
