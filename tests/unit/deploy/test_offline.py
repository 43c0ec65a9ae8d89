"""A city's stages over records in hand answer as the hub does: zones, bulletins, officers, restarts, partitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.rules.offline import AlertState, Arrival, OfflineCity, cut_to
from streams import registry, rulebook
from streams.contract.rules import Rule
from streams.contract.times import format_ms
from streams.contract.topics import BULLETINS, COMMANDS, REJECTED, readings_topic
from streams.contract.wording import OF_ALERTS, OF_BULLETINS
from streams.engine.outputs import Out
from streams.kafka import partition_of
from tests.support.small_city import write_seeds
from tests.support.timeline import level, ms, rule
from tests.support.zone_city import PARTITIONS, write_zone_city

RAIN = rule(
    "rain",
    {"measure": "rainfall_mm", "window": "sliding", "window_s": 3600, "aggregate": "sum"},
    level("advisory", {"at_least": 30}, {"below": 20}),
)
LEVEL = rule(
    "level",
    {"measure": "water_level_m", "window": "reading"},
    level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention"}),
    level("caution", {"gauge_level": "caution"}, {"below_gauge_level": "caution"}),
)
QUAKE = Rule.model_validate(
    {
        "rule_id": "quake",
        "domain": "disaster",
        "name": {"ko": "지진", "en": "Quake"},
        "bulletin": {"kind": "earthquake"},
        "levels": [
            {"when": {"magnitude_at_least": 4}}
            | {k: v for k, v in level("attention", {}, {}).items() if k not in ("raise", "clear")}
        ],
    }
)
END_MS = ms("23:00")


@pytest.fixture
def known(tmp_path: Path) -> registry.Registry:
    return registry.load(write_seeds(tmp_path))


def reading(at: str, sensor_id: str = "rain-1", domain: str = "disaster", **fields: Any) -> Arrival:
    said = {"sensor_id": sensor_id, "observed_at": format_ms(ms(at)), **fields}
    return Arrival(readings_topic(domain), sensor_id.encode(), json.dumps(said).encode(), ms(at))  # type: ignore[arg-type]


def lines(states: list[AlertState]) -> list[str]:
    return [f"{s.transition} {s.alert.level or '-'} {s.alert.value} {s.alert.sequence}" for s in states]


def test_a_rule_on_single_readings_answers_with_the_reading(known: registry.Registry) -> None:
    city = OfflineCity(known, [LEVEL])

    assert city.feed([reading("10:00", "river-1", water_level_m=0.9)]) == []
    states = city.feed([reading(at, "river-1", water_level_m=m) for at, m in (("10:10", 1.0), ("10:20", 2.5))])

    assert lines(states) == ["raised attention 1.0 1", "stepped_up caution 2.5 2"]
    assert states[0].alert.alert_id == states[1].alert.alert_id


def test_who_keeps_up_releases_a_partition_that_is_silent_while_others_speak(known: registry.Registry) -> None:
    """The gauge's minute is final by the clock, long before its own next reading comes; live it would be too."""
    apart = next(n for n in range(2, 9) if partition_of(b"rain-1", n) != partition_of(b"river-1", n))
    log = [reading("10:00", rainfall_mm=31), *(reading(f"10:{n:02}", "river-1", water_level_m=1) for n in range(1, 9))]
    back = reading("10:00:30", rainfall_mm=9)._replace(timestamp=ms("10:09"))
    late: list[Out] = []

    def published(topic: str, out: Out) -> None:
        late.extend([out] if topic == REJECTED else [])

    all_at_once = OfflineCity(known, [RAIN], partitions=apart)
    assert lines(all_at_once.feed([*log, back]) + all_at_once.pass_time(END_MS)) == ["raised advisory 40.0 1"]
    keeping_up = OfflineCity(known, [RAIN], partitions=apart, published=published)
    assert lines(keeping_up.follow([*log, back]) + keeping_up.pass_time(END_MS)) == ["raised advisory 31.0 1"]
    assert [dict(out.headers)["reason"] for out in late] == [b"late"]


def test_a_window_that_no_reading_closes_closes_when_time_has_passed(known: registry.Registry) -> None:
    city = OfflineCity(known, [RAIN])
    assert city.feed([reading("10:00", rainfall_mm=31)]) == []

    assert city.pass_time(ms("10:01")) == []
    states = city.pass_time(ms("10:03"))

    assert lines(states) == ["raised advisory 31.0 1"]


