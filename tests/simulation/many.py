"""Many seeds on all of the machine's processors."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Final, NamedTuple

from streams.worker.app import GC_THRESHOLD
from tests.simulation.simulator import run
from tests.simulation.verdict import complaints

CHUNK: Final = 4
"""Seeds that a process takes at a time."""


class Judged(NamedTuple):
    """A run's verdict."""

    seed: int
    kinds: frozenset[str]
    counts: dict[str, int]
    """What the cluster and the verdict counted, so that a run in which nothing happened is seen."""
    wrong: list[str]


def judged(seed: int) -> Judged:
    """Run one seed and judge it."""
    found = run(seed)
    wrong = complaints(found)
    return Judged(seed, found.kinds, {**found.cluster.counts, **found.seen}, wrong)


def _set_out() -> None:
    gc.set_threshold(GC_THRESHOLD, 20, 100)  # as a worker does
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A pool's process waits for more for ever when the one that made it was killed."""
    parent = parent_process()
    assert parent is not None, "it was started by a pool"
    parent.join()
    os._exit(1)


def all_judged(seeds: Iterable[int]) -> Iterator[Judged]:
    """Run seeds, several at a time; verdicts in the seeds' order."""
    # Not forked: the caller may have threads.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _set_out) as pool:
        yield from pool.map(judged, seeds, chunksize=CHUNK)


def told(found: Judged) -> str:
    """A failed run, with how to repeat it."""
    faults = ", ".join(sorted(found.kinds)) or "no faults"
    lines = [f"seed {found.seed} ({faults}) is wrong:", *(f"  {line}" for line in found.wrong)]
    return "\n".join([*lines, f"  again: python -m tests.simulation --seed {found.seed} --verbose"])
