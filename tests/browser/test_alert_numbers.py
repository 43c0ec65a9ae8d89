"""The numbers of alerts: the same everywhere, of now or of a moment that is said, and none that is not counted."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import pytest
from playwright.async_api import expect

from tests.support.picture import PictureWriter
from tests.support.room import RoomProcess, now_minute_ms
from tests.support.visit import Visit

TEXTS_ON_THE_MAP: Final = """() => {
  window.drawn = [];
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    window.drawn.push(text);
    return draw.call(this, text, ...place);
  };
}"""
SHOWN_ON_THE_WALL: Final = """(rows) => [
  rows.reduce((sum, row) => sum + 1 + Number(/외 (\\d+)곳/.exec(row.textContent)?.[1] ?? 0), 0),
  rows.filter((row) => row.getBoundingClientRect().bottom <= row.closest("ol").getBoundingClientRect().bottom + 1).length,
]"""
"""How many alerts the rows stand for, and how many rows are seen whole."""


async def test_an_alerts_number_is_the_same_everywhere_and_of_now(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    gauge, end_ms = writer.gauges()[0], now_minute_ms()
    await writer.readings(gauge, [1.0] * 179, end_ms=end_ms)
    await writer.rain_alert(gauge)
    await room.start()

    async with visit("?theme=light") as seen:
        await expect(seen["alert-value"]).to_have_text("179.0mm/3h")
        await expect(seen["hero"]).to_have_text("179.0mm/3h")
        await expect(seen.page.locator("uh-city-line")).to_contain_text("지금 179.0 mm/3h")
        await expect(seen["sentence"]).to_contain_text("90.5 mm")  # of the moment that the line below it names
        await expect(seen.page.locator("uh-city-line")).to_contain_text("관측 · 지금")
        await seen["chart-table"].click()
        await expect(seen["chart-twin"].locator("tbody td").first).to_have_text("179.0 mm/3h")

        await seen.page.evaluate(TEXTS_ON_THE_MAP)
        await writer.readings(gauge, [1.5], end_ms=end_ms)  # the last minute again, whatever minute it is by now
        await expect(seen["alert-value"]).to_have_text("179.5mm/3h")
        await expect(seen["hero"]).to_have_text("179.5mm/3h")
        await expect(seen["chart-twin"].locator("tbody td").first).to_have_text("179.5 mm/3h")
        await seen.page.wait_for_function("window.drawn.includes('179.5 mm/3h')")
        assert not [text for text in await seen.page.evaluate("window.drawn") if text.startswith("90.5")]


async def test_a_number_whose_present_is_not_known_says_its_moment(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    gauge = writer.gauges()[0]
    await writer.rain_alert(gauge, updated_at="2026-01-01T17:03:00.000Z")
    await room.start()

    async with visit() as seen:
        await expect(seen["alert-value"]).to_have_text("(90.5)mm/3h")
        await expect(seen["alert-row"]).to_contain_text("1. 2. 02:03의 값")
        await expect(seen["hero"]).to_have_text("(90.5)mm/3h")
        await expect(seen.page.get_by_role("region", name="자세히")).to_contain_text("지금 값은 모릅니다")
        await expect(seen.page.locator("uh-city-line")).not_to_contain_text("지금 90.5")


async def test_alike_alerts_stand_behind_the_first_and_are_acknowledged_one_by_one(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    gauges = writer.gauges()[:5]
    ids = [await writer.rain_alert(gauge) for gauge in gauges]
    await writer.alert()
    await room.start()

    async with visit() as seen:
        await expect(seen["alert-row"]).to_have_count(2)
        await expect(seen["fold"]).to_have_text(re.compile("같은 경보 4건 더"))
        await seen["alert-row"].last.focus()
        await seen.page.keyboard.press("ArrowDown")
        await expect(seen["fold"]).to_be_focused()
        await seen.page.keyboard.press("Enter")
        await expect(seen["alert-row"]).to_have_count(6)
        await seen.page.keyboard.press("ArrowDown")
        await seen.page.keyboard.press("Enter")
        chosen = seen.page.locator("[data-testid=alert-row][aria-pressed=true]")
        alert_id = await chosen.get_attribute("data-alert-id") or ""
        assert alert_id in ids
        await seen.page.keyboard.press("a")
        await seen["ack-name"].fill("이○민")
        await seen["ack-submit"].click()
        async with asyncio.timeout(20):
            assert (await writer.command(alert_id))["kind"] == "acknowledge"
        await seen["fold"].click()
        await expect(seen["alert-row"]).to_have_count(2)


@pytest.mark.parametrize("height", [1080, 860])
async def test_the_wall_counts_what_it_does_not_show(
    visit: Visit, room: RoomProcess, writer: PictureWriter, height: int
) -> None:
    for number in range(9):
        await writer.alert(name=f"announced-{number}", measure=None, value=None, threshold=None)
    for gauge in writer.gauges()[:4]:
        await writer.rain_alert(gauge)
    await room.start()

    async with visit("?wall=1", "wall") as seen:
        await seen.page.set_viewport_size({"width": 1920, "height": height})
        await expect(seen["rest"]).to_be_visible()
        rest = seen["rest"]
        shown, inside = await seen["alert-row"].evaluate_all(SHOWN_ON_THE_WALL)
        assert inside == len(await seen["alert-row"].all()) > 1
        await expect(rest).to_have_text(f"외 {13 - shown}건 더")
