"""Logs: a repeating fault is counted, not repeated."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from streams import logs
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


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Puts back what `configure` changes of the whole process."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in logs._NOISY}
    yield
    root.handlers[:], root.level, threading.excepthook = handlers, level, hook
    for name, least in levels.items():
        logging.getLogger(name).setLevel(least)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.usefixtures("_own_logging")
def test_a_broker_that_is_away_is_one_line_of_each_library_and_each_event_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(process="worker", form="json")
    fetcher = logging.getLogger("aiokafka.consumer.fetcher")
    own = logs.get("streams.worker.test")
    for attempt in range(1000):
        fetcher.error("Failed fetch messages from %s: %s", 1, attempt)
        logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: <Task at {attempt:#x}>")
    for _ in range(2):
        own.info("partitions_taken_over")

    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]

    assert said == [
        "Failed fetch messages from 1: 0",
        "Task exception was never retrieved\nfuture: <Task at 0x0>",
        "partitions_taken_over",
        "partitions_taken_over",
    ]


@pytest.mark.usefixtures("_own_logging")
def test_a_thread_that_fails_is_one_event_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(process="worker", form="json")
    thread = threading.Thread(target=lambda: 1 / 0, name="consumer")
    thread.start()
    thread.join()

    (line,) = capsys.readouterr().err.splitlines()

    said = json.loads(line)
    assert (said["event"], said["level"], said["thread"]) == ("thread_failed", "error", "consumer")
    assert "ZeroDivisionError" in said["exception"]
