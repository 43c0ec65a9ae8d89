"""Where downloads and built programs are kept, and who may fill it at the same time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def cache_dir() -> Path:
    """`URBANHUB_CACHE`, else `urbanhub` in the user's cache folder."""
    named = os.environ.get("URBANHUB_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "urbanhub"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of this name; waits for another process that holds it."""
    with _lock_file(name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_if_free(name: str) -> IO[str] | None:
    """The cache's lock of this name, held until the file is closed; None while another process holds it.

    A child that is given its file descriptor holds it too, and keeps it however its parent ends.
    """
    file = _lock_file(name).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _lock_file(name: str) -> Path:
    path = cache_dir() / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
