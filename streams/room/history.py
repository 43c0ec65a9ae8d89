"""Past windows of one series: InfluxDB's, joined with those in memory, which may be newer than what is stored."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from streams.contract.alerts import Bilingual
from streams.contract.readings import READINGS, Domain
from streams.contract.times import format_ms, parse_ms
from streams.logs import Counted, get
from streams.room.influx import AWAY, Access, Influx
from streams.room.view import View
from streams.room.windows import HOUR_S, MINUTE_S, Row

MOST_POINTS: Final = 5_000
ANSWER_S: Final = 10.0
_MEASUREMENTS: Final[dict[Domain, str]] = {domain: domain.replace("-", "_") for domain in READINGS}
_FIELDS: Final = ("count", "sum", "min", "max", "last", "final")
REFUSED: Final = Bilingual(
    ko="InfluxDB가 질의에 답하지 않았습니다. 최근 몇 시간의 기록만 보입니다.",
    en="InfluxDB did not answer the query. Only the last hours are shown.",
)

log = get("streams.room.history")


@dataclass(frozen=True, slots=True)
class Question:
    """Which windows; every part was checked against the registry and the contract."""

    domain: Domain
    sensor_id: str
    measure: str
    window_s: int
    from_ms: int
    to_ms: int
    exercise: str | None


class History:
    """Answers questions about the past."""

    def __init__(self, influx: Influx) -> None:
        self._influx = influx
        self._client = httpx2.AsyncClient(timeout=ANSWER_S)
        self._failures = Counted(log, "history_query_failed")

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def answer(self, question: Question, view: View | None) -> dict[str, Any]:
        """The windows as the page gets them; of two states of one window the better."""
        note = self._influx.note
        stored: dict[int, Row] | None = None
        if self._influx.state == "ready" and self._influx.access is not None:
            try:
                stored = await self._stored(self._influx.access, question)
            except (httpx2.HTTPError, ValueError) as e:
                self._failures.warn(error=str(e) or type(e).__name__)
                note = AWAY if isinstance(e, httpx2.TransportError) else REFUSED
        rows = dict(stored or {})
        for start_ms, row in remembered(question, view).items():
            known = rows.get(start_ms)
            if known is None or (row.final, row.n) >= (known.final, known.n):
                rows[start_ms] = row
        return {
            "points": [_point(start_ms, rows[start_ms]) for start_ms in sorted(rows)],
            "whole_from": format_ms(question.from_ms if stored is not None else _remembered_from(question, view)),
            "source": "kafka" if stored is None else "influx",
            "note": note.model_dump() if stored is None and note is not None else None,
        }

    async def _stored(self, access: Access, question: Question) -> dict[int, Row]:
        response = await self._client.post(
            f"{access.url}/api/v2/query",
            params={"org": access.org},
            headers={"Authorization": f"Token {access.token}", "Accept": "application/csv"},
            json={"query": flux(access, question), "dialect": {"annotations": [], "header": True}},
        )
        response.raise_for_status()
        return rows_of(response.text, question.measure)


def remembered(question: Question, view: View | None) -> dict[int, Row]:
    """The windows in memory."""
    series = None if view is None else view.series.get((question.sensor_id, question.measure))
    if series is None:
        return {}
    rows = {MINUTE_S: series.minutes, HOUR_S: series.hours}.get(question.window_s)
    return {} if rows is None else rows.between(question.from_ms, question.to_ms)


def _remembered_from(question: Question, view: View | None) -> int:
    """From when on no minute is missing in memory; at the question's end where all may be."""
    series = None if view is None else view.series.get((question.sensor_id, question.measure))
    from_ms = question.to_ms if series is None else max(series.whole_from_ms, series.minutes.forgotten_ms + 1)
    return min(max(from_ms, question.from_ms), question.to_ms)


def flux(access: Access, question: Question) -> str:
    """The query in InfluxDB's language."""
    bucket = access.bucket if question.exercise is None else access.bucket_exercise
    fields = " or ".join(f"r._field == {_text(f'{question.measure}_{name}')}" for name in _FIELDS)
    tags = {"sensor_id": question.sensor_id, "window": str(question.window_s)}
    if question.exercise is not None:
        tags["exercise"] = question.exercise
    conditions = [f"r._measurement == {_text(_MEASUREMENTS[question.domain])}"]
    conditions += [f"r.{name} == {_text(value)}" for name, value in tags.items()]
    return (
        f"from(bucket: {_text(bucket)})"
        f" |> range(start: {format_ms(question.from_ms)}, stop: {format_ms(question.to_ms)})"
        f" |> filter(fn: (r) => {' and '.join(conditions)})"
        f" |> filter(fn: (r) => {fields})"
        ' |> keep(columns: ["_time", "_field", "_value"])'
    )


def rows_of(text: str, measure: str) -> dict[int, Row]:
    """The windows in InfluxDB's answer: a line per field and time, a new header where the fields' type changes.

    Raises:
        ValueError: the answer is no such table.
    """
    found: dict[int, dict[str, str]] = {}
    columns: list[str] = []
    for line in csv.reader(text.splitlines()):
        if not line:
            columns = []
        elif not columns:
            columns = line
            if "error" in columns:
                raise ValueError("InfluxDB answered with an error")
        else:
            cells = dict(zip(columns, line, strict=False))
            name = cells["_field"].removeprefix(f"{measure}_")
            found.setdefault(parse_ms(cells["_time"]), {})[name] = cells["_value"]
    return {start_ms: row for start_ms in sorted(found) if (row := _row(found[start_ms])) is not None}


def _row(cells: dict[str, str]) -> Row | None:
    if not {"count", "sum", "min", "max", "last"} <= cells.keys() or int(cells["count"]) < 1:
        return None  # a point that is half written
    total, low, high, last = (float(cells[name]) for name in ("sum", "min", "max", "last"))
    return Row(int(cells["count"]), total, low, high, last, 0, cells.get("final") == "true")


def _point(start_ms: int, row: Row) -> dict[str, Any]:
    return {
        "start": format_ms(start_ms),
        "count": row.n,
        "sum": row.sum,
        "mean": row.mean,
        "min": row.min,
        "max": row.max,
        "last": row.last,
        "final": row.final,
    }


def _text(value: str) -> str:
    """A string literal of Flux."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'
