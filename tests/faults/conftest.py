"""Storms over a hub of a test's own, whose workers all end with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.servers import HubUnderTest
from tests.support.storm_load import StormLoad, seed_of_this_run, storm, write_storm_city
from tests.support.storm_run import SESSION_S, BeginStorm, StormRun


@pytest.fixture
async def begin_storm(make_hub: Callable[..., Awaitable[HubUnderTest]], tmp_path: Path) -> AsyncIterator[BeginStorm]:
    """Makes a hub without workers, and readings of which none is sent yet: `await begin_storm(readings, seconds, **env)`."""
    begun: list[StormRun] = []

    async def begin(readings: int, seconds: float, **env: str) -> StormRun:
        seed = seed_of_this_run()
        print(f"URBANHUB_TEST_SEED={seed}")
        made = storm(readings, seed)
        seeds = write_storm_city(tmp_path / "seeds", made)
        quick = {"URBANHUB_SESSION_TIMEOUT_S": str(SESSION_S), "URBANHUB_LOG_FORMAT": "json"}
        hub = await make_hub(env={"URBANHUB_SEEDS": str(seeds), **quick, **env})
        begun.append(StormRun(hub, seeds, StormLoad(hub.kafka.bootstrap, made, seconds), seed))
        return begun[-1]

    yield begin
    for run in begun:
        await run.crew.kill()
