"""An explanation's parts: the values calculated again, how long they held, and the words, in both languages."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deploy.rules.evidence import SaidValue
from deploy.rules.explanation import Condition, Explanation, LevelTold, ReadingsTold, Step, ValueTold
from deploy.rules.explanation_shown import Language, Page
from deploy.rules.judged import JudgedValue, held_since, is_met, of_minutes, of_readings
from deploy.rules.sentences import readings_words, sentence
from deploy.rules.wording import judged_words, kst, limit_words
from streams.contract.alerts import Alert, Bilingual, Command
from streams.contract.durations import duration
from streams.contract.rules import Rule
from streams.contract.times import from_ms
from streams.contract.watched import When
from streams.contract.windows import Window
from streams.engine.levels import Threshold
from tests.support.zone_city import level, zone_rule

BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""
MINUTE_MS = 60_000
HIGH = Threshold("advisory", 150, 2 * MINUTE_MS, 100, 3 * MINUTE_MS)


def _at(minute: float) -> int:
    return BEGIN_MS + round(minute * MINUTE_MS)


def _minute(number: int, total: float, last: float = 0, count: int = 1) -> Window:
    return Window(
        sensor_id="a",
        zone="z",
        measure="rainfall_mm",
        window_s=60,
        start=from_ms(_at(number)),
        end=from_ms(_at(number + 1)),
        count=count,
        sum=total,
        mean=total / count,
        min=0,
        max=total,
        last=last,
        final=True,
        revision=0,
    )


def _values(*values: float, every: float = 1) -> list[JudgedValue]:
    return [JudgedValue(_at(n * every), _at(n * every + 1), value, {}) for n, value in enumerate(values)]


def _when(**said: Any) -> When:
    return When.model_validate({"measure": "rainfall_mm", "window": "sliding", "window_s": 600} | said)


# -- what was judged ----------------------------------------------------------------------------------------------------


def test_readings_that_no_rule_judged_are_no_values() -> None:
    said = [
        SaidValue("a", _at(1), _at(1), 1.0, False),
        SaidValue("a", _at(3), _at(3), 9.0, True),
        SaidValue("a", _at(3), _at(3), 3.0, False),
        SaidValue("a", _at(2), _at(2), 2.0, False),
        SaidValue("a", _at(4), _at(4), 4.0, False),
    ]

    assert [one.value for one in of_readings(said)] == [1.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("aggregate", "values"),
    [("sum", [3.3, 4.3, 4.1]), ("mean", [0.825, 4.3 / 5, 4.1 / 5]), ("rise", [3.0, 4.0, 3.0])],
)
def test_a_window_that_slides_is_made_of_its_minutes_alone(aggregate: str, values: list[float]) -> None:
    minutes = [_minute(n, total, last=n) for n, total in ((0, 0.2), (1, 0.1), (2, 2.0), (3, 1.0), (4, 1.0))]
    minutes[4] = _minute(9, 1.0, last=4)
    minutes[3] = _minute(8, 1.0, last=3)
    minutes.append(_minute(10, 0.0, last=4))

    found = of_minutes(minutes, _when(aggregate=aggregate), _at(9))

    assert [one.value for one in found] == pytest.approx(values)
    assert (found[0].start_ms, found[0].end_ms) == (_at(-1), _at(9))


def test_a_rise_in_one_minute_alone_is_none() -> None:
    assert of_minutes([_minute(0, 1.0, last=5)], _when(aggregate="rise"), 0) == []


def test_a_rise_in_a_clock_window_is_judged_at_its_end() -> None:
    minutes = [_minute(n, 1.0, last=n * n) for n in (3, 7, 12)]

    (found,) = of_minutes(minutes[:2], _when(window="final", aggregate="rise"), 0)

    assert (found.start_ms, found.end_ms, found.value) == (_at(0), _at(10), 40)


@pytest.mark.parametrize(
    ("value", "below", "leaving", "met"),
    [
        (150, False, False, True),
        (149.999, False, False, False),
        (100, False, True, False),
        (99.999, False, True, True),
        (150, True, False, True),
        (150.001, True, False, False),
        (100, True, True, False),
        (100.001, True, True, True),
    ],
)
def test_a_value_meets_a_limit_as_the_engine_has_it(value: float, below: bool, leaving: bool, met: bool) -> None:
    assert is_met(value, HIGH, below=below, leaving=leaving) == met


def test_a_condition_has_held_since_the_first_of_the_values_that_meet_it_in_a_row() -> None:
    values = _values(160, 140, 160, 155, 150)

    assert held_since(values, HIGH, below=False, leaving=False, gap_ms=0) == _at(2)
    assert held_since(values[:2], HIGH, below=False, leaving=False, gap_ms=0) is None
    assert held_since(_values(90, 99, 80), HIGH, below=False, leaving=True, gap_ms=0) == _at(0)


def test_a_condition_has_not_held_over_a_gap() -> None:
    values = _values(160, 160, 160, every=3)

    assert held_since(values, HIGH, below=False, leaving=False, gap_ms=MINUTE_MS) == _at(6)
    assert held_since(values, HIGH, below=False, leaving=False, gap_ms=2 * MINUTE_MS) == _at(0)


# -- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "ko", "en"),
    [(0, "0초", "0 s"), (9000, "2시간 30분", "2 h 30 min"), (86_461, "1일 1분 1초", "1 d 1 min 1 s")],
)
def test_a_duration_is_told_in_its_largest_units(seconds: float, ko: str, en: str) -> None:
    assert duration(seconds) == Bilingual(ko=ko, en=en)


def test_an_instant_is_told_in_korean_time_and_without_a_fraction_that_it_has_not() -> None:
    assert kst(from_ms(BEGIN_MS)) == "2022-09-06 00:00:00"
    assert kst(from_ms(BEGIN_MS + 40)) == "2022-09-06 00:00:00.040"


def _condition(**said: Any) -> Condition:
    given = {
        "level": "advisory",
        "leaving": False,
        "limit": 150,
        "is_inside": True,
        "upward": True,
        "hold_s": 7200,
        "from_gauge": False,
        "held_since": from_ms(BEGIN_MS),
        "held_s": 7200,
    }
    return Condition.model_validate(given | said)


@pytest.mark.parametrize(
    ("said", "ko", "en"),
    [
        ({}, "150 mm 이상", "150 mm or more"),
        ({"upward": False}, "150 mm 이하", "150 mm or less"),
        ({"is_inside": False}, "150 mm 초과", "above 150 mm"),
        ({"is_inside": False, "upward": False}, "150 mm 미만", "below 150 mm"),
    ],
)
def test_a_limit_says_whether_it_counts_itself(said: dict[str, Any], ko: str, en: str) -> None:
    assert limit_words(_condition(**said), "mm") == Bilingual(ko=ko, en=en)


@pytest.mark.parametrize(
    ("when", "ko", "en"),
    [
        ({}, "최근 10분 강수량 합계", "Rainfall, sum of the last 10 min"),
        ({"window": "reading", "window_s": None}, "강수량 관측값", "Rainfall, single readings"),
        ({"window": "final", "window_s": 3600}, "1시간 강수량 합계", "Rainfall, sum of 1 h"),
    ],
)
def test_what_is_judged_is_told_with_its_window(when: dict[str, Any], ko: str, en: str) -> None:
    watched = {"scope": "sensor", "measure": "rainfall_mm", "window": "sliding", "window_s": 600, "aggregate": "sum"}
    found = Rule.model_validate(
        zone_rule("r", "disaster", watched | when, level("advisory", {"at_least": 3}, {"below": 2}))
    )
    assert found.when is not None

    assert judged_words(found, found.when) == (Bilingual(ko=ko, en=en), "mm")


def _alert() -> Alert:
    example = Alert.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    return Alert.model_validate(example)


def _told(*steps: Step, exercise: str | None = None) -> Explanation:
    return Explanation(
        alert=_alert().model_copy(update={"exercise": exercise}),
        rule=Bilingual(ko="미세먼지", en="Dust"),
        about=Bilingual(ko="대송면 공기 (air-1)", en="Air, Daesong-myeon (air-1)"),
        judged=Bilingual(ko="1시간 PM10 평균", en="PM10, mean of 1 h"),
        unit="µg/m³",
        levels=[
            LevelTold(
                level="advisory",
                name=Bilingual(ko="주의보", en="Advisory"),
                upward=True,
                reach=150,
                hold_s=7200,
                leave=100,
                leave_hold_s=0,
                source="별표 7",
                gauge_source=None,
            )
        ],
        changed=[],
        steps=list(steps),
    )


def _raised(**said: Any) -> Step:
    values = [("raised", 90.0, False), ("raised", 160.0, True)]
    given = {
        "what": "raised",
        "at": from_ms(_at(120)),
        "level": "advisory",
        "value": 160.5,
        "condition": _condition(),
        "judged": [
            ValueTold(start=from_ms(_at(60 * n)), end=from_ms(_at(60 * n + 60)), value=value, met=met)
            for n, (_, value, met) in enumerate(values)
        ],
    }
    return Step.model_validate(given | said)


def test_a_rise_to_a_level_is_told_with_value_threshold_and_duration() -> None:
    said = sentence(_raised(), _told())

    assert said.ko == (
        "1시간 PM10 평균 160.5 µg/m³: 주의보 기준(150 µg/m³ 이상)을 충족했습니다. "
        "이 상태가 2시간 이어져야 하며, 2022-09-06 00:00:00부터 2시간 이어졌습니다."
    )
    assert said.en == (
        "PM10, mean of 1 h: 160.5 µg/m³ meets the threshold for Advisory (150 µg/m³ or more). "
        "It had to hold for 2 h and had held for 2 h, since 2022-09-06 00:00:00 KST."
    )


def test_an_end_at_once_on_a_gauges_own_level_is_told_as_that() -> None:
    condition = _condition(leaving=True, is_inside=False, upward=False, hold_s=0, from_gauge=True, limit=2.9)
    said = sentence(_raised(what="cleared", level=None, value=2.8, condition=condition), _told())

    assert "이 지점 주의보 해제 기준(2.9 µg/m³ 미만)을 충족했습니다. 지속 시간 조건이 없어" in said.ko
    assert "meets this gauge's own limit for leaving Advisory (below 2.9 µg/m³). No duration is asked" in said.en


def test_an_officers_act_that_was_not_taken_says_so() -> None:
    command = Command(command_id="1", alert_id="a", kind="close", by="김당직", note="끝")
    step = Step(what="close", at=from_ms(BEGIN_MS), command=command, taken=False)

    assert sentence(step, _told()) == Bilingual(ko="김당직 “끝” (받아들여지지 않음)", en="김당직 “끝” (not taken)")
    unknown = sentence(step.model_copy(update={"taken": None}), _told())
    assert unknown.en == "김당직 “끝” (whether it was taken is not in the log any more)"


def test_a_step_after_an_officer_has_closed_the_alert_says_that_it_changed_nothing() -> None:
    said = sentence(_raised(what="stepped_down", taken=False), _told())

    assert said.ko.endswith("담당자가 이미 종료한 뒤라 경보는 그대로입니다.")
    assert said.en.endswith("An officer had closed it before: the alert stayed as it was.")


def test_readings_that_were_set_aside_are_counted_apart() -> None:
    said = readings_words(ReadingsTold(sensor_id="a", name=Bilingual(ko="가", en="A"), count=0, set_aside=2))

    assert said.ko == "관측값 가: 0개, 품질 표시(의심·점검)로 제외 2개"
    assert said.en == "Readings of A: 0, 2 set aside for their quality (suspect, maintenance)"


# -- page ---------------------------------------------------------------------------------------------------------------


def _page(told: Explanation, lang: Language) -> str:
    out = StringIO()
    Page(Console(file=out, width=160, highlight=False), lang).show(told)
    return out.getvalue()


def test_a_page_shows_levels_steps_and_values_in_its_language() -> None:
    told = _told(_raised(gaps=[Bilingual(ko="없음 [x]", en="gone [x]")]), exercise="flood")

    ko, en = _page(told, "ko"), _page(told, "en")

    for text in ("훈련", "150 µg/m³ 이상, 2시간 지속", "별표 7", "1. 2022-09-06 02:00:00 KST  발령 → 주의보", "아니오"):
        assert text in ko
    for text in ("EXERCISE", "150 µg/m³ or more for 2 h", "Raised → Advisory", "! gone [x]"):
        assert text in en
    assert "2022-09-06 01:00:00 – 02:00:00" in ko


def test_of_many_values_a_page_shows_the_first_and_the_last() -> None:
    values = [ValueTold(end=from_ms(_at(n)), value=1000 + n, met=True) for n in range(100)]

    page = _page(_told(_raised(judged=values)), "en")

    assert [n for n in range(100) if f" {1000 + n} " in page] == [0, 1, 2, 3, *range(92, 100)]
    assert "…" in page
