"""The dashboard's panels: what each asks, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana import queries
from deploy.grafana.flux import INFLUX, Flux
from streams.contract.alerts import Bilingual
from streams.contract.sensors import Sensor

WIDE: Final = 24
HALF: Final = 12
DASHBOARD: Final = "urbanhub-city"
SENSOR: Final = "${__field.labels.sensor_id}"
SENSOR_AND_FIELD: Final = "${__field.labels.sensor_id} ${__field.name}"

# The Situation Room's colours of each rank, readable on Grafana's dark and light ground.
COLOURS: Final = {-1: "#6b7984", 0: "#2f9e6e", 1: "#1b66c9", 2: "#dba600", 3: "#f47a00", 4: "#cc0a1f"}
STATES: Final = {
    -1: "알 수 없음 · unknown",
    0: "평온 · calm",
    1: "관심 · attention",
    2: "주의보/주의 · advisory/caution",
    3: "경보/경계 · warning/alert",
    4: "중대경보/심각 · serious",
}
GAUGE_LEVELS: Final = {
    "attention": ("관심 · attention", COLOURS[1]),
    "caution": ("주의 · caution", COLOURS[2]),
    "alert": ("경계 · alert", COLOURS[3]),
    "serious": ("심각 · serious", COLOURS[4]),
}
INTRODUCTION: Final = """**{city}** · `${{bucket:text}}`

이 화면은 저장된 기록을 보여 줍니다. 실시간 판단은 상황실 화면에서 하십시오. 훈련을 보려면 위의 *자료*에서 훈련을 고르고 맨 아래
훈련 목록에서 하나를 누르십시오.

This shows stored history; judge what happens now in the Situation Room. To see an exercise choose it under *data* above
and click it in the list at the bottom."""


def introduction(city: Bilingual) -> Any:
    """What this is, and how an exercise is seen."""
    content = INTRODUCTION.format(city=f"{city.ko} · {city.en}")
    return text.Panel().mode(TextMode.MARKDOWN).content(content).transparent(True).span(18).height(5)


def alert_count() -> Any:
    """How many alerts are active."""
    return (
        stat.Panel()
        .title("활성 경보 · active alerts")
        .datasource(INFLUX)
        .with_target(Flux(queries.alert_count()))
        .no_value("0")
        .thresholds(_steps({None: COLOURS[0], 1: COLOURS[3]}))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .span(6)
        .height(5)
    )


def zone_states() -> Any:
    """A row per zone, the worst first."""
    return (
        _table("구역별 현재 상태 · zones now", queries.zone_states())
        .override_by_name("state", _state_column())
        .override_by_name("zone", [_named("구역 · zone")])
        .override_by_name("headline", [_named("경보 · alert"), _width(360)])
        .override_by_name("data_at", [_named("마지막 자료 · last data"), _unit("dateTimeFromNow")])
        .span(HALF)
    )


def active_alerts() -> Any:
    """A row per active alert, the worst first."""
    return (
        _table("활성 경보 · active alerts", queries.active_alerts())
        .override_by_name("state", _state_column())
        .override_by_name("zone", [_named("구역 · zone")])
        .override_by_name("headline_ko", [_named("내용"), _width(280)])
        .override_by_name("headline_en", [_named("headline"), _width(280)])
        .override_by_name("value", [_named("값 · value")])
        .override_by_name("threshold", [_named("기준 · threshold")])
        .override_by_name("updated_at", [_named("변경 · changed"), _unit("dateTimeAsLocal")])
        .override_by_regexp("^(level|alert_id)$", [models.DynamicConfigValue("custom.hidden", True)])
        .no_value("활성 경보 없음 · none")
        .span(HALF)
    )


def rain() -> Any:
    """What fell in each hour."""
    flux = queries.measured("disaster", "rainfall_mm_sum", 3600, None)
    chart = _chart("강수량, 1시간 · rain in an hour", "lengthmm", flux)
    return chart.draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(60).span(WIDE)


def rivers(gauges: Iterable[Sensor]) -> Any:
    """Each gauge's level with its own thresholds, a chart for each."""
    flux = queries.measured("disaster", "water_level_m_last", 60, "max", chosen='r.sensor_id == "${gauge}"')
    panel = (
        _chart("수위: $gauge · water level", "lengthm", flux)
        .with_target(Flux(queries.gauge_level_lines(gauges), "levels"))
        .repeat("gauge")
        .repeat_direction("h")
        .max_per_row(3)
        .span(8)
    )
    for level, (name, colour) in GAUGE_LEVELS.items():
        panel = panel.with_override(
            models.MatcherConfig("byRegexp", f"/{level}$/"),
            [
                _named(name),
                models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour}),
                models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
                models.DynamicConfigValue("custom.fillOpacity", 0),
                models.DynamicConfigValue("custom.spanNulls", True),
            ],
        )
    return panel


