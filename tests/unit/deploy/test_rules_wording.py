"""What an explanation says of reports, covers and a link's free flow, in both languages."""

from __future__ import annotations

from deploy.rules.explanation import Explanation, Step
from deploy.rules.sentences import sentence
from deploy.rules.wording import covered_words
from streams.contract.alerts import Alert, Bilingual
from streams.contract.bulletins import Bulletin
from streams.contract.times import from_ms
from tests.support.timeline import RIVER_RULE

BEGIN_MS = 1_662_390_000_000
"""2022-09-05T15:00:00Z, midnight in Korea."""


def told(step: Step) -> Bilingual:
    alert = Alert.model_validate(Alert.model_config["json_schema_extra"]["examples"][0])  # type: ignore[index,call-overload]
    name = Bilingual(ko="지진 발표", en="Earthquake report")
    about = Bilingual(ko="시 전역", en="the whole city")
    return sentence(
        step,
        Explanation(alert=alert, rule=name, about=about, judged=None, unit="", levels=[], changed=[], steps=[step]),
    )


def report(**said: object) -> Bulletin:
    texts = {"ko": "지진", "en": "Quake"}
    shape = {"bulletin_id": "q", "kind": "earthquake", "issued_at": from_ms(BEGIN_MS), "source": "기상청"}
    return Bulletin.model_validate(shape | {"texts": texts} | said)


def test_a_report_is_told_with_its_magnitude_intensity_and_distance() -> None:
    bulletin = report(magnitude=3.5, intensity=5, location={"lat": 36.1, "lon": 129.36})
    step = Step(what="stepped_up", at=from_ms(BEGIN_MS), level="alert", bulletin=bulletin, distance_km=8.896)

    said = told(step)

    assert "규모 3.5, 최대진도 5, 시 중심에서 9 km" in said.ko
    assert "magnitude 3.5, greatest intensity 5, 9 km from the city's centre" in said.en


def test_what_a_report_does_not_say_is_not_told() -> None:
    said = told(Step(what="raised", at=from_ms(BEGIN_MS), level="alert", bulletin=report(magnitude=4.1), threshold=4))
    assert "(2022-09-06 00:00:00 발표, 규모 4.1, 기준 규모 4 이상)" in said.ko
    assert "km" not in said.en


def test_a_covered_alert_says_which_one_calls_in_its_place() -> None:
    said = covered_words("river-level:river-1:20220906T000000Z", [RIVER_RULE])
    assert said.ko == "시험 규칙 river-level:river-1:20220906T000000Z에 포함되어 따로 알리지 않습니다."
    assert said.en == "Covered by Test rule river-level:river-1:20220906T000000Z: it calls nobody by itself."
    gone = covered_words("gone:t", [RIVER_RULE])
    assert (gone.ko, gone.en) == (
        "gone:t에 포함되어 따로 알리지 않습니다.",
        "Covered by gone:t: it calls nobody by itself.",
    )
