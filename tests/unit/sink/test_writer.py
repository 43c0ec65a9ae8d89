"""The table of InfluxDB's answers, row by row, against a server on this machine: no line is dropped, none blamed for others."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer
from structlog.testing import capture_logs
from werkzeug import Response

from streams.contract.rejections import Rejection
from streams.sink.access import Access
from streams.sink.line_protocol import Point, point
from streams.sink.writer import Interrupted, Writer
from tests.support.influx_stand_in import StandIn, own_word
from tests.support.servers import eventually
from tests.support.sink import Logged, window

AT_MS = 1_662_408_600_000  # 2022-09-05T20:10:00Z
MINUTE_MS = 60_000


def points(count: int, **more: object) -> list[Point]:
    made = []
    for n in range(count):
        value = json.dumps(window(AT_MS + n * MINUTE_MS, n / 7, sensor_id=f"air-{n}", **more)).encode()
        made.append(point(Logged("windows.air-quality", 0, n, AT_MS, f"air-{n}".encode(), value)))
    return [each for each in made if isinstance(each, Point)]


class Refusals:
    """Keeps what the writer refuses."""

    def __init__(self) -> None:
        self.kept: list[tuple[Point, Rejection]] = []

    async def take(self, refused: Sequence[tuple[Point, Rejection]]) -> None:
        self.kept += refused

    @property
    def lines(self) -> list[bytes]:
        return [each.line for each, _ in self.kept]


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", threaded=True) as started:
        yield started


@pytest.fixture
def influx(server: HTTPServer) -> Iterator[StandIn]:
    stand_in = StandIn(server)
    yield stand_in
    stand_in.ended.set()
    server.clear()


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
def access(influx: StandIn) -> Access:
    return Access(influx.url, "a-token", "pohang", "city", "city-exercise")


@pytest.fixture
async def make_writer(access: Access, refusals: Refusals) -> AsyncIterator[Callable[..., Writer]]:
    made: list[Writer] = []

    def make(where: Callable[[], Access | None] = lambda: access, answer_s: float = 5.0) -> Writer:
        made.append(Writer(where, refusals.take, answer_s=answer_s))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def test_a_write_names_bucket_organisation_precision_and_token(
    make_writer: Callable[..., Writer], influx: StandIn
) -> None:
    writer = make_writer()

    await writer.store(points(3))
    await writer.store(points(2, exercise="e-1"))

    real, exercise = influx.writes
    assert (real.bucket, exercise.bucket) == ("city", "city-exercise")
    assert (real.org, real.precision, real.token) == ("pohang", "ms", "Token a-token")
    assert real.lines == [each.line for each in points(3)]
    assert real.encoding is None  # on this machine compressing costs more than it saves


async def test_nothing_to_store_asks_nobody(make_writer: Callable[..., Writer], influx: StandIn) -> None:
    await make_writer().store([])

    assert influx.writes == []


ROWS: dict[str, Response] = {
    "401": own_word("unauthorized access", 401, "unauthorized"),
    "403": own_word("insufficient permissions for write", 403, "forbidden"),
    "404": own_word('bucket "city" not found', 404, "not found"),
    "408": Response("", 408),
    "429": own_word("too many requests", 429, "too many requests"),
    "500": own_word("internal error", 500, "internal error"),
    "502": Response("<html>bad gateway</html>", 502),
    "503": Response("", 503),
    "400 of a proxy": Response("<html>The plain HTTP request was sent to HTTPS port</html>", 400),
    "400 without an organisation": own_word("Please provide either orgID or org"),
    "301": Response("", 301, headers={"Location": "http://localhost:1/"}),
}


@pytest.mark.parametrize("row", ROWS)
async def test_an_answer_that_blames_no_line_is_asked_again_and_everything_stored(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals, row: str
) -> None:
    influx.faults = [ROWS[row]]

    with capture_logs() as logs:
        await make_writer().store(points(5))

    assert influx.stored == {"city": [each.line for each in points(5)]}
    assert refusals.kept == []
    assert len(influx.writes) == 2
    assert [each["event"] for each in logs] == ["influx_write_failed", "influx_answered_again"]
    assert logs[0]["why"] == row[:3]
    assert logs[0]["words"]


async def test_a_server_that_fails_a_hundred_times_is_asked_a_hundred_times_and_told_once(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    influx.faults = [Response("", 503, headers={"Retry-After": "0"}) for _ in range(100)]

    with capture_logs() as logs:
        await make_writer().store(points(5))

    assert len(influx.writes) == 101
    assert influx.stored == {"city": [each.line for each in points(5)]}
    assert refusals.kept == []
    assert [each["event"] for each in logs].count("influx_write_failed") == 1


async def test_a_server_that_does_not_answer_in_time_is_asked_again(
    make_writer: Callable[..., Writer], influx: StandIn
) -> None:
    influx.faults = [influx.silence]
    writer = make_writer(answer_s=0.3)

    with capture_logs() as logs:
        await writer.store(points(5))

    assert influx.stored["city"] == [each.line for each in points(5)]
    assert logs[0]["why"] == "timeout"


async def test_a_server_that_is_not_there_is_asked_again_until_another_address_is_known(
    make_writer: Callable[..., Writer], influx: StandIn, access: Access
) -> None:
    known = [replace(access, url="http://127.0.0.1:9")]
    writer = make_writer(lambda: known[0])

    storing = asyncio.create_task(writer.store(points(5)))
    await eventually(lambda: writer.fault is not None, "the fault is known")
    known[0] = access
    async with asyncio.timeout(5):
        await storing

    assert influx.stored["city"] == [each.line for each in points(5)]
    assert writer.fault is None


async def test_without_any_influxdb_it_waits_for_one(
    make_writer: Callable[..., Writer], influx: StandIn, access: Access
) -> None:
    known: list[Access | None] = [None]
    writer = make_writer(lambda: known[0])

    storing = asyncio.create_task(writer.store(points(5)))
    await eventually(lambda: writer.fault == "no InfluxDB is known yet", "that there is none is known")
    known[0] = access
    async with asyncio.timeout(5):
        await storing

    assert influx.stored["city"] == [each.line for each in points(5)]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_is_honoured_by_every_write(
    make_writer: Callable[..., Writer], influx: StandIn, status: int
) -> None:
    influx.faults = [Response("", status, headers={"Retry-After": "1"})]
    writer = make_writer()

    first = asyncio.create_task(writer.store(points(3)))
    await eventually(lambda: writer.fault is not None, "the first write is put off")
    await writer.store(points(2, zone="another"))
    await first

    first_s, *others_s = [each.at_s for each in influx.writes]
    assert len(others_s) == 2
    assert all(at_s - first_s >= 1.0 for at_s in others_s)


async def test_a_token_that_no_header_carries_is_told_without_being_shown(
    make_writer: Callable[..., Writer], influx: StandIn, access: Access
) -> None:
    known = [replace(access, token="비밀번호")]
    writer = make_writer(lambda: known[0])

    with capture_logs() as logs:
        storing = asyncio.create_task(writer.store(points(3)))
        await eventually(lambda: writer.fault is not None, "the fault is known")
        known[0] = access
        await storing

    assert "token" in logs[0]["words"]
    assert "비밀번호" not in str(logs)
    assert influx.stored["city"] == [each.line for each in points(3)]


async def test_a_write_that_waits_is_interrupted_when_the_sink_ends(
    make_writer: Callable[..., Writer], influx: StandIn
) -> None:
    influx.faults = [Response("", 503, headers={"Retry-After": "60"})]
    writer = make_writer()

    storing = asyncio.create_task(writer.store(points(3)))
    await eventually(lambda: writer.fault is not None, "the write is put off")
    writer.end()

    with pytest.raises(Interrupted):
        async with asyncio.timeout(2):
            await storing


MANNERS = ["quotes lines", "names a field", "names the retention", "numbers lines", "says no more"]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("bad", [{0}, {39}, {7, 8}, {3, 11, 30}, set(range(0, 40, 2)), set(range(40))])
async def test_exactly_the_poisoned_points_are_refused_and_all_others_stored(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals, manner: str, bad: set[int]
) -> None:
    sent = points(40)
    poisoned = {sent[at].line for at in bad}
    influx.poisoned, influx.manner = poisoned.__contains__, manner  # type: ignore[assignment]

    await make_writer().store(sent)

    assert set(influx.stored.get("city", [])) == {each.line for each in sent} - poisoned
    assert sorted(refusals.lines) == sorted(poisoned)  # each once
    assert {why.reason for _, why in refusals.kept} == {"influx"}
    assert all(why.detail.startswith("InfluxDB refused the point: ") for _, why in refusals.kept)


async def test_a_refused_point_carries_the_servers_words_and_its_record(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    sent = points(10)
    influx.poisoned = lambda line: line == sent[4].line

    await make_writer().store(sent)

    [(refused, why)] = refusals.kept
    assert refused.record.offset == 4
    assert why.detail == "InfluxDB refused the point: missing field value"


async def test_a_field_that_the_server_names_is_the_field_of_the_rejection(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    sent = [*points(10), *points(1, measure="o3_ppm")]
    influx.poisoned, influx.manner = (lambda line: b"o3_ppm" in line), "names a field"

    await make_writer().store(sent)

    assert [why.field for _, why in refusals.kept] == ["o3_ppm_count"]
    assert len(influx.writes) == 3  # all, then the one suspect alone, then the others: no search by halves


async def test_a_batch_that_is_refused_whole_is_not_searched(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    influx.poisoned, influx.manner = (lambda line: True), "names a field"

    await make_writer().store(points(40))

    assert len(refusals.kept) == 40
    assert len(influx.writes) == 1


@pytest.mark.parametrize("manner", ["numbers lines", "quotes lines"])
async def test_more_poisoned_points_than_the_server_names_are_all_found(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals, manner: str
) -> None:
    sent = points(400)
    poisoned = {each.line for each in random.Random(7).sample(sent, 250)}
    influx.poisoned, influx.manner = poisoned.__contains__, manner  # type: ignore[assignment]

    await make_writer().store(sent)

    assert sorted(refusals.lines) == sorted(poisoned)
    assert set(influx.stored["city"]) == {each.line for each in sent} - poisoned


async def test_a_request_that_is_too_large_is_split_until_it_fits(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    influx.largest = 7

    await make_writer().store(points(40))

    assert sorted(influx.stored["city"]) == sorted(each.line for each in points(40))
    assert refusals.kept == []


async def test_one_point_that_is_too_large_by_itself_is_refused_alone(
    make_writer: Callable[..., Writer], influx: StandIn, refusals: Refusals
) -> None:
    influx.largest = 0

    await make_writer().store(points(2))

    assert sorted(refusals.lines) == sorted(each.line for each in points(2))
    assert all("too large" in why.detail for _, why in refusals.kept)


async def test_a_refusal_that_cannot_be_published_stops_the_write(
    influx: StandIn, access: Access, make_writer: Callable[..., Writer]
) -> None:
    async def fails(refused: Sequence[tuple[Point, Rejection]]) -> None:
        raise OSError("the broker is gone")

    writer = Writer(lambda: access, fails)
    influx.poisoned = lambda line: True

    with pytest.raises(OSError, match="broker"):
        await writer.store(points(1))
    await writer.close()


async def test_an_influxdb_of_another_machine_gets_its_lines_compressed(
    make_writer: Callable[..., Writer], influx: StandIn, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Access, "is_near", False)

    await make_writer().store(points(3))

    assert influx.writes[0].encoding == "gzip"
    assert influx.stored["city"] == [each.line for each in points(3)]
