"""Each wrong option is one message that names it, and an exit code that says whose fault it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.cli import app
from connectors.replay.player import Player, Wishes
from connectors.replay.progress import Lines
from connectors.replay.recording import Recording
from connectors.replay.state import ReplayStates
from connectors.stopping import Stop
from deploy.ports import free_port
from streams.errors import HubError, WrongInput
from streams.settings import load
from tests.support.clock import StillClock

USAGE, INPUT, SETTING, UNAVAILABLE = 2, 64, 78, 69


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("URBANHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("URBANHUB_SEEDS", str(tmp_path / "seeds"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr("streams.logs.configure", lambda **_: None)  # it is for the whole process
    path = tmp_path / "rain.csv"
    path.write_text("sensor_id,observed_at,rainfall_mm\nrain-1,2022-09-06T01:00:00+09:00,1.5\n")
    return str(path)


def told(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, HubError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("replay", INPUT, "SOURCE: is missing. Name a scenario or a file, or --rejected REASON"),
        ("replay nothing", INPUT, "SOURCE: is neither a scenario nor a file (got 'nothing')"),
        ("replay FILE --topic alerts", INPUT, "--topic: is none of the hub's inputs (got 'alerts'). Use readings."),
        ("replay FILE --speed -1", INPUT, "--speed: is no speed (got '-1.0'). Use 0 (as fast as possible) to"),
        ("replay FILE --speed nan", INPUT, "--speed: is no speed"),
        ("replay FILE --speed inf", INPUT, "--speed: is no speed"),
        ("replay FILE --speed fast", USAGE, "--speed"),
        ("replay FILE --sped 1", USAGE, "--sped"),
        ("replay FILE --exercise a/b", INPUT, "--exercise: is no id (got 'a/b')"),
        ("replay FILE --exercise drill --real", INPUT, "--exercise: stands beside --real"),
        ("replay --rejected nonsense", INPUT, "--rejected: is no reason (got 'nonsense'). Use one of malformed, "),
        ("replay --rejected late --topic alerts", INPUT, "--topic: is none of the hub's inputs"),
        ("replay FILE --rejected late", INPUT, "SOURCE: stands beside --rejected"),
        ("replay --rejected late --loop --speed 2", INPUT, "--speed, --loop: stands beside --rejected"),
        ("replay --rejected late", UNAVAILABLE, "KAFKA_BOOTSTRAP_SERVERS: no Kafka broker answers"),
        ("replay --rejected unknown_sensor", SETTING, "city.toml: the file is not there"),
        ("replay FILE", UNAVAILABLE, "KAFKA_BOOTSTRAP_SERVERS: no Kafka broker answers"),
        ("connect", USAGE, "Missing argument"),
        ("connect test", INPUT, "NAME: is missing. As in: urbanhub connect test usgs"),
        ("connect usgs usgs", INPUT, "NAME: stands only beside test"),
        ("connect nobody", INPUT, "NAME: there is no such source (got 'nobody'). Use one of usgs, or list or all"),
        ("connect test nobody", INPUT, "NAME: there is no such source"),
        ("connect usgs", SETTING, "city.toml: the file is not there"),
    ],
)
def test_a_wrong_option_is_named_with_what_to_do(file: str, arguments: str, code: int, says: str) -> None:
    found, said = told(*(file if part == "FILE" else part for part in arguments.split()))

    assert (found, says in said) == (code, True), said


def test_no_servers_at_all_are_a_wrong_setting(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS")

    assert told("replay", file)[0] == SETTING


async def test_a_file_that_can_no_longer_be_read_is_named(file: str, tmp_path: Path) -> None:
    clock = StillClock()
    recording = Recording(tmp_path / "gone.ndjson", "gone")
    states = ReplayStates(tmp_path / "data", clock)
    player = Player(load(), states, recording, Wishes(1.0), clock=clock, stop=Stop(), shown=Lines(clock))

    with pytest.raises(WrongInput, match=r"gone\.ndjson: can't be read: No such file"):
        player._opened()


def test_no_source_that_is_enabled_is_told(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANHUB_USGS_ENABLED", "false")

    assert told("connect", "all") == (INPUT, "all: no source is enabled. See urbanhub connect list")


def test_the_list_shows_each_source_and_its_settings(file: str) -> None:
    code, said = told("connect", "list")

    assert code == 0
    for part in ("usgs", "bulletins", "URBANHUB_USGS_REACH", "3:100 5:200 6:300"):
        assert part in said
