"""A browser's event stream as an HTTP response that ends when the browser leaves or is dropped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streams.room.events import END, Listener

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collects a whole answer would never send one
}


class StreamResponse(Response):
    """Sends a listener's frames as they come.

    Args:
        listener: whose frames.
        left: is called once, when the stream is over.
    """

    def __init__(self, listener: Listener, left: Callable[[Listener], None]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._listener, self._left = listener, left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        tasks = [
            asyncio.create_task(self._write(send)),
            asyncio.create_task(self._gone(receive)),
            asyncio.create_task(self._listener.dropped.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._left(self._listener)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while (frame := await self._listener.frames.get()) != END:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @staticmethod
    async def _gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class Unfinished(logging.Filter):
    """Holds back uvicorn's error on a response that was not completed: it is how a slow browser is dropped."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        return not str(record.msg).startswith("ASGI callable returned without completing response")
