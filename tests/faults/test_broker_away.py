"""The broker away for a minute while a storm rises and clears: nothing is lost, and the logs stay readable."""

from __future__ import annotations

import json
from collections import Counter

from deploy.oracle import Answer
from streams.clock import SYSTEM_CLOCK
from streams.contract.times import format_ms
from tests.support.servers import eventually
from tests.support.storm_run import BeginStorm

READINGS, SECONDS = 24_000, 70.0
BEFORE = READINGS // 8
AWAY_S = 60.0
MOST_LINES = 60
"""That a worker may write while the broker is away: up to nine starts, each with its few words."""


async def test_an_alert_whose_cause_rises_and_clears_meanwhile_is_told_and_logs_are_not_flooded(
    begin_storm: BeginStorm,
) -> None:
    run = await begin_storm(READINGS, SECONDS)
    node = run.hub.kafka

    async with run.load as load:
        await run.crew.keep(0)
        await eventually(lambda: load.sent >= BEFORE, "it is under load", SECONDS)
        from_ms, away_s = SYSTEM_CLOCK.now_ms(), SYSTEM_CLOCK.monotonic_s()
        await node.stop()
        sent, event_from_ms = load.sent, load.event_ms
        await eventually(lambda: SYSTEM_CLOCK.monotonic_s() - away_s >= AWAY_S, "the outage's end", AWAY_S)
        assert load.sent == sent, "the records wait for the broker"
        event_to_ms = event_from_ms + round(AWAY_S / SECONDS * 3_600_000)
        to_ms, lives = SYSTEM_CLOCK.now_ms(), 1 + run.crew.starts_again(0)
        await node.start()
        await load.hurried()

    answer = await run.verdict([0])
    assert _rose_and_cleared(answer, event_from_ms, event_to_ms)
    events = _events_between(run.crew[0].child.log.read_text(), format_ms(from_ms), format_ms(to_ms))
    print(f"{sum(events.values())} lines in {lives} lives while the broker was away: {events.most_common()}")
    assert sum(events.values()) <= MOST_LINES, events.most_common(10)
    assert max(events.values(), default=0) <= lives, f"in {lives} lives: {events.most_common(10)}"


def _rose_and_cleared(answer: Answer, from_ms: int, to_ms: int) -> list[str]:
    """Alerts whose whole life lies in the outage."""
    return [
        alert_id
        for alert_id, changes in answer.alerts.items()
        if changes[-1].transition == "cleared" and from_ms < changes[0].at_ms and changes[-1].at_ms < to_ms
    ]


def _events_between(log: str, first: str, last: str) -> Counter[str]:
    """How often each event was written between two instants; a line that is no event counts by its text."""
    found: Counter[str] = Counter()
    is_between = False
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            said = {"event": line[:60]}
        if "timestamp" in said:
            is_between = first <= said["timestamp"] <= last
        if is_between:
            found[said["event"].partition("\n")[0][:60]] += 1
    return found
