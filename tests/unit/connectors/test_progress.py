"""What a person sees of a replay: the exercise, how far, and the recording's own clock."""

from __future__ import annotations

import io

import pytest
import structlog
from rich.console import Console
from structlog.testing import LogCapture

from connectors.replay import progress
from connectors.replay.progress import LINE_S, Bar, Lines
from streams.contract.times import parse_ms
from tests.support.clock import StillClock

AT_MS = parse_ms("2022-09-05T21:40:00Z")


def test_a_bar_shows_the_exercise_the_share_the_records_and_the_recording_s_clock() -> None:
    said = io.StringIO()
    bar = Bar(Console(file=said, force_terminal=True, width=120))

    with bar:
        bar.lap("storm-20260301T010203Z", 1000)
        bar.moved(read=250, records=12_345, at_ms=AT_MS)
        bar._progress.refresh()

    shown = said.getvalue()
    for part in ("storm-20260301T010203Z", "25%", "12,345 records", "2022-09-06 06:40 KST"):
        assert part in shown


def test_an_empty_file_and_a_record_without_time_can_be_shown() -> None:
    bar = Bar(Console(file=io.StringIO(), force_terminal=True, width=120))

    with bar:
        bar.lap("storm", 0)
        bar.moved(read=0, records=0, at_ms=None)


def test_without_a_terminal_there_is_a_line_every_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    said, clock = LogCapture(), StillClock()
    monkeypatch.setattr(progress, "log", structlog.wrap_logger(None, processors=[said]))
    lines = Lines(clock)

    with lines:
        lines.lap("storm", 1000)
        for _ in range(25):
            lines.moved(read=500, records=7, at_ms=AT_MS)
            clock.move(1)

    assert len(said.entries) == 25 // LINE_S
    assert said.entries[0] == {
        "event": "replay_advanced",
        "run": "storm",
        "records": 7,
        "percent": 50,
        "clock": "2022-09-06 06:40 KST",
        "log_level": "info",
    }
