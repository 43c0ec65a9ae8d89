"""One partition's covers: random logs beside a calculation from nothing, repeats, restarts, a day of an exercise."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from streams.contract.alerts import Alert, AlertEvent, Command, Cover
from streams.contract.times import from_ms
from streams.contract.topics import ALERTS
from streams.engine.alerts_stage import AlertsStage
from streams.engine.covers import ENDED_KEPT_MS
from streams.engine.exercises import EXERCISE_KEPT_MS
from tests.support.timeline import Raw, ms

EXAMPLE = Alert.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
ZONES = ("ocheon-eup", "daesong-myeon")
COVERING = {"typhoon": ["gust", "wind"], "flood": ["gust"]}


@dataclass
class Log:
    """A partition of alert events."""

    records: list[Raw] = field(default_factory=list)
    now_ms: int = ms("10:00")

    def adds(self, event: AlertEvent) -> None:
        value = event.model_dump_json(exclude_none=True).encode()
        self.records.append(Raw(len(self.records), self.now_ms, value, event.alert_id.encode()))

    def tells(self, alert_id: str, step: int, rules: list[str], area: list[str], exercise: str | None = None) -> None:
        """Of a cover, as it is told to every partition."""
        self.adds(
            AlertEvent(
                alert_id=alert_id,
                origin=f"rule:{alert_id.partition(':')[0]}",
                step=step,
                transition="revised" if rules else "cleared",
                at=from_ms(self.now_ms),
                exercise=exercise,
                cover=Cover(rules=rules, area=area),
            )
        )

    def says(self, alert_id: str, step: int, transition: Any, area: list[str], exercise: str | None = None) -> None:
        """An alert's own event."""
        is_over = transition == "cleared"
        rule_id = alert_id.partition(":")[0]
        alert = Alert.model_validate(
            EXAMPLE
            | {"alert_id": alert_id, "rule_id": rule_id, "exercise": exercise, "area": area, "acknowledged": None}
            | {"state": "cleared" if is_over else "active", "updated_at": from_ms(self.now_ms)}
        )
        self.adds(
            AlertEvent(
                alert_id=alert_id,
                origin=f"rule:{rule_id}",
                step=step,
                transition=transition,
                at=from_ms(self.now_ms),
                exercise=exercise,
                alert=alert,
            )
        )


def told(stage: AlertsStage) -> list[tuple[str, int, str, str | None]]:
    records = stage.out.records.get((ALERTS, 0), [])
    states = [json.loads(record.value or b"") for record in records if record.value is not None]
    return [(s["alert_id"], s["sequence"], s["state"], s["covered_by"]) for s in states]


def of(log: Log, cuts: tuple[int, ...] = (), restarts: bool = False) -> list[tuple[str, int, str, str | None]]:
    """What the stage says of a log, cut there, a new stage taking over at each cut where it is restarted."""
    stage, found = AlertsStage(0), []
    for begin, end in zip((0, *cuts), (*cuts, len(log.records)), strict=True):
        stage.step(log.records[begin:end])
        if restarts:
            found += told(stage)
            other = AlertsStage(0)
            other.restore(stage.snapshot())
            other.step(log.records[max(0, begin - 3) : end])  # what it had applied comes again
            stage = other
    return found + told(stage)


# -- calculated from nothing ------------------------------------------------------------------------------------------


def covered_by(events: list[AlertEvent], alert: Alert) -> str | None:
    """By what of these events' covers an alert is covered after the last of them: the one that began first."""
    begun: dict[str, int] = {}
    last: dict[str, AlertEvent] = {}
    for number, event in enumerate(events):
        known = last.get(event.alert_id)
        if event.cover is None or (known is not None and (event.step, event.cover) == (known.step, known.cover)):
            continue
        if known is not None and event.step < known.step:
            continue
        last[event.alert_id] = event
        if not event.cover.rules:
            begun.pop(event.alert_id, None)
        else:
            begun.setdefault(event.alert_id, number)
    for alert_id in sorted(begun, key=lambda one: begun[one]):
        event = last[alert_id]
        assert event.cover is not None
        inside = not event.cover.area or (alert.area and all(zone in event.cover.area for zone in alert.area))
        if alert.rule_id in event.cover.rules and event.exercise == alert.exercise and inside:
            return alert_id
    return None


def calculated(log: Log) -> list[tuple[str, int, str, str | None]]:
    events = [AlertEvent.model_validate_json(record.value or b"") for record in log.records]
    found: list[tuple[str, int, str, str | None]] = []
    alerts: dict[str, tuple[Alert, str | None]] = {}
    sequence, steps = Counter[str](), Counter[str]()

    def say(alert: Alert, by: str | None) -> None:
        alerts[alert.alert_id] = alert, by
        sequence[alert.alert_id] += 1
        found.append((alert.alert_id, sequence[alert.alert_id], alert.state, by))

    for number, event in enumerate(events):
        until = events[: number + 1]
        if event.alert is not None and event.step > steps[event.alert_id]:
            steps[event.alert_id] = event.step
            say(event.alert, covered_by(until, event.alert) if event.alert.state == "active" else None)
        elif event.cover is not None:
            for alert, before in list(alerts.values()):
                by = covered_by(until, alert) if alert.state == "active" else None
                if by != before:
                    say(alert, by)
    return found


