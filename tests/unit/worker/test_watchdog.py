"""The watchdog: who has nothing to do is left alone, who has and does nothing is ended."""

from __future__ import annotations

import pytest
from faust.types import TP

from streams.errors import Unavailable
from streams.worker.transport import FetchState
from streams.worker.watchdog import STUCK_S, Progress, Watchdog

A, B = TP("readings.disaster", 0), TP("alerts.commands", 1)


def _at(applied: int, *, position: int, end: int, answered_ms: int = 0, delivered: int | None = None) -> Progress:
    return Progress(applied, FetchState(position, end, answered_ms, applied if delivered is None else delivered))


def test_a_partition_without_news_is_left_alone_while_the_broker_answers() -> None:
    watchdog = Watchdog()
    for s in range(0, 600, 5):
        watchdog.look(float(s), {A: _at(9, position=10, end=10, answered_ms=s)})


def test_a_partition_that_moves_is_left_alone_however_far_behind_it_is() -> None:
    watchdog = Watchdog()
    for s in range(0, 600, 5):
        watchdog.look(float(s), {A: _at(s, position=s + 1, end=1_000_000)})


@pytest.mark.parametrize(
    "stuck",
    [
        _at(9, position=10, end=500),  # fetches nothing more although there is more
        _at(9, position=500, end=500, delivered=499),  # an agent hangs on what it was handed
        _at(9, position=10, end=10, answered_ms=7),  # the broker does not answer any more
        Progress(-1, None),  # never fetched anything
    ],
)
def test_one_that_does_not_move_is_told_by_name_after_its_time_and_not_before(stuck: Progress) -> None:
    watchdog = Watchdog()
    for s in range(0, int(STUCK_S), 5):
        answered = Progress(9, FetchState(10, 10, s, 9))
        watchdog.look(float(s), {A: stuck, B: answered})
    with pytest.raises(Unavailable, match=r"readings\.disaster-0"):
        watchdog.look(STUCK_S, {A: stuck})


def test_an_agent_that_hangs_is_not_hidden_by_the_brokers_answers() -> None:
    watchdog = Watchdog()
    for s in range(0, int(STUCK_S), 5):
        watchdog.look(float(s), {A: _at(9, position=500, end=500, delivered=499, answered_ms=s)})
    with pytest.raises(Unavailable):
        watchdog.look(STUCK_S, {A: _at(9, position=500, end=500, delivered=499, answered_ms=int(STUCK_S))})


def test_a_partition_that_left_and_came_back_has_its_whole_time_again() -> None:
    watchdog, stuck = Watchdog(), _at(9, position=10, end=500)
    watchdog.look(0.0, {A: stuck})
    watchdog.look(30.0, {})
    watchdog.look(STUCK_S, {A: stuck})
