"""HTTP to a source, politely: conditional requests, time-outs, a size cap, and what it says when it is asked too often.

A source's answer counts as seen only once `confirm` says that what stood in it was published: until then the next
request asks for it again, so an answer that was cut or wrong is never taken for known.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, Literal, Self

import httpx2
import orjson

from streams.clock import Clock
from streams.contract.times import to_ms
from streams.errors import Unavailable

CONNECT_S: Final = 5.0
SILENCE_S: Final = 15.0
"""So long may pass between two pieces of an answer."""
WHOLE_S: Final = 60.0
"""An answer must be whole by then: a source that drips byte after byte is as good as down."""
LARGEST_BYTES: Final = 16 << 20
"""Unpacked. The largest feed known here, a month of all earthquakes, has about 10 MB."""
MOST_REDIRECTS: Final = 3
LONGEST_RETRY_AFTER_S: Final = 3600.0
"""A source that asks for more is asked again after an hour all the same: it may be mistaken."""

Kind = Literal["unreachable", "slow", "status", "too_large", "wrong_content"]


class SourceFailed(Unavailable):
    """A source does not answer, or not with what it should.

    Args:
        what: what happened, one sentence without its final full stop.
        kind: which of the known ways, for counting.
        retry_after_s: how long the source asks to be left alone; 0 = it does not say.
    """

    def __init__(
        self, what: str, kind: Kind, *, value: object = None, fix: str = "", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(what, field="source", value=value, fix=fix or "It is asked again by itself")
        self.kind, self.retry_after_s = kind, retry_after_s


class Upstream:
    """One source's HTTP.

    Args:
        clock: for a `Retry-After` that is a date.
        transport: in place of the network, for tests of other protocols.
    """

    def __init__(self, clock: Clock, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._clock = clock
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(SILENCE_S, connect=CONNECT_S),
            headers={"User-Agent": f"urbanhub/{version('urbanhub')}", "Accept": "application/json, */*;q=0.1"},
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            transport=transport,
        )
        self._confirmed: dict[str, dict[str, str]] = {}
        self._seen: dict[str, dict[str, str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def json(self, url: str) -> Any | None:
        """The JSON at this address, or None where it is what was confirmed last.

        Raises:
            SourceFailed: it could not be had, is too large, or is no JSON.
        """
        body = await self.body(url)
        if body is None:
            return None
        try:
            return orjson.loads(body)
        except ValueError as e:
            said = body[:80].decode(errors="replace")
            what = "answers with a web page in place of JSON" if body.lstrip()[:1] == b"<" else f"answers no JSON: {e}"
            raise SourceFailed(what, "wrong_content", value=said) from None

    async def body(self, url: str) -> bytes | None:
        """The bytes at this address, or None where they are what was confirmed last.

        Raises:
            SourceFailed: they could not be had, or are too many.
        """
        known = self._confirmed.get(url, {})
        try:
            async with asyncio.timeout(WHOLE_S), self._client.stream("GET", url, headers=known) as answer:
                if answer.status_code == 304 and known:
                    return None
                if answer.status_code != 200:
                    raise self._refused(answer)
                body = await _whole(answer)
        except (TimeoutError, httpx2.TimeoutException) as e:
            raise SourceFailed(f"did not answer in time ({type(e).__name__})", "slow", value=url) from e
        except httpx2.InvalidURL as e:
            raise SourceFailed(f"its address is none: {e}", "unreachable", value=url, fix="Mend its setting url") from e
        except httpx2.DecodingError as e:
            raise SourceFailed(f"answers with damaged compression: {e}", "wrong_content", value=url) from e
        except httpx2.HTTPError as e:
            raise SourceFailed(
                f"can't be reached or broke off ({type(e).__name__}: {e})", "unreachable", value=url
            ) from e
        validators = {
            "If-None-Match": answer.headers.get("ETag"),
            "If-Modified-Since": answer.headers.get("Last-Modified"),
        }
        self._seen[url] = {name: value for name, value in validators.items() if value}
        return body

    def confirm(self) -> None:
        """All that was answered so far is published: it need not be sent again while it stays the same."""
        self._confirmed |= self._seen
        self._seen.clear()

    def _refused(self, answer: httpx2.Response) -> SourceFailed:
        status = answer.status_code
        retry_after_s = self._retry_after_s(answer.headers.get("Retry-After"))
        asks = f" and asks for {retry_after_s:.0f} s of rest" if retry_after_s else ""
        fix = "Look whether its address or key has changed" if 400 <= status < 500 and status != 429 else ""
        return SourceFailed(
            f"answers {status} {answer.reason_phrase}{asks}",
            "status",
            value=str(answer.url),
            fix=fix,
            retry_after_s=retry_after_s,
        )

    def _retry_after_s(self, said: str | None) -> float:
        """Seconds or a date (RFC 9110, 10.2.3); nonsense counts as nothing said."""
        if not said:
            return 0.0
        if said.strip().isascii() and said.strip().isdigit():
            return min(float(said), LONGEST_RETRY_AFTER_S)
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return 0.0
        at = at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)
        return min(max(0.0, (to_ms(at) - self._clock.now_ms()) / 1000), LONGEST_RETRY_AFTER_S)


async def _whole(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LARGEST_BYTES:
            raise SourceFailed(f"sends more than {LARGEST_BYTES >> 20} MiB", "too_large", value=str(answer.url))
    promised = answer.headers.get("Content-Length")
    if promised and promised.isdigit() and answer.num_bytes_downloaded != int(promised):
        raise SourceFailed("broke off within its answer", "unreachable", value=str(answer.url))
    return bytes(body)
