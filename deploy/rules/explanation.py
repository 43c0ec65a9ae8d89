"""What is told of one alert: the model that a person's page and a program's JSON are both made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.contract.alerts import Alert, Bilingual, Command, Level
from streams.contract.bulletins import Bulletin
from streams.contract.times import Instant

Happening = Literal[
    "raised",
    "stepped_up",
    "stepped_down",
    "cleared",
    "revised",
    "withdrawn",
    "acknowledge",
    "comment",
    "silence",
    "close",
]
"""A rule's transition, or an officer's act."""


class Part(BaseModel):
    """What all parts have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FreeFlowTold(Part):
    """What a threshold is a share of: the link's own free-flow speed, as the registry has it."""

    kmh: float
    pct: float
    leave_pct: float


class FurtherTold(Part):
    """A further condition of a level, and what it came to in the step that is told."""

    what: Bilingual
    unit: str
    limit: float
    upward: bool = Field(description="Values above the limit meet it; the limit itself counts.")
    value: float | None = Field(default=None, description="Null where it is not known, and in a list of levels.")


class LevelTold(Part):
    """One level as the rule of today has it for this sensor or zone, in the unit of what is judged; durations in s."""

    level: Level
    name: Bilingual
    upward: bool = Field(description="It is reached by high values.")
    reach: float
    hold_s: float
    leave: float
    leave_hold_s: float
    further: list[FurtherTold] = Field(default_factory=list, description="What must hold with it for it to be reached.")
    alone: float | None = Field(default=None, description="What reaches it without that.")
    source: str
    gauge_source: str | None = Field(description="Where the threshold is the gauge's own: who says so in the registry.")
    free_flow: FreeFlowTold | None = Field(default=None, description="Where the threshold is a share of a free flow.")


class Condition(Part):
    """What had to hold for a step."""

    level: Level
    leaving: bool = Field(description="A level was left, rather than reached.")
    limit: float = Field(description="In the unit of what is judged.")
    is_inside: bool = Field(description="The limit itself counts: `at least`, `at most`.")
    upward: bool = Field(description="Values above the limit meet it.")
    hold_s: float
    from_gauge: bool
    from_free_flow: bool = False
    further: list[FurtherTold] = Field(default_factory=list)
    alone: float | None = None
    held_since: Instant | None = None
    held_s: float | None = None


class ValueTold(Part):
    """One value that was judged; a single reading has no `start`."""

    start: Instant | None = None
    end: Instant
    value: float
    met: bool
    sensors: dict[str, float] = Field(default_factory=dict, description="Of a zone: its sensors' own values.")
    parts: dict[str, float] = Field(default_factory=dict, description="Of an index: each measure's own.")


class ReadingsTold(Part):
    """One sensor's readings inside the window that completed the condition."""

    sensor_id: str
    name: Bilingual
    count: int
    first: Instant | None = None
    last: Instant | None = None
    min: float | None = None
    max: float | None = None
    set_aside: Annotated[
        int, Field(description="Of quality suspect or maintenance: they enter no window and no rule.")
    ] = 0


class MinutesTold(Part):
    """Minutes that a sum, mean or rise is made of, put together into a stretch."""

    start: Instant
    end: Instant
    minutes: int = Field(description="Minutes that have readings.")
    value: float = Field(description="Their sum or mean; of a rise the last value in the stretch.")


class AbsenceTold(Part):
    """Between which readings a sensor was absent."""

    since: Instant = Field(description="Its last reading; of a sensor that never spoke, the partition's first one.")
    has_spoken: bool = Field(description="The log still holds that reading of its own.")
    heard: Instant | None = Field(default=None, description="Of an end: the reading that ended it.")
    interval_s: float = Field(description="How often the registry says that it speaks.")


class Step(Part):
    """One thing that happened to the alert, and what it rested on."""

    what: Happening
    at: Instant = Field(description="Event time; of an officer's act its arrival.")
    arrived_at: Instant | None = None
    taken: bool | None = Field(
        default=True,
        description="The alert changed by it, or it was refused or changed nothing; null where the log does not say.",
    )
    level: Level | None = None
    value: float | None = None
    threshold: float | None = None
    headline: Bilingual | None = None
    source: str | None = None
    condition: Condition | None = None
    judged: list[ValueTold] = Field(default_factory=list, description="In order of time; the last one completed it.")
    minutes: list[MinutesTold] = Field(default_factory=list)
    readings: list[ReadingsTold] = Field(default_factory=list)
    absence: AbsenceTold | None = None
    bulletin: Bulletin | None = None
    distance_km: float | None = Field(default=None, description="Of an announcement's place from the city's centre.")
    command: Command | None = None
    why: Bilingual | None = Field(default=None, description="Why it ended without being judged.")
    gaps: list[Bilingual] = Field(default_factory=list, description="What can't be shown any more, and why.")


class Explanation(Part):
    """Why an alert was raised, and what became of it."""

    alert: Alert = Field(description="As it stands now.")
    rule: Bilingual | None = Field(description="Name of the rule; null where it is gone.")
    about: Bilingual = Field(description="The sensor, zone or place.")
    judged: Bilingual | None = Field(description="What is judged, in words.")
    unit: str
    levels: list[LevelTold]
    changed: list[Bilingual] = Field(
        description="What of the rule or the registry is otherwise today, and what covers the alert."
    )
    steps: list[Step]
