"""Whatever breaks, the hub answers what the oracle does: each value and alert once, none missing, none extra."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from typing import Final

import pytest

from streams.contract.topics import ALERTS, REJECTED, WINDOW_TOPICS
from tests.simulation.faults import KINDS
from tests.simulation.many import all_judged, told
from tests.simulation.simulator import Run, run
from tests.simulation.verdict import complaints

pytestmark = pytest.mark.slow

SEEDS: Final = 2_000
"""Some seven minutes on two processors; `python -m tests.simulation --seeds 50000` takes a night's worth."""
RARE: Final = {
    "aborted by time": SEEDS // 20,
    "exercise dropped": SEEDS // 4,
    "exercise begun anew": SEEDS // 10,
    "release": SEEDS,
    "release told to zones": SEEDS * 10,
    "absent in reality": SEEDS * 4,
    "absent in an exercise": SEEDS // 4,
    "taken": SEEDS * 4,
    "zone_late": SEEDS // 20,
    "zone alert in reality": SEEDS // 2,
    "zone alert in an exercise": SEEDS // 10,
    "zone alert beside a partition without readings": SEEDS // 400,
}
"""What there must be at the least beside the faults, so that there is something to be wrong about."""


def test_every_seed_comes_to_what_the_oracle_says() -> None:
    broke: Counter[str] = Counter()
    wrong = []
    for found in all_judged(range(SEEDS)):
        broke.update(found.counts)
        broke.update(found.kinds)
        if found.wrong:
            wrong.append(told(found))

    assert not wrong, "\n\n".join(wrong)
    least = dict.fromkeys((*KINDS, "fenced", "aborted by a new owner"), SEEDS // 20) | RARE
    rare = {what: (broke[what], n) for what, n in least.items() if broke[what] < n}
    assert not rare, f"hardly ever tried (times, at the least): the simulator has gone blind to {rare}"


def test_a_run_without_faults_has_something_to_be_wrong_about() -> None:
    found = run(1, frozenset())

    assert complaints(found) == []
    ends = Counter[str]()
    for place, log in found.cluster.logs.items():
        ends[place.topic] += len(log.committed())
    assert all(ends[topic] > 10 for topic in (*WINDOW_TOPICS, ALERTS, REJECTED)), ends
    assert found.ended == []


def test_a_seed_repeats_exactly_whatever_the_process() -> None:
    code = "from tests.simulation.test_exactness import digest, run; print(digest(run(4)))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }

    assert len(digests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone_changes_nothing(kind: str) -> None:
    assert complaints(run(7, frozenset([kind]))) == []


def digest(found: Run) -> str:
    """A run in short: every entry of every log, and all that happened."""
    entries = [(place, e.record, e.is_gone) for place, log in found.cluster.logs.items() for e in log.entries]
    return hashlib.sha256(repr((entries, found.trace)).encode()).hexdigest()
