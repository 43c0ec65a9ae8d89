"""The page's pure functions, in the browser that runs them; where the server decides the same, both must agree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from streams.contract.alerts import LEVEL_NAMES
from streams.contract.times import format_ms
from streams.room import picture
from streams.room.description import described
from tests.support.page_modules import compiled, module_page
from tests.support.room_log import EXERCISE, MINUTE_MS, NOW_MS, RULES, Written, alert, small_registry


@pytest.fixture(scope="session")
async def module(browser: Browser, page: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    async with module_page(browser, await compiled(tmp_path_factory.mktemp("page"))) as opened:
        yield opened


async def call(module: Page, file: str, function: str, *arguments: Any) -> Any:
    """What a function of one of the page's files returns."""
    script = "async ([file, name, given]) => { const m = await import(file); return m[name](...given); }"
    return await module.evaluate(script, [f"/{file}.js", function, list(arguments)])


async def test_levels_have_the_ranks_that_the_server_gives_them(module: Page) -> None:
    for level in LEVEL_NAMES:
        assert await call(module, "levels", "rankOf", level) == picture.RANKS[level]
    assert await call(module, "levels", "rankOf", None) == 0


@pytest.mark.parametrize("age_s", [0, 1200, 1201, 2400, 2401, 90_000])
async def test_a_sensor_is_as_fresh_as_the_server_says(module: Page, age_s: int) -> None:
    sensor = small_registry().sensors["river-1"]
    described = {"interval_s": sensor.interval_s, "delay_s": sensor.delay_s}

    seen = await call(module, "city", "freshness", described, NOW_MS - age_s * 1000, NOW_MS)

    assert seen == picture.freshness(sensor, NOW_MS - age_s * 1000, NOW_MS)


async def test_an_older_or_repeated_state_of_an_alert_changes_nothing(module: Page) -> None:
    now = {"alerts": [alert("a", 3, "caution")], "judged": {}}
    for sequence in (1, 2, 3):
        assert await call(module, "city", "applyAlert", now, alert("a", sequence, "serious")) == now
    later = await call(module, "city", "applyAlert", now, alert("a", 4, "serious"))
    assert [(each["sequence"], each["level"]) for each in later["alerts"]] == [(4, "serious")]


async def test_a_window_that_was_revised_replaces_its_value_only(module: Page) -> None:
    written = Written()
    written.window("rain-1", NOW_MS, 2.0)
    written.window("river-1", NOW_MS, 1.0)
    view = written.city.views[None]
    before = picture.values(view, view.series)
    change = {"latest": {"rain-1": {"rainfall_mm": {"value": 3.5, "at": format_ms(NOW_MS + MINUTE_MS)}}}}

    after = await call(module, "city", "applyValues", before, change)

    assert after["latest"]["rain-1"]["rainfall_mm"]["value"] == 3.5
    assert after["latest"]["river-1"] == before["latest"]["river-1"]


def rain_scene(**more: Any) -> list[Any]:
    """What `sceneOf` takes: the small city, and a gauge on which 3 h rain rose beyond its limit at 90.5."""
    written = Written()
    for minute in range(180, 0, -1):
        written.window("rain-1", NOW_MS - minute * MINUTE_MS, 1.0)
    city = described(small_registry(), list(RULES))
    of = {"scope": {"sensor_id": "rain-1"}, "measure": "rainfall_mm", "window_s": 10_800, "value": 90.5}
    view = written.city.reality
    picture_now = {
        "position": "",
        "exercise": None,
        "server_time": format_ms(NOW_MS),
        "clock": format_ms(NOW_MS),
        "exercises": [],
        "alerts": [alert("a", 1, rule_id="rain-3h", **of)],
        "judged": {"a": {"value": 180.0, "at": format_ms(NOW_MS), "stepped_at": format_ms(NOW_MS - 90 * MINUTE_MS)}},
        "bulletins": [],
        "sources": [],
        "zones": {},
        **picture.values(view, view.series),
        **more,
    }
    return [city, picture_now, NOW_MS, False]


