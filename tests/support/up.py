"""`urbanhub up` as a person starts it: its words, its status, its end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.child import Child
from deploy.data_dir import STATUS
from deploy.waiting import until

ADDRESS = re.compile(r"^Situation Room: (http://127\.0\.0\.1:\d+/)$", re.MULTILINE)


class Up:
    """One start after another on one data folder.

    Args:
        folder: the data folder is `data` below it.
        options: of `up`; without a scenario unless they name one.
        env: settings on top of this process's.
    """

    def __init__(self, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.data_dir = folder / "data"
        chosen = options if "--scenario" in options else ("--scenario", "none", *options)
        self.child = Child(
            "up",
            [sys.executable, "-m", "deploy.cli", "up", "--no-browser", "--data-dir", self.data_dir, *chosen],
            log=folder / "up.log",
            env={**os.environ, **(env or {})},
            stop_signal=signal.SIGINT,
        )

    @property
    def said(self) -> str:
        """What this start has printed so far."""
        return self.child.said(100_000)

    async def start(self, seconds: float = 120.0) -> str:
        """Start it and wait for its address, which is returned."""
        self.child.start()
        await until(lambda: not self.child.running or ADDRESS.search(self.said) is not None, seconds)
        found = ADDRESS.search(self.said)
        assert found is not None, self.said
        return found[1]

    async def refused(self) -> tuple[int, str]:
        """Start it where it can't: its exit code and its words."""
        self.child.start()
        return await self.child.ended(), self.said

    async def stop(self) -> int | None:
        """Ctrl-C; returns the exit code."""
        return await self.child.stop(60)

    def status(self) -> dict[str, Any]:
        """Its status file."""
        status: dict[str, Any] = json.loads((self.data_dir / STATUS).read_text())
        return status

    def pid(self, name: str) -> int | None:
        """The process of this name, as the status file has it."""
        pid: int | None = self.status()["pids"].get(name)
        return pid
