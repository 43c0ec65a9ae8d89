"""What other systems' users suffer from, as promises of ours: each test bears its promise as its name.

They run through the whole flow as the worker has it, from readings and officers' commands to the alerts topic. Where a
promise is also one of Kafka, the page or a command, it is kept there too:

    Kafka away while an alert rises and clears   tests/faults/test_broker_away.py
    a zone without fresh data on the page        tests/unit/room/test_city.py, tests/browser
    a rule tried on yesterday                    tests/integration/test_rules_of_a_hub.py
    history raises no live alert                 tests/integration/test_backfill.py
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.rules.offline import AlertState, Arrival, OfflineCity
from streams import registry
from streams.contract.alerts import Alert
from streams.contract.times import format_ms, to_ms
from streams.contract.topics import COMMANDS, readings_topic
from tests.support.small_city import write_seeds
from tests.support.timeline import level, ms, rule

LEVELS = rule(
    "river",
    {"measure": "water_level_m", "window": "reading"},
    level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention", "margin": 0.1}),
    level(
        "caution",
        {"gauge_level": "caution", "hold_s": 600},
        {"below_gauge_level": "caution", "margin": 0.1, "hold_s": 1200},
    ),
    level("alert", {"gauge_level": "alert"}, {"below_gauge_level": "alert", "margin": 0.1}),
)
DUST = rule(
    "dust",
    {"measure": "pm10_ugm3", "window": "final", "window_s": 3600, "aggregate": "mean"},
    level("advisory", {"at_least": 150, "hold_s": 7200}, {"below": 100}),
    domain="air-quality",
)
YEAR_MS = 365 * 86_400_000


@pytest.fixture
def known(tmp_path: Path) -> registry.Registry:
    return registry.load(write_seeds(tmp_path))


@pytest.fixture
def city(known: registry.Registry) -> OfflineCity:
    return OfflineCity(known, [LEVELS, DUST])


def stage(at: str, water_level_m: float, *, later_ms: int = 0) -> Arrival:
    """A stage of river-1, which speaks every ten minutes."""
    said = {"sensor_id": "river-1", "observed_at": format_ms(ms(at)), "water_level_m": water_level_m}
    return Arrival(readings_topic("disaster"), b"river-1", json.dumps(said).encode(), ms(at) + later_ms)


def stages(first: str, *levels_m: float | None) -> list[Arrival]:
    """Stages each ten minutes from `first` on; None = it says nothing."""
    begin_min = (ms(first) - ms("00:00")) // 60_000
    minutes = [begin_min + 10 * number for number in range(len(levels_m))]
    return [
        stage(f"{minute // 60:02}:{minute % 60:02}", level_m)
        for minute, level_m in zip(minutes, levels_m, strict=True)
        if level_m is not None
    ]


def hour(ends: str, pm10_ugm3: float) -> Arrival:
    """An hourly mean of air-1, which is published a quarter of an hour late."""
    said = {"sensor_id": "air-1", "observed_at": format_ms(ms(ends)), "period_s": 3600, "pm10_ugm3": pm10_ugm3}
    return Arrival(readings_topic("air-quality"), b"air-1", json.dumps(said).encode(), ms(ends) + 900_000)


def command(alert: Alert, kind: str, at: str, **more: Any) -> Arrival:
    said = {"command_id": f"{kind}-{at}", "alert_id": alert.alert_id, "kind": kind, "by": "김당직", **more}
    return Arrival(COMMANDS, alert.alert_id.encode(), json.dumps(said).encode(), ms(at))


def lines(states: Sequence[AlertState]) -> list[str]:
    return [f"{state.transition} {state.alert.level or '-'}" for state in states]


def test_acknowledging_stops_repeats_for_that_level_only_and_a_step_up_asks_again(city: OfflineCity) -> None:
    raised = city.feed(stages("10:00", 1.0))[-1].alert

    known = city.feed([command(raised, "acknowledge", "10:01"), *stages("10:10", 1.2, 1.1)])
    higher = city.feed(stages("10:30", 3.0))

    assert lines(known) == ["acknowledge attention"], "no state, and so no call, while it stays at its level"
    assert known[-1].alert.acknowledged is not None and known[-1].alert.acknowledged.by == "김당직"
    assert lines(higher) == ["stepped_up alert"]
    assert higher[-1].alert.acknowledged is None


def test_a_silence_is_no_acknowledgement(city: OfflineCity) -> None:
    raised = city.feed(stages("10:00", 1.0))[-1].alert

    silenced = city.feed([command(raised, "silence", "10:01", until="2022-09-06T12:00:00Z")])[-1].alert
    acknowledged = city.feed([command(raised, "acknowledge", "10:02")])[-1].alert

    assert silenced.acknowledged is None and silenced.silenced_until is not None
    assert acknowledged.acknowledged is not None and acknowledged.silenced_until == silenced.silenced_until


def test_a_silence_never_swallows_a_step_up_or_the_end_and_ends_with_its_alert(city: OfflineCity) -> None:
    raised = city.feed(stages("10:00", 1.0))[-1].alert
    city.feed([command(raised, "silence", "10:01", until="2022-09-07T10:00:00Z")])

    higher = city.feed(stages("10:10", 3.0))
    city.feed([command(raised, "silence", "10:11", until="2022-09-07T10:00:00Z")])
    lower = city.feed(stages("10:20", 0.5, 0.5, 0.5, 0.5, 0.5))

    assert lines(higher) == ["stepped_up alert"] and higher[-1].alert.silenced_until is None
    assert lines(lower) == ["stepped_down caution", "stepped_down attention", "cleared -"]
    assert lower[-1].alert.silenced_until is None
    again = city.feed(stages("11:10", 1.0))[-1]
    assert (again.transition, again.alert.silenced_until) == ("raised", None), "a forgotten silence hides nothing"


def test_a_restart_tells_nothing_twice_and_what_cleared_meanwhile_ends(known: registry.Registry) -> None:
    log = stages("10:00", 1.0, 3.0, 0.5, 0.5, 0.5, 0.5, 0.5)
    whole = OfflineCity(known, [LEVELS])
    undisturbed = whole.feed(log)
    for cut in range(1, len(log)):
        city = OfflineCity(known, [LEVELS])
        before = city.feed(log[:cut])
        city.restart()
        city.restart()
        assert before + city.feed(log[cut:]) == undisturbed
    assert lines(undisturbed)[-1] == "cleared -"


def test_two_identical_alarms_cannot_be_for_an_id_is_a_function_of_the_log(known: registry.Registry) -> None:
    log = stages("10:00", 1.0, 1.1, 0.5, 1.0, 2.0, 2.0)
    runs = []
    for partitions, chunk in ((1, 1), (1, 6), (4, 2)):
        city = OfflineCity(known, [LEVELS], partitions=partitions)
        runs.append([state for at in range(0, 6, chunk) for state in city.feed(log[at : at + chunk])])

    assert runs[0] == runs[1] == runs[2]
    identities = [(state.alert.alert_id, state.alert.sequence) for state in runs[0]]
    assert len(set(identities)) == len(identities)
    assert {alert_id for alert_id, _ in identities} == {
        "river:river-1:20220906T100000Z",
        "river:river-1:20220906T103000Z",
    }


def test_levels_step_one_at_a_time_each_with_its_own_threshold_and_duration(city: OfflineCity) -> None:
    states = city.feed(stages("10:00", 3.5, 2.85, 1.85, 1.85, 1.85, 0.85))

    told = [(state.transition, state.alert.level, format_ms(to_ms(state.alert.updated_at))[11:16]) for state in states]
    assert told == [
        ("raised", "alert", "10:00"),
        ("stepped_down", "caution", "10:10"),
        ("stepped_down", "attention", "10:40"),
        ("cleared", None, "10:50"),
    ]


def test_a_duration_never_runs_over_a_gap(city: OfflineCity) -> None:
    assert city.feed([hour("01:00", 200)]) == []
    assert city.feed([hour("03:00", 200)]) == [], "an hour is missing between the two"
    states = city.feed([hour("04:00", 200)]) + city.pass_time(ms("06:00"))

    assert lines(states) == ["raised advisory"]
    assert states[-1].alert.onset == states[-1].alert.updated_at
    assert format_ms(to_ms(states[-1].alert.condition_since)) == "2022-09-06T02:00:00.000Z"


def test_a_duration_alarm_does_not_fire_while_no_data_comes(city: OfflineCity) -> None:
    assert city.feed([hour("01:00", 200)]) == []
    assert city.pass_time(ms("23:00")) == []


def test_a_sensor_that_says_nothing_more_ends_no_alert(city: OfflineCity) -> None:
    raised = city.feed(stages("10:00", 3.0))

    assert city.pass_time(ms("23:00")) == [], "no data is no all-clear"
    assert lines(raised + city.feed(stages("23:10", 0.5))) == ["raised alert", "stepped_down caution"]


def test_every_alert_and_text_bears_event_time(known: registry.Registry) -> None:
    """The same readings, a year later: nothing of the alert but officers' acts knows when it was computed."""
    log = stages("10:00", 1.0, 3.0)
    named = [_of_exercise(arrival, later_ms=0) for arrival in log]
    replayed = [_of_exercise(arrival, later_ms=YEAR_MS) for arrival in log]

    told, told_later = (OfflineCity(known, [LEVELS]).feed(each) for each in (named, replayed))

    assert told == told_later and lines(told) == ["raised attention", "stepped_up alert"]
    assert told[0].alert.onset == told[0].alert.updated_at
    assert format_ms(to_ms(told[-1].alert.updated_at)) == "2022-09-06T10:10:00.000Z"


def test_late_history_never_raises_a_live_alert(city: OfflineCity) -> None:
    assert city.feed(stages("10:00", 0.5, None, None, None, None, None, 0.5)) == []

    spool = [stage(at, 3.9, later_ms=3_600_000) for at in ("10:10", "10:20", "10:30", "10:40")]

    assert city.feed(spool) + city.feed(stages("11:10", 0.5)) == []


def _of_exercise(arrival: Arrival, *, later_ms: int) -> Arrival:
    value = json.loads(arrival.value or b"") | {"exercise": "drill-20220906T100000Z"}
    return arrival._replace(value=json.dumps(value).encode(), timestamp=arrival.timestamp + later_ms)
