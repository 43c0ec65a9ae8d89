"""InfluxDB's answer joined with memory; who says how InfluxDB does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from streams.contract.times import format_ms
from streams.room.history import History, Question, flux, rows_of
from streams.room.influx import Access, Influx
from streams.settings import load
from tests.support.room_log import MINUTE_MS, NOW_MS, Written

ACCESS = Access("http://localhost:1", "token", "pohang", "city", "city-exercise")
QUESTION = Question("disaster", "rain-1", "rainfall_mm", 60, NOW_MS - 10 * MINUTE_MS, NOW_MS, None)
HEADER = "\r\n,result,table,_time,_value,_field\r\n"


def _csv(*rows: tuple[str, dict[str, Any]]) -> str:
    """As InfluxDB writes it: a table for each type of value."""
    out = ""
    for names in (("count",), ("final",), ("last", "max", "min", "sum")):
        lines = [
            f",_result,0,{time},{str(fields[name]).lower()},rainfall_mm_{name}"
            for name in names
            for time, fields in rows
            if name in fields
        ]
        out += HEADER.lstrip() + "\r\n".join(lines) + "\r\n\r\n"
    return out


def _fields(count: int, value: float, final: bool = True) -> dict[str, Any]:
    return {"count": count, "sum": value * count, "min": value, "max": value, "last": value, "final": final}


def test_the_question_is_put_so_that_nothing_can_break_out_of_it() -> None:
    asked = flux(ACCESS, Question("air-quality", 'a"b\\c${d}', "pm10_ugm3", 3600, 0, 3_600_000, "e"))
    assert 'r.sensor_id == "a\\"b\\\\c\\${d}"' in asked
    assert 'from(bucket: "city-exercise")' in asked
    assert 'r._measurement == "air_quality"' in asked
    assert 'r.window == "3600"' in asked
    assert 'r.exercise == "e"' in asked
    assert "range(start: 1970-01-01T00:00:00.000Z, stop: 1970-01-01T01:00:00.000Z)" in asked


def test_an_answer_of_several_tables_is_read() -> None:
    rows = rows_of(
        _csv(("2025-11-24T15:58:00Z", _fields(2, 1.5)), ("2025-11-24T15:59:00Z", _fields(1, 0.5, False))), "rainfall_mm"
    )
    assert [(start - NOW_MS, row.n, row.mean, row.final) for start, row in rows.items()] == [
        (-2 * MINUTE_MS, 2, 1.5, True),
        (-MINUTE_MS, 1, 0.5, False),
    ]


def test_an_empty_answer_is_no_window_and_an_error_is_told() -> None:
    assert rows_of("\r\n", "rainfall_mm") == {}
    with pytest.raises(ValueError, match="error"):
        rows_of("error,reference\r\nfailed,\r\n", "rainfall_mm")


@pytest.fixture
def influx(tmp_path: Path, httpserver: HTTPServer) -> Influx:
    return Influx(load(data_dir=tmp_path, influx_url=httpserver.url_for("").rstrip("/"), influx_token="t"))


async def test_memory_fills_what_is_not_stored_yet(influx: Influx, httpserver: HTTPServer) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(
            _csv(("2025-11-24T15:57:00Z", _fields(3, 1.0)), ("2025-11-24T15:58:00Z", _fields(1, 9.0, False)))
        )

    httpserver.expect_request("/health").respond_with_json({"status": "pass"})
    httpserver.expect_request("/api/v2/query", method="POST").respond_with_handler(answer)
    log = Written()
    log.window("rain-1", NOW_MS - 3 * MINUTE_MS, 7.0, final=False)
    log.window("rain-1", NOW_MS - 2 * MINUTE_MS, 2.0, count=2)
    log.window("rain-1", NOW_MS - MINUTE_MS, 4.0, final=False)
    await influx.look()
    found = await History(influx).answer(QUESTION, log.city.reality)
    assert [(point["last"], point["final"]) for point in found["points"]] == [(1.0, True), (2.0, True), (4.0, False)]
    assert (found["source"], found["note"]) == ("influx", None)
    assert asked[0].headers["Authorization"] == "Token t"
    assert asked[0].args["org"] == "pohang"


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_refused_question_is_answered_from_memory(influx: Influx, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/health").respond_with_json({"status": "pass"})
    httpserver.expect_request("/api/v2/query").respond_with_data("no", status=status)
    log = Written()
    log.window("rain-1", NOW_MS - MINUTE_MS, 4.0)
    await influx.look()
    found = await History(influx).answer(QUESTION, log.city.reality)
    assert ([point["last"] for point in found["points"]], found["source"]) == ([4.0], "kafka")
    assert set(found["note"]) == {"ko", "en"}


async def test_an_influxdb_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    influx = Influx(load(data_dir=tmp_path, influx_url="http://127.0.0.1:9", influx_token="t"))
    await influx.look()
    assert influx.state == "away"
    found = await History(influx).answer(QUESTION, None)
    assert (found["points"], found["source"]) == ([], "kafka")


async def test_the_supervisors_word_is_taken_and_taken_again_when_it_changes(
    tmp_path: Path, influx: Influx, httpserver: HTTPServer
) -> None:
    url = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/health").respond_with_json({"status": "pass"})
    note = {"ko": "만드는 중", "en": "being built"}

    def said(state: str, **more: Any) -> None:
        said = {"url": url, "org": "o", "bucket": "b", "bucket_exercise": "be", "token": "x", "state": state, **more}
        temporary = tmp_path / "new"
        temporary.write_text(json.dumps({"state": "running", "influx": said}))
        temporary.rename(tmp_path / "status.json")

    said("building", note=note)
    await influx.look()
    assert influx.status() == {"state": "building", "note": note}
    said("ready", note=None)
    await influx.look()
    assert influx.status() == {"state": "ready", "note": None}
    assert influx.access == Access(url, "x", "o", "b", "be")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"influx": null}', '{"state":"stopped","influx":{"url":"http://x","state":"ready"}}']
)
async def test_a_status_that_says_nothing_of_this_influxdb_leaves_the_settings(
    tmp_path: Path, influx: Influx, httpserver: HTTPServer, text: str
) -> None:
    httpserver.expect_request("/health").respond_with_json({"status": "pass"})
    (tmp_path / "status.json").write_text(text)
    await influx.look()
    assert influx.state == "ready"


async def test_from_when_on_nothing_is_missing_is_said(influx: Influx, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/health").respond_with_json({"status": "pass"})
    httpserver.expect_request("/api/v2/query").respond_with_data(_csv(), content_type="text/csv")
    log = Written()
    log.window("river-1", NOW_MS - 10 * MINUTE_MS)
    log.window("rain-1", NOW_MS - 3 * MINUTE_MS)
    whole, late = log.city.reality, log.read_late(1, complete_from_ms=NOW_MS).reality
    asked, history = QUESTION, History(influx)

    remembered = [(await history.answer(asked, view))["whole_from"] for view in (whole, late, None)]
    await influx.look()
    stored = (await history.answer(asked, late))["whole_from"]

    began, first, never = (format_ms(NOW_MS - minutes * MINUTE_MS) for minutes in (10, 3, 0))
    assert remembered == [began, first, never]
    assert stored == began
