"""Ports that stay the same, and are given up when they are another's."""

from __future__ import annotations

import socket
from pathlib import Path

from deploy.ports import free_port, is_free, remembered_port


def _listening(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_a_port_is_remembered_while_it_is_free(tmp_path: Path) -> None:
    first = remembered_port(tmp_path / "new" / "port")
    assert remembered_port(tmp_path / "new" / "port") == first


def test_a_remembered_port_that_is_taken_is_replaced_for_good(tmp_path: Path) -> None:
    first = remembered_port(tmp_path / "port")
    with _listening(first):
        assert not is_free(first)
        second = remembered_port(tmp_path / "port")
    assert second != first
    assert remembered_port(tmp_path / "port") == second


def test_a_damaged_memory_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("not a port")
    assert is_free(remembered_port(tmp_path / "port"))


def test_no_port_is_one_that_an_outgoing_connection_could_be_given() -> None:
    first, _ = (int(part) for part in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(free_port() < first for _ in range(20))
