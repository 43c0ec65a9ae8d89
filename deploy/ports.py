"""Loopback ports that stay the same from start to start."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Final

from streams.errors import Occupied

HOST: Final = "127.0.0.1"

_FIRST, _LAST = 20_000, 31_999
"""Below the range from which Linux takes the ports of outgoing connections (32768 and up).

A client that keeps asking for a server that is down could otherwise be given that very port, connect to itself and keep
the server from coming back.
"""


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT is free
        try:
            s.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A loopback port that nobody listens on now.

    Raises:
        Occupied: none was found.
    """
    for port in random.sample(range(_FIRST, _LAST + 1), 200):
        if is_free(port):
            return port
    raise Occupied(
        "no free port was found", field="ports", value=f"{_FIRST}-{_LAST}", fix="End some of this machine's servers"
    )


def remembered_port(file: Path) -> int:
    """The port written in `file` if it is free, else a free one, which is then written there."""
    try:
        port = int(file.read_text())
        if is_free(port):
            return port
    except (FileNotFoundError, ValueError):
        pass
    port = free_port()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{port}\n")
    return port
