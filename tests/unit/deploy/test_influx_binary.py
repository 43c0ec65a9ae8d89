"""Which influxd is used, and what is said where none can be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.influx.binary import cached_binary, find_binary, missing_for_build


def _program(file: Path, says: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("URBANHUB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()


def test_one_of_version_2_on_the_path_comes_before_the_cache(tmp_path: Path) -> None:
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    _program(cached_binary(), "InfluxDB v2.7.12 (git: source)")
    on_path = _program(tmp_path / "bin" / "influxd", "InfluxDB v2.7.1 (git: abc) build_date: x")
    assert find_binary() == on_path


def test_debians_version_1_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    _program(tmp_path / "bin" / "influxd", "InfluxDB v1.6.7 (git: unknown unknown)")
    assert find_binary() is None
    _program(cached_binary(), "any")
    assert find_binary() == cached_binary()


def test_what_is_missing_is_one_line_in_both_languages_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    note = missing_for_build()
    assert note is not None
    assert "apt-get install gcc libc6-dev" in note["en"]
    assert "cc" in note["ko"]
    assert "\n" not in note["ko"] + note["en"]
