"""Kafka's jars: those that `jars.lock` names, from Maven Central into the cache, each checked against its SHA-256.

They are resolved one by one, without reading any POM: quicker, and no POM can change what the lock says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cache import cache_dir, locked
from deploy.disk import need_room, telling_no_room
from streams.errors import Unavailable

LOCK: Final = Path(__file__).parent / "jars.lock"
DOWNLOAD_MIB: Final = 60
_SYSTEM_ROOTS: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_AT_ONCE: Final = 8

Progress = Callable[[int, int, int], None]
"""Is told how many jars are there, of how many, and their bytes so far; ends the fetching by raising."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in the cache, laid out as Maven does."""
        folder = cache_dir() / "maven" / self.group.replace(".", "/") / self.artifact / self.version
        return folder / f"{self.artifact}-{self.version}.jar"

    def is_whole(self) -> bool:
        """Whether the cache has it, byte for byte."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    """Every jar of the lock, in its order, which is the class path's."""
    jars = []
    for line in lock.read_text().splitlines():
        coordinate, sha256 = line.split()
        group, artifact, version = coordinate.split(":")
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def kafka_version() -> str:
    """The Kafka of the lock."""
    return next(jar.version for jar in locked_jars() if jar.artifact == "kafka-server")


def fetch_jars(progress: Progress = lambda done, total, size: None, lock: Path = LOCK) -> list[Path]:
    """The class path: every jar whole in the cache, fetched where it is not.

    Raises:
        Unavailable: a jar could not be fetched, or what came is not what the lock names.
        NoRoom: the cache can't be written.
    """
    jars = locked_jars(lock)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        there = list(pool.map(Jar.is_whole, jars))
    missing = [jar for jar, whole in zip(jars, there, strict=True) if not whole]
    if missing:
        need_room(cache_dir(), 2 * DOWNLOAD_MIB, "Kafka")
        with locked("kafka-jars"), telling_no_room(cache_dir()):
            _fetch(missing, [jar for jar in jars if jar not in missing], progress)
    return [jar.path for jar in jars]


def _fetch(missing: list[Jar], there: list[Jar], progress: Progress) -> None:
    if _SYSTEM_ROOTS.exists():  # jgo knows only certifi's roots otherwise, and fails behind a proxy that signs anew
        os.environ.setdefault("REQUESTS_CA_BUNDLE", str(_SYSTEM_ROOTS))
    from jgo.maven import MavenContext  # slow to import, and seldom needed

    context = MavenContext(repo_cache=cache_dir() / "maven", timeout=60)
    size = sum(jar.path.stat().st_size for jar in there)
    total = len(missing) + len(there)
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for done, path in enumerate(pool.map(lambda jar: _fetch_one(context, jar), missing), len(there) + 1):
            size += path.stat().st_size
            progress(done, total, size)
    finally:
        pool.shutdown(cancel_futures=True)  # one that fails, or `progress` that raises, ends the others too


def _fetch_one(context: object, jar: Jar) -> Path:
    """One jar; a second time when the first gave something else, as a cut download does."""
    for _ in range(2):
        if jar.is_whole():
            return jar.path
        jar.path.unlink(missing_ok=True)
        try:
            context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()  # type: ignore[attr-defined]  # untyped
        except OSError:
            raise
        except Exception as e:  # jgo's errors have no common base
            raise Unavailable(
                f"the jar could not be fetched ({type(e).__name__}: {e})",
                field=f"{jar.group}:{jar.artifact}:{jar.version}",
                fix="See that Maven Central can be reached, or set KAFKA_BOOTSTRAP_SERVERS to a cluster that runs",
            ) from e
    if jar.is_whole():
        return jar.path
    jar.path.unlink(missing_ok=True)
    raise Unavailable(
        "what was fetched is not the jar that jars.lock names; it was removed",
        field=f"{jar.group}:{jar.artifact}:{jar.version}",
        fix="Start again; if it stays so, something between here and Maven Central changes downloads",
    )
