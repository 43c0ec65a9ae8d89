"""What a partition of readings tells the zones stage: its sensors' final windows, and how far its time has come.

Everything that one partition tells stands in the order of `arrived_at`, so each record also says that nothing older of that
partition is still to come. A record without `panes` is a watermark.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.ids import ExerciseId, SensorId, ZoneId
from streams.contract.times import Instant
from streams.contract.windows import WindowLength


class ZonePane(BaseModel):
    """One sensor's final window, in millionths of the measure's unit, so that nothing is rounded on the way."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    sensor_id: SensorId
    count: Annotated[int, Field(ge=1)]
    sum: int
    min: int
    max: int
    last: int


class ZonePanes(BaseModel):
    """Windows of one start and measure of a zone's sensors that became final at one moment."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    zone: ZoneId
    measure: str
    window_s: WindowLength
    start: Instant
    sensors: Annotated[list[ZonePane], Field(min_length=1)]


class ZoneInput(BaseModel):
    """One record of `hub.zone-inputs`: who tells it, of which timeline, how far that has come, and what became final."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    topic: str = Field(description="The topic of readings that the telling partition is of.")
    partition: Annotated[int, Field(ge=0)]
    partitions: Annotated[int, Field(ge=1, description="How many the topic has.")]
    exercise: ExerciseId | None = None
    began: Annotated[
        int, Field(ge=0, description="Offset at which the partition began this exercise; 0 in reality.")
    ] = 0
    watermark: Instant | None = Field(
        default=None,
        description="What the partition has passed; of panes, when they became final. None: it never had such a reading, "
        "or has dropped this exercise.",
    )
    idle: bool = Field(default=False, description="Told by the clock: no reading moved the watermark here.")
    arrived_at: Instant = Field(
        description="Arrival of the record that caused it; without one, how far the partition's log has been read."
    )
    panes: ZonePanes | None = None
