"""Rules that change while the room runs: open pages fetch them, and what they need is kept from then on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deploy.waiting import until
from streams import rule_watch
from streams.room import app as server
from streams.settings import load
from tests.support.room_log import MINUTE_MS, NOW_MS, RULES, Written
from tests.support.small_city import RULES as RULE_FILE
from tests.support.small_city import write_seeds
from tests.unit.room.test_events import StoppedClock


async def test_open_pages_are_asked_to_fetch_changed_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_watch, "LOOK_EVERY_S", 0.01)
    seeds = write_seeds(tmp_path)
    room = server.make_room(load(seeds=seeds, data_dir=tmp_path, influx_url=None), StoppedClock())
    Written(room.city)
    open_page = room.events.join(None, None)
    following = asyncio.create_task(room.rules.run())
    (seeds / "rules" / "river.toml").write_text(RULE_FILE.replace('"river-level"', '"river-level-2"'))

    def is_described() -> bool:
        return [rule["rule_id"] for rule in json.loads(room.description.text)["rules"]] == ["river-level-2"]

    assert await until(is_described, 10)
    following.cancel()

    assert list(room.city.watched) == ["river-level-2"]
    frames = [open_page.frames.get_nowait() for _ in range(open_page.frames.qsize())]
    assert any(frame.startswith(b"event: reset") for frame in frames)


def test_windows_that_only_a_new_rule_asks_for_are_known_from_then_on() -> None:
    log = Written()
    log.city.judge_by([])
    log.window("air-1", NOW_MS - 86_400_000, 10.0, window_s=86_400, final=True)
    assert not log.city.reality.series

    log.city.judge_by(RULES)
    log.window("air-1", NOW_MS, 20.0, window_s=86_400, final=True)

    (series,) = log.city.reality.series.values()
    assert list(series.long[86_400].between(0, NOW_MS + MINUTE_MS)) == [NOW_MS]
