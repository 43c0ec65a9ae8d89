"""An alert's whole state at one moment, the events of its life, an officer's commands, and the words of CAP 1.2."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.ids import AlertId, ExerciseId, RuleId, SensorId, ZoneId
from streams.contract.readings import Domain
from streams.contract.times import Instant

Level = Literal["advisory", "warning", "serious_warning", "attention", "caution", "alert", "serious"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]


class Bilingual(BaseModel):
    """A text in both of the hub's languages."""

    model_config = ConfigDict(frozen=True)
    ko: str
    en: str


SCALES: Final[tuple[tuple[Level, ...], ...]] = (
    ("advisory", "warning", "serious_warning"),
    ("attention", "caution", "alert", "serious"),
)
"""A rule's levels come from one of these; a level's rank counts from 1 within its scale."""

LEVEL_NAMES: Final[dict[Level, Bilingual]] = {
    "advisory": Bilingual(ko="주의보", en="Advisory"),
    "warning": Bilingual(ko="경보", en="Warning"),
    "serious_warning": Bilingual(ko="중대경보", en="Serious warning"),
    "attention": Bilingual(ko="관심", en="Attention"),
    "caution": Bilingual(ko="주의", en="Caution"),
    "alert": Bilingual(ko="경계", en="Alert"),
    "serious": Bilingual(ko="심각", en="Serious"),
}
LEVEL_RANKS: Final[dict[Level, int]] = {level: rank for scale in SCALES for rank, level in enumerate(scale, 1)}


class Scope(BaseModel):
    """What an alert is about: a sensor or a zone; neither for the whole city."""

    sensor_id: SensorId | None = None
    zone: ZoneId | None = None


class Acknowledgement(BaseModel):
    """Who took note of the alert at its present level, and when (arrival time)."""

    by: str
    at: Instant
    note: str | None = None


class Alert(BaseModel):
    """The whole state of one alert at one moment; identity of a state is (`alert_id`, `sequence`)."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "alert_id": "river-level:river-gauge-1:20220905T201000Z",
                    "exercise": None,
                    "status": "actual",
                    "rule_id": "river-level",
                    "domain": "disaster",
                    "scope": {"sensor_id": "river-gauge-1", "zone": None},
                    "zone": "ocheon-eup",
                    "measure": "water_level_m",
                    "value": 3.42,
                    "threshold": 3.0,
                    "window_s": None,
                    "level": "alert",
                    "level_rank": 3,
                    "level_name": {"ko": "경계", "en": "Alert"},
                    "severity": "Severe",
                    "urgency": "Expected",
                    "certainty": "Observed",
                    "state": "active",
                    "sequence": 3,
                    "headline": {
                        "ko": "오천읍 냉천 수위 3.42m, 경계 단계 관측",
                        "en": "Naengcheon at 3.42 m: alert level observed",
                    },
                    "instruction": {"ko": "하천변에 접근하지 마십시오.", "en": "Keep away from the river."},
                    "condition_since": "2022-09-05T20:10:00.000Z",
                    "onset": "2022-09-05T20:10:00.000Z",
                    "updated_at": "2022-09-05T20:20:00.000Z",
                    "cleared_at": None,
                    "sensors": ["river-gauge-1"],
                    "area": ["ocheon-eup"],
                    "acknowledged": {"by": "김당직", "at": "2022-09-05T20:21:07.000Z", "note": None},
                    "comments": [],
                    "silenced_until": None,
                    "covered_by": None,
                    "source": "Gauge levels of the flood office",
                }
            ]
        },
    )

    alert_id: AlertId
    exercise: ExerciseId | None = None
    status: Literal["actual", "exercise"]
    rule_id: RuleId
    domain: Domain | None = None
    scope: Scope
    zone: ZoneId | None = None
    measure: str | None = None
    value: float | None = None
    threshold: float | None = None
    window_s: int | None = None
    level: Level | None = None
    level_rank: Annotated[int, Field(ge=1, le=4)] | None = None
    level_name: Bilingual | None = None
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    state: Literal["active", "cleared"]
    sequence: Annotated[int, Field(ge=1)]
    headline: Bilingual
    instruction: Bilingual
    condition_since: Instant
    onset: Instant
    updated_at: Instant
    cleared_at: Instant | None = None
    sensors: list[SensorId]
    area: list[ZoneId]
    acknowledged: Acknowledgement | None = None
    comments: list[Acknowledgement] = Field(
        default_factory=list, description="Remarks, oldest first; the newest 50 are kept."
    )
    silenced_until: Instant | None = None
    covered_by: AlertId | None = Field(
        default=None,
        description="An active alert that covers this one while both are, as a typhoon warning covers strong wind: it is "
        "told as ever, but calls nobody by itself. Null once it is cleared.",
    )
    source: str


CommandKind = Literal["acknowledge", "comment", "silence", "close"]


class Command(BaseModel):
    """An officer's act on an alert; `command_id` is made by the client, so that a retry is one command."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "command_id": "5f0c1a52-9c1e-4a57-8e6d-2f6f1f0b7a10",
                    "alert_id": "river-level:river-gauge-1:20220905T201000Z",
                    "kind": "acknowledge",
                    "by": "김당직",
                    "note": "현장 확인 중",
                }
            ]
        },
    )

    command_id: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    alert_id: AlertId
    kind: CommandKind
    by: Annotated[str, Field(strict=True, min_length=1, max_length=64, pattern=r"\S")]
    note: Annotated[str, Field(strict=True, max_length=1000)] | None = None
    until: Instant | None = None
    exercise: ExerciseId | None = None


