"""The models of what comes in: measures, ranges, ids, exercises; what is refused says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from streams.contract.alerts import Command
from streams.contract.bulletins import Bulletin
from streams.contract.readings import MEASURES, MEASURES_OF, READINGS, Domain
from streams.contract.rejections import REASONS, Rejection, from_validation, headers
from streams.contract.rules import Rule
from tests.support.timeline import RIVER_RULE, level

CONTRACT: dict[Domain, str] = {
    "air-quality": "pm10_ugm3 pm25_ugm3 o3_ppm no2_ppm co_ppm so2_ppm temperature_c humidity_pct",
    "traffic": "speed_kmh flow_vph occupancy_pct travel_time_s",
    "disaster": "rainfall_mm water_level_m discharge_m3s tide_level_m wind_speed_ms wind_gust_ms temperature_c"
    " snow_depth_cm pga_gal",
}


def _refusal(model: type[BaseModel], said: dict[str, Any]) -> Rejection | None:
    try:
        model.model_validate_json(json.dumps(said))
    except ValidationError as e:
        return from_validation(e)
    return None


def _reading(domain: Domain, **fields: Any) -> Rejection | None:
    return _refusal(READINGS[domain], {"sensor_id": "a", "observed_at": "2022-09-06T00:00:00Z", **fields})


@pytest.mark.parametrize("domain", READINGS)
def test_a_domain_has_the_contracts_measures(domain: Domain) -> None:
    assert MEASURES_OF[domain] == tuple(CONTRACT[domain].split())


@pytest.mark.parametrize(("domain", "name"), MEASURES)
def test_a_measures_range_is_closed_and_enforced(domain: Domain, name: str) -> None:
    bounds = MEASURES[domain, name]
    assert bounds.low < bounds.high
    assert _reading(domain, **{name: bounds.low}) is None
    assert _reading(domain, **{name: bounds.high}) is None
    for beyond in (bounds.low - 1e-6, bounds.high + 0.01):
        why = _reading(domain, **{name: beyond})
        assert why is not None
        assert (why.reason, why.field) == ("out_of_range", name)


@pytest.mark.parametrize(("domain", "name"), MEASURES)
def test_a_measure_is_told_to_people_in_both_languages_with_its_unit(domain: Domain, name: str) -> None:
    bounds = MEASURES[domain, name]
    assert bounds.unit
    assert bounds.ko != bounds.en or bounds.ko == "PM10"
    assert bounds.says in ("mean", "sum", "max", "last")


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("sensor_id", "a" * 64, True),
        ("sensor_id", "a" * 65, False),
        ("sensor_id", "A-z.0_9:x", True),
        ("sensor_id", "a b", False),
        ("sensor_id", "a\n", False),
        ("sensor_id", "", False),
        ("sensor_id", "가", False),
        ("exercise", "e" * 96, True),
        ("exercise", "e" * 97, False),
        ("source", "기" * 128, True),
        ("source", "기" * 129, False),
        ("period_s", 86_400, True),
        ("period_s", 86_400.5, False),
        ("quality", "ok", True),
        ("quality", "OK", False),
        ("location", {"lat": 36.0, "lon": 129.0, "alt": 5}, True),
        ("location", {"lat": "36", "lon": 129.0}, False),
        ("firmware", {"any": ["thing"]}, True),
    ],
)
def test_a_field_is_taken_or_refused(name: str, value: Any, is_taken: bool) -> None:
    why = _reading("disaster", **{"rainfall_mm": 1, name: value})
    assert (why is None) == is_taken
    if why is not None:
        assert why.field.split(".")[0] == name


def test_null_means_absent() -> None:
    nothing = dict.fromkeys(("source", "quality", "location", "period_s", "exercise", "tide_level_m"))
    assert _reading("disaster", rainfall_mm=1, **nothing) is None
    why = _reading("disaster", rainfall_mm=None)
    assert why is not None
    assert why.reason == "no_measure"
    assert "rainfall_mm" in why.detail


def test_another_domains_measure_is_an_unknown_field() -> None:
    why = _reading("traffic", pm10_ugm3=5)
    assert why is not None
    assert why.reason == "no_measure"


@pytest.mark.parametrize("reason", REASONS)
def test_a_dead_letters_headers_are_text_with_integers_in_decimal(reason: Any) -> None:
    found = dict(headers(Rejection(reason, "field", "한글 detail."), "t", 3, 12_345, "2022-09-06T00:00:00.000Z"))
    assert found["detail"].decode() == "한글 detail."
    assert (found["partition"], found["offset"], found["reason"]) == (b"3", b"12345", reason.encode())
    assert list(found) == ["reason", "field", "detail", "topic", "partition", "offset", "received_at"]


BULLETIN = {
    "bulletin_id": "kma-1",
    "kind": "earthquake",
    "issued_at": "2017-11-15T14:29:31+09:00",
    "source": "KMA",
    "texts": {"ko": "지진", "en": "Earthquake"},
}
COMMAND = {"command_id": "c", "alert_id": "r:s", "kind": "comment", "by": "김"}


@pytest.mark.parametrize(
    ("model", "good", "field", "value", "reason"),
    [
        (Bulletin, BULLETIN, "bulletin_id", "a:b", "bad_type"),
        (Bulletin, BULLETIN, "revision", -1, "out_of_range"),
        (Bulletin, BULLETIN, "revision", "1", "bad_type"),
        (Bulletin, BULLETIN, "magnitude", 10.1, "out_of_range"),
        (Bulletin, BULLETIN, "issued_at", "2017-11-15T14:29:31", "bad_time"),
        (Bulletin, BULLETIN, "texts", {"ko": "지진"}, "missing_field"),
        (Bulletin, BULLETIN, "cancelled", "yes", "bad_type"),
        (Command, COMMAND, "kind", "delete", "bad_type"),
        (Command, COMMAND, "by", "", "bad_type"),
        (Command, COMMAND, "until", "2022-09-06", "bad_time"),
        (Command, COMMAND, "alert_id", "a b", "bad_type"),
    ],
)
def test_bulletins_and_commands_are_refused_with_field_and_reason(
    model: type[BaseModel], good: dict[str, Any], field: str, value: Any, reason: str
) -> None:
    assert _refusal(model, good) is None
    why = _refusal(model, good | {field: value})
    assert why is not None
    assert (why.reason, why.field.split(".")[0]) == (reason, field)


ABOVE, BELOW = {"at_least": 10}, {"below": 5}


@pytest.mark.parametrize(
    ("when", "levels", "told"),
    [
        ({"window": "final"}, [("advisory", ABOVE, BELOW)], "window_s"),
        ({"window": "reading", "window_s": 60}, [("advisory", ABOVE, BELOW)], "window_s"),
        ({"window": "sliding", "window_s": 3600, "aggregate": "max"}, [("advisory", ABOVE, BELOW)], "take sum, mean"),
        ({"window": "reading", "aggregate": "rise"}, [("advisory", ABOVE, BELOW)], "a rise is within a window"),
        ({"window": "final", "window_s": 60, "aggregate": "rise"}, [("advisory", ABOVE, BELOW)], "a rise is within"),
        (
            {"window": "final", "window_s": 86_400, "aggregate": "rise"},
            [("advisory", ABOVE, BELOW)],
            "a rise is within",
        ),
        (
            {"window": "sliding", "window_s": 3600, "aggregate": "rise", "measure": "water_level_m"},
            [("caution", {"gauge_level": "caution"}, {"below": 1})],
            "heights, not rises",
        ),
        (
            {"window": "sliding", "window_s": 3600, "aggregate": "rise", "measure": "water_level_m"},
            [("caution", {"at_least": 1}, {"below_gauge_level": "caution"})],
            "heights, not rises",
        ),
        (
            {"window": "reading", "measure": "water_level_m"},
            [("caution", {"gauge_level": "caution"}, {"below_gauge_level": "alert"})],
            "it ends below alert, while caution still holds there",
        ),
        (
            {
                "window": "final",
                "window_s": 3600,
                "aggregate": "rise",
                "scope": "zone",
                "zone": {"judge": "max"},
            },
            [("advisory", ABOVE, BELOW)],
            "hold no rise",
        ),
        ({"window": "reading", "measure": "pm10_ugm3"}, [("advisory", ABOVE, BELOW)], "no such measure"),
        ({"window": "reading"}, [("advisory", ABOVE, {"below": 11})], "ends below 11"),
        ({"window": "reading"}, [("advisory", {"at_most": 1}, BELOW)], "direction above"),
        ({"window": "reading"}, [("warning", ABOVE, BELOW), ("advisory", ABOVE, BELOW)], "lowest up"),
        ({"window": "reading"}, [("advisory", ABOVE, BELOW), ("caution", {"at_least": 20}, BELOW)], "mix two scales"),
        ({"window": "reading"}, [("advisory", ABOVE, BELOW), ("warning", {"at_least": 9}, BELOW)], "must grow"),
        ({"window": "reading"}, [], "at least 1"),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused_with_what_is_wrong(
    when: dict[str, Any], levels: list[tuple[str, dict[str, Any], dict[str, Any]]], told: str
) -> None:
    said = RIVER_RULE.model_dump(by_alias=True, exclude_none=True)
    said |= {"when": {"measure": "rainfall_mm"} | when, "levels": [level(*one) for one in levels]}
    with pytest.raises(ValidationError, match=told):
        Rule.model_validate(said)
