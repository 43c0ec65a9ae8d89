"""Planned work on sensors: read with the rules, refused whole where it is wrong; both read it, the hub and the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.oracle import read_city
from streams import maintenance, registry, rule_watch
from streams.errors import WrongSeed
from streams.rule_watch import RuleWatch
from tests.support.small_city import RULES, write_seeds

GOOD = """# Work.
[[periods]]
sensors = ["river-1"]
begin = 2026-12-01T09:00:00+09:00
end = 2026-12-01T12:00:00+09:00
reason = { ko = "교체", en = "Replaced" }
by = "river-office"

[[periods]]
kinds = ["rain-gauge", "river-gauge"]
zone = "ocheon-eup"
begin = 2026-12-01T08:00:00Z
end = 2026-12-01T08:00:01.500Z
reason = { ko = "점검", en = "Check" }
by = "city"
"""
WRONG = {
    "no such sensor": ('"river-1"', '"river-9"', 3, ("river-office", "'river-9'", "sensors list")),
    "no such zone": ('zone = "ocheon-eup"', 'zone = "ocheon"', 11, ("city", "'ocheon'", "zones.geojson")),
    "no such kind": ('"rain-gauge"', '"gauge"', 10, ("kinds.0", "'gauge'", "Mend it")),
    "a time without an offset": (
        "T09:00:00+09:00",
        "T09:00:00",
        4,
        ("begin", "2026-12-01 09:00:00", "with its offset"),
    ),
    "an end before its begin": ("T12:00:00+09:00", "T08:00:00+09:00", 5, ("before it has begun", "a later end")),
    "on nothing": ('sensors = ["river-1"]\n', "", 2, ("on no sensor", "Name sensors")),
    "twice on which": ('sensors = ["river-1"]', 'sensors = ["river-1"]\nzone = "ocheon-eup"', 2, ("says twice",)),
    "no reason in Korean": ('ko = "교체"', 'ko = " "', 6, ("reason.ko", "in Korean and in English")),
    "nobody says so": ('by = "city"\n', "", 9, ("by", "Add it")),
    "an unknown field": ('by = "city"', 'by = "city"\nwho = "x"', 16, ("who", "take it out")),
    "broken TOML": ('by = "city"', "by city", 15, ("not valid TOML",)),
}


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return write_seeds(tmp_path / "seeds")


def _write(seeds: Path, text: str) -> Path:
    path = seeds / "maintenance.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_city_without_the_file_has_none(seeds: Path) -> None:
    assert maintenance.load(seeds) == []
    assert rule_watch.read(seeds).periods == []


def test_a_period_is_of_sensors_by_id_or_by_kind_and_zone(seeds: Path) -> None:
    _write(seeds, GOOD)
    known = registry.load(seeds)

    by_id, by_kind = maintenance.load(seeds, known)

    assert [s for s, sensor in known.sensors.items() if by_id.is_of(sensor)] == ["river-1"]
    assert [s for s, sensor in known.sensors.items() if by_kind.is_of(sensor)] == ["rain-1", "river-1"]


def test_the_oracle_reads_the_same(seeds: Path) -> None:
    _write(seeds, GOOD)

    sensors = read_city(seeds).sensors

    second = (1_796_112_000_000, 1_796_112_001_500)
    assert sensors["river-1"].works == ((1_796_083_200_000, 1_796_094_000_000), second)
    assert sensors["rain-1"].works == (second,)
    assert sensors["air-1"].works == ()


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_told_with_file_line_value_and_fix(
    old: str, new: str, line: int, told: tuple[str, ...], seeds: Path
) -> None:
    assert old in GOOD
    path = _write(seeds, GOOD.replace(old, new, 1))

    with pytest.raises(WrongSeed) as refused:
        rule_watch.read(seeds)

    assert str(refused.value).startswith(f"{path}:{line}: ")
    for part in told:
        assert part in str(refused.value)


def test_what_is_wrong_in_rules_and_in_planned_work_is_told_at_once(seeds: Path) -> None:
    path = _write(seeds, GOOD.replace('"river-1"', '"river-9"'))
    (seeds / "rules" / "river.toml").write_text(RULES.replace("water_level_m", "water_level"))

    with pytest.raises(WrongSeed) as refused:
        rule_watch.read(seeds)

    assert "river.toml:" in str(refused.value) and f"{path}:3" in str(refused.value)


def test_it_is_taken_up_like_a_rule_and_refused_while_the_set_before_goes_on(seeds: Path) -> None:
    watch = RuleWatch(seeds, rule_watch.read(seeds))
    _write(seeds, GOOD)
    assert watch.look() is None
    taken = watch.look()
    assert taken is not None and len(taken.periods) == 2 and len(taken.rules) == 1

    _write(seeds, GOOD.replace('"river-1"', '"river-9"'))
    assert [watch.look() for _ in range(3)] == [None] * 3

    (seeds / "maintenance.toml").unlink()
    gone = [found for _ in range(3) if (found := watch.look()) is not None]
    assert [found.periods for found in gone] == [[]]


def test_it_is_no_part_of_the_registry_that_is_read_at_a_start(seeds: Path) -> None:
    before, rules = registry.basis_of(seeds), rule_watch.read(seeds).digest
    _write(seeds, GOOD)
    assert registry.basis_of(seeds) == before
    assert rule_watch.read(seeds).digest != rules