Transition = Literal["raised", "stepped_up", "stepped_down", "cleared", "revised", "commanded"]


class LevelBounds(BaseModel):
    """One level as its rule had it for a sensor or zone: from which value and how long, and likewise to leave it."""

    model_config = ConfigDict(extra="ignore")
    level: Level
    reach: float
    hold_ms: int
    leave: float
    leave_hold_ms: int


COVER_CHANGES: Final = frozenset({"covered", "uncovered"})
"""What brings a state of an alert besides its rule's transitions and its officers' acts."""


class Cover(BaseModel):
    """Which alerts an active alert covers: those of these rules in its area; of no rules once it covers no more."""

    model_config = ConfigDict(extra="ignore")
    rules: list[RuleId]
    area: list[ZoneId] = Field(default_factory=list, description="Empty = the whole city.")


class AlertEvent(BaseModel):
    """One thing that happens to an alert, in the internal log `hub.alert-events`.

    A step not above the last one of its origin is dropped, so a repeat after a crash changes nothing.
    """

    model_config = ConfigDict(extra="ignore")

    alert_id: AlertId
    origin: str = Field(description="`rule:<rule_id>`, `bulletin:<id>` or `command:<command_id>`.")
    step: Annotated[int, Field(ge=1)]
    transition: Transition
    at: Instant = Field(description="Event time; of a command, its arrival.")
    arrived_at: Instant | None = Field(default=None, description="Broker's arrival of the record that caused it.")
    exercise: ExerciseId | None = None
    level: Level | None = None
    value: float | None = None
    threshold: float | None = None
    bounds: LevelBounds | None = Field(
        default=None, description="Of the level that was reached or, on the way down, left: as it was judged then."
    )
    alert: Alert | None = Field(
        default=None,
        description="The alert as the rule sees it, without its officers' acts; absent for commands.",
    )
    held: bool = Field(default=True, description="A rule still holds the alert: it can't be closed by hand.")
    withdrawn: Bilingual | None = Field(
        default=None,
        description="Why it ends without being judged: its rule, or what that watched, has left the seeds. "
        "Beside this the alert stays as it was last told.",
    )
    cover: Cover | None = Field(
        default=None, description="What the alert covers from now on; told to every partition beside the event itself."
    )
    command: Command | None = None
    received_from: str | None = Field(default=None, description="`topic-partition-offset` of the command's record.")
    received_key: str | None = Field(default=None, description="Its key, for the dead letter of one that is refused.")
    received: str | None = Field(default=None, description="Its value, likewise.")
