"""Exercises beside reality: their own clock, eight to a partition, dropped after a day; nothing of them is real."""

from __future__ import annotations

import pytest

from streams.engine.accounting import MOST_STRANGERS
from tests.support.timeline import RIVER_RULE, Partition


@pytest.fixture
def p() -> Partition:
    return Partition()


def _speaks(p: Partition, name: str, arrives: str, at: str = "01:00") -> None:
    p.reads(at, "rain-1", rainfall_mm=1, exercise=name, arrives=arrives)


def _held(p: Partition) -> list[str]:
    return sorted(p.stage.exercises.named)


def test_an_exercise_has_its_own_clock(p: Partition) -> None:
    p.reads("10:00", "rain-1", rainfall_mm=1)
    p.reads("01:00", "rain-1", rainfall_mm=2, exercise="typhoon", arrives="10:00")
    p.reads("10:10", "rain-1", rainfall_mm=1)
    p.reads("01:01", "rain-1", rainfall_mm=4, exercise="typhoon", arrives="10:10")
    assert p.finals() == ["10:00 rain-1 rainfall_mm 1 1"]
    p.reads("01:02", "rain-1", rainfall_mm=4, exercise="typhoon", arrives="10:11")
    assert [w.get("exercise") for w in p.windows()] == [None, "typhoon"]
    assert p.rejected() == []


def test_an_exercise_of_years_ago_or_ahead_is_neither_late_nor_future(p: Partition) -> None:
    for year in (b"2001", b"2022", b"2150"):
        said = b'{"sensor_id":"rain-1","observed_at":"%s-09-06T01:00:00Z","rainfall_mm":1,"exercise":"e-%s"}' % (
            year,
            year,
        )
        p.gets(said, "10:00")
    assert p.rejected() == []


def test_in_an_exercise_a_day_behind_its_own_watermark_is_late(p: Partition) -> None:
    _speaks(p, "a", "50:00", at="34:00")
    _speaks(p, "a", "50:00", at="09:59")
    _speaks(p, "a", "50:00", at="09:58:59")
    assert p.rejected() == [("late", "observed_at")]