def test_bulletins_and_officers_act_on_what_was_before_them(known: registry.Registry) -> None:
    quake = {
        "bulletin_id": "b",
        "kind": "earthquake",
        "issued_at": format_ms(ms("10:00")),
        "source": "KMA",
        "texts": {"ko": "지진", "en": "quake"},
        "magnitude": 4.5,
    }
    act = {"command_id": "c", "alert_id": "quake:b", "kind": "close", "by": "officer"}
    city = OfflineCity(known, [QUAKE])

    states = city.feed(
        [
            Arrival(BULLETINS, b"b", json.dumps(quake).encode(), ms("10:00")),
            Arrival(COMMANDS, b"quake:b", json.dumps(act).encode(), ms("10:05")),
            Arrival(BULLETINS, b"b", json.dumps(quake | {"revision": 1, "magnitude": 4.4}).encode(), ms("10:06")),
        ]
    )

    assert [(s.transition, s.alert.state) for s in states] == [("raised", "active"), ("close", "cleared")]


def test_a_restart_counts_no_repeat_twice_and_loses_nothing(known: registry.Registry) -> None:
    log = [reading("10:00:10", rainfall_mm=20), reading("10:00:20", rainfall_mm=9)]
    city = OfflineCity(known, [RAIN])
    city.feed(log)

    city.restart()
    states = city.feed(log) + city.pass_time(ms("10:03"))
    assert states == []

    city.restart()
    states = city.feed([reading("10:10:00", rainfall_mm=1)]) + city.pass_time(END_MS)
    assert lines(states) == ["raised advisory 30.0 1"]


def test_a_reading_in_a_wrong_partition_is_judged_in_its_own(known: registry.Registry) -> None:
    home = partition_of(b"river-1", 4)
    record = reading("10:00", "river-1", water_level_m=1.5)
    city = OfflineCity(known, [LEVEL], partitions=4)

    states = city.feed([record._replace(partition=(home + 1) % 4)])

    assert lines(states) == ["raised attention 1.5 1"]


def test_what_leaves_the_hub_is_told_to_who_listens(known: registry.Registry) -> None:
    heard: list[tuple[str, Out]] = []
    city = OfflineCity(known, [RAIN], published=lambda topic, out: heard.append((topic, out)))

    city.feed([reading("10:00", rainfall_mm=31), Arrival(readings_topic("disaster"), b"k", b"no JSON", ms("10:00"))])
    city.pass_time(END_MS)

    topics = {topic for topic, _ in heard}
    assert topics == {"windows.disaster", "alerts", REJECTED}


@pytest.mark.parametrize("partitions", [1, PARTITIONS])
@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_zone_is_judged_by_its_sensors_in_all_partitions(partitions: int, chunk: int, tmp_path: Path) -> None:
    seeds = write_zone_city(tmp_path)
    rules = [one for one in rulebook.load(seeds) if one.rule_id == "rain-mean"]
    log = [
        reading(f"10:{minute:02d}:30", f"wet-{n}", rainfall_mm=mm)
        for minute, mm in ((0, 3.2), (1, 3.3), (2, 2.1), (3, 2.0))
        for n in (0, 1, 4, 6, 7)
    ]
    city = OfflineCity(registry.load(seeds), rules, partitions=partitions)

    states = [state for begin in range(0, len(log), chunk) for state in city.feed(log[begin : begin + chunk])]
    states += city.pass_time(END_MS)

    assert lines(states) == ["raised advisory 3.3 1", "cleared - 2.0 2"]
    assert states[0].alert.scope.zone == "ocheon-eup"
    assert states[0].alert.sensors == [f"wet-{n}" for n in (0, 1, 4, 6, 7)]


def test_a_city_is_cut_to_some_sensors_and_those_of_their_zones(known: registry.Registry) -> None:
    assert set(cut_to(known, {"rain-1"}).sensors) == {"rain-1", "river-1"}
    assert set(cut_to(known, set()).sensors) == set()
    assert cut_to(known, {"rain-1"}).zones == known.zones


def test_whatever_a_text_may_name_is_filled_in(known: registry.Registry) -> None:
    def said(names: tuple[str, ...]) -> dict[str, str]:
        return dict.fromkeys(("ko", "en"), " ".join(f"{{{name}}}" for name in names))

    texts = {"headline": said(OF_ALERTS), "instruction": said(OF_ALERTS)}
    one = RAIN.model_dump(by_alias=True, exclude_none=True)
    one["levels"][0] |= texts
    announced = QUAKE.model_dump(by_alias=True, exclude_none=True)
    announced["levels"][0] |= {name: said(OF_BULLETINS) for name in texts}
    bulletin = {
        "bulletin_id": "b",
        "kind": "earthquake",
        "issued_at": format_ms(ms("10:00")),
        "source": "KMA",
        "texts": {"ko": "지진", "en": "quake"},
        "magnitude": 4.5,
    }
    city = OfflineCity(known, [Rule.model_validate(one), Rule.model_validate(announced)])

    states = city.feed([reading("10:00", rainfall_mm=31)]) + city.pass_time(END_MS)
    states += city.feed([Arrival(BULLETINS, b"b", json.dumps(bulletin).encode(), END_MS)])

    assert [state.transition for state in states] == ["raised", "raised"]
    assert all("{" not in state.alert.headline.en for state in states)
