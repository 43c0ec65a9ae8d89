"""The room's routes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from streams import metrics
from streams.clock import Clock
from streams.contract.alerts import Bilingual, Command
from streams.contract.ids import is_exercise_id
from streams.contract.readings import MEASURES_OF
from streams.contract.times import format_ms, parse_ms
from streams.registry import Registry
from streams.room import picture
from streams.room.city import City
from streams.room.commands import Allowance, Desk, Refused, check_origin, read_command
from streams.room.description import MAP_LAYERS, Description
from streams.room.events import Events
from streams.room.history import MOST_POINTS, History, Question
from streams.room.influx import Influx
from streams.room.judged import judged
from streams.room.position import written
from streams.room.rules import Rules
from streams.room.stream_response import StreamResponse
from streams.room.tail import Tail
from streams.room.view import View
from streams.room.windows import HOUR_S, MINUTE_S

SHOWN_MINUTES: Final = 180
SHOWN_HOURS: Final = 48
ACT: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": Command.model_json_schema()}}}
}
UNKNOWN_EXERCISE_FIX: Final = "Choose one of /api/state's exercises"


@dataclass(frozen=True, slots=True)
class Room:
    """All that the routes speak with."""

    registry: Registry
    names: dict[str, Bilingual]
    description: Description
    rules: Rules
    map_folder: Path
    city: City
    tail: Tail
    events: Events
    influx: Influx
    history: History
    desk: Desk
    allowance: Allowance
    clock: Clock
    on_loopback: bool


def routes(room: Room) -> APIRouter:
    """Every route but the page itself."""
    router = APIRouter()
    _add_health(router, room)
    _add_city(router, room)
    _add_alerts(router, room)
    return router


def _add_health(router: APIRouter, room: Room) -> None:
    @router.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return PlainTextResponse("alive\n")

    @router.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        why = room.tail.not_ready()
        return PlainTextResponse("ready\n" if why is None else f"{why}\n", 200 if why is None else 503)

    @router.get("/metrics", include_in_schema=False)
    async def metrics_page() -> Response:
        body, kind = metrics.rendered()
        return Response(body, headers={"Content-Type": kind})


def _add_city(router: APIRouter, room: Room) -> None:
    @router.get("/api/city", summary="Registry, measures and rules")
    async def city() -> Response:
        return _json(room.description.text)

    @router.get("/map/{layer}.geojson", summary="A layer of the base map")
    async def map_layer(layer: str) -> Response:
        path = room.map_folder / f"{layer}.geojson"
        if layer not in MAP_LAYERS or not path.is_file():
            raise Refused(404, "there is no such layer", field="layer", value=layer, fix=f"One of {_list(MAP_LAYERS)}")
        return FileResponse(path, media_type="application/geo+json", headers={"Cache-Control": "no-cache"})

    @router.get("/api/state", summary="The whole present picture of reality or of one exercise")
    async def state(exercise: str | None = None) -> Response:
        view = _view(room, exercise)
        now_ms = room.clock.now_ms()
        told = {
            "position": written(room.city.log, room.city.position(now_ms)),
            "exercise": view.exercise,
            "live": room.tail.live,
            **picture.status(room.city, room.registry, room.names, view, now_ms),
            **picture.values(view, view.series),
            "alerts": picture.alerts(view, now_ms),
            "judged": judged(room.city.watched, view),
            "bulletins": picture.bulletins(view, now_ms),
            "influx": room.influx.status(),
            "kafka": room.tail.status(),
        }
        return _json(orjson.dumps(told))

    @router.get("/api/events", summary="Server-Sent Events: alert, values, bulletin, status, reset")
    async def events(request: Request, exercise: str | None = None, last_event_id: str | None = None) -> Response:
        view = _view(room, exercise)
        if room.events.is_full:
            raise Refused(503, "too many browsers listen already", fix="Close some, or try again later")
        last_id = request.headers.get("last-event-id") or last_event_id or None
        return StreamResponse(room.events.join(view.exercise, last_id), room.events.leave)

    @router.get("/api/history", summary="Past windows of one measure of one sensor")
    async def history(
        sensor_id: str,
        measure: str,
        window_s: int = MINUTE_S,
        from_: Annotated[str | None, Query(alias="from")] = None,
        to: str | None = None,
        exercise: str | None = None,
    ) -> Response:
        question = _question(room, sensor_id, measure, window_s, from_, to, exercise)
        return _json(orjson.dumps(await room.history.answer(question, room.city.views.get(exercise))))


def _add_alerts(router: APIRouter, room: Room) -> None:
    @router.get("/api/alerts/{alert_id}", summary="Every known state of one alert")
    async def alert(alert_id: str) -> Response:
        _need_ready(room)
        life = room.city.alert(alert_id)
        if life is None:
            raise _unknown_alert(alert_id)
        states = [orjson.Fragment(life.states[sequence][1]) for sequence in sorted(life.states)]
        return _json(orjson.dumps({"states": states}))

    @router.post(
        "/api/alerts/{alert_id}/commands", status_code=202, summary="An officer's act on an alert", openapi_extra=ACT
    )
    async def command(alert_id: str, request: Request) -> Response:
        headers = request.headers
        check_origin(headers.get("origin"), headers.get("host"), on_loopback=room.on_loopback)
        room.allowance.take(request.client.host if request.client else "")
        _need_ready(room)
        life = room.city.alert(alert_id)
        if life is None:
            raise _unknown_alert(alert_id)
        said = read_command(await request.body(), headers.get("content-type"), life.newest)
        await room.desk.send(said)
        return _json(orjson.dumps({"command_id": said.command_id}), 202)


def _view(room: Room, exercise: str | None) -> View:
    _need_ready(room)
    view = room.city.views.get(exercise or None)
    if view is None:
        raise Refused(404, "no such exercise is known", field="exercise", value=exercise, fix=UNKNOWN_EXERCISE_FIX)
    return view


def _need_ready(room: Room) -> None:
    why = room.tail.not_ready()
    if why is not None:
        raise Refused(503, why, fix="Try again in a few seconds")


def _unknown_alert(alert_id: str) -> Refused:
    return Refused(404, "no such alert is known", field="alert_id", value=alert_id, fix="Choose one of /api/state's")


def _question(
    room: Room,
    sensor_id: str,
    measure: str,
    window_s: int,
    from_text: str | None,
    to_text: str | None,
    exercise: str | None,
) -> Question:
    sensor = room.registry.sensors.get(sensor_id)
    if sensor is None:
        raise Refused(404, "no such sensor is registered", field="sensor_id", value=sensor_id, fix="See /api/city")
    of_domain = MEASURES_OF[sensor.domain]
    if measure not in of_domain:
        raise Refused(422, f"{sensor.domain} has no such measure", field="measure", value=measure, fix=_list(of_domain))
    if window_s not in (MINUTE_S, HOUR_S):
        raise Refused(422, "there is no such window", field="window_s", value=window_s, fix="60 or 3600")
    if exercise is not None and not is_exercise_id(exercise):
        raise Refused(422, "is no exercise's id", field="exercise", value=exercise, fix=UNKNOWN_EXERCISE_FIX)
    view = room.city.views.get(exercise)
    now_ms = room.clock.now_ms()
    to_ms = _time("to", to_text, (view.clock_ms(now_ms) if view else None) or now_ms)
    shown_ms = (SHOWN_HOURS * HOUR_S if window_s == HOUR_S else SHOWN_MINUTES * MINUTE_S) * 1000
    from_ms = _time("from", from_text, to_ms - shown_ms)
    if from_ms >= to_ms:
        raise Refused(422, "is not before `to`", field="from", value=format_ms(from_ms), fix="Give an earlier one")
    if (to_ms - from_ms) // (window_s * 1000) > MOST_POINTS:
        raise Refused(
            422, f"asks for more than {MOST_POINTS} windows", field="from", fix="Ask for less, or window_s=3600"
        )
    return Question(sensor.domain, sensor_id, measure, window_s, from_ms, to_ms, exercise)


def _time(field: str, text: str | None, otherwise_ms: int) -> int:
    if not text:
        return otherwise_ms
    try:
        return parse_ms(text)
    except ValueError as e:
        raise Refused(422, str(e), field=field, value=text, fix="As in 2022-09-05T20:10:00Z") from None


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _json(body: bytes | dict[str, Any], status: int = 200) -> Response:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(text, status, {"Cache-Control": "no-cache"}, "application/json")
