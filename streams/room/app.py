"""The Situation Room as an application, and the server that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from streams import registry, rule_watch
from streams.clock import SYSTEM_CLOCK, Clock
from streams.errors import Occupied
from streams.logs import get
from streams.room.api import Room, routes
from streams.room.city import City
from streams.room.commands import Allowance, Desk, Refused
from streams.room.description import Description, scenario_names
from streams.room.events import Events
from streams.room.history import History
from streams.room.influx import Influx
from streams.room.page import SecurityHeaders, add_page
from streams.room.rules import Rules
from streams.room.stream_response import Unfinished
from streams.room.tail import Tail
from streams.rule_watch import RuleWatch
from streams.settings import Settings

SHUTDOWN_S: Final = 3
SEND_BUFFER_BYTES: Final = 256 * 1024
"""What the system takes for a browser that doesn't read, before its queue fills."""
log = get("streams.room.app")


def run(settings: Settings) -> None:
    """Serve the room until SIGTERM or SIGINT.

    Raises:
        Occupied: the port is taken.
        WrongSeed: the city's data is wrong.
        Exception: a part of the room failed; it does not go on without it.
    """
    with contextlib.closing(_bound(settings)) as listening:
        room = make_room(settings, SYSTEM_CLOCK)
        app = make_app(room)
        asyncio.run(_serve(room, app, listening))
        if app.state.failure is not None:
            raise app.state.failure


def make_app(room: Room) -> FastAPI:
    """The application; it follows the log from its start-up to its shutdown."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            app.state.failure = task.exception()
            app.state.stop()

    @contextlib.asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each.run()) for each in (room.tail, room.events, room.influx, room.rules)]
        for task in tasks:
            task.add_done_callback(ended)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in (room.desk, room.history, room.influx):
                await each.close()

    app = FastAPI(
        title="urbanhub Situation Room",
        lifespan=living,
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.failure, app.state.stop = None, lambda: None
    app.include_router(routes(room))
    add_page(app)
    app.add_exception_handler(Refused, _told)
    app.add_exception_handler(RequestValidationError, _told_validation)
    app.add_exception_handler(HTTPException, _told_http)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.add_middleware(SecurityHeaders)
    return app


def make_room(settings: Settings, clock: Clock) -> Room:
    """The room of these settings; nothing is connected yet.

    Raises:
        WrongSeed: the city's data is wrong.
    """
    known = registry.load(settings.seeds)
    names = scenario_names(settings.seeds)
    read = rule_watch.read(settings.seeds)
    city, description = City(known, read.rules), Description(known, read.rules)
    influx = Influx(settings)
    events = Events(city, known, names, clock, lambda: {"influx": influx.status(), "kafka": tail.status()})
    tail = Tail(settings, city, events.tell, events.reset, clock)
    return Room(
        registry=known,
        names=names,
        description=description,
        rules=Rules(RuleWatch(settings.seeds, read), city, description, events),
        map_folder=settings.seeds / "map",
        city=city,
        tail=tail,
        events=events,
        influx=influx,
        history=History(influx),
        desk=Desk(settings),
        allowance=Allowance(clock),
        clock=clock,
        on_loopback=_is_loopback(settings.room_host),
    )


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"Retry-After": "2"} if error.status in (429, 503) else None
    return JSONResponse({"error": error.error}, error.status, headers)


async def _told_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1])
    refused = Refused(422, f"{field}: {first['msg']}", field=field, value=first.get("input"), fix="Mend that field")
    return await _told(_, refused)


async def _told_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = {"what": str(error.detail), "field": "", "value": None, "fix": "See /api/openapi.json"}
    return JSONResponse({"error": told}, error.status_code, error.headers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(settings: Settings) -> socket.socket:
    host, port = settings.room_host, settings.room_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as e:
        listening.close()
        raise Occupied(
            f"the room can't listen on {host}: {e.strerror or e}",
            field="URBANHUB_ROOM_PORT",
            value=port,
            fix="End the program that has the port, or choose another",
        ) from e
    return listening


class _Server(uvicorn.Server):
    """Leaves signals to `_serve`, which must end the open streams first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(room: Room, app: FastAPI, listening: socket.socket) -> None:
    logging.getLogger("uvicorn.error").addFilter(Unfinished())
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = _Server(config)

    def end() -> None:
        room.events.close()
        server.should_exit = True

    app.state.stop = end

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, end)
    host, port, *_ = listening.getsockname()
    log.info("room_started", host=host, port=port)
    await server.serve(sockets=[listening])
    log.info("room_stopped")
