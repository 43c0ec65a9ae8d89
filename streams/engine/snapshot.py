"""A stage's state ↔ bytes: self-describing, compressed, with the version of its layout.

A state may hold, under `PACKED`, a list of bytes that are compressed already; they are kept as they are.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec

from streams.engine.compression import Damaged, compress, decompress
from streams.errors import StateRefused

LAYOUT: Final = 4
"""Grows when a layout changes; a state of another one is refused, never guessed."""
PACKED: Final = "packed"


class _Head(msgspec.Struct):
    """What every layout begins with."""

    layout: int
    stage: str


class _Kept(_Head):
    """What a snapshot's bytes hold."""

    state: bytes
    packed: list[bytes]


def pack(stage: str, state: dict[str, Any]) -> bytes:
    """The bytes of a state of plain values, lists, dicts and bytes."""
    rest = msgspec.msgpack.encode({name: part for name, part in state.items() if name != PACKED})
    kept = _Kept(LAYOUT, stage, compress(rest), state.get(PACKED, []))
    return zlib.compress(msgspec.msgpack.encode(kept), zlib.Z_NO_COMPRESSION)  # for its checksum


def unpack(stage: str, kept: bytes) -> dict[str, Any]:
    """The state in the bytes; where it was packed with some, they are under `PACKED` again.

    Raises:
        StateRefused: they are damaged, of another stage, or of a layout that this program does not know.
    """
    try:
        whole = zlib.decompress(kept)
        head = msgspec.msgpack.decode(whole, type=_Head)
        if (head.layout, head.stage) == (LAYOUT, stage):
            found = msgspec.msgpack.decode(whole, type=_Kept)
            state: dict[str, Any] = msgspec.msgpack.decode(decompress(found.state), type=dict[str, Any])
            return state | ({PACKED: found.packed} if found.packed else {})
    except (Damaged, zlib.error, msgspec.MsgspecError) as e:
        raise StateRefused(
            "the checkpoint is damaged", field=stage, fix="Restore hub.checkpoints, or replay the log"
        ) from e
    raise StateRefused(
        "the checkpoint was written by another version of the hub",
        field=stage,
        value=f"layout {head.layout} of {head.stage}",
        fix=f"Run the version that wrote it; this one reads layout {LAYOUT}",
    )
