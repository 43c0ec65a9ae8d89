"""The Situation Room's page, built where it is missing or older than its sources."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.cache import cache_dir, lock_if_free
from deploy.child import Child
from deploy.waiting import until
from streams.errors import Unavailable

HERE: Final = Path(__file__).parent
UI: Final = HERE.parent / "streams" / "room" / "ui"
STATIC: Final = UI.parent / "static"
_BUILT_FROM: Final = STATIC / ".built-from"
_NOT_SOURCES: Final = {"node_modules", "dist", "test-results"}
BUILD_S: Final = 300.0


def is_current() -> bool:
    """Whether the built page is that of the present sources, or came with an installed package."""
    if not (UI / "package.json").exists():
        return (STATIC / "index.html").exists()
    try:
        return _BUILT_FROM.read_text() == _digest() and (STATIC / "index.html").exists()
    except FileNotFoundError:
        return False


async def build_page(told: Callable[[str], None]) -> bool:
    """Build the page unless it is current; returns whether it was built.

    Raises:
        Unavailable: it could not be built; the message says why.
    """
    if is_current():
        return False
    if not (UI / "package.json").exists():
        raise Unavailable("the page is missing from this installation", field="page", fix="Install the package again")
    name = f"page-{hashlib.sha256(str(UI).encode()).hexdigest()[:12]}"
    locks = [lock_if_free(name)]

    def free() -> bool:
        locks[0] = locks[0] or lock_if_free(name)
        return locks[0] is not None

    await until(free, BUILD_S, every_s=0.3)
    try:
        if is_current():
            return False
        digest = _digest()
        log = cache_dir() / "npm" / f"{name}.log"
        if not _has_packages():
            told("fetching its packages (npm ci)")
            await _run(log, "npm", "ci")
        told("building (npm run build)")
        await _run(log, "npm", "run", "build")
        _BUILT_FROM.write_text(digest)
        return True
    finally:
        if locks[0] is not None:
            locks[0].close()


def _has_packages() -> bool:
    """Whether they are as the lock says: npm writes its copy of the lock at the end of a whole install."""
    installed, lock = UI / "node_modules" / ".package-lock.json", UI / "package-lock.json"
    return installed.exists() and lock.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


async def _run(log: Path, *command: str) -> None:
    env = {**os.environ, "URBANHUB_CACHE": str(cache_dir())}
    child = Child("page", [HERE / "node", *command], log=log, folder=UI, env=env)
    child.start()
    try:
        await until(lambda: not child.running, BUILD_S)
    finally:
        await child.stop(3)
    if child.exit_code:
        lines = [line.strip() for line in child.said().splitlines() if line.strip()]
        why = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no word")
        raise Unavailable(f"`{' '.join(command)}` failed: {why[:200]}", field="page", fix=f"Read {log}")


def _digest() -> str:
    """Of all that the page is built from."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(UI):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder) / name
            digest.update(str(path.relative_to(UI)).encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()