def test_a_window_must_end_within_the_calendar(p: Partition) -> None:
    for at in ("9998-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        p.gets(b'{"sensor_id":"rain-1","observed_at":"%s","rainfall_mm":1,"exercise":"far"}' % at.encode(), "10:00")
    p.stage.tick(0)
    assert p.rejected() == [("bad_time", "observed_at")] * 2
    assert p.counts("far") == {"windowed": 1, "rejected": 2}


def test_a_ninth_exercise_is_refused_while_all_eight_are_fresh(p: Partition) -> None:
    for i in range(8):
        _speaks(p, f"e{i}", "10:00")
    _speaks(p, "ninth", "10:10")
    assert p.rejected() == [("exercise_limit", "exercise")]
    assert _held(p) == [f"e{i}" for i in range(8)]


def test_a_ninth_takes_the_place_of_the_oldest_after_ten_minutes(p: Partition) -> None:
    for i in range(8):
        _speaks(p, f"e{i}", f"10:0{i}")
    _speaks(p, "e0", "10:08")
    _speaks(p, "ninth", "10:11:00.001")
    assert p.rejected() == []
    assert _held(p) == ["e0", "e2", "e3", "e4", "e5", "e6", "e7", "ninth"]
    assert p.counts("e1") == {}


def test_who_was_replaced_begins_anew(p: Partition) -> None:
    for i in range(8):
        _speaks(p, f"e{i}", f"10:0{i}")
    _speaks(p, "ninth", "10:20")
    _speaks(p, "e0", "10:40")
    assert p.counts("e0") == {"windowed": 1}


def test_an_exercise_is_dropped_a_day_after_its_last_record(p: Partition) -> None:
    _speaks(p, "a", "10:00")
    p.reads("34:00", "rain-1", rainfall_mm=1)
    assert _held(p) == ["a"]
    p.reads("34:00:01", "rain-1", rainfall_mm=1)
    assert _held(p) == []
    _speaks(p, "a", "35:00", at="00:30")
    assert p.counts("a") == {"windowed": 1}, "what was final in the dropped one is open in the new one"


def test_what_is_open_of_an_exercise_is_shown_though_it_is_dropped_before_the_clock_comes(p: Partition) -> None:
    _speaks(p, "a", "10:00", at="00:30")
    p.reads("34:00:01", "rain-1", rainfall_mm=1)
    assert [w["count"] for w in p.windows(60, final=False) if "exercise" in w] == [1]


def test_reality_is_what_it_would_be_without_exercises() -> None:
    alone, beside = Partition(rules=[RIVER_RULE]), Partition(rules=[RIVER_RULE])
    for minute in range(0, 59, 7):
        at = f"10:{minute:02d}"
        level = minute % 3
        for p in (alone, beside):
            p.reads(at, "river-1", water_level_m=level)
        beside.reads("03:00", "river-1", water_level_m=4, exercise="storm", arrives=at)
        beside.reads(at, "river-1", water_level_m=4, exercise="storm", arrives=at)
    real = [w for w in beside.windows(None) if "exercise" not in w]
    assert real == alone.windows(None)
    assert [e for e in beside.events() if "exercise" not in e] == alone.events()
    assert beside.counts() == alone.counts()


def test_everything_of_an_exercise_says_so() -> None:
    p = Partition(rules=[RIVER_RULE])
    p.reads("10:00", "river-1", water_level_m=1.5, exercise="storm")
    p.stage.tick(0)
    assert {w["exercise"] for w in p.windows(None, final=None)} == {"storm"}
    (event,) = p.events()
    assert event["exercise"] == event["alert"]["exercise"] == "storm"
    assert event["alert"]["status"] == "exercise"
    assert event["alert_id"].endswith(":storm")


def test_eight_survive_a_restart(p: Partition) -> None:
    for i in range(8):
        _speaks(p, f"e{i}", "10:00")
    again = p.restarted()
    _speaks(again, "ninth", "10:05")
    assert _held(again) == _held(p)
    assert again.rejected() == [("exercise_limit", "exercise")]


def test_names_of_strange_exercises_do_not_fill_the_memory(p: Partition) -> None:
    _speaks(p, "a", "10:00")
    for i in range(3 * MOST_STRANGERS):
        p.reads("10:00", "nobody", rainfall_mm=1, exercise=f"e{i}")
    names = {name for name, *_ in (*p.stage.accounts.values, *p.stage.accounts.refused)}
    assert names == {"a"} | {f"e{i}" for i in range(2 * MOST_STRANGERS, 3 * MOST_STRANGERS)}
    assert p.counts("a") == {"windowed": 1}


def test_what_is_refused_of_an_exercise_is_counted_under_its_name(p: Partition) -> None:
    p.reads("10:00", "nobody", rainfall_mm=1, exercise="a")
    _speaks(p, "a", "10:00")
    assert p.counts("a") == {"rejected": 1, "windowed": 1}
    assert p.stage.accounts.refused == {("a", "unknown_sensor"): 1}


def test_refused_records_do_not_split_what_is_applied_together(p: Partition) -> None:
    for i in range(8):
        _speaks(p, f"e{i}", "10:00")
    runs = []
    take = p.stage.exercises.real.take
    p.stage.exercises.real.take = lambda batch: runs.append(len(batch.row)) or take(batch)  # type: ignore[func-returns-value, method-assign]
    records = []
    q = Partition()
    for i in range(20):
        q.reads("10:01", "rain-1", wind_speed_ms=i)
        q.reads("10:01", "rain-1", rainfall_mm=1, exercise=f"x{i}")
    for record in q.log:
        record.offset += len(p.log)
        records.append(record)
    p.stage.step(records)
    assert runs == [20]
