"""Child processes: they end as asked, as killed, and with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.child import Child
from deploy.waiting import until

WAITS = "import signal, sys; print('ready', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
TALKS = (
    "import signal; signal.signal(signal.SIGUSR1, lambda *_: print('again', flush=True));"
    "print('ready for more', flush=True)\nwhile True: signal.pause()"
)
HEEDS = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); print('ready', flush=True); signal.pause()"


def _child(tmp_path: Path, code: str, **more: object) -> Child:
    return Child("test", [sys.executable, "-c", code], log=tmp_path / "log", **more)  # type: ignore[arg-type]


async def _ready(child: Child) -> None:
    child.start()
    assert await until(lambda: "ready" in child.said(), 10)


async def test_it_is_stopped_by_the_signal_that_it_heeds(tmp_path: Path) -> None:
    child = _child(tmp_path, HEEDS, stop_signal=signal.SIGINT)
    await _ready(child)
    assert await child.stop() == 7
    assert child.pid is None


async def test_one_that_does_not_heed_is_killed(tmp_path: Path) -> None:
    child = _child(tmp_path, DEAF)
    await _ready(child)
    assert await child.stop(0.2) == -signal.SIGKILL


async def test_a_second_start_appends_to_the_log_and_tells_its_own_words(tmp_path: Path) -> None:
    child = _child(tmp_path, "print(open('/proc/sys/kernel/random/uuid').read())")
    child.start()
    await child.ended()
    first = child.said()
    child.start()
    await child.ended()
    assert first
    assert first not in child.said()
    assert first in child.log.read_text()


def _grandchild_of_a_killed(parent: str) -> int:
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        os.kill(pid, 0)
        process.kill()
    return pid


async def test_it_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = (
        "import pathlib, signal, sys; from deploy.child import Child;"
        f"c = Child('x', [sys.executable, '-c', {WAITS!r}], log=pathlib.Path({str(tmp_path / 'log')!r})); c.start();"
        "print(c.pid, flush=True); signal.pause()"
    )
    pid = _grandchild_of_a_killed(parent)

    def gone() -> bool:
        try:
            return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            return True

    assert await until(gone, 10)


async def test_what_it_started_is_stopped_with_it(tmp_path: Path) -> None:
    child = Child("sh", ["sh", "-c", "sleep 300 & echo $! ready; wait"], log=tmp_path / "log")
    await _ready(child)
    grandchild = int(child.said().split()[0])
    await child.stop()
    assert await until(lambda: not Path(f"/proc/{grandchild}").exists(), 10)


async def test_a_long_log_begins_anew_while_its_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.child.LONGEST_LOG_BYTES", 10)
    child = _child(tmp_path, TALKS)
    await _ready(child)
    child.shorten_log()
    assert child.said() == ""
    assert child.pid is not None
    os.kill(child.pid, signal.SIGUSR1)
    assert await until(lambda: child.said() == "again", 10)
    old = Child("cat", ["cat", f"{child.log}.1"], log=tmp_path / "old")
    old.start()
    await old.ended()
    assert "ready" in old.said()
    await child.stop()
