"""What a standing alert covers when the rules have changed over a restart; and that its ends reach every partition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from streams.contract.rules import Rule
from streams.contract.times import format_ms
from streams.contract.topics import ALERT_EVENTS
from streams.engine.bulletins_stage import BulletinsStage
from streams.engine.event_partitions import EventPartitions
from streams.engine.judging import watch_of
from streams.engine.outputs import Outputs
from streams.engine.readings_stage import ReadingsStage
from tests.support.timeline import CITY, RIVER, RIVER_RULE, Raw, ms, roster_of
from tests.unit.engine.test_bulletins_stage import WARNING, ZONES

PARTITIONS = EventPartitions(lambda _: 1, 3)


def covering(rule: Rule, *covers: str) -> Rule:
    return rule.model_copy(update={"covers": list(covers)})


def covers_in(out: Outputs) -> list[tuple[int, str, int, list[str], list[str]]]:
    """What is told of covers, step by step: partition, alert, step, rules, area."""
    found = []
    for topic, partition, record in out.each():
        event: dict[str, Any] = json.loads(record.value or b"")
        if topic == ALERT_EVENTS and (cover := event.get("cover")) is not None:
            found.append((partition, event["alert_id"].split(":")[0], event["step"], cover["rules"], cover["area"]))
    return sorted(found, key=lambda one: (one[2], one[0]))


def everywhere(alert: str, step: int, rules: list[str], area: list[str]) -> list[Any]:
    return [(partition, alert, step, rules, area) for partition in range(3)]


def river(rules: Sequence[Rule], sensors: Sequence[Any] = (RIVER,)) -> ReadingsStage:
    roster = roster_of(sensors)
    return ReadingsStage(roster, watch_of(list(rules), roster), 0, PARTITIONS)


def rises(stage: ReadingsStage, *levels: float) -> None:
    for value in levels:
        at_ms = ms("10:00") + (stage.applied + 1) * 600_000
        said = {"sensor_id": "river-1", "observed_at": format_ms(at_ms), "water_level_m": value}
        stage.step([Raw(stage.applied + 1, at_ms, json.dumps(said).encode())])


def after(stage: ReadingsStage, rules: Sequence[Rule], sensors: Sequence[Any] = (RIVER,)) -> Outputs:
    other = river(rules, sensors)
    other.restore(stage.snapshot())
    return other.out


def test_every_event_of_a_covering_alert_is_told_to_every_partition() -> None:
    stage = river([covering(RIVER_RULE, "rain", "gust")])
    rises(stage, 1.0, 2.0, 0.5, 0.5)
    area, rules = [RIVER.zone], ["rain", "gust"]
    assert covers_in(stage.out) == [
        *everywhere("river-level", 1, rules, area),
        *everywhere("river-level", 2, rules, area),
        *everywhere("river-level", 3, rules, area),
        *everywhere("river-level", 4, [], area),
    ]


def test_a_rule_that_covers_nothing_tells_nobody() -> None:
    stage = river([RIVER_RULE])
    rises(stage, 1.0, 0.5)
    assert covers_in(stage.out) == []


def test_a_standing_alert_covers_what_its_rule_covers_now() -> None:
    area = [RIVER.zone]
    stage = river([covering(RIVER_RULE, "rain")])
    rises(stage, 1.0)
    assert covers_in(after(stage, [covering(RIVER_RULE, "rain")])) == []
    assert covers_in(after(stage, [covering(RIVER_RULE, "gust")])) == everywhere("river-level", 1, ["gust"], area)
    assert covers_in(after(stage, [RIVER_RULE])) == everywhere("river-level", 1, [], area)

    bare = river([RIVER_RULE])
    rises(bare, 1.0)
    assert covers_in(after(bare, [covering(RIVER_RULE, "rain")])) == everywhere("river-level", 1, ["rain"], area)


def test_an_alert_that_is_over_covers_nothing_anew() -> None:
    stage = river([covering(RIVER_RULE, "rain")])
    rises(stage, 1.0, 0.5)
    assert covers_in(after(stage, [covering(RIVER_RULE, "gust")])) == []


def test_a_cover_ends_with_its_rule_and_with_its_sensor() -> None:
    rule = covering(RIVER_RULE, "rain")
    stage = river([rule])
    rises(stage, 1.0)
    assert covers_in(after(stage, [])) == everywhere("river-level", 2, [], [])
    assert covers_in(after(stage, [rule], [])) == everywhere("river-level", 2, [], [])


def warned(rules: Sequence[Rule]) -> BulletinsStage:
    return BulletinsStage(list(rules), ZONES, 0, PARTITIONS, CITY.centre)


def test_a_warnings_cover_follows_its_rule_its_area_and_its_end() -> None:
    rule, area = covering(WARNING, "gust"), ["ocheon-eup"]
    stage = warned([rule])
    said = {
        "bulletin_id": "w",
        "kind": "weather-warning",
        "level": "warning",
        "source": "KMA",
        "area": area,
        "issued_at": "2022-09-06T10:00:00Z",
        "texts": {"ko": "특보", "en": "Warning"},
    }
    stage.step([Raw(0, ms("10:00"), json.dumps(said).encode())])
    assert covers_in(stage.out) == everywhere("warning", 1, ["gust"], area)

    for rules, told in (
        ([rule], []),
        ([WARNING], everywhere("warning", 1, [], area)),
        ([covering(WARNING, "rain")], everywhere("warning", 1, ["rain"], area)),
        ([], everywhere("warning", 2, [], [])),
    ):
        other = warned(rules)
        other.restore(stage.snapshot())
        assert covers_in(other.out) == told

    stage.out = Outputs()
    stage.step([Raw(1, ms("11:00"), json.dumps(said | {"revision": 1, "area": [], "cancelled": True}).encode())])
    assert covers_in(stage.out) == everywhere("warning", 2, [], [])
