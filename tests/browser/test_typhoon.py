"""A duty officer's night: the whole hub plays the typhoon, the officer sees, acknowledges, and is asked again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, Locator, expect

from deploy.child import Child
from deploy.waiting import until
from streams.contract.times import parse_ms
from tests.support.browser import Size, Watched, watched
from tests.support.servers import HubUnderTest

SPEED = "150"
"""The first rain alert of a sensor comes after 40 s, the message of the overflow after 110 s."""
SOON_MS = 180_000
OVERFLOW_MS = parse_ms("2022-09-06T06:00:00+09:00")
HOUR_MS = 3_600_000
TURN = "(folds, open) => folds.filter((each) => each.ariaExpanded === open).forEach((each) => each.click())"
"""Turns the groups that are unfolded, or are not."""


@pytest.mark.usefixtures("page")
async def test_an_officer_is_told_in_time_and_asked_again(
    make_hub: Callable[..., Awaitable[HubUnderTest]], browser: Browser, tmp_path: Path
) -> None:
    hub = await make_hub(None)
    await hub.start("worker", "room")
    env = {"KAFKA_BOOTSTRAP_SERVERS": hub.kafka.bootstrap, "URBANHUB_DATA_DIR": str(hub.data_dir)}
    command = [sys.executable, "-m", "deploy.cli", "replay", "typhoon", "--speed", SPEED]
    replay = Child("replay", command, log=tmp_path / "replay.log", env={**os.environ, **env})

    async with watched(browser, "laptop", reduced_motion="reduce") as seen:
        await seen.page.goto(hub.room_url)
        await seen.map_is_drawn()
        await expect(seen["level-block"]).to_have_attribute("data-rank", "-1")
        await expect(seen["exercise-band"]).to_have_count(0)

        replay.start()
        try:
            await expect(seen["exercise-band"]).to_contain_text("태풍 힌남노", timeout=SOON_MS)
            rain = await row_of(seen, "heavy-rain-3h:rain-ocheon:")
            send(replay, signal.SIGSTOP)  # the exercise stands still while the officer acts
            await expect(seen["announcer"]).to_contain_text("경보")
            await rain.click()
            await seen["ack-button"].click()
            await seen["ack-name"].fill("이○민")
            await seen["ack-submit"].click()
            await expect(rain).to_contain_text("이○민")
            await expect(seen["chart"].locator("svg")).to_be_visible()
            await seen.save("typhoon-acknowledged")

            send(replay, signal.SIGCONT)
            await expect(rain).to_have_attribute("data-rank", "3", timeout=SOON_MS)
            await expect(rain).to_contain_text("미확인")

            extreme = await row_of(seen, "extreme-rain:rain-ocheon:")
            send(replay, signal.SIGSTOP)
            exercise = (await extreme.get_attribute("data-alert-id") or "").split(":")[-1]
            assert await onset_ms(hub, exercise, "extreme-rain", "ocheon-eup") <= OVERFLOW_MS - HOUR_MS
            await expect(seen["level-block"]).to_have_attribute("data-rank", "3")
            await expect(seen["sentence"]).to_contain_text("훈련")
            assert seen.errors == []
            assert seen.foreign(hub.room_url) == []
            await seen.page.locator("[data-testid=fold]").evaluate_all(TURN, "true")
            await seen["toast"].locator("button").evaluate_all("buttons => buttons.at(-1)?.click()")
            await seen.save("typhoon-laptop")
            await save_sizes(browser, hub.room_url)
        finally:
            send(replay, signal.SIGCONT)
            await replay.stop(10)


async def row_of(seen: Watched, alert_id: str) -> Locator:
    """The row of an alert whose id begins so, once it is there; alike ones are unfolded for it."""
    row = seen.page.locator(f"[data-testid=alert-row][data-alert-id^='{alert_id}']")

    async def there() -> bool:
        await seen.page.locator("[data-testid=fold]").evaluate_all(TURN, "false")
        return await row.count() > 0

    assert await until(there, SOON_MS / 1000)
    return row


def send(child: Child, how: signal.Signals) -> None:
    """A signal to a process, if it still runs."""
    if child.running and child.pid is not None:
        os.kill(child.pid, how)


async def onset_ms(hub: HubUnderTest, exercise: str, rule_id: str, zone: str) -> int:
    """When the first alert of a rule in a zone was raised, as the room's interface says."""
    async with httpx2.AsyncClient(base_url=hub.room_url) as client:
        state = (await client.get("/api/state", params={"exercise": exercise})).json()
    return min(parse_ms(a["onset"]) for a in state["alerts"] if a["rule_id"] == rule_id and a["zone"] == zone)


async def save_sizes(browser: Browser, url: str) -> None:
    """The same moment on the wall, on a laptop in the dark and in English, on a phone."""
    sizes: list[tuple[str, Size, str]] = [
        ("wall", "wall", "?wall=1"),
        ("laptop-dark", "laptop", "?theme=dark"),
        ("laptop-en", "laptop", "?lang=en"),
        ("phone", "phone", ""),
    ]
    for name, size, query in sizes:
        async with watched(browser, size, reduced_motion="reduce") as seen:
            await seen.page.goto(f"{url}/{query}")
            await seen.map_is_drawn()
            await expect(seen["alert-row"].first).to_be_visible()
            assert await seen.overflowing() == []
            await seen.save(f"typhoon-{name}")
