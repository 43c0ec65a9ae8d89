"""Other rules from here on come to what a restart at the same record comes to, with nothing read again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contract.rules import Rule
from streams.contract.topics import ALERT_EVENTS
from streams.engine import changed_seeds
from streams.engine.event_partitions import ONE
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from streams.worker.succession import succeed
from tests.support import strategies
from tests.support.strategies import Entry
from tests.support.timeline import RAIN, RAIN_RULE, RIVER, RIVER_RULE, RULES, Partition, Raw, level, roster_of, rule
from tests.unit.engine.test_exactness import PHASES, SENSORS, _log

OTHER_RULES = [
    rule(
        "river-level",
        {"measure": "water_level_m", "kinds": ["river-gauge"], "window": "reading"},
        level("attention", {"at_least": 1.5}, {"below": 1.25}),
        level("alert", {"at_least": 2}, {"below": 1.75}),
    ),
    rule(
        "wind-minute",
        {"measure": "wind_speed_ms", "window": "final", "window_s": 60, "aggregate": "max"},
        level("advisory", {"at_least": 5}, {"below": 5}),
    ),
    RAIN_RULE,
]
"""A rule changed, one new, one gone, one as it was."""


def _stage(rules: list[Rule]) -> ReadingsStage:
    roster = roster_of(SENSORS, home_of=lambda sensor_id: int(sensor_id == "away-1"))
    return ReadingsStage(roster, watch_of(rules, roster), 0, ONE)


def _go_on(stage: ReadingsStage, records: list[Raw], begin: int, chunk: int) -> dict[str, Any]:
    """What is sent in the end, and what was counted."""
    for at in range(begin, len(records), chunk):
        stage.step(records[at : at + chunk])
        stage.tick(records[min(at + chunk, len(records)) - 1].timestamp)
    stage.release_idle(records[-1].timestamp + 7_000_000)
    return {"sent": list(stage.out.each()), "accounts": vars(stage.accounts)}


@settings(max_examples=70, phases=PHASES)
@given(strategies.logs, st.integers(0, 60), st.integers(0, 60), st.integers(1, 9))
def test_it_comes_to_what_a_restart_there_comes_to(entries: list[Entry], before: int, until: int, chunk: int) -> None:
    records, _ = _log(entries)
    old = _stage(RULES)
    old.step(records[:before])
    kept, resume = old.snapshot(), old.resume_offset()
    old = _stage(RULES)
    old.restore(kept)
    until = max(until, resume)  # perhaps before all of the past was read again
    records = _with_repeats(records, max(before, until))
    old.step(records[resume:until])
    waits = list(old.out.each())

    restarted, swapped = _stage(OTHER_RULES), _stage(OTHER_RULES)
    restarted.restore(old.snapshot())
    restarted.step(records[old.resume_offset() : until])
    succeed(swapped, old)

    wanted, found = _go_on(restarted, records, until, chunk), _go_on(swapped, records, until, chunk)
    assert found["accounts"] == wanted["accounts"]
    assert _by_topic(found["sent"]) == _by_topic([*waits, *wanted["sent"]])


def _with_repeats(records: list[Raw], at: int) -> list[Raw]:
    """The gateway sends again here what it sent last."""
    repeated = [Raw(0, records[:at][-1].timestamp, each.value) for each in records[:at][-8:]]
    log = [*records[:at], *repeated, *records[at:]]
    return [Raw(offset, each.timestamp, each.value) for offset, each in enumerate(log)]


def _by_topic(sent: list[Any]) -> dict[tuple[str, int], list[Any]]:
    found: dict[tuple[str, int], list[Any]] = {}
    for topic, partition, each in sent:
        found.setdefault((topic, partition), []).append(each)
    return found


def _swapped(p: Partition, rules: list[Rule]) -> Partition:
    other = Partition([RAIN, RIVER], rules)
    other.log = p.log
    succeed(other.stage, p.stage)
    return other


def test_what_was_read_is_known_without_being_read_again() -> None:
    p = Partition([RAIN, RIVER], [RIVER_RULE])
    p.reads("10:00:10", "rain-1", rainfall_mm=1)
    p.reads("10:10", "river-1", water_level_m=0.5)
    p.reads("10:01:10", "rain-1", arrives="10:10", rainfall_mm=2)  # fills a hole behind the watermark

    again = _swapped(p, [])
    again.reads("10:10", "river-1", water_level_m=0.5)
    again.reads("10:01:10", "rain-1", arrives="10:10", rainfall_mm=2)

    assert again.counts() == {"windowed": 3, "duplicate": 2}


def test_what_waits_is_sent_before_what_the_other_rules_say_of_it() -> None:
    p = Partition([RAIN, RIVER], [RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=2.5)

    again = _swapped(p, [])

    assert again.changes() == ["10:00 river-level raised caution", "10:00 river-level cleared -"]
    assert again.events()[1]["withdrawn"] == changed_seeds.RULE_GONE.model_dump()


def test_a_checkpoint_rides_along_though_nothing_is_sent() -> None:
    p = Partition([RAIN, RIVER], [RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=0.5)
    p.stage.out = Outputs()

    again = _swapped(p, [RIVER_RULE])

    assert again.stage.out.once
    assert again.sent(ALERT_EVENTS) == []
