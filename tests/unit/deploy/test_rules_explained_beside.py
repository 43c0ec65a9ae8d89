"""An explanation of a level that asks for more than its own value, and of an index: what stood beside it, in words."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from deploy.rules.beside import index_at_each_hour, of_minutes, of_window
from deploy.rules.explanation import Condition, Explanation, LevelTold, Step, ValueTold
from deploy.rules.explanation_shown import Language, Page
from deploy.rules.judged import JudgedValue, held_since
from deploy.rules.wording import further_told, judged_words, limit_words
from streams.contract.alerts import Alert, Bilingual
from streams.contract.further import Also
from streams.contract.rules import Rule
from streams.contract.times import from_ms
from streams.contract.watched import When
from streams.contract.windows import Window
from streams.engine.air_quality_index import HOURS, POLLUTANTS
from streams.engine.hourly import HOUR_MS
from streams.engine.levels import Threshold
from tests.support.timeline import level

BEGIN_MS = 1_662_390_000_000
MINUTE_MS = 60_000
THREE_HOURS = Also("rainfall_mm", 10_800, "sum", 90, None)
WHEN = When(measure="rainfall_mm", window="sliding", window_s=3600, aggregate="sum")
EXTREME = Threshold("warning", 50, 0, 40, 0, (THREE_HOURS,), 72)


def _window(minute: int, total: float, window_s: int = 60) -> Window:
    return Window(
        sensor_id="a",
        zone="z",
        measure="rainfall_mm",
        window_s=window_s,  # type: ignore[arg-type]
        start=from_ms(BEGIN_MS + minute * MINUTE_MS),
        end=from_ms(BEGIN_MS + minute * MINUTE_MS + window_s * 1000),
        count=1,
        sum=total,
        mean=total,
        min=total,
        max=total,
        last=total,
        final=True,
        revision=0,
    )


def _value(minute: int, value: float, further: float | None) -> JudgedValue:
    end_ms = BEGIN_MS + minute * MINUTE_MS
    found = {} if further is None else {THREE_HOURS: further}
    return JudgedValue(end_ms - MINUTE_MS, end_ms, value, {}, further=found)


def test_what_stood_beside_is_made_of_the_minutes_until_then() -> None:
    minutes = [_window(n, 10) for n in (0, 60, 179, 180)]
    assert [of_minutes(minutes, THREE_HOURS, BEGIN_MS + n * MINUTE_MS) for n in (0, 1, 180, 181)] == [None, 10, 30, 30]


def test_of_windows_it_is_the_one_that_ends_then() -> None:
    wettest = Also("rainfall_mm", 600, "max", 9, None)
    windows = [_window(0, 5, 600), _window(10, 7, 600)]
    assert [of_window(windows, wettest, BEGIN_MS + n * MINUTE_MS) for n in (10, 20, 30)] == [5, 7, None]


def test_a_condition_has_held_only_while_the_further_one_did() -> None:
    values = [_value(1, 60, 95), _value(2, 60, None), _value(3, 60, 91), _value(4, 60, 90)]
    alone = [_value(1, 71, 80), _value(2, 72, 80), _value(3, 73, None)]

    held = [held_since(one, EXTREME, below=False, leaving=False, gap_ms=0) for one in (values, alone)]

    assert held == [BEGIN_MS + 2 * MINUTE_MS, BEGIN_MS + MINUTE_MS]


def test_a_further_condition_reads_well_in_both_languages() -> None:
    said = Condition(
        level="warning",
        leaving=False,
        limit=50,
        is_inside=True,
        upward=True,
        hold_s=0,
        from_gauge=False,
        further=[further_told("disaster", WHEN, THREE_HOURS, 95.25)],
        alone=72,
    )
    assert limit_words(said, "mm") == Bilingual(
        ko="50 mm 이상이면서 최근 3시간 강수량 합계 90 mm 이상 (당시 95.25 mm); 또는 이 값 하나로 72 mm 이상",
        en="50 mm or more while Rainfall, sum of the last 3 h is 90 mm or more (95.25 mm then); or by itself 72 mm or more",
    )


def _index_rule() -> Rule:
    return Rule.model_validate(
        {
            "rule_id": "index",
            "domain": "air-quality",
            "name": {"ko": "통합대기환경지수", "en": "Air-quality index"},
            "when": {"measure": "cai", "window": "final", "window_s": 3600},
            "levels": [level("advisory", {"at_least": 101}, {"below": 101})],
        }
    )


def test_an_index_is_calculated_again_with_each_pollutants_own() -> None:
    clean = {"pm10_ugm3": 20, "pm25_ugm3": 10, "o3_ppm": 0.091, "no2_ppm": 0.02}
    of = [
        {BEGIN_MS + n * HOUR_MS: round(clean[m] * 1e6) for n in range(HOURS)} if m in clean else {} for m in POLLUTANTS
    ]

    found = index_at_each_hour(of, BEGIN_MS + 7 * HOUR_MS)

    assert [one.value for one in found] == [101] * 4  # nine hours are known from the ninth on
    assert found[0].end_ms == BEGIN_MS + 9 * HOUR_MS
    assert found[0].parts == {"pm10_ugm3": 33, "pm25_ugm3": 33, "o3_ppm": 101, "no2_ppm": 33}


def _shown(lang: Language) -> str:
    rule, out = _index_rule(), StringIO()
    assert rule.when is not None
    judged, unit = judged_words(rule, rule.when)
    condition = Condition(
        level="advisory", leaving=False, limit=101, is_inside=True, upward=True, hold_s=0, from_gauge=False
    )
    value = ValueTold(
        start=from_ms(BEGIN_MS), end=from_ms(BEGIN_MS + HOUR_MS), value=105, met=True, parts={"o3_ppm": 105}
    )
    at = from_ms(BEGIN_MS + HOUR_MS)
    step = Step(what="raised", at=at, level="advisory", value=105, condition=condition, judged=[value])
    alert = Alert.model_validate(
        {
            "alert_id": "index:air:20220905T160000Z",
            "status": "actual",
            "rule_id": "index",
            "domain": "air-quality",
            "scope": {"sensor_id": "air"},
            "zone": "z",
            "measure": "cai",
            "value": 105,
            "severity": "Minor",
            "urgency": "Immediate",
            "certainty": "Observed",
            "state": "active",
            "sequence": 1,
            "headline": {"ko": "지수", "en": "Index"},
            "instruction": {"ko": "지수", "en": "Index"},
            "condition_since": at,
            "onset": at,
            "updated_at": at,
            "sensors": ["air"],
            "area": ["z"],
            "source": "test",
        }
    )
    levels = [
        LevelTold(
            level="advisory",
            name=Bilingual(ko="주의보", en="Advisory"),
            upward=True,
            reach=101,
            hold_s=0,
            leave=101,
            leave_hold_s=7200,
            source="test",
            gauge_source=None,
        )
    ]
    told = Explanation(
        alert=alert,
        rule=rule.name,
        about=Bilingual(ko="측정소", en="Station"),
        judged=judged,
        unit=unit,
        levels=levels,
        changed=[],
        steps=[step],
    )
    Page(Console(file=out, width=160), lang).show(told)
    return out.getvalue()


def test_an_index_without_a_unit_is_shown_without_one() -> None:
    korean, english = _shown("ko"), _shown("en")

    assert "매시 통합대기환경지수 105: 주의보 기준(101 이상)을 충족했습니다." in korean
    assert "Air-quality index (CAI) at each hour: 105 meets the threshold for" in english
    assert "o3_ppm 105" in english
    assert "()" not in english + korean
