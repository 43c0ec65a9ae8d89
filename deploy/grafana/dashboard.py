"""The city's dashboard for Grafana, built from the registry; run as a module it writes `dashboards/city.json`.

From what matters most: the state of every zone, active alerts, rain, rivers with their gauge levels, air, traffic,
freshness. Alerts stand in every chart as annotations. The variable `bucket` chooses reality or exercise; it is in the
title of each row, so that nobody takes one for the other.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import panels, queries
from deploy.grafana.flux import INFLUX, FluxAnnotations
from streams import settings
from streams.registry import Registry, load

FILE: Final = Path(__file__).parent / "dashboards" / "city.json"
REALITY: Final = "city"
EXERCISES: Final = "city-exercise"
"""The buckets as the contract names them."""


def city_dashboard(registry: Registry) -> models.Dashboard:
    """The dashboard of the city whose registry this is."""
    city = registry.city.name
    built = (
        dashboard.Dashboard(f"{city.ko} 도시 현황 · {city.en} city")
        .uid(panels.DASHBOARD)
        .tags(["urbanhub"])
        .timezone(registry.city.time_zone)
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .annotation(FluxAnnotations("경보 · alerts", queries.alert_changes(), panels.COLOURS[3]))
    )
    for variable in _variables():
        built = built.with_variable(variable)
    numbers = itertools.count(1)
    for title, row in _rows(registry).items():
        built = built.with_row(dashboard.Row(f"{title} — ${{bucket:text}}").id(next(numbers)))
        for panel in row:
            built = built.with_panel(panel.id(next(numbers)))
    return built.build()


def _variables() -> list[Any]:
    return [
        dashboard.CustomVariable("bucket")
        .label("자료 · data")
        .values(f"현실 · reality : {REALITY},훈련 · EXERCISE : {EXERCISES}")
        .current(models.VariableOption(selected=True, text="현실 · reality", value=REALITY)),
        _variable("exercise", "훈련 · exercise", queries.exercise_names()).sort(models.VariableSort.ALPHABETICAL_DESC),
        _many("zone", "구역 · zone", queries.zones()).all_value(".*"),
        _many("sensor", "센서 · sensor", queries.sensors()).all_value(".*"),
        # Its panel is repeated: "all" must be spelt out.
        _many("gauge", "수위계 · river gauge", queries.gauges()),
        dashboard.CustomVariable("exercises")
        .values(EXERCISES)
        .current(models.VariableOption(selected=True, text=EXERCISES, value=EXERCISES))
        .hide(models.VariableHide.HIDE_VARIABLE),
    ]


def _variable(name: str, label: str, flux: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(INFLUX)
        .query({"query": flux, "refId": f"variable-{name}"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _many(name: str, label: str, flux: str) -> Any:
    """A variable of which any number can be chosen, at first all."""
    every = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    variable = _variable(name, label, flux).multi(True).include_all(True).current(every)
    return variable.sort(models.VariableSort.ALPHABETICAL_ASC)


def _rows(registry: Registry) -> dict[str, list[Any]]:
    gauges = [sensor for sensor in registry.sensors.values() if sensor.gauge_levels is not None]
    gauges.sort(key=lambda sensor: sensor.sensor_id)
    return {
        "구역과 경보 · zones and alerts": [
            panels.introduction(registry.city.name),
            panels.alert_count(),
            panels.zone_states(),
            panels.active_alerts(),
        ],
        "비와 하천 · rain and rivers": [panels.rain(), panels.rivers(gauges)],
        "대기질 · air quality": [panels.particles(), panels.gases()],
        "교통 · traffic": [panels.traffic()],
        "자료의 신선도와 훈련 · freshness and exercises": [panels.freshness(), panels.exercises()],
    }


def rendered(registry: Registry) -> str:
    """The dashboard as its file holds it."""
    return json.dumps(city_dashboard(registry), cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered(load(settings.load().seeds)), encoding="utf-8")
