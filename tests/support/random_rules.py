"""Many alike sensors, each with a random past: their seeds, and what they say in the order of arrival."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.oracle import Arrived
from streams.contract.times import format_ms, parse_ms
from tests.support.side_by_side import SideBySide
from tests.support.small_city import write_seeds

BEGIN_MS = parse_ms("2024-07-01T00:00:00Z")
EXERCISE = "random"


class Said(NamedTuple):
    """One reading: when it comes, in ms since the beginning, whose, and its fields."""

    arrives_ms: int
    at_ms: int
    sensor_id: str
    fields: dict[str, float]
    period_s: int = 0


def write_alike(seeds: Path, sensor: dict[str, Any], names: Sequence[str], rules: Sequence[dict[str, Any]]) -> Path:
    """Write the seeds of a city of many alike sensors; returns their folder.

    Args:
        seeds: an empty folder.
        sensor: what all have in common, without id and name.
        names: of the sensors.
        rules: as they stand in a file.
    """
    write_seeds(seeds)
    for path in [*(seeds / "sensors").glob("*.toml"), *(seeds / "rules").glob("*.toml")]:
        path.unlink()
    named = [sensor | {"sensor_id": name, "name": {"ko": name, "en": name}} for name in names]
    (seeds / "sensors" / "random.toml").write_text(tomli_w.dumps({"sensors": named}), encoding="utf-8")
    (seeds / "rules" / "random.toml").write_text(tomli_w.dumps({"rules": list(rules)}), encoding="utf-8")
    return seeds


def _arrived(said: Said, domain: str) -> Arrived:
    """A reading as a record of its topic's first partition."""
    value: dict[str, Any] = {"sensor_id": said.sensor_id, "observed_at": format_ms(BEGIN_MS + said.at_ms)}
    value |= {"exercise": EXERCISE, "period_s": said.period_s, **said.fields}
    return Arrived(f"readings.{domain}", 0, BEGIN_MS + said.arrives_ms, json.dumps(value).encode())


def _pasts(
    names: Sequence[str], rng: random.Random, past: Callable[[str, random.Random], Sequence[Said]]
) -> tuple[list[Said], list[int]]:
    """A random past for each sensor, all in the order of arrival, and where the hub is restarted."""
    log = sorted((said for name in names for said in past(name, rng)), key=lambda said: said.arrives_ms)
    return log, sorted(rng.sample(range(1, len(log)), 2))


def agreed(
    both: SideBySide, names: Sequence[str], past: Callable[[str, random.Random], Sequence[Said]], domain: str, runs: int
) -> Counter[str]:
    """Play so many cities of random pasts; fails where stages and calculation differ.

    Args:
        both: the stages and the calculation.
        names: of the sensors.
        past: a random one of a sensor.
        domain: of the sensors.
        runs: how many cities.

    Returns:
        How often each `RULE TRANSITION LEVEL` was seen.
    """
    seen: Counter[str] = Counter()

    @settings(
        max_examples=runs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32))
    def check(seed: int) -> None:
        said, restarts = _pasts(names, random.Random(seed), past)
        log = [_arrived(one, domain) for one in said]
        assert both.differences(log, EXERCISE, restarts=restarts, seen=seen) == []

    check()
    return seen
