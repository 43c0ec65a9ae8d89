"""The benchmark's own worth: a small run of the hub is right, and is told as promised."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
READINGS = 20_000


async def test_a_small_run_of_the_hub_is_correct(tmp_path: Path) -> None:
    told = tmp_path / "rows.json"
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.benchmarks", "w1", "--engine", "hub"],
        *["--readings", str(READINGS), "--repeats", "1", "--json", str(told)],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 180)

    assert process.returncode == 0, said.decode()
    (row,) = (json.loads(line) for line in told.read_text().splitlines())
    assert (row["case"], row["engine"], row["correct"]) == ("w1", "hub", True), row
    assert row["records"] == READINGS + 4
    assert row["readings_per_s"] > 0 and row["cpu_s_per_million"] > 0 and row["rss_mb"] > 0
