"""A file's records, one after another and never all at once: NDJSON or CSV, compressed or not.

A line of NDJSON is an envelope (`topic`, `at`, and `value` or `raw`) or the record itself. A scenario's envelopes are
played as they are, wrong values included, because a scenario tells what arrived; a record without an envelope must be
what its topic takes.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from os.path import isfile
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson
from pydantic import BaseModel, Field, ValidationError

from streams.contract.ids import is_exercise_id
from streams.contract.readings import MEASURES, MEASURES_OF, READINGS
from streams.contract.rejections import from_validation
from streams.contract.times import parse_ms
from streams.contract.topics import BULLETINS, COMMANDS, MIB, READING_TOPICS, TOPICS, readings_topic
from streams.errors import WrongInput
from streams.registry import read_model, read_toml

PLAYED_TOPICS: Final = (*READING_TOPICS, BULLETINS, COMMANDS)
"""What the hub takes in; everything else it writes itself."""
DEFAULT_SPEED: Final = 1.0
_NUMBERS: Final = {name for _, name in MEASURES} | {
    "period_s", "location.lat", "location.lon", "magnitude", "depth_km", "intensity", "revision"
}  # fmt: skip
_TIMES: Final = ("observed_at", "issued_at")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_INTEGER: Final = re.compile(r"\d{1,9}", re.ASCII).fullmatch
LONGEST_LINE_BYTES: Final = 8 * MIB
"""A record of the largest size that a topic takes, written with every character escaped, is shorter."""
DEEPEST: Final = 200
"""A line with fewer brackets can't be nested more deeply than the writer of JSON goes (254)."""


class Record(NamedTuple):
    """One record of a file."""

    place: int
    """Its place in the file, from 0, wrong ones counted."""
    topic: str
    at_ms: int | None
    """When it arrived on the recording's own clock."""
    value: dict[str, Any] | None
    raw: bytes | None = None
    """Bytes to be sent as they are, in place of a value."""


class Wrong(NamedTuple):
    """One record of a file that can't be played."""

    place: int
    error: WrongInput


