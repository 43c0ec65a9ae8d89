"""A local source that speaks the protocol of a recorded one, faults included.

`usgs-week.geojson.gz` is the USGS summary feed `all_week` as it was made on 2018-02-07T01:49:14Z: 1,707 events. Data of
the U.S. Geological Survey are in the public domain.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from streams.contract.alerts import Bilingual
from streams.contract.sensors import City

POHANG = City(name=Bilingual(ko="포항시", en="Pohang"), centre=(129.343, 36.019), time_zone="Asia/Seoul", domains={})
RECORDED_WEEK = Path(__file__).parent / "usgs-week.geojson.gz"
RECORDED_AT_MS = 1_517_968_154_000
Answer = Callable[[Request], Response]


def recorded_week(now_ms: int = RECORDED_AT_MS) -> dict[str, Any]:
    """The recorded feed, its times moved as if it were made now."""
    feed: dict[str, Any] = json.loads(gzip.decompress(RECORDED_WEEK.read_bytes()))
    shift_ms = now_ms - RECORDED_AT_MS
    feed["metadata"]["generated"] += shift_ms
    for feature in feed["features"]:
        feature["properties"]["time"] += shift_ms
        feature["properties"]["updated"] += shift_ms
    return feed


def feed_of(features: list[dict[str, Any]], generated_ms: int) -> dict[str, Any]:
    """A whole feed of these events."""
    metadata = {"generated": generated_ms, "title": "USGS", "status": 200, "api": "1.5.8", "count": len(features)}
    return {"type": "FeatureCollection", "metadata": metadata, "features": features}


class FeedServer:
    """A file that is served as the USGS serves it: compressed, with validators, 304 where nothing has changed.

    Attributes:
        feed: what is served; may be changed at any time.
        faults: answers that are given first, one per request.
        asked: the requests so far.
    """

    def __init__(self, server: HTTPServer, feed: dict[str, Any], path: str = "/feed.geojson") -> None:
        self.feed, self.faults, self.asked = feed, list[Answer](), list[Request]()
        self.url = server.url_for(path)
        server.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        body = json.dumps(self.feed).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Last-Modified": "Wed, 07 Feb 2018 01:49:14 GMT"}
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers=headers)
        return Response(
            gzip.compress(body, 1), content_type="application/json", headers={**headers, "Content-Encoding": "gzip"}
        )


def status(code: int, **headers: str) -> Answer:
    """An answer of this status; `Retry_After="30"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: Response("no", status=code, headers=named)


def body(content: bytes | str, kind: str = "application/json", **headers: str) -> Answer:
    """A 200 with this content, whatever it is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: Response(content, content_type=kind, headers=named)


FAULTS: dict[str, Answer] = {
    "HTTP 500": status(500),
    "HTTP 503 that asks for rest": status(503, Retry_After="1"),
    "HTTP 404": status(404),
    "HTTP 304 to a first question": status(304),
    "an endless redirect": lambda request: Response(status=302, headers={"Location": request.url}),
    "a web page": body("<!DOCTYPE html><title>점검 중</title>", "text/html"),
    "nothing": body(""),
    "truncated JSON": body('{"type": "FeatureCollection", "metadata": {"generated": 15179681'),
    "a number": body("42"),
    "a list": body("[]"),
    "an object of something else": body('{"error": "quota exceeded"}'),
    "bytes that are no text": body(b"\xff\xfe\x00\x01" * 50),
    "damaged compression": body(b"this is not gzip", Content_Encoding="gzip"),
    "deep nesting": body("[" * 100_000),
    "a bomb": body(gzip.compress(b"[" + b" " * (64 << 20) + b"]", 9), Content_Encoding="gzip"),
}
"""Every way to be wrong that any source must survive."""
