"""A Situation Room as a process on a real broker, and a browser's end of its event stream."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from deploy.child import Child
from deploy.influx import InfluxAccess
from deploy.ports import free_port
from deploy.processes import asks
from deploy.waiting import until
from streams.clock import SYSTEM_CLOCK
from tests.support.small_city import write_seeds

START = """
from streams import logs, settings
from streams.room.app import run
logs.configure(process="room")
run(settings.load())
"""


class RoomProcess:
    """The room of a city, the small one unless told otherwise, started, killed and started again on one port."""

    def __init__(
        self, folder: Path, bootstrap: str, influx: InfluxAccess | None = None, seeds: Path | None = None
    ) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        seeds = seeds or write_seeds(folder / "seeds")
        env = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "URBANHUB_SEEDS": str(seeds),
            "URBANHUB_DATA_DIR": str(folder / "data"),
            "URBANHUB_ROOM_PORT": self.url.rsplit(":", 1)[1],
            **({} if influx is None else influx.environment()),
        }
        self.child = Child("room", [sys.executable, "-c", START], log=folder / "room.log", env={**os.environ, **env})
        self.client = httpx2.AsyncClient(base_url=self.url, timeout=15)

    async def start(self, *, ready: bool = True) -> None:
        """Start it, and unless told otherwise wait until it has read the log."""
        self.child.start()
        path = "readyz" if ready else "healthz"

        async def there() -> bool:
            return not self.child.running or await asks(f"{self.url}/{path}") is None

        assert await until(there, 60) and self.child.running, self.child.said(4_000)

    async def close(self) -> None:
        """Stop it, whatever state it is in."""
        await self.client.aclose()
        await self.child.stop(10)

    async def state(self, exercise: str | None = None) -> dict[str, Any]:
        """The whole picture."""
        response = await self.client.get("/api/state", params={} if exercise is None else {"exercise": exercise})
        assert response.status_code == 200, response.text
        picture: dict[str, Any] = response.json()
        return picture

    @asynccontextmanager
    async def browser(self, last_id: str | None = None, exercise: str | None = None) -> AsyncIterator[Browser]:
        """An open event stream."""
        wishes = {name: value for name, value in (("last_event_id", last_id), ("exercise", exercise)) if value}
        async with self.client.stream("GET", "/api/events", params=wishes) as response:
            assert response.status_code == 200
            yield Browser(response.aiter_lines(), last_id)


@dataclass
class Browser:
    """Reads a stream as browsers do: an id holds for the events after it too."""

    lines: AsyncIterator[str]
    last_id: str | None
    seen: list[tuple[str, Any]] = field(default_factory=list)

    async def next(self, *wanted: str) -> tuple[str, Any]:
        """The next event, of these kinds when some are named."""
        fields: dict[str, str] = {}
        async for line in self.lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            event, data = fields.get("event"), fields.get("data", "")
            fields = {}
            if event is not None:
                self.seen.append((event, json.loads(data)))
                if not wanted or event in wanted:
                    return self.seen[-1]
        raise EOFError("the stream has ended")

    async def drain(self) -> None:
        """Read until the stream breaks or ends."""
        with suppress(EOFError, httpx2.TransportError):
            while True:
                await self.next()


def now_minute_ms() -> int:
    """The start of the present minute."""
    return SYSTEM_CLOCK.now_ms() // 60_000 * 60_000
