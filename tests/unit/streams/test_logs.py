"""Logs: a repeating fault is counted, not repeated."""

from __future__ import annotations

import logging
from typing import Any

from streams.logs import REPEAT_S, Counted, Repeats


class _Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic_s(self) -> float:
        return self.s


class _Written:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})


def test_a_fault_is_written_once_and_then_with_how_often_it_came() -> None:
    clock, written = _Clock(), _Written()
    fault = Counted(written, "write_failed", clock)  # type: ignore[arg-type]  # only `warning` is used
    for _ in range(1000):
        fault.warn(why="away")
    assert written.lines == [{"event": "write_failed", "why": "away"}]
    clock.s += REPEAT_S
    fault.warn(why="away")
    assert written.lines[1] == {"event": "write_failed", "why": "away", "more": 999}


def test_a_librarys_message_comes_once_a_minute_with_its_count() -> None:
    clock = _Clock()
    repeats = Repeats(clock)

    def said(text: str) -> str | None:
        record = logging.LogRecord("aiokafka", logging.ERROR, "", 0, text, (), None)
        return record.msg if repeats.filter(record) else None

    assert said("lost") == "lost"
    assert said("lost") is None
    assert said("found") == "found"
    clock.s += REPEAT_S
    assert said("lost") == "lost (and 1 more in the last minutes)"
