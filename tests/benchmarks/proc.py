"""CPU and memory of processes and of the machine, as Linux counts them; nothing is asked of the processes themselves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.clock import SYSTEM_CLOCK

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
CORES: Final = os.cpu_count() or 1


def tree(pid: int) -> list[int]:
    """A process and all that descend from it and still run."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:  # it ended just now
                continue
    return found


def cpu_s(pid: int) -> float:
    """CPU time of a process and its children since their start, those that ended and were waited for included; 0: gone."""
    total = 0
    for each in tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(fields[i]) for i in (11, 12, 13, 14))  # utime, stime, cutime, cstime
    return total * TICK_S


def peak_rss_mb(pid: int) -> float:
    """The most memory that the process and its children have held, each by itself, MB of 10^6 bytes; 0: gone."""
    return sum(_status_kb(each, "VmHWM") for each in tree(pid)) * 1024 / 1e6


def rss_mb(pid: int) -> float:
    """The memory that the process and its children hold now, MB of 10^6 bytes; 0: gone."""
    return sum(_status_kb(each, "VmRSS") for each in tree(pid)) * 1024 / 1e6


def _status_kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def machine_busy_s() -> float:
    """CPU time that all cores of the machine have spent on anything since it started."""
    fields = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) * TICK_S  # user, nice, system; irq, softirq, stolen


@dataclass
class Shares:
    """What part of the machine each had of a stretch of time, 0 to 1."""

    broker: float
    others: float
    """Everything that is neither engine nor broker nor the benchmark: with much of it, a figure says little."""


class Watch:
    """Watches the machine from now on, while an engine runs."""

    def __init__(self, broker_pid: int) -> None:
        self._broker = broker_pid
        self._at = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        return machine_busy_s(), cpu_s(self._broker), sum(os.times()[:2]), SYSTEM_CLOCK.monotonic_s()

    def shares(self, engine_cpu_s: float) -> Shares:
        """Of the stretch since the watch began, in which the engine was started and spent this CPU time."""
        busy, broker, own, seconds = (now - then for now, then in zip(self._now(), self._at, strict=True))
        whole = seconds * CORES
        return Shares(round(broker / whole, 3), round(max(busy - broker - own - engine_cpu_s, 0) / whole, 3))