ALERT_NOW = """async (given) => {
  const { sceneOf } = await import("/city.js");
  const { alertNow } = await import("/judged.js");
  const scene = sceneOf(...given);
  const { value, atMs, isNow, doubtful } = alertNow(scene, scene.picture.alerts[0]);
  return [value, atMs, isNow, doubtful];
}"""
UNKNOWN = {"value": None, "at": None}
ACT = {"by": "이○민", "at": format_ms(NOW_MS)}


async def test_an_alert_shows_what_its_rule_judges_now(module: Page) -> None:
    assert await module.evaluate(ALERT_NOW, rain_scene()) == ["180.0", NOW_MS, True, False]


@pytest.mark.parametrize(
    ("judged", "at_ms"),
    [
        ({"a": {**UNKNOWN, "stepped_at": format_ms(NOW_MS - 90 * MINUTE_MS)}}, NOW_MS - 90 * MINUTE_MS),
        ({"a": {**UNKNOWN, "stepped_at": None}}, None),
        ({}, None),
    ],
)
async def test_what_is_not_known_of_now_is_told_with_its_own_moment(
    module: Page, judged: dict[str, Any], at_ms: int | None
) -> None:
    assert await module.evaluate(ALERT_NOW, rain_scene(judged=judged)) == ["90.5", at_ms, False, True]


async def test_a_number_of_a_sensor_that_is_late_is_doubtful(module: Page) -> None:
    city, now, clock_ms, cut = rain_scene()

    assert await module.evaluate(ALERT_NOW, [city, now, clock_ms + 3 * MINUTE_MS, cut]) == ["180.0", NOW_MS, True, True]


async def test_a_step_gives_the_alerts_own_number_its_moment_and_an_officers_act_does_not(module: Page) -> None:
    raised, stepped = alert("a", 1, "caution"), alert("a", 2, "serious", value=4.5, updated_at=format_ms(NOW_MS + 1000))
    acted = {**stepped, "sequence": 3, "acknowledged": ACT, "updated_at": ACT["at"]}
    begun: dict[str, Any] = {"alerts": [], "judged": {}}

    moments = []
    for state in (raised, stepped, acted):
        begun = await call(module, "city", "applyAlert", begun, state)
        moments.append(begun["judged"]["a"]["stepped_at"])

    assert moments == [format_ms(NOW_MS), format_ms(NOW_MS + 1000), format_ms(NOW_MS + 1000)]


async def test_a_sum_that_is_not_whole_is_not_replaced_by_another_window(module: Page) -> None:
    sensor, now = {"sensor_id": "rain-1"}, rain_scene()[1]
    partial = {"rain-1": {"rainfall_mm": {**now["latest"]["rain-1"]["rainfall_mm"], "hour_sum": None}}}

    assert await call(module, "city", "valueOf", sensor, "rainfall_mm", now) == 60.0
    assert await call(module, "city", "valueOf", sensor, "rainfall_mm", {**now, "latest": partial}) is None


async def test_a_zones_rain_is_that_of_whatever_measures_it(module: Page) -> None:
    city, now, *rest = rain_scene(alerts=[])
    for sensor in city["sensors"]:
        if sensor["sensor_id"] == "rain-1":
            sensor.update(kind="weather-station", measures=["wind_gust_ms", "rainfall_mm"])
    script = """async (given) => {
      const { sceneOf } = await import("/city.js");
      const scene = sceneOf(...given);
      const disaster = scene.domains.find((each) => each.domain === "disaster");
      return [scene.zones.get("ocheon-eup").rain, scene.zones.get("jukdo-dong").rain, disaster.value];
    }"""
    gust = {"rain-1": {**now["latest"]["rain-1"], "wind_gust_ms": {"value": 9.0, "at": format_ms(NOW_MS)}}}

    assert await module.evaluate(script, [city, {**now, "latest": gust}, *rest]) == [60.0, None, 60.0]


