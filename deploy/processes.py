"""The hub's own processes as the supervisor starts them: subcommands of `urbanhub`, each with its address for metrics."""

from __future__ import annotations

import asyncio
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.child import Child
from deploy.ports import HOST, remembered_port
from deploy.supervisor import last_words
from deploy.waiting import until
from streams.errors import Unavailable

READY_S: Final = 60.0
ANSWER_S: Final = 3.0
STOP_S: Final = 15.0


class HubProcess:
    """A subcommand of `urbanhub` as a child process.

    Args:
        arguments: the subcommand and its options.
        data_dir: its log and its remembered port lie below.
        env: settings on top of this process's environment.
        address: where it serves `/readyz` and `/metrics`; None = a port of its own, which stays the same.
        awaited: whether a start waits until it is ready.
    """

    def __init__(
        self,
        *arguments: str,
        data_dir: Path,
        env: Mapping[str, str],
        address: str | None = None,
        awaited: bool = True,
    ) -> None:
        self.name = arguments[0]
        self._awaited = awaited
        own = {"PYTHONUNBUFFERED": "1"}
        if address is None:
            port = remembered_port(data_dir / "ports" / self.name)
            address = f"http://{HOST}:{port}"
            own["URBANHUB_METRICS_PORT"] = str(port)
        self.address = address
        self.child = Child(
            self.name,
            [sys.executable, "-m", "deploy.cli", *arguments],
            log=data_dir / "logs" / f"{self.name}.log",
            env={**os.environ, **env, **own},
        )

    async def start(self) -> None:
        """Start it and return when it says that it is ready.

        Raises:
            Unavailable: it ended, or was not ready in time; its last line is in the message.
        """
        self.child.start()
        if not self._awaited:
            return

        async def ready_or_ended() -> bool:
            return not self.child.running or await asks(f"{self.address}/readyz") is None

        in_time = await until(ready_or_ended, READY_S, every_s=0.1)
        if not self.child.running:
            raise Unavailable(
                f"ended at its start with {self.child.exit_code}: {last_words(self.child)}",
                field=self.name,
                fix=f"Read {self.child.log}",
            )
        if not in_time:
            why = await asks(f"{self.address}/readyz")
            await self.stop()
            raise Unavailable(
                f"was not ready within {READY_S:.0f} s: {why}", field=self.name, fix=f"Read {self.child.log}"
            )

    async def stop(self) -> int | None:
        """Ask it to end in good order."""
        return await self.child.stop(STOP_S)


async def asks(url: str) -> str | None:
    """None where the address answers 200, else what it answers instead."""
    return await asyncio.to_thread(_asked, url)


def _asked(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S):
            return None
    except urllib.error.HTTPError as e:
        return e.read(300).decode(errors="replace").strip() or f"{e.code}"
    except (OSError, ValueError) as e:
        return f"no answer ({e})"
