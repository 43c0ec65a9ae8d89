"""Visits to the Situation Room's page, each held to what must be true of every page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser

from tests.support.browser import Size, Watched, watched
from tests.support.room import RoomProcess


class Visit:
    """Opens pages of the room, and holds each to what must be true of every page."""

    def __init__(self, browser: Browser, room: RoomProcess) -> None:
        self._browser, self._room = browser, room

    @asynccontextmanager
    async def __call__(
        self, query: str = "", size: Size = "laptop", *, may_fail: bool = False
    ) -> AsyncIterator[Watched]:
        async with watched(self._browser, size, reduced_motion="reduce") as seen:
            await seen.page.goto(f"{self._room.url}/{query}")
            await seen.map_is_drawn()
            yield seen
            assert seen.foreign(self._room.url) == []
            assert may_fail or seen.errors == []
