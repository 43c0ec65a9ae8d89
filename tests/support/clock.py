"""A clock that stands until it is moved."""

from __future__ import annotations

from streams.contract.times import parse_ms


class StillClock:
    """Both of a clock's times, moved together."""

    def __init__(self, at: str = "2022-09-05T15:00:00Z") -> None:
        self._now_ms, self._monotonic_s = parse_ms(at), 0.0

    def now_ms(self) -> int:
        """Where it stands, epoch ms, UTC."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """Seconds that it was moved."""
        return self._monotonic_s

    def move(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds
