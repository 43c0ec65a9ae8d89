"""A peer's program as a process: begun, watched by what it writes, judged by its output topic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from deploy.child import Child
from deploy.waiting import until
from tests.benchmarks import expected, proc, published
from tests.benchmarks.engines.engine import Failed, Job, Ran

PUBLISH_S: Final = 90.0
"""After its last record was read, a peer may take this long to publish what became final."""
WINDOW_S: Final = 60


async def run_peer(job: Job, command: Sequence[str | Path], output: str, env: dict[str, str] | None = None) -> Ran:
    """Run a program that reads the job's readings and publishes windows to a topic.

    It writes JSON lines `{"bench": "begun" | "seen" | "published", "at_ms": …}`: when it saw its first record, when its
    last, and when all windows are published, after which it ends. Its time is from the first to the last record: what it
    still has to do for its output then is given to it.

    Raises:
        Failed: it ended early or did not end in time; its last words are in the message.
    """
    child = Child(job.name, command, log=job.folder / "peer.log", env=env)
    told: dict[str, int] = {}

    def has_told(event: str) -> bool:
        told.update(_told(child.log))
        return event in told or not child.running

    watch = proc.Watch(job.broker.pid)
    child.start()
    try:
        pid = child.pid or 0
        await until(lambda: has_told("begun"), job.limit_s, every_s=0.02)
        start_cpu_s = proc.cpu_s(pid)
        await until(lambda: has_told("seen"), job.limit_s, every_s=0.02)
        cpu_s, rss_mb = proc.cpu_s(pid), proc.peak_rss_mb(pid)
        if "seen" not in told:
            state = "did not end within" if child.running else f"ended with {child.exit_code} before"
            raise Failed(f"{state} {job.limit_s:g} s: {_last_words(child)}")
        seconds, shares = (told["seen"] - told["begun"]) / 1000, watch.shares(cpu_s)
        await until(lambda: has_told("published"), PUBLISH_S)
        if "published" not in told:
            raise Failed(f"did not publish its windows within {PUBLISH_S:g} s: {_last_words(child)}")
    finally:
        await child.stop()
    wrong = await _wrong(job, output)
    more = {
        "work_cpu_s_per_million": (cpu_s - start_cpu_s) / job.records * 1e6,
        "broker_share": shares.broker,
        "others_share": shares.others,
    }
    return Ran(seconds, cpu_s, rss_mb, wrong, job.records, job.records, more)


def _told(log: Path) -> dict[str, int]:
    found = {}
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith('{"bench"'):
            said: dict[str, Any] = json.loads(line)
            found[said["bench"]] = said["at_ms"]
    return found


def _last_words(child: Child) -> str:
    lines = [line for line in child.said().splitlines() if "rror" in line or "xception" in line]
    return (lines[-1] if lines else child.said(200)).strip()[:300]


async def _wrong(job: Job, output: str) -> str | None:
    ends = await job.broker.ends([output])
    found = await published.windows(job.broker.node.bootstrap, {}, ends, [WINDOW_S])
    own = expected.within(found[WINDOW_S], job.readings.begin_ms, job.readings.end_ms)
    return expected.difference(own, expected.windows(job.readings, WINDOW_S), exact=False)
