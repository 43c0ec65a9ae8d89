"""kill -9 of the worker, again and again at moments drawn from a seed, while a storm over three domains comes in."""

from __future__ import annotations

from random import Random

from tests.support.servers import eventually
from tests.support.storm_run import BeginStorm

KILLS = 20
READINGS, SECONDS = 40_000, 150.0
AT_ITS_START = 0.3
"""The share of kills that strike a worker wherever it is, be it only starting or restoring; the others wait for it to apply."""
WITHIN = 800
"""Records sent until a kill, at most: about 3 s, so that some strike before a checkpoint and some after it."""
APPLIES_S = 30.0


async def test_twenty_kills_at_random_moments_leave_every_result_as_calculated(begin_storm: BeginStorm) -> None:
    run = await begin_storm(READINGS, SECONDS, URBANHUB_WORKER_NAME="only")
    random, worker, applying = Random(run.seed), run.crew[0], 0

    def applies() -> bool:
        assert worker.child.running, f"it ended by itself: {worker.child.said()}"
        return "partitions_taken_over" in worker.child.said()

    async with run.load as load:
        worker.child.start()
        for _ in range(KILLS):
            if random.random() >= AT_ITS_START:
                await eventually(applies, "the worker applies records", APPLIES_S)
            moment = load.sent + random.randrange(WITHIN)
            await eventually(lambda moment=moment: load.sent >= moment or not load.goes_on, "the moment", SECONDS, 0.01)
            applying += applies()
            worker.child.kill()
            worker.child.start()
        assert load.goes_on, "the last kill is under load"
        await load.hurried()
    await eventually(applies, "the worker applies records", APPLIES_S)

    await run.verdict([0])
    print(f"{applying} of {KILLS} kills struck a worker that applied records")
    assert KILLS // 2 <= applying < KILLS
