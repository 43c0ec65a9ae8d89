"""Announcements' alerts when their rules change over a restart."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contract.alerts import Alert, Bilingual
from streams.contract.rules import Rule
from streams.contract.topics import ALERT_EVENTS, ALERTS
from streams.engine import changed_seeds
from streams.engine.bulletins_stage import BulletinsStage
from streams.engine.event_partitions import ONE
from tests.support.timeline import CITY, Raw
from tests.unit.engine.test_bulletins_stage import QUAKE, WARNING, ZONES, Bulletins


def _quake(name: str = "quake", **more: Any) -> Rule:
    return Rule.model_validate(QUAKE.model_dump(by_alias=True) | {"rule_id": name, **more})


def _announced() -> Bulletins:
    b = Bulletins()
    b.says(magnitude=5.5)
    b.says(magnitude=1.0, bulletin_id="newest", issued_at="2022-09-06T10:30:00Z")
    return b


def _after(b: Bulletins, rules: list[Rule]) -> BulletinsStage:
    stage = BulletinsStage(rules, ZONES, 0, ONE, CITY.centre)
    stage.restore(b.stage.snapshot())
    return stage


CAUTION_GONE = _quake(levels=QUAKE.model_dump(by_alias=True)["levels"][:1])
OF_WARNINGS = _quake(bulletin={"kind": "weather-warning"})


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([WARNING], changed_seeds.RULE_GONE),
        ([CAUTION_GONE], changed_seeds.LEVEL_GONE),
        ([OF_WARNINGS], changed_seeds.RULE_CHANGED),
    ],
)
def test_an_announcements_alert_ends_as_of_the_newest_announcement(rules: list[Rule], why: Bilingual) -> None:
    b = _announced()

    stage = _after(b, rules)

    ((end,),) = stage.out.records.values()
    b.alerts.step([Raw(0, 0, b.stage.out.records[ALERT_EVENTS, 0][0].value), Raw(1, 0, end.value)])
    states = [Alert.model_validate_json(out.value or b"") for out in b.alerts.out.records[ALERTS, 0]]
    assert [(a.alert_id, a.state) for a in states] == [("quake:kma-1", "active"), ("quake:kma-1", "cleared")]
    assert states[1].instruction == why
    assert str(states[1].cleared_at) == "2022-09-06 10:30:00+00:00"
    assert stage.out.once


def test_an_announcements_level_is_known_by_its_name() -> None:
    upper = _quake(levels=QUAKE.model_dump(by_alias=True)["levels"][1:])
    assert not _after(_announced(), [QUAKE, WARNING]).out
    b = _announced()
    b.stage = _after(b, [upper, WARNING])
    assert not b.stage.out
    b.says(magnitude=5.6, revision=1)
    assert b.changes() == ["quake:kma-1 2 revised caution"]


def test_an_announcements_rule_that_returns_goes_on_with_its_alerts_steps() -> None:
    b = _announced()
    b.stage = _after(b, [WARNING])
    b.stage = _after(b, [QUAKE, WARNING])
    b.says(magnitude=5.6, revision=1)
    assert b.changes() == ["quake:kma-1 3 raised caution"]
