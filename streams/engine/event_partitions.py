"""Where alert events belong: one partition for each alert's life, all of them for what concerns every alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventPartitions:
    """The partitions of `hub.alert-events`."""

    of: Callable[[str], int]
    """That of an alert's id."""
    count: int


ONE = EventPartitions(lambda _: 0, 1)
"""Where there is only one."""
