"""A rule with one number, comparison or word of it changed: what its timelines must notice."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple, get_args

from streams.contract.bulletins import BulletinKind
from streams.contract.derived import INPUTS, measure_of
from streams.contract.rule_levels import GaugeLevel
from streams.contract.watched import FINAL_LENGTHS, SLIDING_LENGTHS, Aggregate

OPPOSITE = {
    f"{name}{share}": f"{other}{share}"
    for one, another in (("at_least", "at_most"), ("below", "above"))
    for name, other in ((one, another), (another, one))
    for share in ("", "_free_flow_pct")
}


class Mutant(NamedTuple):
    """A changed rule."""

    what: str
    """What was changed."""
    rule: dict[str, Any]


def mutants(rule: dict[str, Any], interval_s: float) -> Iterator[Mutant]:
    """Every change that must be noticed.

    Args:
        rule: as it stands in its file.
        interval_s: how often the sensors of its timelines speak.
    """
    when = rule.get("when")
    for number, level in enumerate(rule["levels"]):
        if "bulletin" in rule:
            for what, alternatives in _of_announcements(level["when"]):
                changed = deepcopy(rule)
                changed["levels"][number]["when"] = alternatives
                yield Mutant(f"{level['level']}: {what}", changed)
            continue
        if when is None:
            changes = [*_of_intervals(level)]
        else:
            changes = [*_of_thresholds(rule, level), *_of_durations(when, level, interval_s), *_of_gauges(level)]
            changes += _of_further_conditions(rule, level)
        for part, name, value in changes:
            changed = deepcopy(rule)
            old = changed["levels"][number][part].get(name)
            changed["levels"][number][part][name] = value
            yield Mutant(f"{level['level']}: {part}.{name} {old} → {value}", changed)
    yield from _of_what_is_watched(rule)


def _of_thresholds(rule: dict[str, Any], level: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """A threshold as little higher and lower as its measure is shown, whole numbers by a tenth.

    `>=` turned into `>` differs from a threshold that is a little higher in no timeline.
    """
    measure = measure_of(rule["domain"], rule["when"]["measure"])
    little = 1 if measure.name in INPUTS else 10.0 ** -max(1, measure.decimals)  # an index is a whole number
    for part in ("raise", "clear"):
        for name in (*OPPOSITE, "margin", "or_at_least", "or_at_most"):
            if name in level[part]:
                for sign in (1, -1):
                    yield part, name, round(level[part][name] + sign * little, 6)


def _of_further_conditions(rule: dict[str, Any], level: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each further condition left out, with its bound moved and turned, of another length."""
    when, every = rule["when"], level["raise"].get("also", [])
    little = 10.0 ** -max(1, measure_of(rule["domain"], when["measure"]).decimals)
    for place, one in enumerate(every):
        yield "raise", "also", every[:place] + every[place + 1 :]
        bound = "at_least" if "at_least" in one else "at_most"
        others = [one | {bound: round(one[bound] + sign * little, 6)} for sign in (1, -1)]
        others.append({OPPOSITE.get(name, name): value for name, value in one.items()})
        lengths = SLIDING_LENGTHS if when["window"] == "sliding" else ()
        others += [one | {"window_s": length} for length in lengths if length != one.get("window_s", when["window_s"])]
        for other in others:
            yield "raise", "also", [*every[:place], other, *every[place + 1 :]]


def _of_durations(when: dict[str, Any], level: dict[str, Any], interval_s: float) -> Iterator[tuple[str, str, Any]]:
    """A duration by one judged value longer and shorter: between two values nothing differs.

    One window holds its own length, so a duration up to that is the same as none.
    """
    window_s = when.get("window_s", 0)
    step_s = window_s or interval_s
    for part in ("raise", "clear"):
        hold_s = level[part].get("hold_s", 0)
        yield part, "hold_s", max(hold_s, window_s) + step_s
        if hold_s:
            yield part, "hold_s", hold_s - step_s


def _of_gauges(level: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for part, name in (("raise", "gauge_level"), ("clear", "below_gauge_level")):
        for other in get_args(GaugeLevel):
            if level[part].get(name, other) != other:
                yield part, name, other


def _of_intervals(level: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """A little more and less, and one reading more and less."""
    for more in (1, 0.1, -0.1, -1):
        yield "raise", "intervals", level["raise"]["intervals"] + more


_STEPS = {"magnitude_at_least": 0.1, "intensity_at_least": 1, "within_km": 1}
"""How much a condition of an announcement is changed."""


def _of_announcements(given: dict[str, Any] | list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each number a little higher and lower, each word another; a condition or a whole alternative left out."""
    every = given if isinstance(given, list) else [given]
    for place, when in enumerate(every):
        others = [*every[:place], *every[place + 1 :]]
        if others:
            yield f"when {when} left out", others
        for name, value in when.items():
            rest = {k: v for k, v in when.items() if k != name}
            if rest:
                yield f"when.{name} left out of {when}", [*others, rest]
            for other in _others_of(name, value):
                yield f"when.{name} {value} → {other}", [*others, when | {name: other}]


def _others_of(name: str, value: Any) -> list[Any]:
    if name in _STEPS:
        return [round(value + sign * _STEPS[name], 1) for sign in (1, -1)]
    return [other for other in ("advisory", "warning", "attention", "serious") if other != value]


def _of_what_is_watched(rule: dict[str, Any]) -> Iterator[Mutant]:
    if "bulletin" in rule:
        for kind in get_args(BulletinKind):
            if kind != rule["bulletin"]["kind"]:
                yield Mutant(f"bulletin.kind → {kind}", rule | {"bulletin": rule["bulletin"] | {"kind": kind}})
        for name in rule["bulletin"].keys() - {"kind"}:
            rest = {k: v for k, v in rule["bulletin"].items() if k != name}
            yield Mutant(f"bulletin.{name} left out", rule | {"bulletin": rest})
            yield Mutant(f"bulletin.{name} → heavy-rain", rule | {"bulletin": rest | {name: ["heavy-rain"]}})
        return
    if "absence" in rule:
        kinds = rule["absence"]["kinds"]
        for kind in kinds:
            others = [other for other in kinds if other != kind] or [
                "road-link" if kind != "road-link" else "air-station"
            ]
            yield Mutant(f"absence.kinds without {kind}", rule | {"absence": {"kinds": others}})
        return
    when = rule["when"]
    lengths = {"final": FINAL_LENGTHS, "sliding": SLIDING_LENGTHS, "reading": ()}[when["window"]]
    for length in lengths:
        if length != when["window_s"]:
            yield Mutant(f"when.window_s → {length}", rule | {"when": when | {"window_s": length}})
    for aggregate in get_args(Aggregate) if lengths else ():
        if aggregate != when.get("aggregate"):
            yield Mutant(f"when.aggregate → {aggregate}", rule | {"when": when | {"aggregate": aggregate}})
    yield _turned(rule)


def _turned(rule: dict[str, Any]) -> Mutant:
    """Every comparison the other way round."""
    turned = deepcopy(rule)
    is_below = turned["when"].get("direction") == "below"
    turned["when"]["direction"] = "above" if is_below else "below"
    for level in turned["levels"]:
        for part in ("raise", "clear"):
            level[part] = {OPPOSITE.get(name, name): value for name, value in level[part].items()}
        if "or_at_least" in level["raise"]:
            level["raise"]["or_at_most"] = level["raise"].pop("or_at_least")
    return Mutant("when.direction turned", turned)
