"""What a scenario promises, as its TOML file says it (`seeds/scenarios/NAME.toml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.contract.alerts import Bilingual, Level
from streams.contract.ids import RuleId, SensorId, ZoneId
from streams.contract.rejections import Reason
from streams.contract.times import Instant, compact_ms, to_ms
from streams.contract.windows import WindowLength
from streams.errors import WrongSeed
from streams.registry import Registry, read_model, read_toml

Count = Annotated[int, Field(strict=True, ge=0)]
Said = Annotated[str, Field(min_length=1)]
Outcome = Literal["windowed", "duplicate", "late", "set_aside", "rejected"]


class Strict(BaseModel):
    """A part of the file; a name that is not of the format is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Observed(Strict):
    """A published fact that the records reproduce."""

    what: Bilingual
    value: Said
    source: Said


class Modelled(Strict):
    """What was not observed, and how it was made."""

    what: Bilingual
    how: Said


class PromisedStep(Strict):
    """One transition of an alert; `at` is event time."""

    transition: Literal["raised", "stepped_up", "stepped_down", "cleared", "revised"]
    level: Level | None = None
    at: Instant

    @model_validator(mode="after")
    def _level_fits(self) -> PromisedStep:
        if (self.level is None) != (self.transition == "cleared"):
            raise ValueError("every transition but `cleared` has a level")
        return self


class PromisedAlert(Strict):
    """One alert with its whole life."""

    rule_id: RuleId
    scope: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", description="A sensor, a zone or a bulletin.")]
    onset: Instant
    states: Annotated[list[PromisedStep], Field(min_length=1)]
    reason: Said

    @model_validator(mode="after")
    def _is_a_life(self) -> PromisedAlert:
        if self.states[0].transition != "raised":
            raise ValueError("the first state of an alert is `raised`")
        return self

    @property
    def onset_ms(self) -> int:
        """Its onset, epoch ms."""
        return to_ms(self.onset)

    @property
    def ids(self) -> tuple[str, str]:
        """Its id without the exercise: of a sensor's or a zone's alert, of a bulletin's."""
        return f"{self.rule_id}:{self.scope}:{compact_ms(self.onset_ms)}", f"{self.rule_id}:{self.scope}"


class Deadline(Strict):
    """A promise to people: a zone is named by one of these rules before an instant."""

    rule_ids: Annotated[list[RuleId], Field(min_length=1)]
    zone: ZoneId
    before: Instant
    reason: Said


class PromisedSeries(Strict):
    """A series whose every final window is read back from InfluxDB."""

    sensor_id: SensorId
    measure: str
    window_s: WindowLength
    reason: Said


class Expects(Strict):
    """All that must have happened when the scenario has been played."""

    values: dict[Outcome, Count]
    rejected: dict[Reason, Count] = Field(default_factory=dict)
    alerts: list[PromisedAlert]
    deadlines: list[Deadline] = Field(default_factory=list)
    windows: Annotated[list[PromisedSeries], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_whole(self) -> Expects:
        missing = {"windowed", "duplicate", "late", "set_aside", "rejected"} - set(self.values)
        if missing:
            raise ValueError(f"values says nothing of {', '.join(sorted(missing))}")
        ids = [alert.ids[0] for alert in self.alerts]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"these alerts stand twice: {', '.join(twice)}")
        return self


class Scenario(Strict):
    """The whole file."""

    name: Bilingual
    story: Bilingual
    begins: Instant
    ends: Instant
    default_speed: Annotated[float, Field(gt=0)]
    observed: list[Observed] = Field(default_factory=list)
    modelled: list[Modelled] = Field(default_factory=list)
    expects: Expects


def read_scenario(seeds: Path, name: str, registry: Registry) -> Scenario:
    """The promises of a scenario.

    Raises:
        WrongSeed: the file is missing or wrong, or names a sensor, measure or zone that the registry has not; the message
            names the field.
    """
    path = seeds / "scenarios" / f"{name}.toml"
    scenario = read_model(path, Scenario, read_toml(path), name)
    for i, series in enumerate(scenario.expects.windows):
        sensor = registry.sensors.get(series.sensor_id)
        field = f"{path}: expects.windows.{i}"
        if sensor is None:
            raise _unknown(f"{field}.sensor_id", series.sensor_id, "Name a sensor of the registry")
        if series.measure not in sensor.measures:
            raise _unknown(f"{field}.measure", series.measure, f"Name one of {', '.join(sensor.measures)}")
    for i, deadline in enumerate(scenario.expects.deadlines):
        if deadline.zone not in registry.zones:
            raise _unknown(f"{path}: expects.deadlines.{i}.zone", deadline.zone, "Name a zone of the map")
    return scenario


def _unknown(field: str, value: str, fix: str) -> WrongSeed:
    return WrongSeed("is not known", field=field, value=value, fix=fix)