async def test_whatever_is_of_an_exercise_is_framed_as_one(module: Page) -> None:
    listed = {"exercise": EXERCISE, "name": {"ko": "태풍", "en": "Typhoon"}, "running": True}
    script = "async (given) => (await import('/city.js')).sceneOf(...given).frame"

    known = await module.evaluate(script, rain_scene(exercise=EXERCISE, exercises=[listed]))
    unlisted = await module.evaluate(script, rain_scene(exercise=EXERCISE, exercises=[]))

    assert known == listed
    assert (unlisted["exercise"], unlisted["running"]) == (EXERCISE, False)
    assert await module.evaluate(script, rain_scene()) is None


async def test_a_line_ends_in_the_number_that_is_shown_beside_it(module: Page) -> None:
    line = [{"atMs": NOW_MS + i * MINUTE_MS, "value": i} for i in range(3)]
    present = {"atMs": NOW_MS + 2 * MINUTE_MS - 500, "value": 9}

    assert await call(module, "chart/line", "withPresent", line, present) == [*line[:2], present]
    assert await call(module, "chart/line", "withPresent", line[:1], present) == [line[0], present]
    assert await call(module, "chart/line", "withPresent", line, {"atMs": NOW_MS, "value": 9}) == line
    assert await call(module, "chart/line", "withPresent", line, None) == line


SQUARE = {"zoneId": "a", "rings": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}
EAST = {"zoneId": "b", "rings": [[[10, 0], [20, 0], [20, 10], [10, 10], [10, 0]]]}
OUTLINES = """async ([zones, ranks]) => {
  const m = await import("/map/borders.js");
  return [...m.outlines(m.sharedEdges(zones), (id) => ranks[id])];
}"""


@pytest.mark.parametrize(
    ("ranks", "outlined"),
    [
        ({"a": 4, "b": 0}, [4]),  # the border that both share, and nothing of the coast
        ({"a": 2, "b": 3}, [3]),  # it belongs to the worse
        ({"a": 4, "b": 4}, []),  # one area: no border inside it
        ({"a": 1, "b": 0}, []),  # attention has a wash and no outline
    ],
)
async def test_an_area_is_outlined_inland_in_its_worse_level(
    module: Page, ranks: dict[str, int], outlined: list[int]
) -> None:
    lines = await module.evaluate(OUTLINES, [[SQUARE, EAST], ranks])

    assert [rank for rank, _ in lines] == outlined
    for _, (line,) in lines:
        assert sorted(line) == [[10, 0], [10, 10]]


async def test_labels_never_lie_over_each_other_or_outside(module: Page) -> None:
    script = """async () => {
      const { Placement } = await import("/map/placement.js");
      const placement = new Placement(300, 200, 2, [{ x: 0, y: 150, w: 300, h: 50 }]);
      const found = [];
      for (let i = 0; i < 40; i += 1) {
        const place = placement.beside((i * 53) % 300, (i * 37) % 200, 60, 20, 8);
        if (place) found.push(place.box);
      }
      return found;
    }"""
    boxes = await module.evaluate(script)

    assert len(boxes) > 5
    assert all(b["x"] >= 0 and b["x"] + 60 <= 300 and b["y"] >= 0 and b["y"] + 20 <= 150 for b in boxes)
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert abs(one["x"] - other["x"]) >= 60 or abs(one["y"] - other["y"]) >= 20


def minutes(*sums: float | None) -> list[dict[str, Any]]:
    """Minute windows from NOW_MS on; None = no window."""
    return [
        {"start": format_ms(NOW_MS + i * MINUTE_MS), "sum": s, "mean": s, "last": s}
        for i, s in enumerate(sums)
        if s is not None
    ]


async def test_rain_is_drawn_as_the_sum_that_its_rule_judges(module: Page) -> None:
    plan = {"says": "sum", "windowS": 60, "overS": 180, "hours": 6}

    line = await call(module, "chart/line", "lineOf", plan, minutes(1, 2, 4, 8, None, None, 1), NOW_MS, 0)
    middle = NOW_MS + MINUTE_MS
    late = await call(module, "chart/line", "lineOf", plan, minutes(1, 2, 4, 8, None, None, 1), NOW_MS, middle)

    assert [point["value"] for point in line] == [1, 3, 7, 14, 1]
    assert [point["value"] for point in late] == [14, 1]  # the others would be sums of a part of their minutes


