"""How far a stage's partition has told what came of its input, as the group's committed offset says.

The offset is committed in the transaction that carries the results: everything before it was told, and what a restart applies
again of that it applies in silence. Its metadata, `checkpoint@OFFSET`, says where in `hub.checkpoints` the state begins from
which a restart goes on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from aiokafka.structs import OffsetAndMetadata

_MARK: Final = "checkpoint@"


class Told(NamedTuple):
    """What a committed offset says."""

    until: int
    """Offset of the input before which everything was told; 0 where nothing was."""
    kept_at: int | None
    """Offset of the newest checkpoint's first piece; None where it is not known."""


NOTHING: Final = Told(0, None)


def committed(told: Told) -> OffsetAndMetadata:
    """As it is committed."""
    return OffsetAndMetadata(told.until, "" if told.kept_at is None else f"{_MARK}{told.kept_at}")


def told(found: OffsetAndMetadata | None) -> Told:
    """What a committed offset says; a stranger's metadata say nothing."""
    if found is None or found.offset < 0:
        return NOTHING
    mark, _, place = found.metadata.partition("@")
    is_ours = f"{mark}@" == _MARK and place.isdecimal()
    return Told(found.offset, int(place) if is_ours else None)
