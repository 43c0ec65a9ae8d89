"""The page's pure TypeScript files as a browser can import them, for tests that call their functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page

from deploy.child import Child
from deploy.page import UI
from deploy.waiting import until

ORIGIN: Final = "http://page.test"
COMPILE_S: Final = 120.0


async def compiled(folder: Path) -> Path:
    """Every source compiled alone, without bundling; returns where they lie."""
    out = folder / "modules"
    options = ["--noEmit", "false", "--outDir", str(out), "--rootDir", "src", "--noCheck"]
    node = UI.parents[2] / "deploy" / "node"
    child = Child("tsc", [node, "npx", "tsc", *options], log=folder / "tsc.log", folder=UI, env=None)
    child.start()
    ended = await until(lambda: not child.running, COMPILE_S)
    await child.stop(3)
    assert ended and (out / "city.js").exists(), child.said(4_000)
    return out


@asynccontextmanager
async def module_page(browser: Browser, modules: Path) -> AsyncIterator[Page]:
    """An empty page whose `import("/city.js")` gives the page's own module; nothing is served but these files."""
    context = await browser.new_context(locale="ko-KR", timezone_id="America/New_York")
    page = await context.new_page()

    async def answer(route: Any) -> None:
        name = route.request.url.removeprefix(ORIGIN).lstrip("/")
        if not name:
            await route.fulfill(body="<!doctype html><html lang=ko>", content_type="text/html")
            return
        path = modules / (name if name.endswith(".js") else f"{name}.js")
        text = await asyncio.to_thread(path.read_text)
        await route.fulfill(body=text, content_type="text/javascript")

    await page.route("**/*", answer)
    await page.goto(f"{ORIGIN}/")
    yield page
    await context.close()
