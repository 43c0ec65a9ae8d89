"""What InfluxDB's answers to a write mean; pure.

    204                     stored
    400, 422                InfluxDB's own word on some of the lines: those are found and refused, the others stored;
                            where it names no organisation, as 401
    413                     too much at once: split
    401, 403, 404           token, organisation or bucket are wrong: kept, told, tried again
    429, 503                later, when it says
    anything else           kept and tried again

A 400 that is not InfluxDB's own (a proxy's page, a TLS port asked in plain text) says nothing about the lines.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streams.contract.times import parse_ms
from streams.sink.line_protocol import Point

RETRY_AFTER_MAX_S: Final = 60.0
WORDS_CHARACTERS: Final = 500
_SETTINGS_FAULTS: Final = frozenset({401, 403, 404})
_ABOUT_THE_REQUEST: Final = ("Please provide either orgID or org",)
"""Own words of InfluxDB 2.7.12 that blame no line: INFLUX_ORG is set, and empty."""
_DROPPED: Final = re.compile(r"dropped=(\d+)")
_FIELD: Final = re.compile(r'input field "([^"]+)" on measurement "([^"]+)"')
_LOWER_BOUND: Final = re.compile(r"Lower Bound at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z")
_UNPARSED: Final = "unable to parse '"
_is_line_number = re.compile(r"[1-9]\d{0,8}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Stored:
    """All lines are in the bucket."""


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The request was too large."""

    words: str


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing is wrong with the lines; they are sent again."""

    why: str
    words: str
    after_s: float | None = None
    """When the server wants to be asked again, if it says so."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Some of the lines are refused for good."""

    words: str
    dropped: int | None = None
    """How many, where the server says so."""
    concerns: str = ""
    """The field that the server names."""
    measurement: str = ""
    kept_from_ms: int | None = None
    """Points older than this have left the bucket's retention."""
    named: Mapping[bytes, str] = field(default_factory=dict)
    """Lines that the server named, each with its words."""
    numbered: Mapping[int, str] = field(default_factory=dict)
    """Lines that the server gave the number of, from 0."""


Verdict = Stored | TooMuch | Again | Refused


def judged(status: int, headers: Mapping[str, str], body: str, now_ms: int) -> Verdict:
    """What an answer means."""
    if 200 <= status < 300:
        return Stored()
    said = _own_word(body)
    words = _cut(str(said.get("message") or said.get("error") or body.strip() or status))
    if status == 413:
        return TooMuch(words)
    if status in (400, 422) and said and not words.startswith(_ABOUT_THE_REQUEST):
        return _refusal(said)
    if status in _SETTINGS_FAULTS:
        return Again(str(status), words)
    return Again(str(status), words, _retry_after_s(headers.get("retry-after"), now_ms))


def _own_word(body: str) -> dict[str, Any]:
    """The answer as InfluxDB writes its errors; empty where somebody else wrote it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    is_own = isinstance(said.get("code"), str) and isinstance(said.get("message"), str)
    return said if is_own or isinstance(said.get("data"), list) else {}


def _refusal(said: dict[str, Any]) -> Refused:
    message = str(said.get("message") or said.get("error") or "")
    if isinstance(said.get("data"), list):  # InfluxDB 3 lists the lines by number, from 1, at most 100 of them
        numbered = {
            int(each["line_number"]) - 1: _cut(str(each.get("error_message", message)))
            for each in said["data"]
            if isinstance(each, dict) and _is_line_number(str(each.get("line_number", "")))
        }
        return Refused(_cut(message), numbered=numbered)
    named = {}
    if message.startswith(_UNPARSED):
        for part in message.split(_UNPARSED)[1:]:
            for end in _ends(part):
                named[part[:end].encode()] = _cut(part[end + 3 :].strip())
    dropped, names, bound = _DROPPED.search(message), _FIELD.search(message), _LOWER_BOUND.search(message)
    return Refused(
        _cut(message),
        dropped=int(dropped[1]) if dropped else None,
        concerns=names[1] if names else "",
        measurement=names[2] if names else "",
        kept_from_ms=_instant_ms(f"{bound[1]}Z") if bound else None,
        named=named,
    )


def _instant_ms(text: str) -> int | None:
    try:
        return parse_ms(text)
    except ValueError:  # before 2000, as of a retention of decades: bisection finds the lines
        return None


def _ends(part: str) -> list[int]:
    """Where the line that the server quotes can end: a line may itself have what ends the quotation."""
    return [match.start() for match in re.finditer("': ", part)]


def suspects(refused: Refused, points: Sequence[Point]) -> dict[int, str | None]:
    """Which of the points the server means, by place, with its words on each; None where it must confirm them."""
    if refused.numbered:
        return {number: words for number, words in refused.numbered.items() if number < len(points)}
    if refused.named:
        return {at: refused.named[point.line] for at, point in enumerate(points) if point.line in refused.named}
    if refused.concerns:
        head, part = f"{refused.measurement},".encode(), f"{refused.concerns}=".encode()
        return {at: None for at, each in enumerate(points) if each.line.startswith(head) and part in each.line}
    if refused.kept_from_ms is not None:
        return {at: None for at, each in enumerate(points) if each.time_ms < refused.kept_from_ms}
    return {}


def _retry_after_s(value: str | None, now_ms: int) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now_ms / 1000
        except ValueError:
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), RETRY_AFTER_MAX_S)


def _cut(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= WORDS_CHARACTERS else words[: WORDS_CHARACTERS - 1] + "…"
