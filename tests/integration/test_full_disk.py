"""A full disk: one message with the fix at a start; while the hub runs it is told, and outlasted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.ports import free_port
from tests.support import small_disk
from tests.support.servers import eventually
from tests.support.small_disk import SmallDisk
from tests.support.up import Up

ROOMY_MIB = 3072
pytestmark = pytest.mark.skipif(not small_disk.can_be_had(), reason="a disk can't be mounted by this user here")


@pytest.fixture
async def up(kafka_jars: list[Path], page: None, tmp_path: Path) -> AsyncIterator[Up]:
    started = Up(tmp_path / "disk", "--scenario", "typhoon", "--port", str(free_port()))
    yield started
    await started.stop()


async def test_a_start_on_a_full_disk_is_one_message_with_its_fix(tmp_path: Path) -> None:
    up = Up(tmp_path / "disk")
    SmallDisk(tmp_path / "disk", up.child, mib=64)

    code, said = await up.refused()

    assert code == 74
    assert len(said.splitlines()) == 1
    assert str(up.data_dir) in said
    assert "64 MiB are left" in said
    assert "Make room" in said


async def test_a_disk_that_fills_is_told_and_everything_runs_again_once_there_is_room(up: Up) -> None:
    disk = SmallDisk(up.data_dir.parent, up.child, ROOMY_MIB)
    await up.start()

    def status() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(disk.seen(up.data_dir / "status.json").read_text())
        return found

    disk.fill()
    await eventually(lambda: "kafka can't be started again yet" in up.said, "Kafka ends, and why it stays away", 120)
    said = up.said
    assert said.count(f"{up.data_dir}: can't be written: No space left on device") == 1
    assert "Kafka needs 512 MiB of free disk" in said
    assert "Make room" in said
    assert up.child.running

    disk.empty(ROOMY_MIB)
    await eventually(
        lambda: status()["restarts"]["kafka"] > 0 and {"kafka", "worker", "room"} <= set(status()["pids"]),
        "everything runs again",
        120,
    )
    assert await up.stop() == 0
    assert "Traceback" not in up.said
