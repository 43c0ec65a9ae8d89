"""Where influxd is, or what is missing to build it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, TypedDict

from deploy.cache import cache_dir

VERSION: Final = "2.7.12"
BUILD_MIB: Final = 4_000


class Note(TypedDict):
    """One line for people, in both languages."""

    ko: str
    en: str


def cached_binary() -> Path:
    """Where a built influxd is kept."""
    folder = f"{VERSION}-{platform.system().lower()}-{platform.machine()}"
    return cache_dir() / "influxdb" / folder / "influxd"


def find_binary() -> Path | None:
    """An influxd 2 on `PATH`, else the one in the cache; None where there is neither."""
    on_path = shutil.which("influxd")
    if on_path and _is_version_2(on_path):
        return Path(on_path)
    cached = cached_binary()
    return cached if os.access(cached, os.X_OK) else None


def _is_version_2(binary: str) -> bool:
    """Debian's package is 1.6: it has no Flux and none of the programs' addresses."""
    try:
        said = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(re.match(r"InfluxDB v?2\.", said))


def uv() -> Path | None:
    """The uv that `deploy/install` put into the cache, else one on `PATH`."""
    kept = cache_dir() / "tools" / "uv" / "bin" / "uv"
    if os.access(kept, os.X_OK):
        return kept
    on_path = shutil.which("uv")
    return Path(on_path) if on_path else None


def missing_for_build() -> Note | None:
    """What is missing to build it here and how to get it, in one line; None where nothing is."""
    root = os.geteuid() == 0
    if sys.platform != "linux":
        return _missing(
            "InfluxDB 2.7",
            "install it (`brew install influxdb@2`) or set INFLUX_URL and INFLUX_TOKEN",
            "설치하거나(`brew install influxdb@2`) INFLUX_URL과 INFLUX_TOKEN을 지정하세요",
        )
    if not shutil.which("cc") and not (root and shutil.which("apt-get")):
        return _missing("cc", "`sudo apt-get install gcc libc6-dev`, then start again", "설치 후 다시 시작하세요")
    if not shutil.which("go") and uv() is None:
        return _missing("Go", "install Go 1.23 or newer, then start again", "Go 1.23 이상을 설치하고 다시 시작하세요")
    if not shutil.which("cargo") and not shutil.which("apt-get"):
        return _missing(
            "Rust", "install Rust 1.72 or newer, then start again", "Rust 1.72 이상을 설치하고 다시 시작하세요"
        )
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache).free >> 20 < BUILD_MIB:
        return _missing(f"{BUILD_MIB} MiB: {cache}", "make room, then start again", "공간을 확보하고 다시 시작하세요")
    return None


def _missing(what: str, fix_en: str, fix_ko: str) -> Note:
    return Note(
        ko=f"InfluxDB가 없어 기록이 저장되지 않습니다. 부족한 것: {what}. {fix_ko}.",
        en=f"No InfluxDB, so no history is stored. Missing: {what}: {fix_en}.",
    )
