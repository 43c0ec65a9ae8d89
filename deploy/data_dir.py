"""The data folder of one hub: held by one `up` at a time, with the status that others read."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from deploy.disk import need_room, telling_no_room
from deploy.waiting import until
from streams.errors import Occupied

ROOM_MIB: Final = 1024
STATUS: Final = "status.json"
_LEFTOVERS: Final = "processes.json"
_LEFTOVER_S: Final = 5.0


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the data folder; the lock ends with this process, however that ends.

    Raises:
        Occupied: another `up` holds it.
        NoRoom: it can't be written or the disk is nearly full.
    """
    need_room(data_dir, ROOM_MIB, "the hub")
    with telling_no_room(data_dir):
        data_dir.chmod(0o700)
        file = (data_dir / "lock").open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Occupied(
                f"a hub runs on this data folder already (process {file.read().strip() or 'unknown'})",
                field="--data-dir",
                value=data_dir,
                fix="Stop it with Ctrl-C, or choose another folder with --data-dir",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def write_status(data_dir: Path, status: Mapping[str, Any]) -> None:
    """Write `status.json`, whole or not at all, for its owner only: it names a token."""
    _write_whole(data_dir / STATUS, json.dumps(status, ensure_ascii=False, indent=1))


def read_status(data_dir: Path) -> dict[str, Any] | None:
    """What the hub that runs on this folder says of itself; None where none runs."""
    try:
        status: dict[str, Any] = json.loads((data_dir / STATUS).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return status if is_held(data_dir) else None


def is_held(data_dir: Path) -> bool:
    """Whether an `up` runs on this folder."""
    try:
        with (data_dir / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def remember_processes(data_dir: Path, pids: Mapping[str, int]) -> None:
    """Write down which processes belong to this folder, for the next start to end what a killed one left."""
    begun = {name: [pid, _begun(pid)] for name, pid in pids.items()}
    _write_whole(data_dir / _LEFTOVERS, json.dumps(begun))


async def end_leftovers(data_dir: Path) -> list[str]:
    """End what a killed `up` left running; returns the names of those that had to be killed."""
    try:
        written: dict[str, tuple[int, str | None]] = json.loads((data_dir / _LEFTOVERS).read_text())
    except (FileNotFoundError, ValueError):
        return []

    def alive() -> dict[str, int]:
        # the same number may be another program's by now, but not with the same moment of its start
        return {name: pid for name, (pid, begun) in written.items() if begun is not None and _begun(pid) == begun}

    if await until(lambda: not alive(), _LEFTOVER_S, every_s=0.1):  # they end by themselves once their parent is gone
        return []
    left = alive()
    for pid in left.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(), _LEFTOVER_S)
    return sorted(left)


def _begun(pid: int) -> str | None:
    """When this process began, in the kernel's ticks; None where it is gone or the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _write_whole(file: Path, text: str) -> None:
    with telling_no_room(file.parent):
        number, new = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # for its owner only
        with os.fdopen(number, "w") as f:
            f.write(f"{text}\n")
        Path(new).replace(file)
