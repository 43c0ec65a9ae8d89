"""The only place that asks what time it is.

Everything else is handed a `Clock`, or works on event time alone.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol

KST = dt.timezone(dt.timedelta(hours=9), "KST")
"""Korea Standard Time: UTC+9 without daylight saving since 1988 (표준시에 관한 법률)."""


class Clock(Protocol):
    """What time it is, UTC."""

    def now_ms(self) -> int:
        """The instant now, epoch milliseconds, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only ever grow, for measuring durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """The instant now, epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that only ever grow, for measuring durations."""
        return time.monotonic()


SYSTEM_CLOCK: Clock = SystemClock()
