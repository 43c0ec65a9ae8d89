"""Planned work on sensors as written in `seeds/maintenance.toml`: whose, from when to when, why, and who says so.

Shape of one entry; a sensor is meant by its id, or by being of these kinds, in this zone, or both::

    [[periods]]
    sensors = ["river-mundeok3-bridge"]        # or kinds = ["rain-gauge"], zone = "ocheon-eup"
    begin = 2026-12-01T09:00:00+09:00
    end = 2026-12-01T12:00:00+09:00            # outside
    reason = { ko = "수위계 교체", en = "The gauge is replaced" }
    by = "낙동강홍수통제소"
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streams.contract.alerts import Bilingual
from streams.contract.ids import SensorId, ZoneId
from streams.contract.sensors import Sensor, SensorKind
from streams.errors import Misfit


class Period(BaseModel):
    """One time of work."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sensors: list[SensorId] = Field(default_factory=list, description="By id; without it, kinds or zone.")
    kinds: list[SensorKind] = Field(default_factory=list)
    zone: ZoneId | None = None
    begin: dt.datetime
    end: dt.datetime = Field(description="Outside.")
    reason: Bilingual
    by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name in ("begin", "end"):
            if getattr(self, name).tzinfo is None:
                fix = "Write it with its offset, as 2026-12-01T09:00:00+09:00"
                raise Misfit(
                    "a time without an offset is no instant", at=(name,), value=str(getattr(self, name)), fix=fix
                )
        if self.end <= self.begin:
            raise Misfit("it ends before it has begun", at=("end",), value=str(self.end), fix="Give a later end")
        if bool(self.sensors) == bool(self.kinds or self.zone):
            fix = "Name sensors, or else kinds, zone or both"
            raise Misfit("it is on no sensor, or says twice on which", fix=fix)
        for language in ("ko", "en"):
            if not getattr(self.reason, language).strip():
                raise Misfit("the text is empty", at=("reason", language), fix="Say why in Korean and in English")
        return self

    def is_of(self, sensor: Sensor) -> bool:
        """Whether it is work on this sensor."""
        if self.sensors:
            return sensor.sensor_id in self.sensors
        return (not self.kinds or sensor.kind in self.kinds) and self.zone in (None, sensor.zone)


class MaintenanceFile(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    periods: list[Period]
