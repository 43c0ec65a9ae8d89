"""A line of InfluxDB's line protocol, read by the letter of its specification and by none of the hub's code.

https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

FLOAT = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)
INTEGER = re.compile(r"(-?\d+)i", re.ASCII)


class Line(NamedTuple):
    """What a line says."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Any]
    time_ms: int


def read_line(line: bytes) -> Line:
    """Read one line.

    Raises:
        ValueError: it is none.
    """
    text = line.decode()
    head, rest = _cut(text, " ")
    measurement, *tags = _split(head, ",")
    fields, time = _cut_outside_quotes(rest)
    return Line(
        _unescaped(measurement),
        dict(_tag(each) for each in tags),
        dict(_field(each) for each in _split_outside_quotes(fields)),
        int(time),
    )


def _split(text: str, separator: str) -> list[str]:
    return re.split(rf"(?<!\\){re.escape(separator)}", text)


def _cut(text: str, separator: str) -> tuple[str, str]:
    head, *rest = re.split(rf"(?<!\\){re.escape(separator)}", text, maxsplit=1)
    if not rest:
        raise ValueError(f"no {separator!r} in {text!r}")
    return head, rest[0]


def _tag(text: str) -> tuple[str, str]:
    name, value = _cut(text, "=")
    if not name or not value or "\n" in value or len(_split(value, "=")) > 1:
        raise ValueError(f"{text!r} is no tag")
    return _unescaped(name), _unescaped(value)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _parts_outside_quotes(text: str, separator: str) -> list[str]:
    parts, quoted, at = [""], False, 0
    while at < len(text):
        each = text[at]
        if quoted and each == "\\" and text[at + 1 : at + 2] in ('"', "\\"):
            parts[-1] += text[at : at + 2]
            at += 2
            continue
        quoted ^= each == '"'
        if each == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += each
        at += 1
    if quoted:
        raise ValueError(f"{text!r} has a text without an end")
    return parts


def _split_outside_quotes(text: str) -> list[str]:
    return _parts_outside_quotes(text, ",")


def _cut_outside_quotes(text: str) -> tuple[str, str]:
    parts = _parts_outside_quotes(text, " ")
    if len(parts) != 2:
        raise ValueError(f"{text!r} is not fields and a time")
    return parts[0], parts[1]


def _field(text: str) -> tuple[str, Any]:
    name, value = _cut(text, "=")
    if value in ("true", "false"):
        return name, value == "true"
    if integer := INTEGER.fullmatch(value):
        number = int(integer[1])
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"{number} is no 64-bit integer")
        return name, number
    if FLOAT.fullmatch(value):
        return name, float(value)
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return name, re.sub(r'\\(["\\])', r"\1", value[1:-1])
    raise ValueError(f"{text!r} is no field")