def particles() -> Any:
    """Fine dust, as the law judges it: hourly means."""
    flux = queries.measured("air_quality", "pm10_ugm3_mean|pm25_ugm3_mean", 3600, None)
    return _chart("미세먼지, 1시간 평균 · particles, hourly mean", "conμgm3", flux, name=SENSOR_AND_FIELD).span(HALF)


def gases() -> Any:
    """Ozone and the other gases: hourly means."""
    flux = queries.measured("air_quality", "(o3|no2|co|so2)_ppm_mean", 3600, None)
    return _chart("오존과 기체, 1시간 평균 · ozone and gases, hourly mean", "ppm", flux, name=SENSOR_AND_FIELD).span(
        HALF
    )


def traffic() -> Any:
    """How fast the roads run."""
    flux = queries.measured("traffic", "speed_kmh_mean", 60, "mean")
    return _chart("통행 속도 · speed", "velocitykmh", flux).min(0).span(WIDE)


def freshness() -> Any:
    """A row per sensor, the one that has said nothing for longest first."""
    return (
        _table("센서별 마지막 자료 · last data of each sensor", queries.freshness())
        .override_by_name("zone", [_named("구역 · zone")])
        .override_by_name("sensor_id", [_named("센서 · sensor")])
        .override_by_name("last_at", [_named("마지막 구간 · last window"), _unit("dateTimeAsLocal")])
        .override_by_name(
            "age_s",
            [
                _named("경과 · age"),
                _unit("s"),
                models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
                models.DynamicConfigValue(
                    "thresholds", _steps({None: COLOURS[0], 5_400: COLOURS[2], 10_800: COLOURS[4]}).build()
                ),
            ],
        )
        .span(HALF)
    )


def exercises() -> Any:
    """A row per exercise; a click shows it in its own time."""
    link = (
        f"/d/{DASHBOARD}?var-bucket=${{exercises}}&var-exercise=${{__value.raw}}"
        "&from=${__data.fields.from_ms.numeric}&to=${__data.fields.to_ms.numeric}"
    )
    return (
        _table("훈련 목록 · exercises", queries.exercises())
        .override_by_name(
            "exercise",
            [
                _named("훈련 · exercise"),
                models.DynamicConfigValue("links", [{"title": "보기 · show", "url": link, "targetBlank": False}]),
            ],
        )
        .override_by_name("begun_at", [_named("훈련 안의 시작 · begins, in its own time"), _unit("dateTimeAsLocal")])
        .override_by_regexp("^(from_ms|to_ms)$", [models.DynamicConfigValue("custom.hidden", True)])
        .no_value("훈련 없음 · none")
        .span(HALF)
    )


def _chart(title: str, unit: str, flux: str, name: str = SENSOR) -> Any:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    return (
        timeseries.Panel()
        .title(title)
        .datasource(INFLUX)
        .with_target(Flux(flux))
        .unit(unit)
        .display_name(name)
        .legend(legend)
        .line_width(2)
        .no_value("자료 없음 · no data")
        .height(9)
    )


def _table(title: str, flux: str) -> Any:
    return table.Panel().title(title).datasource(INFLUX).with_target(Flux(flux)).height(10)


def _state_column() -> list[models.DynamicConfigValue]:
    mapping = models.ValueMap(
        {
            str(rank): models.ValueMappingResult(text=words, color=COLOURS[rank], index=4 - rank)
            for rank, words in STATES.items()
        }
    )
    return [
        _named("상태 · state"),
        models.DynamicConfigValue("mappings", [mapping]),
        models.DynamicConfigValue("custom.cellOptions", {"type": "color-background"}),
        _width(210),
    ]


def _steps(colours: Mapping[float | None, str]) -> Any:
    steps = [models.Threshold(value, colour) for value, colour in colours.items()]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _named(name: str) -> models.DynamicConfigValue:
    return models.DynamicConfigValue("displayName", name)


def _unit(unit: str) -> models.DynamicConfigValue:
    return models.DynamicConfigValue("unit", unit)


def _width(pixels: int) -> models.DynamicConfigValue:
    return models.DynamicConfigValue("custom.width", pixels)
