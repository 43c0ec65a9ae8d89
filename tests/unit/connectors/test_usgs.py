"""The USGS connector on a real week of its feed, and the distances by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from connectors.frame.geography import distance_and_bearing, place_seen_from
from connectors.frame.upstream import Upstream
from connectors.usgs import OLDEST_DAYS, Reach, Usgs, UsgsSettings
from streams.contract.bulletins import Bulletin
from streams.contract.times import DAY_MS
from streams.contract.topics import BULLETINS, TOPICS
from streams.errors import WrongSetting
from tests.support.clock import StillClock
from tests.support.upstream import POHANG, FeedServer, recorded_week

MADE_AT = "2018-02-07T01:49:14Z"
EVERYWHERE = [Reach(magnitude=4.5, km=20_000)]


async def polled(connector: Usgs, upstream: Upstream) -> list[Bulletin]:
    found = await connector.poll(upstream)
    assert found.complaints == []
    bulletins = [record for record in found.records if isinstance(record, Bulletin)]
    for bulletin in bulletins:
        connector.remember(bulletin)
    upstream.confirm()
    return bulletins


async def test_a_real_week_gives_each_earthquake_that_matters_once(httpserver: HTTPServer) -> None:
    source = FeedServer(httpserver, recorded_week())
    connector = Usgs(UsgsSettings(url=source.url, reach=EVERYWHERE), POHANG, StillClock(MADE_AT))

    async with Upstream(connector.clock) as upstream:
        bulletins = await polled(connector, upstream)
        again = await connector.poll(upstream)

    strong = [
        f["id"]
        for f in source.feed["features"]
        if f["properties"]["type"] == "earthquake" and f["properties"]["mag"] >= 4.5
    ]
    assert len(strong) == 85
    assert sorted(bulletin.bulletin_id for bulletin in bulletins) == sorted(strong)
    assert {bulletin.revision for bulletin in bulletins} == {0}
    times = [bulletin.occurred_at for bulletin in bulletins if bulletin.occurred_at is not None]
    assert times == sorted(times) and len(times) == len(bulletins)
    assert again.unchanged and again.records == []
    assert source.asked[1].headers["If-None-Match"] and source.asked[1].headers["If-Modified-Since"]


async def test_a_calm_week_near_the_city_publishes_nothing(httpserver: HTTPServer) -> None:
    source = FeedServer(httpserver, recorded_week())
    connector = Usgs(UsgsSettings(url=source.url), POHANG, StillClock(MADE_AT))

    async with Upstream(connector.clock) as upstream:
        assert await polled(connector, upstream) == []


async def test_the_feed_made_anew_with_one_event_revised_gives_one_revision(httpserver: HTTPServer) -> None:
    source = FeedServer(httpserver, recorded_week())
    connector = Usgs(UsgsSettings(url=source.url, reach=EVERYWHERE), POHANG, StillClock(MADE_AT))

    async with Upstream(connector.clock) as upstream:
        first = await polled(connector, upstream)
        feed = copy.deepcopy(source.feed)
        feed["metadata"]["generated"] += 60_000
        hualien = next(f for f in feed["features"] if f["id"] == "us1000chhc")
        hualien["properties"].update(mag=6.3, updated=feed["metadata"]["generated"] - 1000)
        source.feed = feed
        second = await polled(connector, upstream)

    [before] = [bulletin for bulletin in first if bulletin.bulletin_id == "us1000chhc"]
    assert [(one.bulletin_id, one.revision, one.magnitude) for one in second] == [("us1000chhc", 1, 6.3)]
    assert before.magnitude == 6.4 and second[0].occurred_at == before.occurred_at


async def test_a_week_is_known_again_after_a_restart(httpserver: HTTPServer) -> None:
    source = FeedServer(httpserver, recorded_week())
    settings = UsgsSettings(url=source.url, reach=EVERYWHERE)
    connector = Usgs(settings, POHANG, StillClock(MADE_AT))

    async with Upstream(connector.clock) as upstream:
        first = await polled(connector, upstream)
    restarted = Usgs(settings, POHANG, StillClock(MADE_AT))
    for bulletin in first:
        restarted.remember(Bulletin.model_validate_json(bulletin.model_dump_json()))
    async with Upstream(restarted.clock) as upstream:
        again = await restarted.poll(upstream)

    assert first and again.records == [] and not again.unchanged


async def test_others_bulletins_and_those_of_exercises_are_none_of_its_own(httpserver: HTTPServer) -> None:
    source = FeedServer(httpserver, recorded_week())
    connector = Usgs(UsgsSettings(url=source.url, reach=EVERYWHERE), POHANG, StillClock(MADE_AT))

    async with Upstream(connector.clock) as upstream:
        [some, *_] = (await connector.poll(upstream)).records
        assert isinstance(some, Bulletin)
        connector.remember(some.model_copy(update={"source": "KMA"}))
        connector.remember(some.model_copy(update={"exercise": "drill-1"}))
        found = (await connector.poll(upstream)).records

    assert some in found


def test_an_event_older_than_the_topic_s_memory_is_never_published() -> None:
    """Forgotten by the topic, it would be news again after a restart."""
    assert TOPICS[BULLETINS].retention_ms > OLDEST_DAYS * DAY_MS


@pytest.mark.parametrize(
    ("there", "km", "bearing_deg"),
    [
        ((129.343, 37.019), 111.2, 0.0),  # one degree of latitude
        ((129.343, 36.019), 0.0, 0.0),
        ((126.978, 37.566), 271.9, 309.9),  # Seoul, by vector products
        ((130.402, 33.590), 286.9, 160.0),  # Fukuoka, likewise
        ((-50.657, -36.019), 20_015.1, None),  # the antipode
    ],
)
def test_distance_and_bearing(there: tuple[float, float], km: float, bearing_deg: float | None) -> None:
    found_km, found_deg = distance_and_bearing(POHANG.centre, there)

    assert found_km == pytest.approx(km, abs=0.1)
    if bearing_deg is not None:
        assert found_deg == pytest.approx(bearing_deg, abs=0.1)


@pytest.mark.parametrize(
    ("there", "ko", "en"),
    [
        ((129.343, 36.109), "포항시 북쪽 10km 지역", "10 km N of Pohang"),
        ((129.343, 35.929), "포항시 남쪽 10km 지역", "10 km S of Pohang"),
        ((129.454, 36.019), "포항시 동쪽 10km 지역", "10 km E of Pohang"),
        ((129.232, 36.019), "포항시 서쪽 10km 지역", "10 km W of Pohang"),
        ((129.3435, 36.0195), "포항시 중심부", "the centre of Pohang"),
    ],
)
def test_a_place_is_told_as_seen_from_the_city(there: tuple[float, float], ko: str, en: str) -> None:
    place = place_seen_from(POHANG, there)

    assert (place.ko, place.en) == (ko, en)


def test_every_wrong_setting_is_told_at_once_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANHUB_USGS_EVERY_S", "1")
    monkeypatch.setenv("URBANHUB_USGS_URL", "ftp://example.com")
    monkeypatch.setenv("URBANHUB_USGS_REACH", "5:far")

    with pytest.raises(WrongSetting) as error:
        UsgsSettings.load()

    for name in ("URBANHUB_USGS_EVERY_S", "URBANHUB_USGS_URL", "URBANHUB_USGS_REACH.0.KM"):
        assert name in str(error.value)


def test_settings_come_from_the_environment_then_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text("[connectors.usgs]\nevery_s = 300\nreach = [{ magnitude = 4, km = 50 }]\n")
    monkeypatch.setenv("URBANHUB_CONFIG", str(path))
    monkeypatch.setenv("URBANHUB_USGS_REACH", "3:100, 5:200")

    settings = UsgsSettings.load()

    assert settings.every_s == 300
    assert settings.reach == [Reach(magnitude=3, km=100), Reach(magnitude=5, km=200)]


@pytest.mark.parametrize(
    "text", ["[connectors.usgs]\nevry_s = 300\n", "connectors = 5\n", "[connectors]\nusgs = 5\n", "x ="]
)
def test_a_settings_file_that_is_wrong_is_named(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(text)
    monkeypatch.setenv("URBANHUB_CONFIG", str(path))

    with pytest.raises(WrongSetting, match=r"hub\.toml"):
        UsgsSettings.load()
