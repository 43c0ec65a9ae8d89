"""`./deploy/up --check` as a user runs it: it passes, it fails when anything is otherwise than promised."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from deploy.child import Child
from deploy.waiting import until

ROOT = Path(__file__).parents[2]
CHECKED_S = 600.0
VERDICT = re.compile(r"(\d+) passed, (\d+) failed")


class Check:
    """One check on a data folder of its own."""

    def __init__(self, folder: Path, *options: str, seeds: Path | None = None) -> None:
        self.data_dir = folder / "data"
        env = os.environ if seeds is None else {**os.environ, "URBANHUB_SEEDS": str(seeds)}
        command: list[str | Path] = [ROOT / "deploy" / "up", "--check", "--data-dir", self.data_dir, *options]
        self.child = Child("check", command, log=folder / "check.log", env=env, stop_signal=signal.SIGINT)

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self.child.said(1_000_000)

    async def ended(self) -> tuple[int | None, int, int]:
        """Run it to its end: exit code, promises that held, promises that did not."""
        if not self.child.running:
            self.child.start()
        assert await until(lambda: not self.child.running, CHECKED_S), self.said[-3000:]
        verdict = VERDICT.fullmatch(self.said.splitlines()[-1])
        assert verdict is not None, self.said[-3000:]
        assert "Traceback" not in self.said
        return self.child.exit_code, int(verdict[1]), int(verdict[2])

    def failed(self) -> list[str]:
        """The first line of each row that failed."""
        return [line.removeprefix("FAILED").strip() for line in self.said.splitlines() if line.startswith("FAILED")]


@pytest.fixture
async def changed(tmp_path: Path) -> Path:
    """A copy of the city's seeds, for a test to change."""
    return shutil.copytree(ROOT / "seeds", tmp_path / "seeds")


async def test_every_promise_of_the_default_scenario_holds(kafka_jars: list[Path], tmp_path: Path) -> None:
    check = Check(tmp_path)
    code, passed, failed = await check.ended()
    assert (code, failed) == (0, 0), check.failed()
    assert passed > 50
    assert "not checked" not in check.said

    # on the same folder once more: what an earlier run left changes nothing
    assert await check.ended() == (0, passed, 0), check.failed()


async def test_one_other_threshold_and_the_check_fails(kafka_jars: list[Path], changed: Path, tmp_path: Path) -> None:
    rules = changed / "rules" / "rain.toml"
    text = rules.read_text()
    assert text.count("raise = { at_least = 60 }") == 1
    rules.write_text(text.replace("raise = { at_least = 60 }", "raise = { at_least = 62 }"))

    check = Check(tmp_path, seeds=changed)
    code, passed, failed = await check.ended()
    assert code == 1
    assert passed > 50
    assert failed == len(check.failed())
    assert [row for row in check.failed() if row.startswith("alert heavy-rain-3h, rain-ocheon")], check.failed()
    assert not [row for row in check.failed() if row.startswith(("values", "records", "windows"))], check.failed()


async def test_one_other_value_and_the_check_fails(kafka_jars: list[Path], changed: Path, tmp_path: Path) -> None:
    records = changed / "scenarios" / "typhoon.ndjson.gz"
    lines = gzip.decompress(records.read_bytes()).splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if _is_rain(json.loads(line)))
    one = json.loads(lines[number])
    one["value"]["rainfall_mm"] += 20
    lines[number] = json.dumps(one, ensure_ascii=False).encode() + b"\n"
    records.write_bytes(gzip.compress(b"".join(lines), mtime=0))

    check = Check(tmp_path, seeds=changed)
    code, _, failed = await check.ended()
    assert code == 1
    assert failed == len(check.failed())
    assert [row for row in check.failed() if row.startswith("alert heavy-rain-3h, rain-ocheon")], check.failed()
    assert not [row for row in check.failed() if row.startswith(("values", "records", "windows"))], check.failed()


def _is_rain(record: dict[str, Any]) -> bool:
    value = record.get("value", {})
    is_gauge = value.get("sensor_id") == "rain-ocheon" and value.get("quality", "ok") == "ok"
    return is_gauge and value.get("observed_at", "") >= "2022-09-06T01:05"
