"""The built page as it is served, and what every answer forbids a browser to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC: Final = Path(__file__).parent / "static"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NO_PAGE: Final = """<!doctype html><html lang="ko"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>상황실 · Situation Room</title><body>
<p>상황실 화면을 준비하고 있습니다. 준비되면 이 화면이 바뀝니다. 자료는 <a href="/api/state">/api/state</a>에 있습니다.</p>
<p lang="en">The Situation Room's page is not built yet; this one changes when it is. Its data: /api/state</p>
"""


class SecurityHeaders:
    """Sets `SECURITY_HEADERS` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


class _Assets(StaticFiles):
    """The built page's files; none while it is not built."""

    async def check_config(self) -> None:
        if not STATIC.is_dir():
            raise HTTPException(404)

    def file_response(self, full_path: PathLike, *args: Any, **more: Any) -> Response:
        response = super().file_response(full_path, *args, **more)
        # The build names a file in assets/ by its content.
        hashed = Path(full_path).parent.name == "assets"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response


def add_page(app: FastAPI) -> None:
    """Serve the page at `/` and its files beside it; to be called after every other route was added."""

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        index = STATIC / "index.html"
        if not index.is_file():
            return HTMLResponse(NO_PAGE, 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    app.mount("/", _Assets(directory=STATIC, check_dir=False))
