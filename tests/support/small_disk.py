"""A disk of its own for one command: memory, seen by nobody else, made fuller and emptier while the command runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from deploy.child import Child

_ALONE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--user", "--map-root-user"]
_INSIDE = "--mount" if os.geteuid() == 0 else "--mount --user --preserve-credentials"


def can_be_had() -> bool:
    """Whether this machine lets its user mount one."""
    try:
        return subprocess.run([*_ALONE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class SmallDisk:
    """A disk at `place` for the command of `child`, which has not begun yet."""

    def __init__(self, place: Path, child: Child, mib: int) -> None:
        self.place, self._child = place, child
        place.mkdir(parents=True, exist_ok=True)
        begin = 'mount -t tmpfs -o size="$1"m tmpfs "$0" && shift && exec "$@"'
        child.command = [*_ALONE, "sh", "-c", begin, str(place), str(mib), *child.command]

    def seen(self, file: Path) -> Path:
        """A file of the disk, as this process reaches it while the command runs."""
        return Path(f"/proc/{self._child.pid}/root{file}")

    def fill(self) -> None:
        """Leave next to nothing free."""
        stat = os.statvfs(self.seen(self.place))
        used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
        self._resize(f"{used // 1024 + 64}k")

    def empty(self, mib: int) -> None:
        """Give it room again."""
        self._resize(f"{mib}m")

    def _resize(self, size: str) -> None:
        inside = ["nsenter", "--target", str(self._child.pid), *_INSIDE.split()]
        subprocess.run([*inside, "mount", "-o", f"remount,size={size}", str(self.place)], check=True)
