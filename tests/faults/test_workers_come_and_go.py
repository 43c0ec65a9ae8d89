"""Workers that join, leave, die and are presumed dead while a storm comes in: each result once, by one owner."""

from __future__ import annotations

import asyncio
import signal

from streams.clock import SYSTEM_CLOCK
from tests.support.crew import send_signal
from tests.support.servers import eventually
from tests.support.storm_run import SESSION_S, BeginStorm

READINGS, SECONDS = 24_000, 70.0
MOVED_S = SESSION_S + 10.0
"""The promise: the session time-out plus 10 s."""
STOPPED_S = 30.0
"""Far longer than its session: the group has forgotten it, and others have its partitions."""


async def test_partitions_move_in_time_and_without_a_lost_or_doubled_result(begin_storm: BeginStorm) -> None:
    run = await begin_storm(READINGS, SECONDS)
    crew = run.crew
    await crew[0].start()

    async with run.load as load:
        await asyncio.gather(*(crew[number].start() for number in (1, 2, 3)))
        await crew.shared_by((0, 1, 2, 3), MOVED_S)
        await crew[1].stop()
        crew[2].child.kill()
        await crew.shared_by((0, 3), MOVED_S)
        crew[0].child.kill()
        await crew.shared_by((3,), MOVED_S)
        assert load.goes_on, "the last one took over under load"
        await load.hurried()

    await run.verdict([3])


async def test_a_worker_that_was_stopped_past_its_session_is_fenced_and_adds_nothing(begin_storm: BeginStorm) -> None:
    run = await begin_storm(READINGS, SECONDS)
    crew = run.crew

    async with run.load as load:
        await crew.keep(0, 1)
        await crew.shared_by((0, 1), MOVED_S)
        stopped_s = SYSTEM_CLOCK.monotonic_s()
        send_signal(crew[1], signal.SIGSTOP)
        await crew.shared_by((0,), MOVED_S)
        await eventually(lambda: SYSTEM_CLOCK.monotonic_s() - stopped_s >= STOPPED_S, "its time is over", STOPPED_S)
        assert load.goes_on, "it goes on under load"
        send_signal(crew[1], signal.SIGCONT)
        await crew.shared_by((0, 1), MOVED_S + 10)
        await load.hurried()

    assert "another worker has taken" in " ".join(crew.told), crew.told
    await run.verdict([0, 1])
