"""What Grafana does with a dashboard's questions before InfluxDB sees them, and what it makes of the answers.

In the browser variables are put in: `${name}`, `$name` as they are, `${name:regex}` escaped, several as `(a|b)`; the value
that stands for "all" is put in untouched. In the server `v.timeRangeStart`, `v.timeRangeStop` and `v.windowPeriod` follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from influxdb_client import InfluxDBClient

from deploy.influx import InfluxAccess
from streams.contract.times import format_ms

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "city.json").read_text(encoding="utf-8")
)
VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
MACRO = re.compile(r"v\.([a-zA-Z]+)")
SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}/]")


@dataclass(frozen=True)
class All:
    """A variable's "all" that has a text of its own."""

    text: str


Value = str | Sequence[str] | All


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels that ask something."""
    return [panel for panel in DASHBOARD["panels"] if panel.get("targets")]


def variables() -> dict[str, dict[str, Any]]:
    """The dashboard's variables by name."""
    return {each["name"]: each for each in DASHBOARD["templating"]["list"]}


def used(question: str) -> set[str]:
    """The variables that a question or a title names."""
    return {match[1] or match[3] for match in VARIABLE.finditer(question)}


def with_variables(question: str, values: Mapping[str, Value]) -> str:
    """The question as the browser sends it to Grafana's server.

    Raises:
        KeyError: it names a variable that has no value.
    """

    def put_in(match: re.Match[str]) -> str:
        value, form = values[match[1] or match[3]], match[2]
        if isinstance(value, All):
            return value.text
        if form == "regex":
            escaped = [SPECIAL.sub(r"\\\g<0>", each) for each in ([value] if isinstance(value, str) else value)]
            return escaped[0] if isinstance(value, str) else f"({'|'.join(escaped)})"
        if form is not None or not isinstance(value, str):
            raise ValueError(f"{match[0]} of {value!r} is a form that these tests do not know")
        return value

    return VARIABLE.sub(put_in, question)


def with_macros(question: str, begin_ms: int, end_ms: int) -> str:
    """The question as Grafana's server sends it to InfluxDB."""
    known = {"timeRangeStart": format_ms(begin_ms), "timeRangeStop": format_ms(end_ms), "windowPeriod": "1m0s"}
    return MACRO.sub(lambda match: known[match[1]], question)


Table = list[dict[str, Any]]


def answers(access: InfluxAccess, question: str) -> list[Table]:
    """InfluxDB's answer: the rows of each table, without what the protocol adds."""
    with InfluxDBClient(access.url, access.token, org=access.org, timeout=60_000) as client:
        return [
            [{name: value for name, value in row.values.items() if name not in ("result", "table")} for row in table]
            for table in client.query_api().query(question)
            if table.records
        ]
