"""Settings: environment before file before default; everything wrong is named at once, and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import settings
from streams.errors import WrongSetting


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("URBANHUB_", "KAFKA_", "INFLUX_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert settings.load().room_port == 8600
    (tmp_path / "urbanhub.toml").write_text('room_port = 9001\ninflux_org = "city"\n')
    assert settings.load().room_port == 9001
    monkeypatch.setenv("URBANHUB_ROOM_PORT", "9002")
    assert settings.load().room_port == 9002
    assert settings.load().influx_org == "city"
    assert settings.load(room_port=9003).room_port == 9003
    assert settings.load(room_port=None).room_port == 9002


def test_every_wrong_setting_is_named_at_once_with_its_variable_and_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANHUB_ROOM_PORT", "70000")
    monkeypatch.setenv("URBANHUB_LOG_FORMAT", "loud")
    monkeypatch.setenv("INFLUX_URL", "influx:8086")

    with pytest.raises(WrongSetting) as caught:
        settings.load()

    said = str(caught.value)
    for part in ("URBANHUB_ROOM_PORT", "70000", "URBANHUB_LOG_FORMAT", "loud", "INFLUX_URL", "influx:8086"):
        assert part in said


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cret")
    monkeypatch.setenv("INFLUX_TOKEN", "t0ken")
    assert "s3cret" not in repr(settings.load())
    assert "t0ken" not in repr(settings.load())


def test_a_file_that_is_named_must_be_there_and_be_toml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    monkeypatch.setenv("URBANHUB_CONFIG", str(path))
    with pytest.raises(WrongSetting, match="URBANHUB_CONFIG"):
        settings.load()
    path.write_text("room_port =\n")
    with pytest.raises(WrongSetting, match="line 1"):
        settings.load()
    path.write_text("room_port = 9005\n")
    assert settings.load().room_port == 9005


def test_a_process_that_needs_kafka_says_which_setting_is_missing() -> None:
    with pytest.raises(WrongSetting, match="KAFKA_BOOTSTRAP_SERVERS"):
        _ = settings.load().bootstrap


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUX_TOKEN", "")
    monkeypatch.setenv("URBANHUB_ROOM_PORT", "")
    assert settings.load().influx_token is None
    assert settings.load().room_port == 8600
