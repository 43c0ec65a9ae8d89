"""A server that answers writes as InfluxDB does, with the faults that a test gives it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from streams.clock import SYSTEM_CLOCK

Manner = Literal["quotes lines", "names a field", "names the retention", "numbers lines", "says no more"]


def own_word(message: str, status: int = 400, code: str = "invalid") -> Response:
    """An error as InfluxDB 2 writes it."""
    return Response(json.dumps({"code": code, "message": message}), status, content_type="application/json")


@dataclass
class Write:
    """A write that it was asked for."""

    bucket: str
    org: str
    token: str
    encoding: str | None
    precision: str
    lines: list[bytes]
    at_s: float


@dataclass
class StandIn:
    """Stores lines by bucket, refuses those that are poisoned, and gives the faults first.

    A partial write stores the good lines and refuses the poisoned ones, as the real one does where a field's type or the
    retention is against them; where a line can't be read nothing of the request is stored.
    """

    server: HTTPServer
    faults: list[Response | Callable[[], Response]] = field(default_factory=list)
    poisoned: Callable[[bytes], bool] = lambda line: False
    manner: Manner = "quotes lines"
    largest: int = 1_000_000
    writes: list[Write] = field(default_factory=list)
    stored: dict[str, list[bytes]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.server.expect_request("/api/v2/write", method="POST").respond_with_handler(self._answer)

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.url_for("").rstrip("/")

    def silence(self) -> Response:
        """Answer only when the test is over."""
        self.ended.wait(30)
        return Response(status=204)

    def _answer(self, request: Request) -> Response:
        encoding = request.headers.get("Content-Encoding")
        body = gzip.decompress(request.data) if encoding == "gzip" else request.data
        args, lines = request.args, body.split(b"\n")
        token = request.headers["Authorization"]
        self.writes.append(
            Write(args["bucket"], args["org"], token, encoding, args["precision"], lines, SYSTEM_CLOCK.monotonic_s())
        )
        if self.faults:
            fault = self.faults.pop(0)
            return fault if isinstance(fault, Response) else fault()
        if len(lines) > self.largest:
            return own_word("unable to read data: points batch is too large", 413, "request too large")
        bad = [line for line in lines if self.poisoned(line)]
        if not bad or self.manner not in ("quotes lines", "says no more"):
            kept = self.stored.setdefault(args["bucket"], [])
            kept.extend(line for line in lines if line not in bad)
        return self._refusal(lines, bad) if bad else Response(status=204)

    def _refusal(self, lines: list[bytes], bad: list[bytes]) -> Response:
        match self.manner:
            case "quotes lines":
                return own_word("\n".join(f"unable to parse '{line.decode()}': missing field value" for line in bad))
            case "names a field":
                measurement, name = bad[0].decode().split(",")[0], bad[0].decode().split(" ")[1].split("=")[0]
                is_type = (
                    f'input field "{name}" on measurement "{measurement}" is type float, already exists as type integer'
                )
                return own_word(f"partial write: field type conflict: {is_type} dropped={len(bad)}", 422)
            case "names the retention":
                return own_word(
                    "partial write: dropped 1 points outside retention policy of duration 24h0m0s - oldest point m at "
                    "2022-09-05T20:10:00Z dropped because it violates a Retention Policy Lower Bound at "
                    f"2022-09-05T20:30:00.5Z dropped={len(bad)}",
                    422,
                )
            case "numbers lines":
                told = [{"line_number": lines.index(line) + 1, "error_message": "invalid column type"} for line in bad]
                answer = {"error": "partial write of line protocol occurred", "data": told[:100]}
                return Response(json.dumps(answer), 400, content_type="application/json")
            case _:
                return own_word("something about the points")