def random_log(seed: int) -> Log:
    draw, log = random.Random(seed), Log()
    step = Counter[str]()
    active: dict[str, bool] = {}
    for _ in range(draw.randint(10, 50)):
        log.now_ms += draw.choice((0, 1000, 60_000))
        exercise = draw.choice((None, None, "storm"))
        if draw.random() < 0.15 and log.records:
            log.records.append(Raw(len(log.records), log.now_ms, draw.choice(log.records).value, b"again"))
            continue
        if draw.random() < 0.4:
            rule_id = draw.choice(tuple(COVERING))
            alert_id = f"{rule_id}:{draw.choice('xy')}:{exercise}"
            step[alert_id] += draw.choice((1, 1, 1, 0))
            rules = [] if draw.random() < 0.35 else draw.choice((COVERING[rule_id], COVERING[rule_id], ["wind"]))
            area = draw.choice(([], [ZONES[0]], list(ZONES)))
            log.tells(alert_id, max(1, step[alert_id]), rules, area, exercise)
            continue
        rule_id, area = draw.choice(("gust", "wind", "rain")), draw.choice(([ZONES[0]], [ZONES[1]], [], list(ZONES)))
        alert_id = f"{rule_id}:{len(area)}{''.join(area)[:1]}:{exercise}"
        step[alert_id] += 1
        now = not active.get(alert_id) or draw.random() < 0.4
        transition = "stepped_up" if active.get(alert_id) and now else "raised" if now else "cleared"
        active[alert_id] = now
        log.says(alert_id, step[alert_id], transition, area, exercise)
    return log


def test_random_logs_come_to_what_is_calculated_from_nothing_however_they_are_cut() -> None:
    seen = Counter[str]()
    for seed in range(200):
        log = random_log(seed)
        expected = calculated(log)
        assert of(log) == expected, seed
        cuts = tuple(sorted(random.Random(seed).sample(range(1, len(log.records)), 3)))
        assert of(log, cuts) == expected, seed
        assert of(log, cuts, restarts=True) == expected, seed
        before: dict[str, str | None] = {}
        for alert_id, sequence, state, by in expected:
            if state == "active" and sequence > 1 and by != before.get(alert_id):
                seen["uncovered" if by is None else "covered by another" if before[alert_id] else "covered"] += 1
            seen["raised under a cover"] += sequence == 1 and by is not None
            before[alert_id] = by
    assert all(seen[what] > 50 for what in ("covered", "uncovered", "covered by another", "raised under a cover")), seen


# -- one by one -------------------------------------------------------------------------------------------------------


def test_a_covered_alert_is_told_as_ever_and_its_end_too() -> None:
    log = Log()
    log.tells("typhoon:t", 1, ["gust"], [])
    for step, transition in enumerate(("raised", "stepped_up", "stepped_down", "cleared"), 1):
        log.says("gust:w", step, transition, [ZONES[0]])
    assert of(log) == [
        ("gust:w", 1, "active", "typhoon:t"),
        ("gust:w", 2, "active", "typhoon:t"),
        ("gust:w", 3, "active", "typhoon:t"),
        ("gust:w", 4, "cleared", None),
    ]


def test_a_cover_changes_nothing_else_of_an_alert() -> None:
    log = Log()
    log.says("gust:w", 1, "raised", [ZONES[0]])
    log.now_ms += 3_600_000
    log.tells("typhoon:t", 1, ["gust"], [])
    stage = AlertsStage(0)
    stage.step(log.records)
    first, second = (json.loads(record.value or b"") for record in stage.out.records[ALERTS, 0])
    assert second["covered_by"] == "typhoon:t"
    assert {k for k in first if first[k] != second[k]} == {"sequence", "covered_by"}
    assert stage.transitions == [("gust", "raised"), ("gust", "covered")]


def test_a_repeat_of_its_beginning_does_not_bring_an_ended_cover_back() -> None:
    log = Log()
    log.says("gust:w", 1, "raised", [ZONES[0]])
    log.tells("typhoon:t", 1, ["gust"], [])
    log.tells("typhoon:t", 2, [], [])
    log.tells("typhoon:t", 1, ["gust"], [])
    assert [by for *_, by in of(log)] == [None, "typhoon:t", None]


def test_an_officers_acts_leave_the_cover_as_it_is() -> None:
    log = Log()
    log.tells("typhoon:t", 1, ["gust"], [])
    log.says("gust:w", 1, "raised", [ZONES[0]])
    command = Command(command_id="c", alert_id="gust:w", kind="acknowledge", by="김당직")
    acts = {"origin": "command:c", "step": 1, "transition": "commanded", "at": from_ms(log.now_ms)}
    log.adds(AlertEvent.model_validate(acts | {"alert_id": "gust:w", "command": command}))
    assert of(log)[-1] == ("gust:w", 2, "active", "typhoon:t")


@pytest.mark.parametrize(("exercise", "kept_ms"), [("storm", EXERCISE_KEPT_MS), (None, None)])
def test_an_exercises_cover_is_forgotten_with_it_and_realitys_stays(exercise: str | None, kept_ms: int | None) -> None:
    log = Log()
    log.tells("typhoon:t", 1, ["gust"], [], exercise)
    log.now_ms += kept_ms or 100 * EXERCISE_KEPT_MS
    log.says("gust:w", 1, "raised", [ZONES[0]], exercise)
    log.now_ms += 1
    log.says("gust:x", 1, "raised", [ZONES[0]], exercise)
    expected = ["typhoon:t", None if exercise else "typhoon:t"]
    assert [by for *_, by in of(log)] == expected
    assert [by for *_, by in of(log, (1, 2), restarts=True)] == expected


def test_ended_covers_do_not_fill_the_memory() -> None:
    log = Log()
    log.tells("typhoon:t", 1, ["gust"], [])
    log.tells("typhoon:t", 2, [], [])
    log.now_ms += ENDED_KEPT_MS + 1
    log.says("gust:w", 1, "raised", [ZONES[0]])
    stage = AlertsStage(0)
    stage.step(log.records)
    assert stage._covers.state() == []
