"""What a stage sends, per topic and partition, gathered until the shell takes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Out(NamedTuple):
    """One record to be sent."""

    key: bytes | None
    value: bytes | None
    """None removes the key from a compacted topic."""
    headers: tuple[tuple[str, bytes], ...] = ()


class Plain(NamedTuple):
    """Many records without headers, as columns."""

    keys: list[bytes]
    values: list[bytes]


@dataclass(slots=True)
class Outputs:
    """Records by (topic, partition), in the order in which they are to stand there."""

    records: dict[tuple[str, int], list[Out]] = field(default_factory=dict)
    plain: dict[tuple[str, int], Plain] = field(default_factory=dict)
    """Windows, which are many; no topic has records both here and there."""
    urgent: bool = False
    """Somebody waits for it (an alert): commit at once."""
    once: bool = False
    """The clock decided something, which no log tells: the checkpoint goes into the same transaction."""
    arrivals_ms: list[int] = field(default_factory=list)
    """Arrival of what caused each alert record, for the figure of arrival to alert."""
    size: int = 0
    """Bytes of their values."""

    def add(self, topic: str, partition: int, out: Out) -> None:
        """Append one record."""
        self.records.setdefault((topic, partition), []).append(out)
        self.size += len(out.value or b"")

    def extend(self, topic: str, partition: int, keys: list[bytes], values: list[bytes]) -> None:
        """Append records without headers."""
        plain = self.plain.get((topic, partition))
        if plain is None:
            plain = self.plain[topic, partition] = Plain([], [])
        plain.keys.extend(keys)
        plain.values.extend(values)
        self.size += sum(map(len, values))

    def each(self) -> Iterator[tuple[str, int, Out]]:
        """Every record, with its topic and partition."""
        for (topic, partition), records in self.records.items():
            for record in records:
                yield topic, partition, record
        for (topic, partition), plain in self.plain.items():
            for key, value in zip(*plain, strict=True):
                yield topic, partition, Out(key, value)

    def __bool__(self) -> bool:
        return bool(self.records or self.plain)
