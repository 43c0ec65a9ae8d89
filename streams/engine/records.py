"""Records of one partition in log order, as columns over one buffer: none of them becomes an object until it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple, Protocol, overload

import numpy as np

from streams.engine.instants import Ints

PAD: Final = b"\n" * 8
"""At least so many bytes lie before and behind every text of a buffer, so that a word may be read at either end."""
_ABSENT: Final = -1
_OFFSET, _TIMESTAMP, _KEY, _VALUE = map(attrgetter, ("offset", "timestamp", "key", "value"))


class Record(Protocol):
    """What the engine needs of a Kafka record; `timestamp` is its arrival at the broker, epoch ms."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class LogRecord(NamedTuple):
    """One record as it stands in its partition."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Texts(Sequence[bytes | None]):
    """n texts of a buffer that has `PAD` before and behind them.

    Args:
        buffer: where they stand.
        start: position of each, -1 where there is none. (n,)
        end: position after each, -1 where there is none. (n,)
    """

    __slots__ = ("buffer", "end", "start")

    def __init__(self, buffer: bytes, start: Ints, end: Ints) -> None:
        self.buffer, self.start, self.end = buffer, start, end

    @classmethod
    def of(cls, texts: Iterable[bytes | None]) -> Texts:
        """These texts in a buffer of their own."""
        said = list(texts)
        whole = [text or b"" for text in said] if None in said else said
        length = np.fromiter(map(len, whole), np.int64, len(whole))  # type: ignore[arg-type]
        end = np.cumsum(length) + len(PAD)
        start = end - length
        if whole is not said:
            none = np.fromiter((text is None for text in said), np.bool_, len(said))
            start[none] = end[none] = _ABSENT
        return cls(b"".join([PAD, *whole, PAD]), start, end)

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, which: int) -> bytes | None: ...
    @overload
    def __getitem__(self, which: slice | Ints) -> Texts: ...
    def __getitem__(self, which: int | slice | Ints) -> bytes | Texts | None:
        if isinstance(which, int):
            start = int(self.start[which])
            return None if start < 0 else self.buffer[start : int(self.end[which])]
        return Texts(self.buffer, self.start[which], self.end[which])


class Records(Sequence[Record]):
    """n records.

    Args:
        offset: of each, ascending. (n,)
        timestamp: of each, epoch ms. (n,)
        keys: of each. (n,)
        values: of each. (n,)
    """

    __slots__ = ("__weakref__", "keys", "offset", "timestamp", "values")

    def __init__(self, offset: Ints, timestamp: Ints, keys: Texts, values: Texts) -> None:
        self.offset, self.timestamp, self.keys, self.values = offset, timestamp, keys, values

    @classmethod
    def of(cls, records: Sequence[Record]) -> Records:
        """These records, unless they are columns already."""
        if isinstance(records, Records):
            return records
        offset, timestamp = (np.fromiter(map(each, records), np.int64, len(records)) for each in (_OFFSET, _TIMESTAMP))
        return cls(offset, timestamp, Texts.of(map(_KEY, records)), Texts.of(map(_VALUE, records)))

    def __len__(self) -> int:
        return len(self.offset)

    @overload
    def __getitem__(self, which: int) -> Record: ...
    @overload
    def __getitem__(self, which: slice | Ints) -> Records: ...
    def __getitem__(self, which: int | slice | Ints) -> Record | Records:
        if isinstance(which, int):
            return LogRecord(int(self.offset[which]), int(self.timestamp[which]), self.keys[which], self.values[which])
        return Records(self.offset[which], self.timestamp[which], self.keys[which], self.values[which])


def joined(parts: Sequence[Records]) -> Records:
    """Parts of one partition, one after the other."""
    if len(parts) < 2:
        return parts[0] if parts else Records.of([])
    return Records(
        np.concatenate([part.offset for part in parts]),
        np.concatenate([part.timestamp for part in parts]),
        _joined([part.keys for part in parts]),
        _joined([part.values for part in parts]),
    )


def _joined(parts: Sequence[Texts]) -> Texts:
    buffers, begins, size = list[bytes](), list[int](), 0
    for part in parts:
        if not buffers or part.buffer is not buffers[-1]:
            buffers.append(part.buffer)
            size += len(part.buffer)
        begins.append(size - len(part.buffer))
    moved = [
        (np.where(part.start < 0, _ABSENT, part.start + begin), np.where(part.end < 0, _ABSENT, part.end + begin))
        if begin
        else (part.start, part.end)
        for part, begin in zip(parts, begins, strict=True)
    ]
    buffer = buffers[0] if len(buffers) == 1 else b"".join(buffers)
    return Texts(buffer, np.concatenate([m[0] for m in moved]), np.concatenate([m[1] for m in moved]))