async def test_a_hole_in_the_readings_is_a_gap_and_one_missed_is_not(module: Page) -> None:
    line = [{"atMs": NOW_MS + i * MINUTE_MS, "value": 1} for i in (0, 1, 3, 9, 10)]

    gaps = await call(module, "chart/line", "gapsOf", line, 60)

    assert gaps == [{"fromMs": NOW_MS + 3 * MINUTE_MS, "toMs": NOW_MS + 9 * MINUTE_MS}]


async def test_times_are_korean_wherever_the_browser_is(module: Page) -> None:
    assert await module.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "America/New_York"
    assert await call(module, "clock", "hourMinute", 1_662_409_800_000) == "05:30"
    assert await call(module, "clock", "momentSeenFrom", 1_662_380_000_000, 1_662_409_800_000) == "어제 21:13"


@pytest.mark.parametrize(
    ("city", "said"),
    [("포항시", "포항시는 평온합니다"), ("부산", "부산은 평온합니다"), ("Pohang", "Pohang은 평온합니다")],
)
async def test_particles_follow_the_sound_before_them(module: Page, city: str, said: str) -> None:
    assert await call(module, "text", "t", "sentence.calm", {"city": city}) == said


async def test_every_word_is_in_both_languages(module: Page) -> None:
    words = await module.evaluate("async () => (await import('/text.js')).WORDS")

    for key, (korean, english) in words.items():
        assert set(_names(korean)) == set(_names(english)), key
        assert bool(korean) or bool(english), key


def _names(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize(
    "search",
    ["", "?exercise=typhoon-1&alert=a%3Ab&tab=zones&lang=en&theme=dark&wall=1", "?view=reality&closed=1&wall=0"],
)
async def test_an_address_that_was_sent_shows_the_same(module: Page, search: str) -> None:
    script = "async (text) => { const m = await import('/address.js'); return m.writeAddress(m.readAddress(text)); }"

    assert await module.evaluate(script, search) == search


async def test_a_covered_alert_stands_beneath_the_one_that_covers_it_and_none_vanishes(module: Page) -> None:
    alerts = [
        alert("wind:a", 1, "caution", covered_by="typhoon:t"),
        alert("river:b", 1, "serious"),
        alert("typhoon:t", 1, "attention"),
        alert("gust:c", 1, "alert", covered_by="typhoon:t"),
        alert("lost:d", 1, "attention", covered_by="gone:g", onset_ms=NOW_MS - MINUTE_MS),
    ]

    async def scene(of: list[dict[str, Any]]) -> Any:
        return await call(module, "city", "sceneOf", *rain_scene(alerts=of))

    open_now = (await scene(alerts))["open"]
    assert [each["alert_id"] for each in open_now] == ["river:b", "typhoon:t", "gust:c", "wind:a", "lost:d"]
    assert [await call(module, "city", "isWaiting", each) for each in open_now] == [True, True, False, False, False]

    seen = await scene([alerts[2], alerts[3]])
    assert (seen["open"][0]["alert_id"], seen["rank"]) == ("typhoon:t", picture.RANKS["alert"]), (
        "the worst still counts"
    )

    loop = [alert("a:a", 1, covered_by="b:b"), alert("b:b", 1, covered_by="a:a")]
    assert sorted(each["alert_id"] for each in (await scene(loop))["open"]) == ["a:a", "b:b"]


async def test_the_number_of_an_absence_is_how_long_it_lasts_until_now(module: Page) -> None:
    scene = {"picture": {"judged": {}}, "city": {"measures": {}}, "clockMs": NOW_MS, "cut": False}
    absent = alert("a", 1, measure="absent_s", value=1800, threshold=1800) | {
        "condition_since": format_ms(NOW_MS - 65 * MINUTE_MS)
    }

    now = await call(module, "judged", "alertNow", scene, absent)

    assert (now["number"], now["value"], now["unit"]) == (3900, "1시간 5분", "")
    assert (now["atMs"], now["isNow"], now["doubtful"]) == (NOW_MS - 65 * MINUTE_MS, True, False)
