"""InfluxDB from source, once, beside everything else: about 5 minutes of two cores at low priority."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from deploy.cache import lock_if_free
from deploy.child import Child
from deploy.influx.binary import cached_binary, find_binary, uv
from deploy.waiting import until
from streams.errors import Unavailable

SCRIPT: Final = Path(__file__).parent / "build.sh"
_STEP: Final = "step: "
_EVERY_S: Final = 0.5


async def build(told: Callable[[str], None] = lambda step: None) -> Path:
    """Build influxd into the cache and return its path; waits where another process builds it already.

    Args:
        told: is called with the name of each step as it begins.

    Raises:
        Unavailable: the build failed; the message says where its log is.
    """
    lock: IO[str] | None = None

    def found_or_locked() -> bool:
        nonlocal lock
        lock = lock_if_free("influxdb-build")
        return lock is not None or find_binary() is not None

    if not found_or_locked():
        told("another process builds it")
        await until(found_or_locked, math.inf, _EVERY_S)
    try:
        found = find_binary()
        return found if found is not None else await _build(lock, told)
    finally:
        if lock is not None:
            lock.close()


async def _build(lock: IO[str] | None, told: Callable[[str], None]) -> Path:
    target = cached_binary()
    child = Child(
        "influxdb build",
        ["nice", "-n", "15", SCRIPT, target, uv() or "uv"],
        log=target.with_name("build.log"),
        keeps=[] if lock is None else [lock.fileno()],
    )
    child.start()
    last = ""

    def ended() -> bool:
        nonlocal last
        steps = [line for line in child.said(1 << 20).splitlines() if line.startswith(_STEP)]
        if steps and steps[-1] != last:
            last = steps[-1]
            told(last.removeprefix(_STEP))
        return not child.running

    try:
        await until(ended, math.inf, _EVERY_S)
    finally:
        await child.stop(5)
    if child.exit_code or not target.exists():
        words = [line for line in child.said().splitlines() if line.strip() and not line.startswith(_STEP)]
        raise Unavailable(
            f"InfluxDB could not be built, at «{last.removeprefix(_STEP)}»: {words[-1][:300] if words else 'no word'}",
            field="influxdb",
            fix=f"Read {child.log}, or set INFLUX_URL and INFLUX_TOKEN to an InfluxDB 2 that runs",
        )
    child.log.unlink(missing_ok=True)
    return target
