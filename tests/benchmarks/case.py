"""A case's file: its workload, variants of it, the engines that can run it, the targets it is held to.

title     one line for people
kind      which module runs it: throughput, restore, catch_up, latency
engines   who can
repeats   runs of each engine and variant, interleaved; the median is told
[workload]            what is sent (`Workload`)
[[variants]]          the same with something else; each is a row `CASE/NAME`
[instead.ENGINE]      what an engine gets that could not end in time otherwise; its row says so
[[targets]]           what the first row's figures must be, by themselves or as a ratio
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.contract.readings import Domain

FOLDER: Final = Path(__file__).parent / "cases"
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A misspelt name in a case is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Workload(Strict):
    """What is sent, in full determined by its `seed` and the instant at which its event time begins."""

    sensors: Annotated[int, Field(ge=1, le=1_000_000)]
    readings: Annotated[int, Field(ge=1)]
    """Records before repeats, malformed ones included."""
    domains: list[Domain] = ["air-quality"]
    span_s: Annotated[int, Field(ge=60, le=43_200)] = 3600
    """Event time that they are spread over."""
    out_of_order: Share = 0
    """Of the readings, this share was observed up to `out_of_order_s` before its neighbours."""
    out_of_order_s: Annotated[int, Field(ge=1, le=59)] = 30
    malformed: Share = 0
    duplicates: Share = 0
    """Of the readings, this share is sent a second time."""
    stormy: Share = 0.02
    """Of the sensors, this share rises and falls beyond the rules' thresholds."""
    rules: Annotated[int, Field(ge=0, le=8)] = 1
    """How many times the city has the rules of the project's own seeds: none, as they stand, each again by another id."""
    seed: int = 7


class Target(Strict):
    """What a figure must be."""

    figure: str
    """A field of the JSON line."""
    of: str = ""
    """The variant that it is asked of; the case's own row when empty."""
    against: str | None = None
    """Its ratio to the same figure of this engine, or of this variant."""
    at_least: float | None = None
    at_most: float | None = None


class Variant(Strict):
    """The case with something else."""

    name: str
    workers: Annotated[int, Field(ge=1, le=4)] = 1
    workload: dict[str, Any] = {}


class Case(Strict):
    """One file of `cases/`."""

    name: str
    title: str
    kind: Literal["throughput", "restore", "catch_up", "latency"]
    engines: list[str] = ["hub"]
    repeats: Annotated[int, Field(ge=1)] = 1
    limit_s: Annotated[float, Field(gt=0)] = 300
    """A run that takes longer has failed."""
    settings: dict[str, float] = {}
    """What the kind of case asks for besides."""
    workload: Workload
    variants: list[Variant] = []
    instead: dict[str, dict[str, Any]] = {}
    targets: list[Target] = []

    def workload_of(self, variant: Variant | None, engine: str) -> Workload:
        """The workload of one row."""
        changed = (variant.workload if variant else {}) | self.instead.get(engine, {})
        return Workload.model_validate(self.workload.model_dump() | changed)

    def row_name(self, variant: Variant | None) -> str:
        """The case as a row tells it: `w2`, `w2/500-sensors`."""
        return self.name if variant is None else f"{self.name}/{variant.name}"

    def scaled(self, readings: int | None, repeats: int | None) -> Case:
        """The same with fewer readings or repeats, to try it; None leaves as it is."""
        changes: dict[str, Any] = {}
        if repeats is not None:
            changes["repeats"] = repeats
        if readings is not None:
            changes["workload"] = self.workload.model_copy(update={"readings": readings})
            kept = {engine: min(given.get("readings", readings), readings) for engine, given in self.instead.items()}
            changes["instead"] = {e: self.instead[e] | {"readings": n} for e, n in kept.items()}
        return self.model_copy(update=changes)


class WrongCase(ValueError):
    """A case's file is not as it must be."""


def load(path: Path) -> Case:
    """One case.

    Raises:
        WrongCase: it is not TOML, or a name or value is wrong.
    """
    try:
        return Case.model_validate(tomllib.loads(path.read_text()) | {"name": path.stem})
    except (tomllib.TOMLDecodeError, ValidationError) as e:
        raise WrongCase(f"{path}: {e}") from e


def cases(folder: Path = FOLDER) -> dict[str, Case]:
    """Every case by name, in the order of their names."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.toml"))}
