"""Runs one connector: when it asks, how long it waits after a failure, what is published, how it is.

Order of one poll: ask, publish, wait until the broker has everything, let the connector remember it, confirm the
answer. What is cut off before the end is asked for again; what was published before is remembered from the topic.
"""

from __future__ import annotations

import asyncio
import fcntl
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from connectors.frame.connector import Connector, Polled
from connectors.frame.history import records_until_now
from connectors.frame.outgoing import Outgoing, encoded
from connectors.frame.publisher import Publisher
from connectors.frame.upstream import SourceFailed, Upstream
from connectors.stopping import LAST_S, Stop
from streams import metrics
from streams.clock import Clock
from streams.contract.topics import TOPICS
from streams.errors import Occupied
from streams.logs import Counted, get
from streams.settings import Settings

Health = Literal["starting", "ok", "degraded", "down"]

DOWN_AFTER: Final = 3
"""So many failed polls in a row make a source down; fewer, and what was wrong in an answer, make it degraded."""
LONGEST_PAUSE_S: Final = 900.0
JITTER: Final = 0.1
SLOW_BROKER_S: Final = 5.0

log = get(__name__)


@dataclass(slots=True)
class Seen:
    """How a source is, as it was seen last."""

    health: Health = "starting"
    why: str = "it was not asked yet"
    failures: int = 0


class Runner:
    """One connector at work.

    Args:
        settings: how the broker is reached.
        connector: what is run.
        upstream: its source's HTTP.
        stop: asks it to end.
        clock: when it was last heard.
        chance: for jitter, so that not every hub asks in the same second.
    """

    def __init__(
        self,
        settings: Settings,
        connector: Connector,
        upstream: Upstream,
        *,
        stop: Stop,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._settings, self._connector, self._upstream = settings, connector, upstream
        self._stop, self._clock, self._chance = stop, clock, chance
        self._faults: dict[str, Counted] = {}
        self._complaints: list[str] = []
        self._every_s = float(connector.settings.every_s)
        self.seen = Seen()
        self._set("starting", self.seen.why)

    async def run(self) -> None:
        """Ask and publish until asked to end.

        Raises:
            Unavailable: no broker answers, or the topic is not there or may not be written.
            Occupied: another process runs this connector on this data folder.
        """
        name = self._connector.name
        with _held(self._settings.data_dir / "connect" / f"{name}.lock", name):
            await self._remember_published()
            async with Publisher(self._settings, name) as publisher:
                while not self._stop.asked:
                    await self._stop.within(await self._round(publisher))
                publisher.drop()

    async def _round(self, publisher: Publisher) -> float:
        """Ask once and publish; returns the seconds until the next time."""
        try:
            polled = await self._asked()
            outgoing = [] if polled is None else [encoded(self._connector.topic, record) for record in polled.records]
        except SourceFailed as e:
            return self._failed(e.kind, str(e), e.retry_after_s)
        except Exception as e:  # a connector's own mistake ends neither it nor its neighbours
            log.error("connector_failed", connector=self._connector.name, exc_info=e)
            return self._failed("fault", repr(e), 0.0)
        if polled is None or not await self._published(outgoing, publisher):
            return 0.0
        for record in polled.records:
            self._connector.remember(record)
        self._upstream.confirm()
        self._heard(polled)
        return pause_s(self._every_s, 0, 0.0, self._chance)

    async def _asked(self) -> Polled | None:
        """What the source gives; None when asked to end meanwhile."""
        asking = await self._stop.grants(self._connector.poll(self._upstream))
        return None if asking.cancelled() else asking.result()

    async def _published(self, outgoing: list[Outgoing], publisher: Publisher) -> bool:
        """Publish it all; returns whether the broker has it, which it may not when asked to end."""
        for record in outgoing:
            await publisher.put(record)
        slow = asyncio.get_running_loop().call_later(
            SLOW_BROKER_S, self._set, "degraded", "the broker does not take its records"
        )
        try:
            if (await self._stop.grants(publisher.flush(), LAST_S)).cancelled():
                return False
        finally:
            slow.cancel()
        for record in outgoing:
            log.info("record_published", connector=self._connector.name, key=(record.key or b"").decode())
        return True

    async def _remember_published(self) -> None:
        """Let the connector see what its topic holds already."""
        client_id = f"{self._settings.application}-{self._connector.name}"
        async for record in records_until_now(self._settings, client_id, self._connector.topic, self._stop):
            self._remember(record.value)

    def _remember(self, value: bytes | None) -> None:
        model = TOPICS[self._connector.topic].model
        assert model is not None
        try:
            self._connector.remember(model.model_validate_json(value or b""))
        except ValidationError:
            return  # somebody else's; the hub has refused it

    def _heard(self, polled: Polled) -> None:
        name = self._connector.name
        metrics.POLLS.labels(name, "unchanged" if polled.unchanged else "new").inc()
        metrics.SOURCE_HEARD.labels(name).set(self._clock.now_ms() / 1000)
        if self.seen.failures:
            log.info("source_recovered", connector=name, failures=self.seen.failures)
        self.seen.failures = 0
        if not polled.unchanged:
            self._complaints = polled.complaints
            metrics.SKIPPED.labels(name).inc(len(polled.complaints))
        if self._complaints:
            told = f"{self._complaints[0]} ({len(self._complaints)} complaints)"
            self._told("complaint", "answer_doubted", why=told)
            self._set("degraded", told)
        else:
            self._set("ok", "")

    def _failed(self, kind: str, why: str, retry_after_s: float) -> float:
        name = self._connector.name
        metrics.POLLS.labels(name, kind).inc()
        self.seen.failures += 1
        self._set("down" if self.seen.failures >= DOWN_AFTER else "degraded", why)
        self._told(kind, "source_failed", why=why, failures=self.seen.failures)
        return pause_s(self._every_s, self.seen.failures, retry_after_s, self._chance)

    def _told(self, kind: str, event: str, **fields: object) -> None:
        counted = self._faults.setdefault(kind, Counted(log, event))
        counted.warn(connector=self._connector.name, kind=kind, **fields)

    def _set(self, health: Health, why: str) -> None:
        self.seen.health, self.seen.why = health, why
        metrics.SOURCE_HEALTH.labels(self._connector.name).state(health)


def pause_s(every_s: float, failures: int, retry_after_s: float, chance: random.Random) -> float:
    """Seconds until a source is asked again: doubled with each further failure in a row, and at least as it asks for."""
    doubled_s = every_s * 2.0 ** min(max(failures - 1, 0), 16)
    return max(retry_after_s, min(doubled_s, max(LONGEST_PAUSE_S, every_s)) * chance.uniform(1 - JITTER, 1 + JITTER))


@contextmanager
def _held(path: Path, name: str) -> Iterator[None]:
    """Hold the connector for this process: two would publish everything twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Occupied(
                "another process runs this connector now", field="connector", value=name, fix="Stop that one first"
            ) from None
        yield
