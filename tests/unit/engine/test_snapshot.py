"""A kept state is taken back whole or refused, never guessed."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import snapshot
from streams.errors import StateRefused

plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), plain, max_size=5))
def test_what_was_packed_comes_back(state: dict[str, object]) -> None:
    assert snapshot.unpack("alerts", snapshot.pack("alerts", state)) == state


@given(st.binary(max_size=200), st.data())
def test_torn_or_changed_bytes_are_refused(junk: bytes, data: st.DataObject) -> None:
    kept = snapshot.pack("alerts", {"applied": 7, "lives": ["x" * 300, junk]})
    cut = data.draw(st.integers(0, len(kept) - 1))
    for torn in (kept[:cut], junk, kept[:cut] + bytes([kept[cut] ^ 0xFF]) + kept[cut + 1 :]):
        with pytest.raises(StateRefused):
            snapshot.unpack("alerts", torn)


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"layout": "2"},
        {"layout": snapshot.LAYOUT, "stage": "alerts"},
        [],
        {"layout": None, "stage": 1, "state": {}},
    ],
)
def test_bytes_of_another_form_are_refused(held: object) -> None:
    with pytest.raises(StateRefused, match="damaged"):
        snapshot.unpack("alerts", zlib.compress(msgspec.msgpack.encode(held)))


@pytest.mark.parametrize("layout", [snapshot.LAYOUT - 1, snapshot.LAYOUT + 1])
def test_another_layout_is_refused_by_name(layout: int) -> None:
    kept = zlib.compress(msgspec.msgpack.encode({"layout": layout, "stage": "alerts", "state": {}}))
    with pytest.raises(StateRefused, match=f"layout {layout} of alerts") as e:
        snapshot.unpack("alerts", kept)
    assert f"layout {snapshot.LAYOUT}" in e.value.fix


def test_another_stages_state_is_refused() -> None:
    with pytest.raises(StateRefused, match="of alerts"):
        snapshot.unpack("bulletins", snapshot.pack("alerts", {}))
