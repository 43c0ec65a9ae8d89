"""The data folder: one hub at a time, its status for its owner only, nothing left over."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.data_dir import end_leftovers, held, is_held, read_status, remember_processes, write_status
from deploy.disk import need_room, telling_no_room
from streams.errors import NoRoom, Occupied


def test_a_second_hub_on_a_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    holder = (
        "import pathlib, signal; from deploy.data_dir import held\n"
        f"with held(pathlib.Path({str(tmp_path)!r})): print('held', flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Occupied, match=str(process.pid)), held(tmp_path):
            pass
        assert is_held(tmp_path)
        process.kill()
    assert not is_held(tmp_path)
    with held(tmp_path):
        pass


def test_the_status_is_whole_for_its_owner_only_and_only_while_the_hub_runs(tmp_path: Path) -> None:
    with held(tmp_path):
        write_status(tmp_path, {"influx": {"token": "secret"}})
        assert (tmp_path / "status.json").stat().st_mode & 0o777 == 0o600
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    # the lock is this process's own: read by another one, as `urbanhub status` is
    code = (
        f"import pathlib; from deploy.data_dir import read_status; print(read_status(pathlib.Path({str(tmp_path)!r})))"
    )

    def asked() -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert asked() == "None"
    with held(tmp_path):
        assert asked() == "{'influx': {'token': 'secret'}}"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".status")]


def test_a_folder_without_a_hub_has_no_status(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    assert read_status(tmp_path / "nowhere") is None


def _pausing() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])


async def test_what_a_killed_hub_left_is_ended_and_a_reused_number_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.data_dir._LEFTOVER_S", 0.2)
    with _pausing() as left, _pausing() as stranger:
        remember_processes(tmp_path, {"worker": left.pid, "room": stranger.pid})
        written = json.loads((tmp_path / "processes.json").read_text())
        written["room"][1] = "12345"  # another moment of its start: the number was given to somebody else
        (tmp_path / "processes.json").write_text(json.dumps(written))
        assert await end_leftovers(tmp_path) == ["worker"]
        assert left.wait(5) == -9
        assert stranger.poll() is None
        stranger.kill()


async def test_a_clean_folder_has_no_leftovers(tmp_path: Path) -> None:
    assert await end_leftovers(tmp_path) == []


def test_a_disk_without_room_is_told_with_its_fix(tmp_path: Path) -> None:
    need_room(tmp_path, 1, "a test")
    with pytest.raises(NoRoom, match="Make room"):
        need_room(tmp_path, 1 << 40, "a test")


def test_a_refusal_to_write_is_told_with_its_place_and_another_error_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match=f"{tmp_path}.*No space left"), telling_no_room(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(ConnectionResetError), telling_no_room(tmp_path):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
