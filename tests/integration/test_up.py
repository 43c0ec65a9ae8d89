"""`up`: one command starts everything, one Ctrl-C ends it, and nothing that ends by itself stays away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.kafka import KafkaNode
from deploy.ports import free_port
from deploy.processes import asks
from tests.support.servers import eventually
from tests.support.up import ADDRESS, Up

PROCESSES = {"kafka", "influxdb", "worker", "sink", "room"}


@pytest.fixture
async def up(kafka_jars: list[Path], page: None, tmp_path: Path) -> AsyncIterator[Up]:
    started = Up(tmp_path, "--port", str(free_port()))
    yield started
    await started.stop()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _all_run(up: Up) -> dict[str, int]:
    await eventually(lambda: set(up.status()["pids"]) == PROCESSES, "all processes run", 60)
    pids: dict[str, int] = up.status()["pids"]
    return pids


async def test_it_starts_everything_and_ends_everything_and_goes_on_with_what_it_had(up: Up) -> None:
    address = await up.start()
    pids = await _all_run(up)
    before = up.status()
    assert before["state"] == "running"
    assert before["influx"]["state"] == "ready"
    assert before["room"]["url"] == address
    assert await asks(f"{address}readyz") is None
    assert await up.stop() == 0
    assert not [name for name, pid in pids.items() if _exists(pid)]
    assert len(ADDRESS.findall(up.said)) == 1
    assert "Traceback" not in up.said

    assert await up.start() == address
    await _all_run(up)
    after = up.status()
    for part in ("kafka", "influx", "room", "metrics"):
        assert after[part] == before[part], part


async def test_each_process_that_is_killed_comes_back_where_it_was(up: Up) -> None:
    await up.start()
    pids = await _all_run(up)
    before = up.status()
    for name, pid in pids.items():
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: up.pid(name) not in (None, pid), f"{name} is back", 60)  # noqa: B023
    await _all_run(up)
    after = up.status()
    assert {name: after["restarts"][name] for name in PROCESSES} == dict.fromkeys(PROCESSES, 1)
    for part in ("kafka", "influx", "room", "metrics"):
        assert after[part] == before[part], part
    for name in PROCESSES:
        assert up.said.count(f"{name} was ended by signal 9") == 1


async def test_when_it_is_killed_itself_nothing_stays_and_the_next_start_works(up: Up) -> None:
    await up.start()
    pids = await _all_run(up)
    up.child.kill()
    await eventually(lambda: not any(_exists(pid) for pid in pids.values()), "all children ended with it")
    await up.start()
    assert await up.stop() == 0


async def test_a_second_one_on_the_same_folder_is_refused(up: Up, tmp_path: Path) -> None:
    await up.start()
    second = Up(tmp_path, "--port", str(free_port()))
    second.child.log = tmp_path / "second.log"
    code, said = await second.refused()
    assert code == 75
    assert f"process {up.child.pid}" in said
    assert "--data-dir" in said
    assert len(said.splitlines()) == 1


async def test_a_taken_port_is_told_when_it_was_chosen(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, said = await Up(tmp_path, "--port", str(port)).refused()
    assert code == 75
    assert f"{port}" in said
    assert "--port" in said
    assert len(said.splitlines()) == 1


async def test_what_is_wrong_is_one_message(tmp_path: Path) -> None:
    code, said = await Up(tmp_path, "--scenario", "nowhere").refused()
    assert (code, len(said.splitlines())) == (64, 1)
    assert "typhoon" in said
    code, said = await Up(tmp_path, env={"INFLUX_URL": "http://127.0.0.1:9", "INFLUX_TOKEN": ""}).refused()
    assert code == 78
    assert "INFLUX_TOKEN" in said
    assert "Traceback" not in said
    nobody = f"127.0.0.1:{free_port()}"
    code, said = await Up(tmp_path, env={"KAFKA_BOOTSTRAP_SERVERS": nobody}).refused()
    assert code == 69
    assert nobody in said
    assert "Traceback" not in said


async def test_an_existing_cluster_is_used_and_left_alone(up: Up, own_kafka: KafkaNode) -> None:
    up.child.env["KAFKA_BOOTSTRAP_SERVERS"] = own_kafka.bootstrap
    await up.start()
    await eventually(lambda: set(up.status()["pids"]) == PROCESSES - {"kafka"}, "its own processes run")
    assert up.status()["kafka"]["bootstrap"] == own_kafka.bootstrap
    await up.stop()
    assert own_kafka.child.running


async def test_the_status_is_for_programs_and_for_people(up: Up) -> None:
    await up.start()
    await _all_run(up)

    def asked(*options: str) -> str:
        command = [sys.executable, "-m", "deploy.cli", "status", "--data-dir", str(up.data_dir), *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    found = json.loads(asked("--json"))
    assert found["data_dir"] == str(up.data_dir)
    assert found["influx"]["bucket"] == "city"
    assert found["influx"]["token"]
    shown = asked()
    assert found["room"]["url"] in shown
    assert found["influx"]["token"] not in shown
    assert (up.data_dir / "status.json").stat().st_mode & 0o777 == 0o600


async def test_a_status_without_a_hub_says_so(tmp_path: Path) -> None:
    child = Up(tmp_path).child
    child.command[child.command.index("up") :] = ["status", "--data-dir", str(tmp_path)]
    child.start()
    assert await child.ended() == 69
    assert "no hub runs" in child.said()
