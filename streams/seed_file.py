"""A TOML file of the seeds as its model; all that is wrong in it is told at once, each with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from streams.errors import Misfit, WrongSeed
from streams.registry import read_toml

M = TypeVar("M", bound=BaseModel)
Where = Sequence[str | int]
"""Keys, and numbers in lists, that lead to an entry of a file."""
_OPEN_ENDS: Final = ("", "\n]")
"""What makes TOML of a text that is cut after a line: nothing, or the end of an array whose entries have a line each."""
_FIXES: Final = {"missing": "Add it", "extra_forbidden": "Mend its spelling or take it out"}
"""By pydantic's kind of error."""


def read_file(path: Path, model: type[M], entries: str, named_by: str) -> M:
    """A file whose entries stand under `[[entries]]`.

    Args:
        path: the file.
        model: what it must be.
        entries: the name of its list of entries.
        named_by: the field by which a person knows an entry.

    Raises:
        WrongSeed: everything that is wrong in it, each with line, entry, field, value and what to do.
    """
    found = read_toml(path)
    try:
        return model.model_validate(found)
    except ValidationError as e:
        text = path.read_text(encoding="utf-8")
        wrong = e.errors(include_url=False)
    raise together(_told(path, text, found, dict(each), entries, named_by) for each in wrong)


def placed(path: Path, where: Where, misfit: Misfit, name: str) -> WrongSeed:
    """A misfit that no model can know of, with the line of its entry.

    Args:
        path: the file.
        where: keys and numbers that lead to the entry.
        misfit: what is wrong in it.
        name: by which a person knows the entry.
    """
    text = path.read_text(encoding="utf-8")
    return _seed(path, text, (*where, *misfit.at), name, misfit)


def together(wrong: Iterable[WrongSeed]) -> WrongSeed:
    """All of it as one message: a line each, where there is more than one."""
    every = [part for one in wrong for part in (one.parts or [one])]
    if len(every) == 1:
        return every[0]
    whole = WrongSeed(f"{len(every)} things are wrong in the city's data:\n" + "\n".join(f"  {one}" for one in every))
    whole.parts = every
    return whole


def line_of(text: str, where: Where) -> int:
    """The line, from 1, on which an entry of a TOML text begins; of one that is missing, that of what should hold it.

    Found by asking the parser itself after which line it knows the entry, so that no second one can see it otherwise.
    """
    there = _present(tomllib.loads(text), where)
    lines = text.split("\n")
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _knows(lines, middle, where[:there]) else (middle + 1, high)
    return low if there else 1


def _knows(lines: list[str], n: int, where: Where) -> bool:
    """Whether the first n lines hold the entry; where they end within a value, with the rest of that."""
    for end in range(n, len(lines) + 1):
        for closing in _OPEN_ENDS:
            try:
                found = tomllib.loads("\n".join(lines[:end]) + closing)
            except tomllib.TOMLDecodeError:
                continue
            return _present(found, where) == len(where)
    return True


def _present(found: Any, where: Where) -> int:
    """How many of these steps lead to something."""
    for n, step in enumerate(where):
        inside = isinstance(found, dict) and step in found
        if not inside and not (isinstance(found, list) and isinstance(step, int) and step < len(found)):
            return n
        found = found[step]
    return len(where)


def _told(path: Path, text: str, found: Any, error: dict[str, Any], entries: str, named_by: str) -> WrongSeed:
    where: tuple[str | int, ...] = error["loc"]
    own = (error.get("ctx") or {}).get("error")
    if isinstance(own, Misfit):
        misfit, where = own, (*where, *own.at)
    else:
        value = error["input"] if isinstance(error["input"], str | int | float) else None
        misfit = Misfit(error["msg"], value=value, fix=_FIXES.get(error["type"], "Mend it"))
    name = ".".join(map(str, where[:2]))
    if where[:1] == (entries,) and len(where) > 1:
        entry = found[entries][where[1]]
        name = str(entry.get(named_by, name)) if isinstance(entry, dict) else name
    return _seed(path, text, where, name, misfit)


def _seed(path: Path, text: str, where: Where, name: str, misfit: Misfit) -> WrongSeed:
    what = ": ".join(part for part in (name, ".".join(map(str, where[2:])), misfit.what) if part)
    return WrongSeed(what, field=f"{path}:{line_of(text, where)}", value=misfit.value, fix=misfit.fix)
