"""A small file of state below the data folder: written whole or not at all, read or said to be unreadable."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from streams.errors import NoRoom
from streams.logs import get

M = TypeVar("M", bound=BaseModel)

log = get(__name__)


def write_whole(path: Path, state: BaseModel) -> None:
    """Put `state` in place of what the file held; a power cut leaves the old or the new one, never a torn one.

    Raises:
        NoRoom: the disk is full or the folder may not be written.
    """
    new = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, new = tempfile.mkstemp(prefix=".", dir=path.parent)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(state.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except OSError as e:
        with suppress(OSError):
            Path(new).unlink()
        raise NoRoom(
            f"can't be written: {e.strerror}", field=str(path), fix="Make room there, or choose another data folder"
        ) from e


def read_kept(path: Path, model: type[M]) -> M | None:
    """What the file holds, or None where there is none; one that can't be read is told and counts as none."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as e:
        log.warning("state_unreadable", path=str(path), why=str(e).splitlines()[0])
        return None
