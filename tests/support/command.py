"""The command `urbanhub` as a person or a supervisor starts it: its exit code, what it says, and signals to it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from deploy.child import Child
from deploy.waiting import until


class Command:
    """One run of `urbanhub`.

    Args:
        folder: its log and data folder lie below.
        arguments: subcommand and options.
        env: settings.
    """

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = folder / "data"
        number = len(list(folder.glob("*.log")))
        self.child = Child(
            arguments[0],
            [sys.executable, "-m", "deploy.cli", *arguments],
            log=folder / f"{number}-{arguments[0]}.log",
            env={**os.environ, "URBANHUB_DATA_DIR": str(self.data_dir), "PYTHONUNBUFFERED": "1", **env},
        )
        self.child.start()

    @property
    def said(self) -> str:
        """Everything that it wrote so far."""
        return self.child.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.child.pid is not None, self.said
        os.kill(self.child.pid, number)

    async def ended(self, seconds: float = 60.0) -> int:
        """Wait for its end; its exit code (negative: ended by that signal)."""
        assert await until(lambda: not self.child.running, seconds), f"still running: {self.said[-2000:]}"
        assert self.child.exit_code is not None
        return self.child.exit_code
