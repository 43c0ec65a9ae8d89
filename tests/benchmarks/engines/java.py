"""Peers on the JVM: compiled here from `java/` by the system's javac, their jars fetched by the project's own resolver."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cache import cache_dir
from deploy.kafka import fetch_jars
from streams.errors import HubError
from tests.benchmarks.engines.engine import Failed, Job, Ran
from tests.benchmarks.engines.peer import run_peer
from tests.benchmarks.filling import topics_of

SOURCES: Final = Path(__file__).parent / "java"
SHARED: Final = ("Reading", "Aggregates", "Progress")
OLDEST_JAVA: Final = 17


@dataclass(frozen=True)
class Program:
    """A program in `java/`."""

    name: str
    main: str
    lock: Path
    options: tuple[str, ...]


KSTREAMS: Final = Program("kstreams", "KStreamsWindows", SOURCES / "kstreams.lock", ("-Xmx2g",))
FLINK: Final = Program(
    "flink", "FlinkWindows", SOURCES / "flink.lock", ("-Xmx2g", "--add-opens=java.base/java.util=ALL-UNNAMED")
)


class JavaPeer:
    """An adapter of a program on the JVM."""

    needs = f"a JDK of Java {OLDEST_JAVA} or newer (javac on PATH or JAVA_HOME; Debian: default-jdk-headless)"

    def __init__(self, program: Program) -> None:
        self.name = program.name
        self._program = program
        self._class_path: list[Path] = []

    def missing(self) -> str | None:
        """No JDK, or an old one."""
        home = _jdk()
        if home is None:
            return f"there is no javac: needs {self.needs}"
        said = subprocess.run([home / "javac", "-version"], capture_output=True, text=True, check=False).stdout
        version = said.removeprefix("javac ").split(".")[0].strip()
        if not version.isdigit() or int(version) < OLDEST_JAVA:
            return f"javac is of Java {version or '?'}: needs {self.needs}"
        return None

    async def prepare(self) -> None:
        """Fetch its jars and compile it, where that was not done before."""
        program = self._program
        try:
            jars = await asyncio.to_thread(fetch_jars, lock=program.lock)
        except HubError as e:
            raise Failed(str(e)) from e
        sources = [SOURCES / f"{name}.java" for name in (*SHARED, program.main)]
        made_of = b"".join(path.read_bytes() for path in (*sources, program.lock)) + str(_jdk()).encode()
        classes = cache_dir() / "benchmarks" / f"{program.name}-{hashlib.sha256(made_of).hexdigest()[:16]}"
        if not classes.is_dir():
            await asyncio.to_thread(_compile, sources, jars, classes)
        self._class_path = [classes, *jars]

    async def run(self, job: Job) -> Ran:
        """One run in a JVM of its own."""
        output, state = f"bench.{job.name}", job.folder / "state"
        state.mkdir()
        await job.broker.new_topic(output)
        (topic,) = topics_of(job.readings.workload)
        jdk = _jdk()
        assert jdk is not None, "asked to run without a JDK"
        command: list[str | Path] = [jdk / "java", *self._program.options]
        command += ["-cp", os.pathsep.join(map(str, self._class_path)), self._program.main]
        command += [job.broker.node.bootstrap, topic, output, job.name, state, str(job.records)]
        return await run_peer(job, command, output)


def _jdk() -> Path | None:
    """The folder with `java` and `javac`."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("javac", path=f"{home}/bin" if home else None)
    return Path(found).resolve().parent if found else None


def _compile(sources: list[Path], jars: list[Path], classes: Path) -> None:
    jdk = _jdk()
    assert jdk is not None, "asked to compile without a JDK"
    new = classes.with_suffix(f".{os.getpid()}")
    done = subprocess.run(
        [jdk / "javac", "-cp", os.pathsep.join(map(str, jars)), "-d", new, *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"does not compile: {done.stderr[:500]}")
    new.replace(classes)
