"""Chromium as the tests drive it, and a page that keeps all that went wrong in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, Page, Request, async_playwright, expect

OUTPUT: Final = Path(__file__).parents[1] / "output"
"""Where screenshots are kept; not in git."""
SIZES: Final = {"wall": (1920, 1080), "laptop": (1440, 900), "phone": (390, 844)}
Size = Literal["wall", "laptop", "phone"]
FLAGS: Final = [
    "--no-sandbox",  # the tests may run as root, where Chromium's sandbox does not start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
WAIT_MS: Final = 20_000
"""For what the page shows after something happened: a busy machine is slow, a broken page never comes."""
expect.set_options(timeout=WAIT_MS)
OVERFLOWING: Final = """() => {
  const TEXTS = ["H1", "H2", "BUTTON", "TH", "TD", "B", "LI", "SPAN", "P"];
  const above = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null;
  const clips = (style) => style.overflowX !== "visible" && style.overflowX !== "auto";
  const shortens = (style) => style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot);
      const box = element.getBoundingClientRect();
      if (!TEXTS.includes(element.tagName) || !box.width || getComputedStyle(element).position === "absolute") continue;
      if (box.right > innerWidth + 1 || box.left < -1) found.push(element.textContent.trim().slice(0, 60));
      for (let outer = above(element); outer; outer = above(outer)) {
        const style = getComputedStyle(outer);
        if (shortens(style) || style.overflowX === "auto" || style.clipPath !== "none" || style.position === "absolute") break;
        if (clips(style) && box.right > outer.getBoundingClientRect().right + 1) {
          found.push(element.textContent.trim().slice(0, 60));
          break;
        }
      }
    }
  };
  visit(document);
  return found;
}"""
"""Texts that stick out of the window, or of what cuts them off unsaid; those that end in "…" say so."""


@dataclass
class Watched:
    """A page, its errors, and every address that it asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __getitem__(self, test_id: str) -> Locator:
        """What carries this `data-testid`, inside components too."""
        return self.page.get_by_test_id(test_id)

    async def save(self, name: str) -> None:
        """Keep a picture of it."""
        OUTPUT.mkdir(exist_ok=True)
        await self.page.screenshot(path=OUTPUT / f"{name}.png")

    async def map_is_drawn(self) -> None:
        """Wait until the base map has been read."""
        await self.page.locator("[data-testid=map][data-ready=yes]").wait_for(timeout=WAIT_MS)

    async def overflowing(self) -> list[str]:
        """Texts that are cut off at the side."""
        found: list[str] = await self.page.evaluate(OVERFLOWING)
        return found

    def foreign(self, url: str) -> list[str]:
        """What it asked of any other host than that of `url`."""
        own = urlsplit(url).netloc
        return [each for each in self.asked if urlsplit(each).netloc != own]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The machine's Chromium, or the one that `CHROMIUM` names."""
    binary = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert binary, "the browser tests need Chromium: apt-get install chromium, or set CHROMIUM"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def watched(browser: Browser, size: Size = "laptop", **options: Any) -> AsyncIterator[Watched]:
    """An empty page in a profile of its own, in Korea."""
    width, height = SIZES[size]
    context = await browser.new_context(
        locale="ko-KR", timezone_id="Asia/Seoul", viewport={"width": width, "height": height}, **options
    )
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    seen = Watched(page)

    def asked(request: Request) -> None:
        seen.asked.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda line: seen.errors.append(line.text) if line.type in ("error", "warning") else None)
    yield seen
    await context.close()
