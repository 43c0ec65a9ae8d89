"""Bytes made fewer, with a checksum: zstd at its quickest, five times as quick as zlib at its own, and no larger."""

from __future__ import annotations

import sys
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Damaged: Final = zstd.ZstdError
"""Raised where bytes are not as they were made."""
_OPTIONS: Final[dict[int, int]] = {
    zstd.CompressionParameter.compression_level: 1,
    zstd.CompressionParameter.checksum_flag: 1,
}


def compress(whole: bytes) -> bytes:
    """The fewer bytes."""
    return zstd.compress(whole, options=_OPTIONS)


def decompress(kept: bytes) -> bytes:
    """The bytes again.

    Raises:
        Damaged: they are not what `compress` made.
    """
    return zstd.decompress(kept)