class ScenarioFacts(BaseModel):
    """What a scenario's TOML file tells its player; what else stands there is for others."""

    default_speed: float = Field(gt=0)


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that can be played.

    Args:
        path: the file.
        name: what its exercises are called after.
        speed: how many times faster than it was, unless told otherwise.
        topic: where its records go that name no topic themselves.
    """

    path: Path
    name: str
    speed: float = DEFAULT_SPEED
    topic: str | None = None

    def records(self, file: IO[bytes], begin: int = 0) -> Iterator[Record | Wrong]:
        """The records from index `begin` on, read from the opened file."""
        suffixes = [suffix.lower() for suffix in self.path.suffixes]
        packed = suffixes[-1:] == [".gz"]
        plain = gzip.GzipFile(fileobj=file) if packed else file
        is_csv = suffixes[-2 if packed else -1 :][:1] == [".csv"]
        rows = self._csv(plain) if is_csv else self._ndjson(plain, begin)
        try:
            for found in rows:
                if found.place >= begin:
                    yield found
        except (EOFError, OSError, zlib.error) as e:
            raise WrongInput(
                f"is cut short or damaged: {e}", field=str(self.path), fix="Get it anew; what stands before was played"
            ) from e

    def _ndjson(self, file: IO[bytes] | gzip.GzipFile, begin: int) -> Iterator[Record | Wrong]:
        index = 0
        for number, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            if index >= begin:
                try:
                    yield self._line(index, line)
                except WrongInput as e:
                    yield Wrong(index, self._placed(e, number))
            index += 1

    def _line(self, index: int, line: bytes) -> Record:
        if len(line) > LONGEST_LINE_BYTES:
            raise WrongInput(f"is longer than {LONGEST_LINE_BYTES >> 20} MiB, more than any topic takes")
        try:
            found = orjson.loads(line)
        except ValueError as e:
            raise WrongInput(f"is not JSON: {e}", value=line[:200].strip().decode(errors="replace")) from None
        if not isinstance(found, dict):
            raise WrongInput("is not a JSON object", value=line[:200].strip().decode(errors="replace"))
        if line.count(b"{") + line.count(b"[") > DEEPEST:
            _refuse_depth(found)
        raw, value = found.get("raw"), found.get("value")
        if isinstance(raw, str):
            return Record(index, self._topic(found), _instant(found.get("at")), None, raw.encode())
        if isinstance(value, dict):
            at_ms = _instant(found.get("at"))
            return Record(index, self._topic(found, value), _time_of(value) if at_ms is None else at_ms, value)
        if "value" in found:
            raise WrongInput(
                "is no object", field="value", value=value, fix="Put bytes that are sent as they are in raw"
            )
        return self._checked(index, found)

    def _csv(self, file: IO[bytes] | gzip.GzipFile) -> Iterator[Record | Wrong]:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # spreadsheets write a byte order mark
        rows = csv.DictReader(text, restkey="", strict=True)
        try:
            for index, row in enumerate(rows):
                try:
                    if "" in row:
                        raise WrongInput("has more cells than the header has names", value=row[""])
                    yield self._checked(index, _nested(row))
                except WrongInput as e:
                    yield Wrong(index, self._placed(e, rows.line_num))
        except (csv.Error, UnicodeDecodeError) as e:
            place = f"{self.path}:{rows.line_num + 1}"
            raise WrongInput(f"is not CSV in UTF-8: {e}", field=place, fix="Save it as CSV UTF-8") from e
        finally:
            text.detach()

    def _checked(self, index: int, found: dict[str, Any]) -> Record:
        """A record without an envelope: it must be what its topic takes."""
        topic = self._topic(found)
        found.pop("topic", None)
        model = TOPICS[topic].model
        assert model is not None
        try:
            model.model_validate_json(orjson.dumps(found))
        except ValidationError as e:
            why = from_validation(e)
            raise WrongInput(why.detail.rstrip("."), field=why.field) from None
        return Record(index, topic, _time_of(found), found)

    def _topic(self, found: dict[str, Any], value: dict[str, Any] | None = None) -> str:
        topic = found.get("topic") or self.topic or _meant_topic(found if value is None else value)
        if topic is None:
            raise WrongInput("belongs to no topic or to several", field="topic", fix="Add a topic, or give --topic")
        if topic not in PLAYED_TOPICS:
            raise WrongInput(
                "is none of the hub's inputs", field="topic", value=topic, fix=f"Use {', '.join(PLAYED_TOPICS)}"
            )
        return str(topic)

    def _placed(self, error: WrongInput, line: int) -> WrongInput:
        place = f"{self.path}:{line}" + (f": {error.field}" if error.field else "")
        return WrongInput(error.what, field=place, value=error.value, fix=error.fix)


def find_recording(source: str, seeds: Path, topic: str | None = None) -> Recording:
    """The scenario of this name, or the file at this path.

    Raises:
        WrongInput: there is neither; the scenarios that there are are named.
        WrongSeed: the scenario's file of facts is wrong.
    """
    scenarios = seeds / "scenarios"
    facts, records = scenarios / f"{source}.toml", scenarios / f"{source}.ndjson.gz"
    if "/" not in source and isfile(facts):
        if not isfile(records):
            raise WrongInput("the scenario has no records", field=str(records), fix="Build it, see seeds/README.md")
        speed = read_model(facts, ScenarioFacts, read_toml(facts), source).default_speed
        return Recording(records, source, speed, topic)
    path = Path(source)
    if isfile(path):
        return Recording(path.resolve(), _id_of(path), topic=topic)
    known = sorted(p.stem for p in scenarios.glob("*.toml"))
    raise WrongInput(
        "is neither a scenario nor a file",
        field="SOURCE",
        value=source,
        fix=f"Scenarios in {scenarios}: {', '.join(known) or 'none'}",
    )


def _id_of(path: Path) -> str:
    name = path.name.split(".", 1)[0]
    kept = "".join(c if is_exercise_id(c) else "-" for c in name).strip("-")
    return kept[:64] or "replay"


def _meant_topic(found: dict[str, Any]) -> str | None:
    """The one topic whose records have such fields."""
    if "bulletin_id" in found:
        return BULLETINS
    if "command_id" in found:
        return COMMANDS
    domains = [d for d in READINGS if any(found.get(name) is not None for name in MEASURES_OF[d])]
    return readings_topic(domains[0]) if len(domains) == 1 else None


def _time_of(value: dict[str, Any]) -> int | None:
    return next((at for name in _TIMES if (at := _instant(value.get(name))) is not None), None)


def _instant(text: Any) -> int | None:
    return _parsed(text) if isinstance(text, str) else None


@lru_cache(maxsize=4096)  # what arrives comes in bursts of one time
def _parsed(text: str) -> int | None:
    try:
        return parse_ms(text)
    except ValueError:
        return None


def _lines(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """The file's lines; of one that is too long only the beginning, one byte beyond the limit."""
    while line := file.readline(LONGEST_LINE_BYTES + 1):
        yield line
        while len(line) > LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE_BYTES + 1)


def _refuse_depth(found: dict[str, Any]) -> None:
    try:
        orjson.dumps(found)
    except TypeError:
        raise WrongInput("is nested too deeply", fix="The contract's records are two levels deep") from None


def _nested(row: dict[str, str]) -> dict[str, Any]:
    """A row's cells as the contract nests them: `texts.ko` into `texts`; an empty cell is absent."""
    value: dict[str, Any] = {}
    for name, cell in row.items():
        if cell is None or not cell.strip():
            continue
        *path, last = name.strip().split(".")
        inner: Any = value
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise WrongInput("stands beside a column of the same beginning", field=name, fix="Keep one of them")
        inner[last] = _cell(name.strip(), cell.strip())
    return value


def _cell(name: str, text: str) -> Any:
    """A cell as JSON has it; what is no number stays text, and the model says what is wrong with it."""
    if name == "area":
        return text.replace(";", " ").split()
    if name == "cancelled":
        return {"true": True, "false": False}.get(text.lower(), text)
    if name == "revision":
        return int(text) if _INTEGER(text) else text
    if name in _NUMBERS and _NUMBER(text) and math.isfinite(number := float(text)):
        return number
    return text
