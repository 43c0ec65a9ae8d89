"""How an explanation sees the rule of today: its thresholds for one sensor or zone, and what of it has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.rules.watched import Watched, changes_since, levels_told, watched_by
from deploy.rules.wording import free_flow_words
from streams import registry
from streams.contract.alerts import Alert, AlertEvent, LevelBounds
from streams.contract.rules import Rule
from tests.support.zone_city import MEAN, SHARE, level, write_zone_city, zone_rule

STAGE = zone_rule(
    "stage",
    "disaster",
    {"scope": "sensor", "measure": "water_level_m", "window": "reading"},
    level("attention", {"gauge_level": "attention"}, {"below_gauge_level": "attention", "margin": 0.1, "hold_s": 600}),
    level("serious", {"gauge_level": "serious"}, {"below_gauge_level": "serious"}),
)


@pytest.fixture
def known(tmp_path: Path) -> registry.Registry:
    return registry.load(write_zone_city(tmp_path / "seeds", []))


def _alert(**said: Any) -> Alert:
    example = Alert.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    given = {"rule_id": "stage", "scope": {"sensor_id": "river-1"}, "level": "attention", "threshold": 1.0}
    return Alert.model_validate(example | {"source": "test"} | given | said)


def _raised(alert: Alert) -> AlertEvent:
    return AlertEvent(
        alert_id=alert.alert_id,
        origin="rule:stage",
        step=1,
        transition="raised",
        at=alert.onset,
        level=alert.level,
        threshold=alert.threshold,
        alert=alert,
    )


def _watched(rule: dict[str, Any], alert: Alert, known: registry.Registry) -> tuple[Rule, Watched | None]:
    read = Rule.model_validate(rule)
    return read, watched_by(read, alert, known)


def test_a_gauges_own_levels_come_with_who_says_them(known: registry.Registry) -> None:
    rule, watched = _watched(STAGE, _alert(), known)
    assert watched is not None

    attention, serious = levels_told(rule, watched)

    assert (attention.reach, attention.leave, attention.leave_hold_s) == (1.0, 0.9, 600)
    assert (serious.reach, serious.gauge_source, serious.upward) == (4.0, "test", True)
    assert changes_since(rule, watched, [_raised(_alert())]) == []


def test_a_zone_is_watched_by_the_rules_sensors_there(known: registry.Registry) -> None:
    of_zone = {"scope": {"zone": "ocheon-eup"}, "window_s": 60}
    share = _alert(measure="share_pct", **of_zone)

    _, watched = _watched(SHARE, share, known)

    assert watched is not None and watched.zone is not None
    assert watched.sensors == {"rain-1", "wet-0", "wet-1", "wet-4", "wet-6", "wet-7"}
    assert _watched(MEAN, share, known)[1] is None, "the mean is no share"
    assert _watched(MEAN, _alert(measure="rainfall_mm", **of_zone), known)[1] is not None


def test_a_threshold_of_a_links_free_flow_is_told_with_what_it_is_a_share_of(known: registry.Registry) -> None:
    jam = zone_rule(
        "jam",
        "traffic",
        {"scope": "sensor", "measure": "speed_kmh", "window": "reading", "direction": "below"},
        level("advisory", {"at_most_free_flow_pct": 30}, {"above_free_flow_pct": 50}),
    )
    street = known.sensors["street-0"].model_copy(update={"free_flow_kmh": 80.0})
    known = replace(known, sensors={**known.sensors, "street-0": street})
    alert = _alert(rule_id="jam", scope={"sensor_id": "street-0"}, measure="speed_kmh", level="advisory")

    rule, watched = _watched(jam, alert, known)
    assert watched is not None
    (advisory,) = levels_told(rule, watched)

    assert (advisory.reach, advisory.leave, advisory.gauge_source) == (24, 40, None)
    assert advisory.free_flow is not None
    assert free_flow_words(advisory.free_flow).ko == "이 구간 자유속도 80 km/h의 30 % (해제 50 %)"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"threshold": 1.5}, "the threshold of “Attention” was 1.5, today it is 1."),
        ({"source": "older"}, "The source given for “Attention” has changed since."),
        ({"level": "caution"}, "it has no level “Caution” any more."),
        ({"measure": "tide_level_m"}, "today this is not judged in this way"),
        ({"window_s": 600}, "today this is not judged in this way"),
        ({"scope": {"sensor_id": "river-9"}}, "today this is not judged in this way"),
        ({"scope": {"sensor_id": "rain-1"}}, "today this is not judged in this way"),
    ],
    ids=["threshold", "source", "level", "measure", "window", "sensor gone", "sensor without"],
)
def test_what_is_otherwise_today_is_told(known: registry.Registry, said: dict[str, Any], told: str) -> None:
    alert = _alert(**said)
    rule, watched = _watched(STAGE, alert, known)

    (remark,) = changes_since(rule, watched, [_raised(alert)])

    assert told in remark.en


def test_another_duration_than_today_is_told(known: registry.Registry) -> None:
    alert = _alert()
    rule, watched = _watched(STAGE, alert, known)
    assert watched is not None
    then = LevelBounds(**watched.thresholds[0]._asdict())
    as_it_is = _raised(alert).model_copy(update={"bounds": then})
    otherwise = _raised(alert).model_copy(update={"bounds": then.model_copy(update={"hold_ms": 600_000})})

    assert changes_since(rule, watched, [as_it_is]) == []
    (remark,) = changes_since(rule, watched, [otherwise])
    assert "how long “Attention” must hold" in remark.en


def test_a_rule_that_is_gone_is_told() -> None:
    assert "The rule is gone" in changes_since(None, None, [])[0].en
