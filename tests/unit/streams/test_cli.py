"""The command: grouped help, one message and one exit code for what is wrong, lists for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from deploy.cli import app, main
from streams.contract.topics import TOPICS
from tests.support.small_city import write_seeds

COMMANDS = (
    "up",
    "status",
    "worker",
    "sink",
    "room",
    "connect",
    "replay",
    "topics",
    "schema",
    "check",
    "tap",
    "sensors",
    "rules",
)


@pytest.fixture(autouse=True)
def _environment_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--seeds` is handed on to child processes by the environment: it must not reach the next test."""
    monkeypatch.setenv("URBANHUB_SEEDS", "")
    monkeypatch.delenv("URBANHUB_SEEDS")


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return write_seeds(tmp_path / "seeds")


class _Ended(NamedTuple):
    returncode: int
    stderr: str


Run = Callable[..., _Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command as its script does; what a person is told, and the exit code."""

    def ended(*arguments: str, **env: str) -> _Ended:
        monkeypatch.setattr(sys, "argv", ["urbanhub", *arguments])
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as caught:
            main()
        return _Ended(int(caught.value.code or 0), capsys.readouterr().err)

    return ended


def test_the_help_names_every_command() -> None:
    said = CliRunner().invoke(app, ["--help"]).output
    for name in COMMANDS:
        assert name in said, name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_the_sensors_are_one_array_for_programs(seeds: Path) -> None:
    result = CliRunner().invoke(app, ["--seeds", str(seeds), "sensors", "list", "--json"])
    found = json.loads(result.output)
    assert {s["sensor_id"] for s in found} == {"rain-1", "river-1", "air-1", "road-1"}
    assert {s["domain"] for s in found} == {"air-quality", "traffic", "disaster"}
    assert all(s["zone"] for s in found)
    only = CliRunner().invoke(app, ["--seeds", str(seeds), "sensors", "list", "--json", "--zone", "ocheon-eup"])
    assert {s["sensor_id"] for s in json.loads(only.output)} == {"rain-1", "river-1"}


def test_a_wrong_choice_names_the_right_ones(seeds: Path, run: Run) -> None:
    done = run("--seeds", str(seeds), "sensors", "list", "--domain", "noise")
    assert done.returncode == 64
    assert "air-quality, traffic, disaster" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_check_tells_what_was_read(seeds: Path) -> None:
    result = CliRunner().invoke(app, ["--seeds", str(seeds), "check"])
    assert result.exit_code == 0
    assert "4 sensors, 3 zones, 2 owners" in result.output


def test_wrong_settings_are_one_message_and_exit_code_78(seeds: Path, run: Run) -> None:
    done = run("--seeds", str(seeds), "check", URBANHUB_ROOM_PORT="x", URBANHUB_REPLICATION="0")
    assert done.returncode == 78
    assert "URBANHUB_ROOM_PORT" in done.stderr
    assert "URBANHUB_REPLICATION" in done.stderr
    assert "Traceback" not in done.stderr


def test_seeds_that_are_not_there_are_told_with_the_file(tmp_path: Path, run: Run) -> None:
    done = run("--seeds", str(tmp_path / "nowhere"), "check")
    assert done.returncode == 78
    assert "city.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_without_a_broker_says_so(seeds: Path, run: Run) -> None:
    done = run("--seeds", str(seeds), "worker", KAFKA_BOOTSTRAP_SERVERS="")
    assert done.returncode == 78
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.stderr


def test_schemas_are_printed_for_every_topic_that_carries_a_model() -> None:
    found = json.loads(CliRunner().invoke(app, ["schema"]).output)
    assert {name for name, topic in TOPICS.items() if topic.model is not None and topic.public} <= set(found)
    one = json.loads(CliRunner().invoke(app, ["schema", "bulletins"]).output)
    assert one == found["bulletins"]
    assert json.loads(CliRunner().invoke(app, ["schema", "--asyncapi"]).output)["asyncapi"].startswith("3.")


def test_a_topic_that_the_hub_does_not_have_is_refused_with_those_it_has(run: Run) -> None:
    done = run("tap", "weather", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 64
    assert "readings.disaster" in done.stderr
