"""The tests beside a file of rules, `X.test.toml` beside `X.toml`: what is read, announced and expected.

Shape of one entry; times are since the midnight at which the test begins, in the city's time zone::

    [[tests]]
    rule = "pm10"
    name = "two hours at 150 raise the advisory"
    clause = "…"                                    # of the law, which it checks
    readings = { air-daedo = "149 for 2h, 150 for 2h" }
    expect = [{ at = "04:00", transition = "raised", level = "advisory" }]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.rules.series import Moment, Seconds, SensorSeries, Stretch, values_of
from streams import rulebook
from streams.contract.alerts import Level
from streams.contract.ids import BulletinId, RuleId, SensorId, ZoneId
from streams.contract.readings import MEASURES, Location
from streams.contract.rules import Rule
from streams.contract.sensors import Sensor
from streams.errors import Misfit, WrongInput
from streams.registry import Registry
from streams.rulebook import OF_TESTS
from streams.seed_file import placed, read_file, together

Words = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """A part of the file; a name that is not of the format is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(Strict):
    """One transition of an alert of the rule; `at` is event time."""

    at: Moment
    transition: Literal["raised", "stepped_up", "stepped_down", "cleared", "revised"]
    level: Level | None = None
    value: float | None = None
    scope: str | None = Field(default=None, description="The sensor, zone or bulletin; needed where there are several.")

    @model_validator(mode="after")
    def _level_fits(self) -> Self:
        if (self.level is None) != (self.transition == "cleared"):
            fix = "Take level away" if self.level else "Name the level that is reached"
            raise Misfit("every transition but `cleared` has a level", value=self.level, fix=fix)
        return self


class Announced(Strict):
    """A bulletin of the rule's kind."""

    at: Moment
    id: BulletinId = "bulletin"
    revision: Annotated[int, Field(ge=0)] = 0
    level: Level | None = None
    magnitude: float | None = None
    hazard: str | None = None
    intensity: float | None = None
    location: Location | None = None
    area: list[ZoneId] = Field(default_factory=list)
    cancelled: bool = False
    supersedes: BulletinId | None = None


class Work(Strict):
    """Planned work on some of the test's sensors; the end is outside."""

    sensors: Annotated[list[SensorId], Field(min_length=1)]
    begin: Moment
    end: Moment


