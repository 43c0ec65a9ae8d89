"""A reading of each domain: what a gateway sends.

A new domain is one model here and one row in `topics.py`. A measure's unit is in its name; its plausible range and its
words for people stand beside it. Everything else that needs to know the measures reads them out of these models.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from streams.contract.ids import ExerciseId, SensorId
from streams.contract.times import Instant

Domain = Literal["air-quality", "traffic", "disaster"]
Quality = Literal["ok", "estimated", "suspect", "maintenance"]
SET_ASIDE: Final = frozenset({"suspect", "maintenance"})
"""Qualities whose values enter no window and no rule; they are counted."""

MAX_RECORD_BYTES: Final = 64 * 1024
"""A larger record is rejected as `too_large` (contract 1)."""

LONGEST_PERIOD_S: Final = 86_400.0
"""A reading's period is at most a day, the longest window there is."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _measure(low: float, high: float, unit: str, ko: str, en: str, *, decimals: int, says: str = "mean") -> Any:
    return Field(
        default=None,
        ge=low,
        le=high,
        description=f"{en}, {unit}",
        json_schema_extra={"unit": unit, "ko": ko, "en": en, "decimals": decimals, "says": says},
    )


class Location(BaseModel):
    """Where a moving sensor was, WGS 84 degrees."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    lat: Annotated[Number, Field(ge=-90, le=90)]
    lon: Annotated[Number, Field(ge=-180, le=180)]


class Reading(BaseModel):
    """What every reading has, whatever its domain."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    domain: ClassVar[Domain]

    sensor_id: SensorId = Field(description="The sensor as the registry names it; also the record's key.")
    observed_at: Instant = Field(description="Event time; the end of the period where there is one.")
    source: Annotated[str, Field(strict=True, max_length=128)] | None = Field(
        default=None, description="The institution that says so."
    )
    quality: Quality | None = Field(default=None, description="`ok` when absent.")
    location: Location | None = Field(default=None, description="For moving sensors only.")
    period_s: Annotated[Number, Field(ge=0, le=LONGEST_PERIOD_S)] | None = Field(
        default=None,
        description="Values are means (rain: the sum) over the seconds that ended at `observed_at`; absent or 0: an instant.",
    )
    exercise: ExerciseId | None = Field(default=None, description="The exercise that it belongs to; absent = reality.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        names = MEASURES_OF[self.domain]
        if all(getattr(self, name) is None for name in names):
            raise PydanticCustomError(
                "no_measure", "has no measure; send at least one of {names}", {"names": ", ".join(names)}
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema that pydantic makes, and that one measure at least is a number."""
        schema: dict[str, Any] = handler.resolve_ref_schema(handler(core))
        measures = [name for name, field in cls.model_fields.items() if isinstance(field.json_schema_extra, dict)]
        if measures:
            schema["anyOf"] = [{"required": [m], "properties": {m: {"type": "number"}}} for m in measures]
        return schema


class AirQualityReading(Reading):
    """A reading of an air-quality station."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sensor_id": "air-station-1",
                    "observed_at": "2021-03-29T14:00:00+09:00",
                    "period_s": 3600,
                    "pm10_ugm3": 481,
                    "pm25_ugm3": 77,
                }
            ]
        }
    )
    domain = "air-quality"
    pm10_ugm3: Number | None = _measure(0, 10_000, "µg/m³", "미세먼지 PM10", "PM10", decimals=0)
    pm25_ugm3: Number | None = _measure(0, 5_000, "µg/m³", "초미세먼지 PM2.5", "PM2.5", decimals=0)
    o3_ppm: Number | None = _measure(0, 2, "ppm", "오존", "Ozone", decimals=3)
    no2_ppm: Number | None = _measure(0, 5, "ppm", "이산화질소", "Nitrogen dioxide", decimals=3)
    co_ppm: Number | None = _measure(0, 100, "ppm", "일산화탄소", "Carbon monoxide", decimals=1)
    so2_ppm: Number | None = _measure(0, 10, "ppm", "아황산가스", "Sulphur dioxide", decimals=3)
    temperature_c: Number | None = _measure(-60, 60, "°C", "기온", "Temperature", decimals=1)
    humidity_pct: Number | None = _measure(0, 100, "%", "습도", "Humidity", decimals=0)


