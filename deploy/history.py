"""InfluxDB beside the hub: an existing one, one found, one being built; the sink starts when it is known.

Whatever is wrong with it is told in one line, and the rest of the hub works without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

from deploy.influx import (
    InfluxAccess,
    InfluxNode,
    Note,
    build,
    ensure_buckets,
    find_binary,
    is_healthy,
    missing_for_build,
    own_access,
)
from deploy.progress import Step
from deploy.supervisor import Supervisor
from streams.clock import SYSTEM_CLOCK
from streams.errors import HubError
from streams.settings import Settings

State = Literal["ready", "building", "away", "none"]
ASKED_EVERY_S: Final = 5.0

BUILDING: Final = Note(
    ko="InfluxDB를 처음 한 번 소스에서 만들고 있습니다(5~10분). 그동안의 기록은 Kafka에 있다가 옮겨집니다.",
    en="InfluxDB is being built from source, once (5-10 minutes). Until then Kafka keeps the history for it.",
)
AWAY: Final = Note(
    ko="InfluxDB가 응답하지 않습니다. 기록은 Kafka에 있다가 다시 응답하면 옮겨집니다.",
    en="InfluxDB does not answer. Kafka keeps the history for it until it does.",
)


class History:
    """The hub's InfluxDB.

    Args:
        settings: an existing InfluxDB, or how its own one's organisation and buckets are called.
        supervisor: keeps its own one running.
        step: where its progress is shown.
        changed: is called when `state` or `note` changed.
    """

    def __init__(self, settings: Settings, supervisor: Supervisor, step: Step, changed: Callable[[], None]) -> None:
        self._supervisor, self._step, self._changed = supervisor, step, changed
        self._home = settings.data_dir / "influxdb"
        existing = InfluxAccess.of_settings(settings)
        self._is_own = existing is None
        self.access = existing or own_access(self._home, settings)
        self.state: State = "away"
        self.note: Note | None = AWAY

    def status(self) -> dict[str, Any]:
        """What other programs are told of it."""
        access = self.access
        return {
            "url": access.url,
            "org": access.org,
            "bucket": access.bucket,
            "bucket_exercise": access.bucket_exercise,
            "token": access.token,
            "state": self.state,
            "note": self.note,
        }

    async def run(self, usable: Callable[[], Awaitable[None]]) -> None:
        """Get it ready, then watch it until cancelled.

        Args:
            usable: is awaited once, when its address is settled and its buckets were seen or may be hoped for.
        """
        try:
            await (self._run_own() if self._is_own else self._use_existing())
        except HubError as e:
            self._now("none", Note(ko=f"기록을 저장할 수 없습니다. {e}", en=f"No history is stored. {e}"))
            self._step.failed(str(e))
            return
        if self.state == "none":
            return
        await usable()
        await self._watch()

    async def _use_existing(self) -> None:
        self._step.doing(f"asking {self.access.url}")
        if not await is_healthy(self.access.url):
            self._step.failed(f"{self.access.url} does not answer; the sink goes on asking")
            self._now("away", AWAY)
            return
        await ensure_buckets(self.access)
        self._now("ready", None)
        self._step.done(f"at {self.access.url}")

    async def _run_own(self) -> None:
        binary = find_binary()
        if binary is None:
            missing = missing_for_build()
            if missing is not None:
                self._now("none", missing)
                self._step.failed(missing["en"])
                return
            binary = await self._build()
        self._step.doing("starting")
        node = InfluxNode(self._home, self.access, binary)
        await self._supervisor.start("influxdb", node)
        self._now("ready", None)
        self._step.done(f"at {self.access.url}, {node.child.memory_mib()} MiB")

    async def _build(self) -> Path:
        self._now("building", BUILDING)
        begun_s = SYSTEM_CLOCK.monotonic_s()

        def told(name: str) -> None:
            self._step.doing(f"building from source, in the background, once: {name}")

        told("begins")
        binary = await build(told)
        self._step.doing(f"built in {SYSTEM_CLOCK.monotonic_s() - begun_s:.0f} s")
        return binary

    async def _watch(self) -> None:
        while True:
            healthy = await is_healthy(self.access.url)
            self._now("ready" if healthy else "away", None if healthy else AWAY)
            await asyncio.sleep(ASKED_EVERY_S)

    def _now(self, state: State, note: Note | None) -> None:
        if (state, note) != (self.state, self.note):
            self.state, self.note = state, note
            self._changed()
