"""One run of a storm: a hub on a broker of its own, its workers, the readings sent to it, and the verdict at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from deploy.oracle import Answer
from tests.support import exactness
from tests.support.crew import Crew
from tests.support.heard import Heard
from tests.support.servers import HubUnderTest
from tests.support.storm_load import StormLoad

SESSION_S = 6
"""The shortest session of a worker that the broker takes."""
EXACT_S = 60.0
"""From the last reading until everything is there, on a busy machine; less than the silence after which the clock speaks."""


class StormRun:
    """What a test of faults plays with: it does its worst while the load is sent, and asks for the verdict.

    Args:
        hub: the processes' hub.
        seeds: of its city.
        load: what is sent to it.
        seed: of which everything is drawn.
    """

    def __init__(self, hub: HubUnderTest, seeds: Path, load: StormLoad, seed: int) -> None:
        self.hub, self.seeds, self.load, self.seed = hub, seeds, load, seed
        self.crew = Crew(hub)

    async def verdict(self, workers: Iterable[int]) -> Answer:
        """Wait until all is as it was calculated, stop the workers, and see that nothing else has come.

        Args:
            workers: those that must have carried everything to its end.

        Raises:
            AssertionError: something is missing, is not wanted, or is not as calculated.
        """
        await self.load.hurried()
        workers = list(workers)
        async with Heard(self.hub.kafka.bootstrap) as heard:
            answer = await exactness.calculated(heard, self.seeds)
            await exactness.until_exact(heard, answer, EXACT_S)
            await self.crew.caught_up(workers, EXACT_S)
            await self.crew.stop()
            await heard.to_end()
            wrong = exactness.complaints(heard, answer)
            assert not wrong, "\n".join(wrong)
            print(f"{dict(answer.values)}, {len(answer.alerts)} alerts; came twice: {dict(heard.repeats)}")
        return answer


BeginStorm = Callable[..., Awaitable[StormRun]]
"""The fixture of `tests/faults`: `await begin_storm(readings, seconds, **env)`."""