class TrafficReading(Reading):
    """A reading of a road link."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sensor_id": "road-link-1",
                    "observed_at": "2022-09-06T06:10:00+09:00",
                    "speed_kmh": 12,
                    "flow_vph": 340,
                }
            ]
        }
    )
    domain = "traffic"
    speed_kmh: Number | None = _measure(0, 300, "km/h", "속도", "Speed", decimals=0)
    flow_vph: Number | None = _measure(0, 20_000, "veh/h", "교통량", "Flow", decimals=0)
    occupancy_pct: Number | None = _measure(0, 100, "%", "점유율", "Occupancy", decimals=0)
    travel_time_s: Number | None = _measure(0, 86_400, "s", "통행 시간", "Travel time", decimals=0)


class DisasterReading(Reading):
    """A reading of a gauge, a weather station or a seismometer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"sensor_id": "river-gauge-1", "observed_at": "2022-09-06T05:20:00.000+09:00", "water_level_m": 3.42},
                {
                    "sensor_id": "rain-gauge-1",
                    "observed_at": "2022-09-06T05:20:00+09:00",
                    "source": "KMA",
                    "quality": "ok",
                    "period_s": 600,
                    "rainfall_mm": 16.5,
                    "exercise": "typhoon-20220905T180000Z",
                },
            ]
        }
    )
    domain = "disaster"
    rainfall_mm: Number | None = _measure(0, 500, "mm", "강수량", "Rainfall", decimals=1, says="sum")
    water_level_m: Number | None = _measure(-20, 200, "m", "수위", "Water level", decimals=2, says="last")
    discharge_m3s: Number | None = _measure(0, 100_000, "m³/s", "유량", "Discharge", decimals=0, says="last")
    tide_level_m: Number | None = _measure(-20, 20, "m", "조위", "Tide level", decimals=2, says="last")
    wind_speed_ms: Number | None = _measure(0, 120, "m/s", "풍속", "Wind speed", decimals=1)
    wind_gust_ms: Number | None = _measure(0, 150, "m/s", "순간풍속", "Wind gust", decimals=1, says="max")
    temperature_c: Number | None = _measure(-60, 60, "°C", "기온", "Temperature", decimals=1)
    snow_depth_cm: Number | None = _measure(0, 1_000, "cm", "적설", "Snow depth", decimals=1, says="last")
    pga_gal: Number | None = _measure(
        0, 5_000, "Gal", "최대지반가속도", "Peak ground acceleration", decimals=1, says="max"
    )


class Measure(NamedTuple):
    """One measure of a domain, read out of its model."""

    name: str
    domain: Domain
    unit: str
    ko: str
    en: str
    low: float
    high: float
    decimals: int
    says: str
    """The aggregate that speaks for a window of it: `mean`, `sum`, `max` or `last`."""


READINGS: Final[dict[Domain, type[Reading]]] = {
    model.domain: model for model in (AirQualityReading, TrafficReading, DisasterReading)
}


def _measures() -> dict[tuple[Domain, str], Measure]:
    found = {}
    for domain, model in READINGS.items():
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            if not isinstance(extra, dict):
                continue
            low = next(m.ge for m in field.metadata if hasattr(m, "ge"))
            high = next(m.le for m in field.metadata if hasattr(m, "le"))
            found[domain, name] = Measure(
                name,
                domain,
                str(extra["unit"]),
                str(extra["ko"]),
                str(extra["en"]),
                float(low),
                float(high),
                int(str(extra["decimals"])),
                str(extra["says"]),
            )
    return found


MEASURES: Final[dict[tuple[Domain, str], Measure]] = _measures()
MEASURES_OF: Final[dict[Domain, tuple[str, ...]]] = {
    domain: tuple(name for of, name in MEASURES if of == domain) for domain in READINGS
}
