"""How long an input has been idle: that lasts only while the broker answers and there is nothing left to read."""

from __future__ import annotations

from typing import Final

from streams.clock import Clock
from streams.worker.transport import FetchState

ANSWERED_S: Final = 5.0
"""A broker that has not answered a fetch for this long is away: its silence is not the sensors'."""


class Idleness:
    """Of one partition; it begins when this is made.

    Args:
        clock: what time it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_s = self._looked_at_s = clock.monotonic_s()
        self.asked_ms = self._answered_ms = 0
        """When the broker's last answer was asked for, at the earliest: as the one before it came. It may have lain here."""

    def end(self) -> None:
        """A record has come: it begins anew."""
        self._since_s = self._clock.monotonic_s()

    def look(self, state: FetchState | None, *, is_at_end: bool) -> float | None:
        """For how many seconds nothing has come; None where that cannot be said.

        Args:
            state: how far the input is read.
            is_at_end: whether all of it is applied.
        """
        now_s = self._clock.monotonic_s()
        # A process that was stopped, or waited for its broker, has not listened meanwhile.
        has_listened, self._looked_at_s = now_s - self._looked_at_s < ANSWERED_S, now_s
        if state is not None and state.answered_ms != self._answered_ms:
            self.asked_ms, self._answered_ms = self._answered_ms, state.answered_ms
        is_answered = state is not None and self._clock.now_ms() - state.answered_ms < ANSWERED_S * 1000
        if not (has_listened and is_at_end and is_answered):
            self._since_s = now_s
            return None
        return now_s - self._since_s
