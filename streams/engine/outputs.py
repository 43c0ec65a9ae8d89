"""What a stage sends, per topic and partition, gathered until the shell takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Out(NamedTuple):
    """One record to be sent."""

    key: bytes | None
    value: bytes | None
    """None removes the key from a compacted topic."""
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Outputs:
    """Records by (topic, partition), in the order in which they are to stand there."""

    records: dict[tuple[str, int], list[Out]] = field(default_factory=dict)
    urgent: bool = False
    """Somebody waits for it (an alert): commit at once."""
    once: bool = False
    """The clock decided something, which no log tells: the checkpoint goes into the same transaction."""
    arrivals_ms: list[int] = field(default_factory=list)
    """Arrival of what caused each alert record, for the figure of arrival to alert."""
    bytes: int = 0

    def add(self, topic: str, partition: int, out: Out) -> None:
        """Append one record."""
        self.records.setdefault((topic, partition), []).append(out)
        self.bytes += len(out.value or b"")

    def extend(self, topic: str, partition: int, outs: list[Out]) -> None:
        """Append records."""
        if outs:
            self.records.setdefault((topic, partition), []).extend(outs)
            self.bytes += sum(len(o.value or b"") for o in outs)

    def __bool__(self) -> bool:
        return bool(self.records)
