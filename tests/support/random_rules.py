"""Many alike sensors, each with a random past: their seeds, what they say, and whether stages and calculation agree on it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from deploy.oracle import Arrived
from streams.contract.times import format_ms, parse_ms
from tests.support.side_by_side import SideBySide
from tests.support.small_city import write_seeds

BEGIN_MS = parse_ms("2024-07-01T00:00:00Z")
EXERCISE = "random"


class Said(NamedTuple):
    """One reading: when it comes, in ms since the beginning, whose, and the reading's other fields."""

    arrives_ms: int
    at_ms: int
    sensor_id: str
    fields: dict[str, Any]


def write_alike(
    seeds: Path,
    sensor: dict[str, Any],
    names: Sequence[str],
    rules: Sequence[dict[str, Any]],
    own: Sequence[dict[str, Any]] = ({},),
) -> Path:
    """Write the seeds of a city of many alike sensors; returns their folder.

    Args:
        seeds: an empty folder.
        sensor: what all have in common, without id and name.
        names: of the sensors.
        rules: as they stand in a file.
        own: what each has of its own, in turn.
    """
    write_seeds(seeds)
    for path in [*(seeds / "sensors").glob("*.toml"), *(seeds / "rules").glob("*.toml")]:
        path.unlink()
    named = [
        {"sensor_id": name, "name": {"ko": name, "en": name}, **sensor, **more}
        for name, more in zip(names, cycle(own), strict=False)
    ]
    (seeds / "sensors" / "random.toml").write_text(tomli_w.dumps({"sensors": named}), encoding="utf-8")
    (seeds / "rules" / "random.toml").write_text(tomli_w.dumps({"rules": list(rules)}), encoding="utf-8")
    return seeds


def _arrived(said: Said, domain: str, exercise: str | None) -> Arrived:
    """A reading as a record of its topic's first partition."""
    value = {"sensor_id": said.sensor_id, "observed_at": format_ms(BEGIN_MS + said.at_ms), **said.fields}
    value |= {} if exercise is None else {"exercise": exercise}
    return Arrived(f"readings.{domain}", 0, BEGIN_MS + said.arrives_ms, json.dumps(value).encode())


def speaking(
    names: Sequence[str],
    past: Callable[[str, random.Random], Sequence[Said]],
    domain: str,
    exercise: str | None = EXERCISE,
) -> Callable[[random.Random], list[Arrived]]:
    """Logs in which each of these sensors has a random past, of an exercise or of reality, in the order of arrival."""

    def log_of(rng: random.Random) -> list[Arrived]:
        said = sorted((one for name in names for one in past(name, rng)), key=lambda one: one.arrives_ms)
        return [_arrived(one, domain, exercise) for one in said]

    return log_of


def agreed(
    both: SideBySide,
    log_of: Callable[[random.Random], Sequence[Arrived]],
    runs: int,
    exercise: str | None = EXERCISE,
) -> Counter[str]:
    """Play so many random logs, each with two restarts; fails where stages and calculation differ.

    Args:
        both: the stages and the calculation.
        log_of: a random log.
        runs: how many.
        exercise: whose alerts are compared, None = reality's.

    Returns:
        How often each `RULE TRANSITION LEVEL` was seen.
    """
    seen: Counter[str] = Counter()
    for seed in range(runs):
        rng = random.Random(seed)
        log = log_of(rng)
        restarts = rng.sample(range(1, len(log)), 2)
        assert both.differences(log, exercise, restarts=restarts, seen=seen) == [], f"log {seed}"
    return seen
