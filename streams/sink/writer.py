"""Sends points until each is stored or refused for good.

Not influxdb-client's WriteApi: that gives up after five retries or three minutes and drops what it holds, its `flush` does
nothing, and its queue has no bound. Here nothing is dropped, and the lines that InfluxDB will never take are found and
refused alone.
"""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import httpx2

from streams.clock import SYSTEM_CLOCK, Clock
from streams.contract.rejections import Rejection
from streams.logs import Counted, get
from streams.metrics import SINK_POINTS, SINK_RETRIES
from streams.sink.access import Access
from streams.sink.answers import Again, Refused, Stored, TooMuch, Verdict, judged, suspects
from streams.sink.line_protocol import Point

ANSWER_S: Final = 30.0
CONNECT_S: Final = 5.0
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 10.0
LOOK_EVERY_S: Final = 0.5
"""How often a waiting write looks whether the InfluxDB has got another address or token."""

Refuse = Callable[[Sequence[tuple[Point, Rejection]]], Awaitable[None]]
log = get("streams.sink.writer")


class Interrupted(Exception):
    """The sink ends while InfluxDB does not take the lines; they are still in Kafka."""


class Writer:
    """Writes to the InfluxDB that `where` names at that moment.

    Args:
        where: says which InfluxDB; None while there is none.
        refuse: is awaited with points that will never be stored.
        clock: tells the time.
        answer_s: how long an answer may take.
    """

    def __init__(
        self,
        where: Callable[[], Access | None],
        refuse: Refuse,
        clock: Clock = SYSTEM_CLOCK,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._where, self._refuse, self._clock = where, refuse, clock
        self._timeout = httpx2.Timeout(answer_s, connect=min(CONNECT_S, answer_s))
        self._clients: dict[bool, httpx2.AsyncClient] = {}
        self._faults: dict[str, Counted] = {}
        self._quiet_until_s = 0.0
        self._ending = asyncio.Event()
        self.fault: str | None = None
        """Why InfluxDB took nothing at the last try; None while it does."""

    def end(self) -> None:
        """From now on a write that InfluxDB does not take is interrupted."""
        self._ending.set()

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def store(self, points: Sequence[Point]) -> None:
        """Store these points, all of one bucket; returns when each is stored or refused.

        Raises:
            Interrupted: the sink ends.
        """
        if not points:
            return
        access, verdict = await self._answered(points)
        if isinstance(verdict, Stored):
            SINK_POINTS.labels(_bucket(access, points[0])).inc(len(points))
        elif isinstance(verdict, TooMuch):
            if len(points) == 1:
                await self._give_up(points, [verdict.words], "")
            else:
                await self._store_halves(points)
        else:
            await self._isolate(points, verdict)

    async def _store_halves(self, points: Sequence[Point]) -> None:
        middle = len(points) // 2
        await self.store(points[:middle])
        await self.store(points[middle:])

    async def _isolate(self, points: Sequence[Point], refused: Refused) -> None:
        """Refuse those that InfluxDB means and store the others.

        It may have stored some of the others already, and its count of dropped ones is only of one kind and one shard, so
        all of them are sent again.
        """
        if len(points) == 1 or refused.dropped == len(points):
            await self._give_up(points, [refused.words] * len(points), refused.concerns)
            return
        found = suspects(refused, points)
        certain = {at: words for at, words in found.items() if words is not None}
        if certain:
            await self._give_up([points[at] for at in certain], list(certain.values()), refused.concerns)
            await self.store([each for at, each in enumerate(points) if at not in certain])
        elif 0 < len(found) < len(points):
            await self.store([points[at] for at in found])
            await self.store([each for at, each in enumerate(points) if at not in found])
        else:
            await self._store_halves(points)

    async def _give_up(self, points: Sequence[Point], words: Sequence[str], field: str) -> None:
        await self._refuse(
            [
                (point, Rejection("influx", field, f"InfluxDB refused the point: {said}"))
                for point, said in zip(points, words, strict=True)
            ]
        )

    async def _answered(self, points: Sequence[Point]) -> tuple[Access, Stored | TooMuch | Refused]:
        """Ask until the answer is about the points and not about the server."""
        body = b"\n".join(point.line for point in points)
        attempt = 0
        while True:
            await self._wait(self._quiet_until_s - self._clock.monotonic_s())
            access = self._where()
            if access is None:
                self._failed("unknown", "no InfluxDB is known yet", None)
                await self._wait(LONGEST_WAIT_S, lambda: self._where() is not None)
                continue
            verdict = await self._ask(access, body, points[0])
            if not isinstance(verdict, Again):
                if self.fault is not None:
                    log.info("influx_answered_again", url=access.url)
                    self.fault, self._faults = None, {}
                return access, verdict
            self._failed(verdict.why, verdict.words, access)
            if verdict.after_s is not None:
                wait_s = verdict.after_s * random.uniform(1.0, 1.1)
                self._quiet_until_s = self._clock.monotonic_s() + wait_s
            else:
                wait_s = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S) * random.uniform(0.5, 1.0)
            attempt = min(attempt + 1, 16)
            await self._wait(wait_s, lambda tried=access: self._where() != tried)  # type: ignore[misc]

    async def _ask(self, access: Access, body: bytes, first: Point) -> Verdict:
        headers = {"Authorization": f"Token {access.token}", "Content-Type": "text/plain; charset=utf-8"}
        if not access.is_near:
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["Content-Encoding"] = "gzip"
        where = {"org": access.org, "bucket": _bucket(access, first), "precision": "ms"}
        try:
            answer = await self._client(access).post(
                f"{access.url}/api/v2/write", params=where, content=body, headers=headers
            )
        except httpx2.TimeoutException as e:
            return Again("timeout", type(e).__name__)
        except (httpx2.HTTPError, httpx2.InvalidURL) as e:
            return Again("connection", str(e) or type(e).__name__)
        except UnicodeEncodeError:
            return Again("token", "the token has characters that no HTTP header carries")
        return judged(answer.status_code, answer.headers, answer.text, self._clock.now_ms())

    def _client(self, access: Access) -> httpx2.AsyncClient:
        # A proxy of the environment is for other machines.
        if access.is_near not in self._clients:
            self._clients[access.is_near] = httpx2.AsyncClient(timeout=self._timeout, trust_env=not access.is_near)
        return self._clients[access.is_near]

    def _failed(self, why: str, words: str, access: Access | None) -> None:
        self.fault = words
        SINK_RETRIES.labels(why).inc()
        if why not in self._faults:
            self._faults[why] = Counted(log, "influx_write_failed", self._clock)
        self._faults[why].warn(why=why, words=words, url=access.url if access else None)
        if self._ending.is_set():
            raise Interrupted

    async def _wait(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Wait so long, or until it is over.

        Raises:
            Interrupted: the sink ends.
        """
        until_s = self._clock.monotonic_s() + seconds
        while (left_s := until_s - self._clock.monotonic_s()) > 0 and not is_over():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, LOOK_EVERY_S)):
                    await self._ending.wait()
            if self._ending.is_set():
                raise Interrupted


def _bucket(access: Access, point: Point) -> str:
    return access.bucket_exercise if point.is_exercise else access.bucket
