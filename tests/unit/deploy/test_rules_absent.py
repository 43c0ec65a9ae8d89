"""The explanation of an absence: how today's rule looks for the sensor, and its words in both languages."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.rules.absent import UNIT, missed_by
from deploy.rules.explanation import AbsenceTold, Explanation, Step
from deploy.rules.explanation_shown import Language, Page
from deploy.rules.watched import changes_since, watched_by
from streams import registry
from streams.contract.alerts import Alert, AlertEvent, Bilingual
from streams.contract.times import from_ms
from tests.support.absence import on_absence
from tests.support.small_city import write_seeds
from tests.support.timeline import ms

RULE = on_absence("absent", 3, "river-gauge")


@pytest.fixture
def known(tmp_path: Path) -> registry.Registry:
    return registry.load(write_seeds(tmp_path / "seeds"))


def _alert(**said: Any) -> Alert:
    example = Alert.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    given = {"rule_id": "absent", "scope": {"sensor_id": "river-1"}, "measure": "absent_s", "value": 1800}
    return Alert.model_validate(example | given | {"level": "attention", "threshold": 1800, "source": "test"} | said)


def _raised(alert: Alert) -> AlertEvent:
    said = {
        "origin": "rule:absent",
        "step": 1,
        "transition": "raised",
        "level": alert.level,
        "threshold": alert.threshold,
    }
    return AlertEvent.model_validate({"alert_id": alert.alert_id, "at": alert.onset, "alert": alert} | said)


def test_todays_rule_asks_for_the_sensors_own_intervals(known: registry.Registry) -> None:
    missed = missed_by(RULE, _alert(), known)

    assert missed is not None and watched_by(RULE, _alert(), known) is None
    assert [(one.level, one.reach) for one in missed.levels_told()] == [("attention", 1800)]
    assert missed.words.ko == "관측값이 없는 시간 (이 관측소의 주기는 10분)"
    assert changes_since(RULE, missed, [_raised(_alert())]) == []


@pytest.mark.parametrize(
    "said", [{"scope": {"sensor_id": "rain-1"}}, {"scope": {"sensor_id": "gone"}}, {"measure": "water_level_m"}]
)
def test_what_it_does_not_look_for_is_told(said: dict[str, Any], known: registry.Registry) -> None:
    alert = _alert(**said)
    assert missed_by(RULE, alert, known) is None
    (remark,) = changes_since(RULE, None, [_raised(alert)])
    assert "today this is not judged in this way" in remark.en


def test_another_number_of_intervals_is_told_as_a_duration(known: registry.Registry) -> None:
    missed = missed_by(on_absence("absent", 6, "river-gauge"), _alert(), known)

    (remark,) = changes_since(RULE, missed, [_raised(_alert())])

    assert remark.ko == "그 뒤로 규칙이 바뀌었습니다: '관심' 기준이 당시 30분, 지금 1시간입니다."
    assert remark.en.endswith("the threshold of “Attention” was 30 min, today it is 1 h.")


def _told(lang: Language, known: registry.Registry, *, has_spoken: bool) -> str:
    missed = missed_by(RULE, _alert(), known)
    assert missed is not None
    since = from_ms(ms("10:00"))
    fell = AbsenceTold(since=since, has_spoken=has_spoken, interval_s=600)
    back = fell.model_copy(update={"heard": from_ms(ms("11:05"))})
    steps = [
        Step(what="raised", at=from_ms(ms("10:30")), level="attention", value=1800, absence=fell),
        Step(what="cleared", at=from_ms(ms("11:05")), value=3900, absence=back),
    ]
    place = Bilingual(ko="오천읍 강", en="River, Ocheon-eup")
    told = Explanation(
        alert=_alert(),
        rule=RULE.name,
        about=place,
        judged=missed.words,
        unit=UNIT,
        levels=missed.levels_told(),
        changed=[],
        steps=steps,
    )
    page = StringIO()
    Page(Console(file=page, width=200), lang).show(told)
    return page.getvalue()


def test_it_reads_well_in_both_languages(known: registry.Registry) -> None:
    ko, en = (_told(lang, known, has_spoken=True) for lang in ("ko", "en"))

    assert "30분 이상" in ko
    assert "마지막 관측값은 2022-09-06 19:00:00의 것입니다. 10분마다 값을 보내야 하는데 30분 동안 없었습니다." in ko
    assert "2022-09-06 20:05:00 관측값부터 다시 수신되고 있습니다. 1시간 5분 동안 무응답이었습니다." in ko
    assert (
        "Its last reading is of 2022-09-06 19:00:00 KST. It should speak every 10 min, and said nothing for 30 min."
        in en
    )
    assert "It speaks again, with a reading of 2022-09-06 20:05:00 KST, after 1 h 5 min." in en


def test_of_a_sensor_that_never_spoke_it_says_since_when_it_is_waited_for(known: registry.Registry) -> None:
    ko, en = (_told(lang, known, has_spoken=False) for lang in ("ko", "en"))
    assert "2022-09-06 19:00:00부터 기다렸으나 이 관측소의 관측값이 없습니다." in ko
    assert "It has been waited for since 2022-09-06 19:00:00 KST, and no reading of it has come." in en
