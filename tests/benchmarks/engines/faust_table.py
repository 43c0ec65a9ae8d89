"""A plain Faust tumbling table, as Faust's own guide shows it; Faust is a package of the hub's already."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from tests.benchmarks.engines.engine import Job, Ran
from tests.benchmarks.engines.peer import run_peer
from tests.benchmarks.filling import topics_of

PROGRAM: Final = Path(__file__).parent / "faust_table_program.py"


class FaustTable:
    """The adapter."""

    name = "faust-table"
    needs = "nothing else"

    def missing(self) -> str | None:
        """Nothing."""
        return None

    async def prepare(self) -> None:
        """Nothing."""

    async def run(self, job: Job) -> Ran:
        """One run in a process of its own."""
        output = f"bench.{job.name}"
        await job.broker.new_topic(output)
        await job.broker.new_topic(f"{job.name}-windows-changelog")
        (topic,) = topics_of(job.readings.workload)
        env = os.environ | {
            "BENCH_BROKER": job.broker.node.bootstrap,
            "BENCH_INPUT": topic,
            "BENCH_OUTPUT": output,
            "BENCH_GROUP": job.name,
            "BENCH_RECORDS": str(job.records),
            "BENCH_FOLDER": str(job.folder / "state"),
        }
        command: list[str | Path] = [sys.executable, PROGRAM, "worker", "--without-web", "-l", "error"]
        return await run_peer(job, command, output, env)
