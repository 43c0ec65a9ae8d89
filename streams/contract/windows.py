"""A window of one measure of one sensor: early or final."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.ids import ExerciseId, SensorId, ZoneId
from streams.contract.times import Instant

WindowLength = Literal[60, 600, 3600, 10_800, 43_200, 86_400]
WINDOW_LENGTHS_S: Final[tuple[int, ...]] = get_args(WindowLength)
_OF_THE_DAY_S: Final = 43_200
"""Windows of this length and longer begin at midnight or noon of Korea; shorter ones at a multiple of the epoch."""
_KST_MS: Final = 9 * 3_600_000
MOBILE_ZONE: Final = "mobile"
"""The zone of a moving sensor."""


class Window(BaseModel):
    """`[start, end)` of one measure; sums are exact, `mean` = `sum` / `count` unrounded."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "sensor_id": "rain-gauge-1",
                    "zone": "ocheon-eup",
                    "measure": "rainfall_mm",
                    "window_s": 3600,
                    "start": "2022-09-05T20:00:00.000Z",
                    "end": "2022-09-05T21:00:00.000Z",
                    "count": 6,
                    "sum": 71.5,
                    "mean": 11.916666666666666,
                    "min": 4.0,
                    "max": 18.5,
                    "last": 16.5,
                    "final": True,
                    "revision": 0,
                }
            ]
        },
    )

    exercise: ExerciseId | None = None
    sensor_id: SensorId
    zone: ZoneId
    measure: str
    window_s: WindowLength
    start: Instant
    end: Instant
    count: Annotated[int, Field(ge=1)]
    sum: float
    mean: float
    min: float
    max: float
    last: float = Field(description="The value with the greatest `observed_at`.")
    final: bool
    revision: Annotated[
        int,
        Field(
            ge=0,
            description="Readers keep the highest; grows when a final window gains late-arriving history.",
        ),
    ]


def window_start_ms(at_ms: int, length_s: int) -> int:
    """Start of the window of this length that holds an instant (epoch ms)."""
    ahead_ms = _KST_MS if length_s >= _OF_THE_DAY_S else 0
    return at_ms - (at_ms + ahead_ms) % (length_s * 1000)
