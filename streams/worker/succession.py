"""One core takes the place of another between two records: the same log, the same place in it, other rules.

It is a restart without its pause: what a snapshot holds is restored, so that alerts which nothing judges any more end and
say why. What waits to be sent is sent first, and the memory that a restart reads again from the log is handed over.
"""

from __future__ import annotations

from streams.engine.readings_stage import ReadingsStage
from streams.worker.stages import Core


def succeed(core: Core, before: Core) -> None:
    """Let a core go on where another one stands, which must not be used any more.

    A checkpoint must ride with what is sent next: only the state that it holds tells by which rules the log was judged.

    Args:
        core: new, of the same stage and partition.
        before: the one that was at work.
    """
    core.out = before.out
    core.restore(before.snapshot())
    if isinstance(core, ReadingsStage) and isinstance(before, ReadingsStage):
        core.remember(before)
    core.out.once = True