class Timeline(Strict):
    """One test of one rule, which runs alone; other alerts of the rule than those expected must not come."""

    rule: RuleId
    name: Words
    clause: Words
    readings: dict[SensorId, SensorSeries] = Field(
        default_factory=dict,
        description="What each sensor says of the rule's measure (of absence: of its own first one), one value for each of its "
        "own intervals; or a series for each of several measures, by their names. A value holds from its place in the series "
        "on: a reading with a period is stamped at its end.",
    )
    every: Seconds | None = Field(default=None, gt=0, description="In place of the sensors' own intervals.")
    bulletins: list[Announced] = Field(default_factory=list)
    maintenance: list[Work] = Field(default_factory=list)
    restart_at: list[Moment] = Field(default_factory=list, description="The hub is restarted then.")
    expect: list[Expected] | None = None
    scenario: str | None = Field(
        default=None, description="In place of all that: the recorded day whose file promises the rule's alerts."
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        own = bool(self.readings or self.bulletins or self.restart_at or self.every or self.maintenance)
        if self.scenario is not None and (own or self.expect is not None):
            fix = "Give the scenario alone; what it promises stands in its own file"
            raise Misfit("a scenario has its own records and promises", at=("scenario",), value=self.scenario, fix=fix)
        if self.scenario is None and not (self.readings or self.bulletins):
            raise Misfit("nothing happens in it", fix="Give readings, bulletins or a scenario")
        if self.scenario is None and self.expect is None:
            raise Misfit("it expects nothing", fix="Give expect; [] where no alert may come")
        return self


class TimelineFile(Strict):
    """One file of tests."""

    tests: Annotated[list[Timeline], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class RuleTests:
    """A file of tests with the rules that it stands beside."""

    path: Path
    rules: dict[str, Rule]
    """By id."""
    tests: list[Timeline]


def path_beside(path: Path) -> Path:
    """The file of tests of a file of rules; of a file of tests, itself."""
    return path if path.name.endswith(OF_TESTS) else path.with_name(path.name.removesuffix(".toml") + OF_TESTS)


def read_tests(path: Path, known: Registry) -> RuleTests:
    """The tests of a file of rules.

    Args:
        path: the file of rules, or that of its tests.
        known: the city's registry.

    Raises:
        WrongInput: one of the two files is not there.
        WrongSeed: something is wrong in them, each by file, line and value.
    """
    beside = path_beside(path)
    of_rules = beside.with_name(beside.name.removesuffix(OF_TESTS) + ".toml")
    for needed in (of_rules, beside):
        if not needed.is_file():
            raise WrongInput("the file is not there", field=str(needed), fix="Write it, see deploy/docs/rules.md")
    rules = {rule.rule_id: rule for rule in rulebook.read(of_rules)}
    tests = read_file(beside, TimelineFile, "tests", "name").tests
    wrong = [
        placed(beside, ("tests", number), misfit, test.name)
        for number, test in enumerate(tests)
        for misfit in _misfits(test, rules, known)
    ]
    if wrong:
        raise together(wrong)
    return RuleTests(beside, rules, tests)


def series_of(test: Timeline, sensor: Sensor, rule: Rule) -> dict[str, list[Stretch]]:
    """What a sensor says in a test, by measure; a rule on absence judges none, so it is the sensor's first."""
    own = sensor.measures[0] if rule.when is None else rule.when.measure
    return {measure or own: series for measure, series in test.readings[sensor.sensor_id].items()}


def step_s(test: Timeline, sensor: Sensor) -> int:
    """How often a sensor speaks in a test, seconds."""
    return test.every or max(1, round(sensor.interval_s))


def _misfits(test: Timeline, rules: dict[str, Rule], known: Registry) -> Iterator[Misfit]:
    rule = rules.get(test.rule)
    if rule is None:
        fix = f"Name one of {', '.join(rules)}"
        yield Misfit("there is no such rule in the file beside", at=("rule",), value=test.rule, fix=fix)
        return
    if (rule.bulletin is None and test.bulletins) or (rule.bulletin is not None and test.readings):
        what, fix = ("bulletins", "readings") if rule.bulletin is None else ("readings", "bulletins")
        yield Misfit(f"{test.rule} judges no {what}", at=(what,), fix=f"Give {fix}")
        return
    for sensor_id in test.readings:
        at, sensor = ("readings", sensor_id), known.sensors.get(sensor_id)
        if sensor is None:
            yield Misfit("there is no such sensor", at=at, value=sensor_id, fix="Name one of `urbanhub sensors list`")
            continue
        for measure, series in series_of(test, sensor, rule).items():
            if (misfit := _misfit_of(series, step_s(test, sensor), sensor, measure)) is not None:
                yield Misfit(misfit.what, at=at, value=misfit.value, fix=misfit.fix)
    yield from _misfits_of_work(test)
    for number, bulletin in enumerate(test.bulletins):
        for zone in bulletin.area:
            if zone not in known.zones:
                at_zone = ("bulletins", number, "area")
                yield Misfit("there is no such zone", at=at_zone, value=zone, fix="Name one of map/zones.geojson")


def _misfits_of_work(test: Timeline) -> Iterator[Misfit]:
    for number, work in enumerate(test.maintenance):
        for sensor_id in work.sensors:
            if sensor_id not in test.readings:
                at = ("maintenance", number, "sensors")
                yield Misfit("this sensor has no readings in the test", at=at, value=sensor_id, fix="Give it some")
        if work.end <= work.begin:
            yield Misfit("it ends before it has begun", at=("maintenance", number, "end"), fix="Give a later end")


def _misfit_of(series: list[Stretch], every_s: int, sensor: Sensor, name: str) -> Misfit | None:
    """What is wrong with a sensor's series of a measure."""
    if name not in sensor.measures:
        return Misfit(f"{sensor.sensor_id} has no {name}", fix=f"Name a sensor that has {name}")
    measure = MEASURES[sensor.domain, name]
    try:
        values = [said.value for said in values_of(series, every_s)]
    except Misfit as e:
        return e
    for value in values:
        if not measure.low <= value <= measure.high:
            what = f"{measure.name} lies between {measure.low:g} and {measure.high:g} {measure.unit}"
            return Misfit(what, value=value, fix="Give a value that the hub would take")
    return None
