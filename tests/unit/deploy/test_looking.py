"""Commands that ask a hub find the one that runs on the data folder; one that is named comes first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.data_dir import held, write_status

RUNNING, NAMED = "127.0.0.1:1", "127.0.0.1:2"
"""Nobody listens there: who asks is told so, with the address."""


def _said(data_dir: Path, *arguments: str, **env: str) -> str:
    known = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        env=known | {"URBANHUB_DATA_DIR": str(data_dir), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("command", ["topics list", "rules explain rain:rain-1:20220905T151000Z", "tap alerts"])
def test_the_hub_that_runs_on_the_data_folder_is_asked(tmp_path: Path, command: str) -> None:
    with held(tmp_path):
        write_status(tmp_path, {"kafka": {"bootstrap": RUNNING}})

        assert RUNNING in _said(tmp_path, *command.split())


def test_one_that_is_named_comes_first(tmp_path: Path) -> None:
    with held(tmp_path):
        write_status(tmp_path, {"kafka": {"bootstrap": RUNNING}})

        said = _said(tmp_path, "topics", "list", KAFKA_BOOTSTRAP_SERVERS=NAMED)

    assert NAMED in said and RUNNING not in said


def test_without_either_it_says_what_to_do(tmp_path: Path) -> None:
    write_status(tmp_path, {"kafka": {"bootstrap": RUNNING}})  # of a hub that has ended

    assert "KAFKA_BOOTSTRAP_SERVERS: no Kafka servers are set" in _said(tmp_path, "topics", "list")


def test_who_carries_the_flow_is_told_where(tmp_path: Path) -> None:
    with held(tmp_path):
        write_status(tmp_path, {"kafka": {"bootstrap": RUNNING}})

        assert "KAFKA_BOOTSTRAP_SERVERS: no Kafka servers are set" in _said(tmp_path, "worker")
