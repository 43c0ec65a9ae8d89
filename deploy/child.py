"""A child process: with a log file of its own, ended with its parent, stopped by the signal that it understands."""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.disk import telling_no_room
from deploy.waiting import until

_PR_SET_PDEATHSIG: Final = 1
LONGEST_LOG_BYTES: Final = 16 << 20
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _ended_with_parent(parent: int, how: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before its program, so that even a killed parent leaves no child behind (Linux only)."""
    if _LIBC is None:
        return None
    libc = _LIBC

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before it could be watched
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


class Child:
    """One program, started any number of times, one at a time.

    It must be started from the main thread: Linux counts the end of the thread that started it as its parent's end.

    Args:
        name: how people are told of it.
        command: the program and its arguments.
        log: its standard output and error are appended here.
        env: its whole environment.
        stop_signal: asks it to end in good order.
        folder: its working folder.
        keeps: file descriptors that it inherits.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        folder: Path | None = None,
        keeps: Sequence[int] = (),
    ) -> None:
        self.name, self.command, self.log = name, [str(part) for part in command], log
        self.env = dict(os.environ if env is None else env)
        self.stop_signal, self._folder, self._keeps = stop_signal, folder, tuple(keeps)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal); None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.pid is not None

    def start(self) -> None:
        """Start it.

        Raises:
            NoRoom: its log can't be written.
        """
        with telling_no_room(self.log):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.shorten_log()
            with self.log.open("ab") as log:
                self._log_from = log.tell()
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.env,
                    cwd=self._folder,
                    pass_fds=self._keeps,
                    start_new_session=True,  # a Ctrl-C in the terminal is the parent's to handle
                    preexec_fn=_ended_with_parent(os.getpid(), self.stop_signal),
                )

    async def ended(self) -> int:
        """Wait for its end; returns the exit code."""
        await until(lambda: self.exit_code is not None, math.inf)
        return self.exit_code or 0

    async def stop(self, seconds: float = 20.0) -> int | None:
        """Ask it to end, and kill it when it has not within `seconds`; returns the exit code."""
        if self.running and self._process is not None:
            self._signal(self.stop_signal)
            await until(lambda: not self.running, seconds)
            self.kill()
        return self.exit_code

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self.running and self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(30)

    def _signal(self, how: signal.Signals) -> None:
        """To it and to what it started itself: it leads a process group of its own."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)

    def said(self, characters: int = 2000) -> str:
        """The end of what it wrote since its last start."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_from)
                return log.read().decode(errors="replace").strip()[-characters:]
        except FileNotFoundError:
            return ""

    def shorten_log(self) -> None:
        """Begin its log anew where it has grown long, keeping the old one beside it; also while it runs."""
        try:
            if self.log.stat().st_size > LONGEST_LOG_BYTES:
                shutil.copyfile(self.log, f"{self.log}.1")
                os.truncate(self.log, 0)  # it appends: its next line is the first one
                self._log_from = 0
        except FileNotFoundError:
            pass

    def memory_mib(self) -> int | None:
        """Its resident memory; None where it does not run or the system does not tell."""
        return memory_mib(self.pid)


def memory_mib(pid: int | None) -> int | None:
    """The resident memory of a process, as Linux tells it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS")), None)
