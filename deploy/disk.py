"""A full or unwritable disk, told before and when it happens."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import NoRoom

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


@contextmanager
def telling_no_room(place: Path) -> Iterator[None]:
    """Turn the system's refusal to write at `place` into `NoRoom`."""
    try:
        yield
    except OSError as e:
        if e.errno not in _NO_ROOM:
            raise
        raise NoRoom(
            f"can't be written: {e.strerror}",
            field=str(place),
            fix="Make room, mend the folder's rights, or choose another folder",
        ) from e


def need_room(folder: Path, mib: int, what: str) -> None:
    """See that the disk of `folder` has at least `mib` free.

    Raises:
        NoRoom: it has not, or the folder can't be made.
    """
    with telling_no_room(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free_mib = shutil.disk_usage(folder).free >> 20
    if free_mib < mib:
        raise NoRoom(
            f"{what} needs {mib} MiB of free disk, and {free_mib} MiB are left",
            field=str(folder),
            fix="Make room, or choose another folder",
        )
