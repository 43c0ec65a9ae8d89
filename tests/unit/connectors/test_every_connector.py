"""One suite for every row of the catalogue, driven by `cases/NAME/CASE`.

settings.toml      why the case is there, the time now, settings that differ from the defaults
response_N.*       the N-th answer: .json is a good one's body, .http a whole one with status, headers and body
expected.ndjson    {"poll": N, "record": {…}}: what is published then, in order; a record may name only the fields that
                   matter, and at least one case of a connector names all
expected.err       "N: text": what the N-th poll complains of or fails with; nothing else may be complained of
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors.catalogue import CATALOGUE
from connectors.frame.connector import Connector
from connectors.frame.outgoing import encoded
from connectors.frame.upstream import LARGEST_BYTES, MOST_REDIRECTS, SourceFailed, Upstream
from streams.contract.topics import TOPICS
from tests.support.clock import StillClock
from tests.support.upstream import FAULTS, POHANG, Answer, body

CASES = Path(__file__).parent / "cases"
FOLDERS = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in sorted(CASES.glob("*/*"))]
BOTH = [pytest.param(name, fault, id=f"{name}: {fault}") for name in CATALOGUE for fault in FAULTS]


@dataclass
class Case:
    """A case's folder, served: the N-th request gets the N-th answer."""

    folder: Path
    server: HTTPServer

    def __post_init__(self) -> None:
        self.said = tomllib.loads((self.folder / "settings.toml").read_text())
        paths = sorted(self.folder.glob("response_*"), key=lambda path: int(path.stem.split("_")[1]))
        self.answers: list[Answer] = [self._answer(path) for path in paths]
        self.server.expect_request("/source").respond_with_handler(self._next)
        self._left = list(self.answers)

    def connector(self) -> Connector:
        kind = CATALOGUE[self.folder.parent.name]
        settings = kind.settings_model(url=self.server.url_for("/source"), **self.said["settings"])
        return kind(settings, POHANG, StillClock(self.said["now"]))

    def expected(self, poll: int) -> list[dict[str, Any]]:
        return [line["record"] for line in _lines(self.folder / "expected.ndjson") if line["poll"] == poll]

    def errors(self, poll: int) -> list[str]:
        path = self.folder / "expected.err"
        lines = path.read_text().splitlines() if path.exists() else []
        return [text for number, text in (line.split(": ", 1) for line in lines) if int(number) == poll]

    def serve(self, answer: Answer) -> None:
        self._left.insert(0, answer)

    def _next(self, request: Request) -> Response:
        return self._left.pop(0)(request)

    @staticmethod
    def _answer(path: Path) -> Answer:
        if path.suffix == ".json":
            return body(path.read_bytes())
        head, content = path.read_text().split("\n\n", 1)
        line, *headers = head.splitlines()
        named = dict(header.split(": ", 1) for header in headers)
        return lambda request: Response(content, status=line.split(" ", 1)[1], headers=named)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


async def polled(
    connector: Connector, upstream: Upstream, *, confirm: bool = True
) -> tuple[list[dict[str, Any]], list[str]]:
    """What one poll publishes and complains of; what is published is remembered, as the runner does it."""
    try:
        found = await connector.poll(upstream)
    except SourceFailed as e:
        return [], [str(e)]
    values = []
    for record in found.records:
        values.append(json.loads(encoded(connector.topic, record).value))  # refuses what is not of the contract
        connector.remember(record)
    if confirm:
        upstream.confirm()
    return values, found.complaints


