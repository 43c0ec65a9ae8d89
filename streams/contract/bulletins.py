"""An institution's announcement: an earthquake report, a weather warning, a flood notice, an emergency message."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.alerts import Bilingual, Level
from streams.contract.ids import BulletinId, ExerciseId, ZoneId
from streams.contract.readings import Location, Number
from streams.contract.times import Instant

BulletinKind = Literal["earthquake", "weather-warning", "flood-notice", "emergency-message"]
HELD_KINDS: Final[frozenset[BulletinKind]] = frozenset({"weather-warning", "flood-notice"})
"""What stays in force until its institution lifts it; an earthquake or a message can be closed by an officer."""
Hazard = Literal[
    "typhoon",
    "heavy-rain",
    "strong-wind",
    "high-seas",
    "storm-surge",
    "heavy-snow",
    "yellow-dust",
    "heat",
    "cold",
    "dry-air",
]
"""Of what the weather service warns (기상특보: 태풍, 호우, 강풍, 풍랑, 폭풍해일, 대설, 황사, 폭염, 한파, 건조)."""


class Expected(BaseModel):
    """What an institution expects: a value at a place and an hour."""

    model_config = ConfigDict(extra="ignore")
    place: Annotated[str, Field(strict=True, max_length=128)]
    measure: Annotated[str, Field(strict=True, max_length=64)]
    value: Number
    at: Instant


class Bulletin(BaseModel):
    """One revision of one announcement; `bulletin_id` is the event's own id, so what rests on it follows a revision."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "bulletin_id": "kma-eq-20171115-1",
                    "revision": 1,
                    "kind": "earthquake",
                    "issued_at": "2017-11-15T14:40:00+09:00",
                    "occurred_at": "2017-11-15T14:29:31+09:00",
                    "source": "KMA",
                    "texts": {"ko": "포항시 북구 북쪽 9km 지역 지진", "en": "Earthquake 9 km north of Buk-gu, Pohang"},
                    "magnitude": 5.4,
                    "depth_km": 7,
                    "location": {"lat": 36.11, "lon": 129.37},
                }
            ]
        },
    )

    bulletin_id: BulletinId
    revision: Annotated[int, Field(strict=True, ge=0)] = 0
    supersedes: BulletinId | None = None
    kind: BulletinKind
    issued_at: Instant
    source: Annotated[str, Field(strict=True, max_length=128)]
    area: list[ZoneId] = Field(default_factory=list, description="Zones concerned; empty = the whole city.")
    texts: Bilingual
    exercise: ExerciseId | None = None

    level: Level | None = Field(default=None, description="Of a warning or notice, as its institution says it.")
    hazard: Annotated[str, Field(strict=True, pattern=r"^[a-z0-9-]{1,64}$")] | None = Field(
        default=None,
        description=f"Of what a warning warns: {', '.join(get_args(Hazard))}, or another word of this form.",
    )
    cancelled: bool = Field(default=False, strict=True, description="The institution lifts or withdraws it.")
    magnitude: Annotated[Number, Field(ge=-2, le=10)] | None = None
    depth_km: Annotated[Number, Field(ge=-10, le=800)] | None = None
    location: Location | None = Field(default=None, description="The epicentre.")
    place: Bilingual | None = None
    intensity: Annotated[Number, Field(ge=0, le=12)] | None = None
    occurred_at: Instant | None = Field(default=None, description="When it happened, where that is not `issued_at`.")
    expected: list[Expected] = Field(default_factory=list)
