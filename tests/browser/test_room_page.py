"""The page as an officer sees it: real Chromium, the real room, records in a real broker."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from tests.support.browser import Size
from tests.support.picture import EXERCISE, EXERCISE_CLOCK_MS, MINUTE_MS, PictureWriter
from tests.support.room import RoomProcess
from tests.support.visit import Visit


async def test_the_storm_is_seen_at_once(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    alert_id = await writer.storm()
    await room.start()

    async with visit() as seen:
        await expect(seen["level-block"]).to_have_attribute("data-rank", "4")
        await expect(seen["sentence"]).to_have_text("하천이 곧 넘칩니다. 지금 대피하세요")
        row = seen["alert-row"]
        await expect(row).to_have_count(1)
        await expect(row).to_have_attribute("data-alert-id", alert_id)
        await expect(row).to_contain_text("심각")
        await expect(row).to_contain_text(writer.gauge.name.ko)
        await expect(row).to_contain_text("미확인")
        await expect(seen["chart"].locator("svg")).to_be_visible()
        await expect(seen["tile-disaster"]).to_contain_text("심각")
        await expect(seen["tile-traffic"]).to_contain_text("정상")
        await seen["tab-zones"].click()
        zone = seen.page.locator(f"[data-zone-id={writer.gauge.zone}]")
        await expect(zone).to_have_attribute("data-rank", "4")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wall", "laptop", "phone"])
async def test_nothing_sticks_out_in_any_size_or_language(
    visit: Visit, room: RoomProcess, writer: PictureWriter, size: Size, theme: str
) -> None:
    await writer.storm()
    await room.start()

    for language in ("ko", "en"):
        wall = "&wall=1" if size == "wall" else ""
        async with visit(f"?theme={theme}&lang={language}{wall}", size) as seen:
            await expect(seen["alert-row"]).to_be_visible()
            assert await seen.overflowing() == []
            await seen.page.evaluate("document.fonts.ready")
            await seen.save(f"storm-{size}-{theme}-{language}")


async def test_a_zone_is_calm_only_with_fresh_data(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    spoken = writer.gauge
    await writer.readings(spoken, [0.4])
    await room.start()

    async with visit("?tab=zones") as seen:
        # One zone of 29 is no calm city: it says what it does not know.
        await expect(seen["level-block"]).to_have_attribute("data-rank", "-1")
        await expect(seen["sentence"]).to_contain_text("모릅니다")
        known = seen.page.locator(f"[data-zone-id={spoken.zone}]")
        await expect(known).to_contain_text("정상")
        silent = next(zone for zone in writer.registry.zones if zone != spoken.zone)
        await expect(seen.page.locator(f"[data-zone-id={silent}]")).to_contain_text("자료 없음")
        await expect(seen.page.get_by_text("자료가 없습니다")).to_be_visible()


async def test_a_new_alert_appears_and_is_announced(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    await writer.calm()
    await room.start()

    async with visit() as seen:
        await expect(seen.page.get_by_text("열린 경보가 없습니다")).to_be_visible()
        await expect(seen["sentence"]).to_have_text("포항시는 평온합니다")
        await seen.save("calm-laptop")
        await writer.alert()
        await expect(seen["alert-row"]).to_be_visible()
        await expect(seen["announcer"]).to_contain_text("새 경보: 심각")
        await expect(seen["toast"]).to_contain_text(writer.gauge.name.ko)
        await expect(seen["level-block"]).to_have_attribute("data-rank", "4")
        await writer.alert(2, None)
        await expect(seen["alert-row"]).to_have_count(0)
        await expect(seen["ended-row"]).to_be_visible()
        await expect(seen["announcer"]).to_contain_text("경보 해제")


async def test_acknowledging_asks_the_name_and_shows_who(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    alert_id = await writer.alert()
    await room.start()

    async with visit() as seen:
        await seen.page.keyboard.press("a")
        await expect(seen["ack-name"]).to_be_focused()
        await seen["ack-submit"].click()
        await expect(seen.page.get_by_text("이름을 적어 주세요")).to_be_visible()
        await seen["ack-name"].fill("이○민")
        await seen["ack-submit"].click()
        async with asyncio.timeout(20):
            command = await writer.command(alert_id)
        assert (command["kind"], command["by"]) == ("acknowledge", "이○민")
        await expect(seen["alert-row"]).to_contain_text("미확인")  # until the log says otherwise
        await writer.alert(2, acknowledged={"by": "이○민", "at": command_time(), "note": None})
        await expect(seen["alert-row"]).to_contain_text("이○민")
        await expect(seen["alert-row"]).not_to_contain_text("미확인")
        await expect(seen["ack-button"]).to_be_disabled()
        await seen.save("acknowledged-laptop")


async def test_a_step_up_asks_again(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    acknowledged = {"by": "이○민", "at": command_time(), "note": None}
    await writer.alert(1, "attention", acknowledged=acknowledged)
    await room.start()

    async with visit() as seen:
        await expect(seen["level-block"]).to_have_attribute("data-rank", "1")
        await expect(seen["ack-button"]).to_be_disabled()
        await writer.alert(2, "serious", acknowledged=None)
        await expect(seen["announcer"]).to_contain_text("단계 바뀜")
        await expect(seen["alert-row"]).to_contain_text("미확인")
        await expect(seen["ack-button"]).to_be_enabled()


async def test_an_exercise_is_never_mistaken_for_reality(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    await writer.storm(exercise=EXERCISE, end_ms=EXERCISE_CLOCK_MS)
    await room.start()

    async with visit() as seen:
        await expect(seen["exercise-band"]).to_contain_text("실제 상황이 아닙니다")
        await expect(seen["sentence"]).to_contain_text("훈련")
        await expect(seen["alert-row"]).to_contain_text("훈련")
        await expect(seen.page.get_by_text("2022년 9월 6일 (화)")).to_be_visible()
        await expect(seen.page.locator("uh-room-app")).to_have_attribute("data-exercise", "")
        await seen.save("exercise-laptop")
        await writer.alert(name="real")
        await expect(seen["real-band"]).to_contain_text(writer.gauge.name.ko)
        await expect(seen["announcer"]).to_contain_text("실제 상황입니다")
        await expect(seen["alert-row"]).to_have_count(1)
        await seen["leave-exercise"].click()
        await expect(seen["exercise-band"]).to_have_count(0)
        await expect(seen["sentence"]).not_to_contain_text("훈련")
        await expect(seen["alert-row"]).not_to_contain_text("훈련")


async def test_a_reconnect_never_shows_an_exercise_without_its_frame(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    await writer.storm(exercise=EXERCISE, end_ms=EXERCISE_CLOCK_MS)
    everywhere = list(writer.registry.zones)
    told = {"scope": {}, "zone": None, "measure": None, "value": None, "sensors": [], "area": everywhere}
    await writer.alert(exercise=EXERCISE, name="typhoon-warning", rule_id="weather-warning", **told)
    await room.start()

    async with visit(f"?exercise={EXERCISE}", may_fail=True) as seen:
        await expect(seen["exercise-band"]).to_be_visible()
        await expect(seen["city-chip"]).to_contain_text("훈련")
        await seen.page.evaluate(FRAME_GONE)
        room.child.kill()
        await expect(seen["cut-band"]).to_be_visible()
        await expect(seen["exercise-band"]).to_be_visible()
        await room.start()
        await expect(seen["cut-band"]).to_have_count(0)
        await expect(seen["city-chip"]).to_contain_text("훈련")
        assert await seen.page.evaluate("window.frameGone") == 0


FRAME_GONE = """() => {
  window.frameGone = 0;
  const app = document.querySelector("uh-room-app");
  new MutationObserver(() => { if (!app.hasAttribute("data-exercise")) window.frameGone += 1; })
    .observe(app, { attributes: true, childList: true, subtree: true });
}"""


async def test_the_page_speaks_both_languages(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    await writer.storm()
    await room.start()

    async with visit() as seen:
        await seen["lang-switch"].click()
        await expect(seen["sentence"]).to_have_text("The river is about to overflow. Evacuate now")
        await expect(seen["alert-row"]).to_contain_text("Unacknowledged")
        assert await seen.page.locator("html").get_attribute("lang") == "en"
        assert await seen.page.title() == "Pohang Digital Integrated Situation Room"
        await seen["lang-switch"].click()
        await expect(seen["alert-row"]).to_contain_text("미확인")


async def test_a_cut_line_makes_nothing_look_known_and_mends_itself(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    await writer.storm()
    await room.start()

    async with visit("?tab=zones", may_fail=True) as seen:
        await expect(seen["link"]).to_have_attribute("data-state", "live")
        room.child.kill()
        await expect(seen["cut-band"]).to_contain_text("연결 끊김")
        await expect(seen["level-block"]).to_have_attribute("data-rank", "-1")
        await expect(seen["sentence"]).to_contain_text("모릅니다")
        assert {await each.get_attribute("data-rank") for each in await seen["zone-row"].all()} == {"-1"}
        await expect(seen["tile-traffic"]).to_contain_text("(")
        await seen.save("cut-laptop")
        missed = await writer.alert(level="attention", name="missed")
        await room.start()
        await expect(seen["cut-band"]).to_have_count(0)
        await seen["tab-alerts"].click()
        await expect(seen.page.locator(f"[data-alert-id='{missed}']")).to_be_visible()
        await expect(seen["level-block"]).to_have_attribute("data-rank", "4")


async def test_tabs_share_one_stream_and_outlive_each_other(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    await writer.storm()
    await room.start()

    async with visit() as seen:
        other = await seen.page.context.new_page()
        await other.goto(f"{room.url}/")
        await expect(other.get_by_test_id("link")).to_have_attribute("data-state", "live")
        second = await writer.alert(level="caution", name="second")
        for page in (seen.page, other):
            await expect(page.locator(f"[data-alert-id='{second}']")).to_be_visible()
        metrics = (await room.client.get("/metrics")).text
        assert "urbanhub_room_clients 1.0" in metrics
        await seen.page.close()
        third = await writer.alert(level="attention", name="third")
        await expect(other.locator(f"[data-alert-id='{third}']")).to_be_visible()


async def test_an_expectation_stands_beside_what_is_observed(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    gauge = writer.gauge
    await writer.readings(gauge, [1.1, 1.2, 1.3])
    at_ms = SYSTEM_CLOCK.now_ms() + 30 * MINUTE_MS
    expected = {"place": gauge.sensor_id, "measure": "water_level_m", "value": 2.5, "at": format_ms(at_ms)}
    await writer.bulletin("notice", "홍수주의보", "Flood advisory", expected=[expected])
    await room.start()

    async with visit("?tab=bulletins") as seen:
        row = seen["bulletin-row"]
        await expect(row).to_contain_text("예상 2.50 m")
        await expect(row).to_contain_text("1.30 m")
        await row.get_by_role("button").click()
        await expect(seen["chart"].locator("svg")).to_be_visible()
        await expect(seen.page.locator(".expected", has_text="낙동강홍수통제소 예상")).to_be_visible()
        await seen["chart-table"].click()
        await expect(seen["chart-twin"]).to_contain_text("1.30 m")
        await expect(seen["chart-twin"]).to_contain_text("2.50 m")


async def test_what_others_wrote_is_text_and_never_markup(
    visit: Visit, room: RoomProcess, writer: PictureWriter
) -> None:
    markup = "<img src=x onerror=\"document.title='broken into'\"><b>굵게</b>"
    await writer.bulletin("markup", markup, markup)
    await writer.alert(headline={"ko": markup, "en": markup}, acknowledged={"by": "<i>이</i>", "at": command_time()})
    await room.start()

    async with visit("?tab=bulletins") as seen:
        await expect(seen["bulletin-row"]).to_contain_text("<b>굵게</b>")
        await expect(seen["sentence"]).to_have_text(markup)
        assert await seen.page.locator("img").count() == 0
        assert await seen.page.title() == "포항시 디지털 종합상황실"


async def test_everything_is_reached_by_keyboard(visit: Visit, room: RoomProcess, writer: PictureWriter) -> None:
    await writer.storm()
    await room.start()

    async with visit() as seen:
        await seen.page.keyboard.press("/")
        search = seen.page.get_by_placeholder("센서 찾기")
        await expect(search).to_be_focused()
        await search.fill(writer.gauge.name.ko)
        await expect(seen["sensor-row"]).to_have_count(1)
        await seen.page.keyboard.press("Tab")
        await seen.page.keyboard.press("Enter")
        panel = seen.page.get_by_role("region", name="자세히")
        await expect(panel).to_contain_text(writer.gauge.name.ko)
        await seen.page.keyboard.press("Escape")
        await expect(panel).to_have_count(0)


def command_time() -> str:
    return format_ms(SYSTEM_CLOCK.now_ms())
