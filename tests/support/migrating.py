"""Checkpoints as programs before this one wrote them."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from streams.engine.snapshot import PACKED, unpack


def in_layout_3(kept: bytes) -> bytes:
    """A state without what layout 4 added to it."""
    stage: str = msgspec.msgpack.decode(zlib.decompress(kept))["stage"]
    state = unpack(stage, kept)
    for name in ("received", "totals"):
        state.get("accounts", {}).pop(name, None)
    for timeline in state.get("timelines", []):
        _forget(timeline["judging"])
        del timeline["judging"]["rising"]
    for domain in state.get("domains", {}).values():
        for _, windows in domain["timelines"]:
            _forget(windows)
    state.pop("rules", None)
    for known in state.get("known", {}).values() if stage == "bulletins" else ():
        del known[-1]
    packed = state.pop(PACKED, [])
    return of_layout(3, stage, state, packed)


def of_layout(layout: int, stage: str, state: dict[str, Any] | None = None, packed: list[bytes] | None = None) -> bytes:
    """A state that says that it is of this layout."""
    inside = zlib.compress(msgspec.msgpack.encode(state or {}))
    return zlib.compress(
        msgspec.msgpack.encode({"layout": layout, "stage": stage, "state": inside, "packed": packed or []})
    )


def _forget(levels: dict[str, Any]) -> None:
    del levels["watched"]
    levels.pop("thresholds", None)
    for row in levels["standing"]:
        del row[-1]
