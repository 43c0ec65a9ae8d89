"""What several partitions tell, in the one order that no interleaving changes: that of arrival.

Each partition tells in the order of its log, but one is read sooner than another, by another worker, or again after a
crash. So what is told waits until every partition has been read beyond it, and then comes out by arrival, then by the
partition's number. What follows is a function of the partitions' logs alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any, Final

from streams.contract.times import to_ms
from streams.contract.zone_inputs import ZoneInput

MOST_WAITING: Final = 100_000
"""About 200 MB. A partition that is so far behind is waited for no longer: what it tells then may come too late."""


class ArrivalOrder:
    """Of the partitions of one topic.

    Args:
        most: how many records may wait.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._partitions = 0
        self._read_to_ms: dict[int, int] = {}
        """Per partition: it has told everything that arrived before this."""
        self._waiting: list[tuple[int, int, int, ZoneInput]] = []
        """A heap by arrival, partition, place in what is told."""
        self._added = 0
        self.unawaited = 0
        """Records that came out although a partition was not read so far; whoever counts them takes them from here."""

    def read(self, told: ZoneInput) -> None:
        """Learn how far the telling partition is read, and how many there are."""
        arrived_ms = to_ms(told.arrived_at)
        self._partitions = max(self._partitions, told.partitions)
        self._read_to_ms[told.partition] = max(self._read_to_ms.get(told.partition, arrived_ms), arrived_ms)

    def add(self, told: ZoneInput) -> None:
        """Let it wait for its turn."""
        heappush(self._waiting, (to_ms(told.arrived_at), told.partition, self._added, told))
        self._added += 1

    def due(self) -> Iterator[ZoneInput]:
        """Take out what every partition has been read beyond."""
        everyone = len(self._read_to_ms) >= self._partitions
        read_to_ms = min(self._read_to_ms.values(), default=0) if everyone else None
        while self._waiting:
            if read_to_ms is None or self._waiting[0][0] >= read_to_ms:
                if len(self._waiting) <= self._most:
                    return
                self.unawaited += 1
            yield heappop(self._waiting)[-1]

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "partitions": self._partitions,
            "read_to_ms": self._read_to_ms,
            "waiting": [told.model_dump_json() for *_, told in sorted(self._waiting, key=lambda each: each[:3])],
        }

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot."""
        self._partitions, self._read_to_ms = state["partitions"], state["read_to_ms"]
        for text in state["waiting"]:
            self.add(ZoneInput.model_validate_json(text))
