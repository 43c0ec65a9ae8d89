"""The registry's words: sensor, zone, owner, city."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.alerts import Bilingual, Level
from streams.contract.ids import SensorId, ZoneId
from streams.contract.readings import MEASURES_OF, Domain

SensorKind = Literal[
    "air-station",
    "river-gauge",
    "rain-gauge",
    "wind-station",
    "tide-gauge",
    "seismic-station",
    "road-link",
    "weather-station",
]
Certainty = Literal["exact", "approximate", "modelled"]


class Place(BaseModel):
    """Where a sensor stands, WGS 84 degrees, who says so, and how sure that is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    source: str
    certainty: Certainty


class GaugeLevels(BaseModel):
    """A river gauge's own four thresholds (관심, 주의, 경계, 심각), in the unit of `measure`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: str = "water_level_m"
    attention: float | None = None
    caution: float | None = None
    alert: float | None = None
    serious: float | None = None
    source: str
    modelled: bool = False

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        given = [v for v in (self.attention, self.caution, self.alert, self.serious) if v is not None]
        if not given or given != sorted(set(given)):
            raise ValueError(f"gauge levels must be given and ascend, they are {given}")
        return self

    def of(self, level: Level) -> float | None:
        """The threshold of a level, or none where this gauge has no such level."""
        return {
            "attention": self.attention,
            "caution": self.caution,
            "alert": self.alert,
            "serious": self.serious,
        }.get(level)


class Sensor(BaseModel):
    """One sensor of the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensor_id: SensorId
    domain: Domain
    kind: SensorKind
    name: Bilingual
    zone: ZoneId
    place: Place
    owner: str
    measures: list[str] = Field(min_length=1)
    interval_s: Annotated[float, Field(gt=0)]
    delay_s: Annotated[
        float, Field(ge=0, description="Publication delay, added to the domain's grace for this sensor.")
    ] = 0
    period_s: Annotated[float, Field(ge=0)] = 0
    source: str
    modelled: bool = False
    gauge_levels: GaugeLevels | None = None
    free_flow_kmh: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _measures_exist(self) -> Self:
        if unknown := sorted(set(self.measures) - set(MEASURES_OF[self.domain])):
            raise ValueError(
                f"{self.domain} has no measure {', '.join(unknown)}; it has {', '.join(MEASURES_OF[self.domain])}"
            )
        return self


class Zone(BaseModel):
    """An area of the city that officials speak of (읍·면·동)."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    zone_id: ZoneId
    name: Bilingual
    district: str


class Owner(BaseModel):
    """An institution that owns sensors or issues bulletins."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    owner_id: str
    name: Bilingual
    sector: str
    source: str = ""


class DomainSettings(BaseModel):
    """How a domain's time is judged, seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    grace_s: Annotated[float, Field(ge=0)] = 60
    idle_s: Annotated[float, Field(gt=0)] = 60
    future_s: Annotated[float, Field(gt=0)] = 300


class City(BaseModel):
    """The city that these seeds are of."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: Bilingual
    centre: tuple[float, float] = Field(description="Longitude, latitude; WGS 84.")
    time_zone: str
    domains: dict[Domain, DomainSettings]
