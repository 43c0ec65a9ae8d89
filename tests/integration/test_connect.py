"""A live source into a real broker: whatever the source, the broker or a kill does, each state of an event once."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import signal
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from pytest_httpserver import HTTPServer
from structlog.testing import LogCapture

from connectors.frame import runner as runner_module
from connectors.frame.runner import Runner
from connectors.frame.upstream import Upstream
from connectors.live import not_ready, told
from connectors.stopping import Stop
from connectors.usgs import Reach, Usgs, UsgsSettings
from deploy.kafka import KafkaNode
from deploy.ports import free_port
from streams import metrics
from streams.clock import SYSTEM_CLOCK
from streams.errors import Unavailable
from streams.kafka import apply_topics
from streams.settings import Settings, load
from tests.support.command import Command
from tests.support.log import Follower
from tests.support.servers import eventually
from tests.support.upstream import FAULTS, POHANG, FeedServer, recorded_week, status

TOPIC = "bulletins"
HUALIEN = "us1000chhc"  # the strongest of the recorded week, M 6.4


@pytest.fixture
async def broker(own_kafka: KafkaNode, tmp_path: Path) -> Settings:
    """Settings for a broker of this test alone, with topics: every bulletin on it counts."""
    settings = load(data_dir=tmp_path / "data").model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap})
    await apply_topics(settings)
    return settings


@pytest.fixture
def source(httpserver: HTTPServer) -> FeedServer:
    return FeedServer(httpserver, recorded_week(SYSTEM_CLOCK.now_ms()))


def revise(source: FeedServer, magnitude: float) -> None:
    """The feed is made anew, and says another magnitude of one event."""
    feed = copy.deepcopy(source.feed)
    feed["metadata"]["generated"] = SYSTEM_CLOCK.now_ms()
    event = next(feature for feature in feed["features"] if feature["id"] == HUALIEN)
    event["properties"].update(mag=magnitude, updated=SYSTEM_CLOCK.now_ms())
    source.feed = feed


def made(broker: Settings, source: FeedServer, upstream: Upstream, stop: Stop) -> Runner:
    """A runner that asks twenty times a second, which no setting allows."""
    settings = UsgsSettings(url=source.url, reach=[Reach(magnitude=5.0, km=20_000)]).model_copy(
        update={"every_s": 0.05}
    )
    connector = Usgs(settings, POHANG, SYSTEM_CLOCK)
    return Runner(broker, connector, upstream, stop=stop, clock=SYSTEM_CLOCK, chance=random.Random(1))


@asynccontextmanager
async def running(broker: Settings, source: FeedServer) -> AsyncIterator[Runner]:
    stop = Stop()
    async with Upstream(SYSTEM_CLOCK) as upstream:
        runner = made(broker, source, upstream, stop)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            stop.ask(signal.SIGTERM)
            async with asyncio.timeout(30):
                await task


async def bulletins(broker: Settings, at_least: int = 0) -> list[dict[str, Any]]:
    async with Follower(broker.bootstrap, TOPIC) as follower:

        async def there() -> bool:
            return len(await follower.to_end()) >= at_least

        await eventually(there, f"{at_least} bulletins")
        return [record.json for record in follower.records]


def strong(source: FeedServer) -> set[str]:
    return {
        f["id"]
        for f in source.feed["features"]
        if f["properties"]["type"] == "earthquake" and f["properties"]["mag"] >= 5
    }


def once_each(found: list[dict[str, Any]]) -> bool:
    identities = [(one["bulletin_id"], one["revision"]) for one in found]
    return len(set(identities)) == len(identities)


async def test_through_every_fault_nothing_is_lost_or_repeated(
    broker: Settings, source: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()
    monkeypatch.setattr(runner_module, "log", structlog.wrap_logger(None, processors=[said]))
    faults = {name: fault for name, fault in FAULTS.items() if name != "an endless redirect"}

    async with running(broker, source) as runner:
        await eventually(lambda: runner.seen.health == "ok", "the first answer")
        for step, fault in enumerate(faults.values(), 1):
            heard = len(source.asked)
            source.faults.append(fault)
            await eventually(lambda heard=heard: len(source.asked) > heard and not source.faults, "the fault")
            revise(source, 5.0 + step / 10)
            after = len(source.asked)
            await eventually(lambda after=after: len(source.asked) >= after + 2, "two more questions")
        await eventually(lambda: runner.seen.health == "ok", "the source is well again")

    found = await bulletins(broker, len(strong(source)) + len(faults))
    assert once_each(found)
    assert {one["bulletin_id"] for one in found} == strong(source)
    ours = [one for one in found if one["bulletin_id"] == HUALIEN]
    assert [one["revision"] for one in ours] == list(range(len(faults) + 1))
    assert [one["magnitude"] for one in ours] == [6.4] + [5.0 + step / 10 for step in range(1, len(faults) + 1)]
    failures = [entry for entry in said.entries if entry["event"] == "source_failed"]
    kinds = [entry["kind"] for entry in failures]
    assert sorted(kinds) == sorted(set(kinds)) and {"status", "wrong_content", "too_large"} <= set(kinds)
    assert all("\n" not in entry["why"] for entry in failures)


async def test_a_source_goes_from_ok_over_degraded_to_down_and_comes_back(broker: Settings, source: FeedServer) -> None:
    before = metrics.POLLS.labels("usgs", "status")._value.get()

    async with running(broker, source) as runner:
        port = metrics.serve("127.0.0.1", 0, lambda: not_ready({"usgs": runner}), lambda: told({"usgs": runner}))
        await eventually(lambda: runner.seen.health == "ok", "ok")
        assert await ready(port) == (200, "usgs: ok")
        source.faults = [status(500)] * 3
        await eventually(lambda: runner.seen.health == "degraded", "degraded", every_s=0.001)
        code, words = await ready(port)
        assert code == 200 and words.startswith("usgs: degraded: source: answers 500")
        await eventually(lambda: runner.seen.health == "down", "down", every_s=0.001)
        code, words = await ready(port)
        assert code == 503 and words.startswith("usgs: down: source: answers 500")
        scraped = await asyncio.to_thread(get, port, "/metrics")
        assert 'urbanhub_source_health{connector="usgs",urbanhub_source_health="down"} 1.0' in scraped[1]
        await eventually(lambda: runner.seen.health == "ok", "ok again")
        assert await ready(port) == (200, "usgs: ok")

    assert metrics.POLLS.labels("usgs", "status")._value.get() - before == 3
    assert once_each(await bulletins(broker))


async def test_a_broker_that_is_away_delays_an_event_and_loses_none(
    broker: Settings, own_kafka: KafkaNode, source: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "SLOW_BROKER_S", 0.2)

    async with running(broker, source) as runner:
        await eventually(lambda: runner.seen.health == "ok", "ok")
        own_kafka.kill()
        revise(source, 5.9)
        await eventually(lambda: runner.seen.why == "the broker does not take its records", "it says what it waits for")
        await own_kafka.start()
        await eventually(lambda: runner.seen.health == "ok", "ok again", 60)

    ours = [one for one in await bulletins(broker) if one["bulletin_id"] == HUALIEN]
    assert {one["revision"]: one["magnitude"] for one in ours} == {0: 6.4, 1: 5.9}


async def test_asked_to_end_while_the_broker_is_away_it_ends_and_publishes_after_the_restart(
    broker: Settings, own_kafka: KafkaNode, source: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "SLOW_BROKER_S", 0.2)
    monkeypatch.setattr(runner_module, "LAST_S", 0.5)

    async with running(broker, source) as runner:
        await eventually(lambda: runner.seen.health == "ok", "ok")
        own_kafka.kill()
        revise(source, 5.9)
        await eventually(lambda: runner.seen.health == "degraded", "it waits")
    await own_kafka.start()
    async with running(broker, source) as runner:
        await eventually(lambda: runner.seen.health == "ok", "ok again", 60)

    found = await bulletins(broker, len(strong(source)) + 1)
    assert once_each(found)
    assert [one["magnitude"] for one in found if one["bulletin_id"] == HUALIEN] == [6.4, 5.9]


async def test_without_the_topic_it_says_what_to_do(own_kafka: KafkaNode, source: FeedServer, tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path).model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap})

    async with Upstream(SYSTEM_CLOCK) as upstream:
        with pytest.raises(Unavailable, match=r"topic: .*'bulletins'.*topics apply"):
            await made(settings, source, upstream, Stop()).run()


# the command, as it is run


@pytest.fixture
def env(broker: Settings, source: FeedServer) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "URBANHUB_USGS_URL": source.url,
        "URBANHUB_USGS_REACH": "5:20000",
        "URBANHUB_USGS_EVERY_S": "10",
        "URBANHUB_METRICS_PORT": str(free_port()),
    }


async def test_a_killed_connector_repeats_nothing_and_misses_nothing(
    broker: Settings, source: FeedServer, env: dict[str, str], tmp_path: Path
) -> None:
    run = Command(tmp_path / "runs", "connect", "usgs", **env)
    await bulletins(broker, len(strong(source)))
    run.signal(signal.SIGKILL)
    assert await run.ended() == -9
    revise(source, 5.9)

    run = Command(tmp_path / "runs", "connect", "all", **env)
    port = int(env["URBANHUB_METRICS_PORT"])

    async def well() -> bool:
        return (await ready(port))[0] == 200

    await eventually(well, "the second run is well")
    other = Command(tmp_path / "runs", "connect", "usgs", **env | {"URBANHUB_METRICS_PORT": "0"})
    assert await other.ended() == 75
    assert "urbanhub: connector: another process runs this connector now (got 'usgs')" in other.said
    run.signal(signal.SIGINT)
    assert await run.ended() == 130

    found = await bulletins(broker, len(strong(source)) + 1)
    assert once_each(found) and len(found) == len(strong(source)) + 1
    assert [one["magnitude"] for one in found if one["bulletin_id"] == HUALIEN] == [6.4, 5.9]
    assert "Traceback" not in run.said and run.said.count("record_published") == 1


async def test_a_source_can_be_tried_without_a_broker(source: FeedServer, env: dict[str, str], tmp_path: Path) -> None:
    alone = env | {"KAFKA_BOOTSTRAP_SERVERS": ""}

    good = Command(tmp_path / "runs", "connect", "test", "usgs", **alone)
    assert await good.ended() == 0, good.said
    first, *records = good.said.splitlines()
    assert first == f"usgs answers; {len(strong(source))} records for bulletins"
    assert all(json.loads(line)["kind"] == "earthquake" for line in records) and len(records) == 10

    source.faults = [FAULTS["a web page"]]
    bad = Command(tmp_path / "runs", "connect", "test", "usgs", **alone)
    assert await bad.ended() == 69
    assert bad.said.startswith("urbanhub: source: answers with a web page in place of JSON (got '<!DOCTYPE html>")


async def ready(port: int) -> tuple[int, str]:
    return await asyncio.to_thread(get, port, "/readyz")


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode().strip()
    except OSError:
        return 0, ""
