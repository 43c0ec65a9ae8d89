"""Which InfluxDB the sink writes to: the one of the settings, with what a running `up` has written since."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings, load
from streams.sink.access import Access, Where

URL = "http://127.0.0.1:8086"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("INFLUX_", "URBANHUB_"))]:
        monkeypatch.delenv(name)


def settings(folder: Path, **more: Any) -> Settings:
    return load(data_dir=folder, **more)


def write_status(folder: Path, influx: Any, state: str = "running") -> None:
    new = folder / "status.new"
    new.write_text(json.dumps({"state": state, "influx": influx}))
    new.rename(folder / "status.json")


def test_none_is_known_where_nobody_names_one(tmp_path: Path) -> None:
    assert Where(settings(tmp_path)).now() is None


def test_the_settings_name_one(tmp_path: Path) -> None:
    where = Where(settings(tmp_path, influx_url=f"{URL}/", influx_token="t", influx_org="o", influx_bucket="b"))

    assert where.now() == Access(URL, "t", "o", "b", "city-exercise")


def test_one_that_appears_later_is_taken_up_with_its_token_and_its_buckets(tmp_path: Path) -> None:
    where = Where(settings(tmp_path))
    assert where.now() is None

    write_status(tmp_path, {"url": URL, "token": "new", "org": "o", "bucket": "b", "bucket_exercise": "be"})

    assert where.now() == Access(URL, "new", "o", "b", "be")


def test_a_new_token_for_the_same_address_is_taken_up_and_its_end_leaves_the_settings(tmp_path: Path) -> None:
    where = Where(settings(tmp_path, influx_url=URL, influx_token="old"))

    write_status(tmp_path, {"url": URL, "token": "new"})
    known = where.now()
    write_status(tmp_path, {"url": URL, "token": "new"}, state="stopped")
    after = where.now()

    assert known is not None
    assert after is not None
    assert (known.token, after.token) == ("new", "old")


def test_the_status_of_a_hub_with_another_influxdb_is_not_this_ones(tmp_path: Path) -> None:
    where = Where(settings(tmp_path, influx_url=URL, influx_token="t"))

    write_status(tmp_path, {"url": "http://127.0.0.1:9999", "token": "foreign"})

    assert where.now() == Access(URL, "t", "pohang", "city", "city-exercise")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"influx": 1}', '{"influx": {"url": null}}', "\0"])
def test_a_status_that_says_nothing_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text)

    known = Where(settings(tmp_path, influx_url=URL, influx_token="t")).now()

    assert known == Access(URL, "t", "pohang", "city", "city-exercise")


def test_bytes_that_are_no_text_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_bytes(b"\xff\xfe")

    assert Where(settings(tmp_path)).now() is None


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(Access(URL, "secret", "o", "b", "be"))


@pytest.mark.parametrize(
    ("url", "is_near"),
    [
        ("http://127.0.0.1:8086", True),
        ("http://[::1]:8086", True),
        ("http://localhost:8086", True),
        ("http://influxdb:8086", False),
        ("http://192.0.2.7:8086", False),
        ("https://influx.example", False),
    ],
)
def test_near_is_this_machine_alone(url: str, is_near: bool) -> None:
    assert Access(url, "t", "o", "b", "be").is_near is is_near
