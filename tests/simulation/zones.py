"""What partitions of readings told the zones of their progress: the clock's part is taken from the log, with its reasons.

Everything else that zones come to is the oracle's own calculation. What the zones stage has applied when the run ends is
known by how far each partition has told that it is read: what arrived before that has come to its turn.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from deploy.oracle.city import Times
from deploy.oracle.fates import Timeline
from streams.contract.times import parse_ms
from streams.contract.topics import ZONE_INPUTS
from tests.simulation.cluster import Fetched, Place


class Told(NamedTuple):
    """Reality's watermark as a partition told it, having read everything that arrived before."""

    arrived_ms: int
    watermark_ms: int | None
    is_idle: bool
    """Told by the clock."""
    told_ms: int
    """When it stood in the log."""


@dataclass
class Progress:
    """What one partition of readings told."""

    told: list[Told] = field(default_factory=list)
    """In order, each once though several partitions of zones heard it."""
    read_to_ms: dict[int, int] = field(default_factory=dict)
    """By partition of zones: how far it had told it that it is read, when that one's last checkpoint was taken."""


def progress_of(logs: Mapping[Place, Iterable[Fetched]], applied: Mapping[int, int]) -> dict[Place, Progress]:
    """By partition of readings: what it told.

    Args:
        logs: committed records.
        applied: by partition of zones: the last offset that its last checkpoint holds.
    """
    found: dict[Place, Progress] = {}
    for place, log in logs.items():
        if place.topic != ZONE_INPUTS:
            continue
        for record in log:
            said = orjson.loads(record.value or b"")
            try:
                arrived_ms, mark = parse_ms(said["arrived_at"]), said.get("watermark")
            except ValueError:
                continue  # a dead letter, which nobody expects
            mine = found.setdefault(Place(said["topic"], said["partition"]), Progress())
            if record.offset <= applied.get(place.partition, -1):
                mine.read_to_ms[place.partition] = max(mine.read_to_ms.get(place.partition, 0), arrived_ms)
            if "exercise" not in said and "panes" not in said:
                told = Told(arrived_ms, None if mark is None else parse_ms(mark), said["idle"], record.timestamp)
                mine.told.append(told)
    for each in found.values():
        each.told = sorted(set(each.told), key=lambda told: (told.arrived_ms, told.watermark_ms or 0))
    return found


def why_unfounded(watermark_ms: int, at_ms: int, times: Times, arrivals_ms: list[int]) -> str | None:
    """What is wrong with a watermark that the clock has released to this by then; None, if nothing."""
    released_ms = watermark_ms + times.idle_ms + times.grace_ms
    if released_ms > at_ms:
        return "releases more than has passed"
    before = bisect_left(arrivals_ms, released_ms)
    if before and arrivals_ms[before - 1] + times.idle_ms > released_ms:
        return f"releases {(released_ms - arrivals_ms[before - 1]) / 1000} s after a record"
    return None


def has_passed(timeline: Timeline, watermark_ms: int, by_ms: int) -> bool:
    """Whether its readings had brought it there by this arrival."""
    n = bisect_right(timeline.passed, by_ms, key=lambda passed: passed[0])
    return n > 0 and timeline.passed[n - 1][1] >= watermark_ms


def marks_of(timeline: Timeline, releases: Iterable[Told]) -> list[tuple[int, int]]:
    """What a partition has passed, and when; a release comes before a reading of the same millisecond."""
    both = [(each.arrived_ms, 0, each.watermark_ms or 0) for each in releases]
    both += [(arrived_ms, 1, mark_ms) for arrived_ms, mark_ms in timeline.passed]
    marks: list[tuple[int, int]] = []
    for arrived_ms, _, mark_ms in sorted(both, key=lambda each: each[:2]):
        marks.append((arrived_ms, max(mark_ms, marks[-1][1]) if marks else mark_ms))
    return marks
