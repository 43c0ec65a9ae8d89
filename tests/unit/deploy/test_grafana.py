"""Grafana's dashboard is what its builder says, asks only for what is defined, and shows which data it shows."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana import panels as built_panels
from deploy.grafana.dashboard import FILE, rendered
from deploy.grafana.flux import INFLUX
from deploy.grafana.queries import RANKS, gauge_level_lines
from streams.contract.alerts import LEVEL_NAMES
from streams.contract.readings import MEASURES
from streams.registry import load
from streams.settings import Settings
from streams.settings import load as load_settings
from tests.support.grafana import DASHBOARD, All, panels, used, variables, with_macros, with_variables

ROOT = Path(__file__).parents[3]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def questions() -> list[str]:
    """Everything that the dashboard asks."""
    asked = [target["query"] for panel in panels() for target in panel["targets"]]
    asked += [each["query"]["query"] for each in variables().values() if each["type"] == "query"]
    return [*asked, *(each["target"]["query"] for each in DASHBOARD["annotations"]["list"])]


def test_the_file_is_what_the_builder_makes_of_the_registry() -> None:
    made = rendered(load(load_settings().seeds))

    assert FILE.read_text(encoding="utf-8") == made, "run: python -m deploy.grafana.dashboard"


def test_another_city_has_another_dashboard(tmp_path: Path) -> None:
    from tests.support.small_city import write_seeds

    made = rendered(load(write_seeds(tmp_path)))

    assert "작은 시 도시 현황" in made
    assert '{sensor_id: \\"river-1\\", level: \\"serious\\", _value: 4.0}' in made
    assert "포항" not in made


@pytest.mark.parametrize("question", questions())
def test_a_question_names_only_variables_that_there_are(question: str) -> None:
    assert used(question) <= variables().keys()
    assert used(question) & {"bucket", "exercises", "gauge"}  # none reaches past the choice of reality or exercise


def test_every_title_and_link_names_only_variables_that_there_are() -> None:
    titles = [panel["title"] for panel in DASHBOARD["panels"] if panel.get("title")]

    assert {name for title in titles for name in used(title)} == {"bucket", "gauge"}


def test_every_row_says_whether_it_shows_reality_or_an_exercise() -> None:
    rows = [panel for panel in DASHBOARD["panels"] if panel["type"] == "row"]

    assert len(rows) == 5
    assert all("${bucket:text}" in row["title"] for row in rows)


def test_reality_is_shown_unless_an_exercise_is_chosen() -> None:
    bucket = variables()["bucket"]
    settings = Settings.model_fields

    offered = dict(reversed(part.split(" : ")) for part in bucket["query"].split(","))
    assert offered == {"city": "현실 · reality", "city-exercise": "훈련 · EXERCISE"}
    assert bucket["current"]["value"] == "city" == settings["influx_bucket"].default
    assert variables()["exercises"]["query"] == "city-exercise" == settings["influx_bucket_exercise"].default


def test_every_reference_is_to_the_provisioned_data_source() -> None:
    def sources(part: Any) -> list[Any]:
        if isinstance(part, dict):
            own = [part["datasource"]] if part.get("datasource") else []
            return own + [found for each in part.values() for found in sources(each)]
        return [found for each in part for found in sources(each)] if isinstance(part, list) else []

    provisioned = (PROVISIONING / "datasources" / "influxdb.yaml").read_text()
    assert f"uid: {INFLUX.uid}\n" in provisioned
    assert f"type: {INFLUX.type_val}\n" in provisioned
    assert "version: Flux\n" in provisioned
    assert len(sources(DASHBOARD)) > 20
    assert all(each == {"type": INFLUX.type_val, "uid": INFLUX.uid} for each in sources(DASHBOARD))


def test_no_secret_and_no_address_stands_in_what_is_provisioned() -> None:
    for file in PROVISIONING.rglob("*.yaml"):
        text = file.read_text()
        assert "://" not in text
        for value in re.findall(r"(?:token|url|organization|defaultBucket): (.*)", text):
            assert re.fullmatch(r"\$INFLUX_[A-Z]+", value)


def test_no_two_panels_share_an_id_or_a_place() -> None:
    places = [(panel["id"], panel["gridPos"]) for panel in DASHBOARD["panels"]]

    assert len({number for number, _ in places}) == len(places)
    for (_, a), (_, b) in combinations(places, 2):
        apart_x = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart_y = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart_x or apart_y, (a, b)


def test_every_field_that_is_asked_for_is_one_of_the_contract() -> None:
    known = {f"{name}_{part}" for _, name in MEASURES for part in ("mean", "min", "max", "last", "sum", "count")}
    asked = {name for each in questions() for name in re.findall(r"_field =~ /\^\(([a-z0-9_|]+)\)\$/", each)}

    fields = {field for names in asked for field in names.split("|")}
    assert fields >= {"rainfall_mm_sum", "water_level_m_last", "pm10_ugm3_mean", "speed_kmh_mean"}
    assert fields <= known


def test_every_level_has_a_rank_that_is_the_situation_rooms() -> None:
    page = (ROOT / "streams" / "room" / "ui" / "src" / "levels.ts").read_text()
    ranks = page.split("RANK_OF")[1].split("{", 1)[1].split("}")[0]

    assert RANKS.keys() == LEVEL_NAMES.keys()
    assert {name: int(rank) for name, rank in re.findall(r"(\w+): (\d)", ranks)} == RANKS
    assert set(RANKS.values()) | {0, -1} == built_panels.STATES.keys() == built_panels.COLOURS.keys()


def test_a_gauge_without_a_level_has_no_line_for_it(tmp_path: Path) -> None:
    gauges = [each for each in load(load_settings().seeds).sensors.values() if each.gauge_levels is not None]
    partly = next(each for each in gauges if each.gauge_levels and each.gauge_levels.attention is None)

    lines = gauge_level_lines([partly])

    assert 'level: "attention"' not in lines
    assert 'level: "caution"' in lines


@pytest.mark.parametrize(
    ("value", "put_in"),
    [("a.b", r"a\.b"), (["a", "b/c"], r"(a|b\/c)"), (["a"], "(a)"), (All(".*"), ".*"), ("", "")],
)
def test_a_variable_is_put_in_as_grafana_does(value: Any, put_in: str) -> None:
    assert with_variables("x =~ /^${zone:regex}$/", {"zone": value}) == f"x =~ /^{put_in}$/"


def test_macros_become_times_and_a_duration() -> None:
    flux = with_macros(
        "range(start: v.timeRangeStart, stop: v.timeRangeStop) every: v.windowPeriod, int(v: r._time)", 0, 1
    )

    assert flux == "range(start: 1970-01-01T00:00:00.000Z, stop: 1970-01-01T00:00:00.001Z) every: 1m0s, int(v: r._time)"