def _matches(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    return all(found.get(name) == value for name, value in wanted.items())


@pytest.mark.parametrize("folder", FOLDERS)
async def test_each_case_publishes_what_it_says_and_complains_of_nothing_else(
    folder: Path, httpserver: HTTPServer
) -> None:
    case = Case(folder, httpserver)
    connector = case.connector()

    async with Upstream(connector.clock) as upstream:
        for poll in range(1, len(case.answers) + 1):
            records, complaints = await polled(connector, upstream)

            wanted = case.expected(poll)
            assert len(records) == len(wanted), (poll, records)
            for one, other in zip(wanted, records, strict=True):
                assert _matches(one, other), (poll, one, other)
            errors = case.errors(poll)
            assert len(complaints) == len(errors), (poll, complaints)
            assert all(text in complaint for text, complaint in zip(errors, complaints, strict=True)), complaints


@pytest.mark.parametrize("folder", FOLDERS)
async def test_a_restart_after_any_poll_repeats_nothing(folder: Path, httpserver: HTTPServer) -> None:
    case = Case(folder, httpserver)
    connector = case.connector()
    published = []

    async with Upstream(connector.clock) as upstream:
        for answer in case.answers:
            case._left = [answer, answer]
            published += (await polled(connector, upstream, confirm=False))[0]
            connector = case.connector()  # as after kill -9: all that it knows stands in the topic
            for value in published:
                model = TOPICS[connector.topic].model
                assert model is not None
                connector.remember(model.model_validate(value))

            again, _ = await polled(connector, upstream, confirm=False)

            assert again == []


@pytest.mark.parametrize(("name", "fault"), BOTH)
async def test_a_source_that_is_wrong_is_a_failure_with_one_message_and_loses_nothing(
    name: str, fault: str, httpserver: HTTPServer
) -> None:
    case = Case(CASES / name / "near", httpserver)
    connector = case.connector()

    async with Upstream(connector.clock) as upstream:
        for _ in range(MOST_REDIRECTS + 1):
            case.serve(FAULTS[fault])
        with pytest.raises(SourceFailed) as failure:
            await connector.poll(upstream)
        httpserver.clear_assertions()
        case._left = list(case.answers)
        records, _ = await polled(connector, upstream)

    assert failure.value.kind in ("status", "wrong_content", "too_large", "unreachable", "slow")
    assert "\n" not in str(failure.value) and len(str(failure.value)) < 400
    assert [record["revision"] for record in records] == [0] * len(case.expected(1)) != []


@pytest.mark.parametrize("name", CATALOGUE)
async def test_what_a_failed_poll_had_answered_is_asked_for_again(name: str, httpserver: HTTPServer) -> None:
    """A validator of an answer that was never published would make the source say 304 for ever."""
    case = Case(CASES / name / "near", httpserver)
    connector = case.connector()
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        content = b'{"torn": ' if len(asked) == 1 else (case.folder / "response_1.json").read_bytes()
        return Response(content, headers={"ETag": '"1"'}, status=304 if "If-None-Match" in request.headers else 200)

    async with Upstream(connector.clock) as upstream:
        case._left = [answer] * 4
        assert (await polled(connector, upstream))[0] == []
        assert (await connector.poll(upstream)).records  # read, but not published
        assert (await polled(connector, upstream))[0]
        assert (await connector.poll(upstream)).unchanged

    assert ["If-None-Match" in request.headers for request in asked] == [False, False, False, True]


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_connector_says_what_it_is(name: str) -> None:
    connector = CATALOGUE[name]
    settings = connector.settings_model

    assert connector.name == name == settings.source
    assert settings.model_config["env_prefix"] == f"URBANHUB_{name.upper()}_"
    assert connector.topic in TOPICS and TOPICS[connector.topic].model is not None
    assert connector.says
    assert all(field.description for field in settings.model_fields.values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_connector_has_cases_that_publish_a_whole_record_and_that_fail(name: str) -> None:
    folders = list((CASES / name).iterdir())
    model = TOPICS[CATALOGUE[name].topic].model
    assert model is not None

    whole = [line["record"] for folder in folders for line in _lines(folder / "expected.ndjson")]

    required = {field for field, info in model.model_fields.items() if info.is_required()}
    assert any(required <= record.keys() for record in whole)
    assert any((folder / "expected.err").exists() for folder in folders)
    assert all((folder / "response_1.json").exists() or (folder / "response_1.http").exists() for folder in folders)


def test_the_bomb_is_larger_than_what_is_taken() -> None:
    assert LARGEST_BYTES < 64 << 20


def test_every_case_belongs_to_a_row() -> None:
    assert {path.name for path in CASES.iterdir()} == set(CATALOGUE)
