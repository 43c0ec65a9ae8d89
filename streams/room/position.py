"""How far the log has been applied, as one short text: the id of every event that a browser gets.

The text holds the next offset of each partition and when it was issued. It starts with a checksum of the log's
identity, so that a position in a log that was since replaced is known to be one.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Partition = tuple[str, int]
"""Topic and number."""

LONGEST_TEXT: Final = 4096
_VERSION: Final = "1"
_CHECKSUM_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Log:
    """The partitions that are followed, and which cluster they are of."""

    cluster: str
    partitions: tuple[Partition, ...]

    def checksum(self) -> bytes:
        """Differs for another cluster or other partitions."""
        text = self.cluster + "".join(f"\n{topic}:{number}" for topic, number in self.partitions)
        return zlib.crc32(text.encode()).to_bytes(_CHECKSUM_BYTES, "big")


@dataclass(frozen=True, slots=True)
class Position:
    """The next offset of each partition, and when (server time) that was so."""

    issued_ms: int
    offsets: Mapping[Partition, int]


def written(log: Log, position: Position) -> str:
    """The position as a text of URL-safe characters."""
    numbers = [position.issued_ms, *(position.offsets.get(each, 0) for each in log.partitions)]
    packed = log.checksum() + b"".join(map(_varint, numbers))
    return _VERSION + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(log: Log, text: str) -> Position | None:
    """The position that a text says, or None where it is not one of this log."""
    if not text.startswith(_VERSION) or len(text) > LONGEST_TEXT:
        return None
    body = text[len(_VERSION) :]
    try:
        packed = base64.b64decode((body + "=" * (-len(body) % 4)).encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if packed[:_CHECKSUM_BYTES] != log.checksum():
        return None
    numbers = _varints(packed[_CHECKSUM_BYTES:])
    if numbers is None or len(numbers) != 1 + len(log.partitions):
        return None
    return Position(numbers[0], dict(zip(log.partitions, numbers[1:], strict=True)))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(packed: Iterable[int]) -> list[int] | None:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number, shift = 0, 0
    return None if shift else numbers
