"""HTTP to a source: polite, bounded, and every failure one of five kinds."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable

import pytest
from pytest_httpserver import HTTPServer

from connectors.frame import upstream as module
from connectors.frame.runner import LONGEST_PAUSE_S, pause_s
from connectors.frame.upstream import LONGEST_RETRY_AFTER_S, SourceFailed, Upstream
from deploy.ports import free_port
from tests.support.clock import StillClock
from tests.support.upstream import Answer, body, status

CLOCK = StillClock("2026-03-01T00:00:00Z")


async def failure(url: str) -> SourceFailed:
    async with Upstream(CLOCK) as upstream:
        with pytest.raises(SourceFailed) as error:
            await upstream.json(url)
    return error.value


def serving(server: HTTPServer, answer: Answer) -> str:
    server.expect_request("/x").respond_with_handler(answer)
    return server.url_for("/x")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Sun, 01 Mar 2026 00:01:30 GMT", 90),
        ("Sat, 28 Feb 2026 23:59:00 GMT", 0),
        ("999999999", LONGEST_RETRY_AFTER_S),
        ("Fri, 01 Mar 2999 00:00:00 GMT", LONGEST_RETRY_AFTER_S),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        ("²", 0),
    ],
)
async def test_retry_after_is_heeded_within_reason(httpserver: HTTPServer, said: str, seconds: float) -> None:
    async with Upstream(CLOCK) as upstream:
        assert upstream._retry_after_s(said) == seconds


async def test_a_busy_source_says_how_long_it_wants_to_rest(httpserver: HTTPServer) -> None:
    error = await failure(serving(httpserver, status(429, Retry_After="120")))

    assert (error.kind, error.retry_after_s) == ("status", 120)
    assert "answers 429 " in str(error) and "asks for 120 s of rest" in str(error)


async def test_a_wrong_address_is_told_so(httpserver: HTTPServer) -> None:
    assert "Look whether its address or key has changed" in str(await failure(serving(httpserver, status(403))))


async def test_a_source_that_nobody_listens_at_is_unreachable() -> None:
    error = await failure(f"http://127.0.0.1:{free_port()}/x")

    assert error.kind == "unreachable" and "can't be reached" in str(error)


async def test_an_address_that_is_none_is_told() -> None:
    assert (await failure("http://[::/x")).kind == "unreachable"


Drip = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def served_by(talk: Drip) -> tuple[asyncio.Server, str]:
    """A server that says what `talk` writes, as no library would."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, family=socket.AF_INET)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"


async def test_a_source_that_says_nothing_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.2)

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    server, url = await served_by(silent)
    async with server:
        error = await failure(url)

    assert error.kind == "slow" and "did not answer in time" in str(error)


async def test_a_source_that_drips_is_slow_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WHOLE_S", 0.5)

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    server, url = await served_by(dripping)
    async with server:
        assert (await failure(url)).kind == "slow"


async def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": 1}')
        await writer.drain()

    server, url = await served_by(cut)
    async with server:
        assert (await failure(url)).kind == "unreachable"


async def test_an_endless_answer_is_cut_at_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 1 << 20)
    written = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65_536)
            written += 65_536
            await writer.drain()

    server, url = await served_by(endless)
    async with server:
        error = await failure(url)

    assert error.kind == "too_large" and "sends more than 1 MiB" in str(error)
    assert written < 32 << 20


async def test_what_is_no_http_at_all_is_unreachable() -> None:
    async def shell(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()

    server, url = await served_by(shell)
    async with server:
        assert (await failure(url)).kind == "unreachable"


async def test_it_says_who_asks(httpserver: HTTPServer) -> None:
    url = serving(httpserver, body("{}"))

    async with Upstream(CLOCK) as upstream:
        await upstream.json(url)

    [(request, _)] = httpserver.log
    assert request.headers["User-Agent"].startswith("urbanhub/")
    assert "gzip" in request.headers["Accept-Encoding"]


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(0, 54, 66), (1, 54, 66), (2, 108, 132), (3, 216, 264), (5, 0.9 * LONGEST_PAUSE_S, 1.1 * LONGEST_PAUSE_S)],
)
def test_a_source_is_asked_less_often_with_each_failure(failures: int, least: float, most: float) -> None:
    pauses = [pause_s(60, failures, 0, random.Random(seed)) for seed in range(200)]

    assert least <= min(pauses) < max(pauses) <= most
    assert max(pauses) - min(pauses) > 0.1 * least  # not every hub in the same second


def test_a_source_is_never_asked_before_the_rest_that_it_wants_is_over() -> None:
    assert all(pause_s(60, 1, 500, random.Random(seed)) == 500 for seed in range(20))


def test_no_number_of_failures_makes_a_pause_endless() -> None:
    assert pause_s(60, 10**9, 0, random.Random(1)) <= 1.1 * LONGEST_PAUSE_S
    assert pause_s(7200, 3, 0, random.Random(1)) <= 1.1 * 7200
