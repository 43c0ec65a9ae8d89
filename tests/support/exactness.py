"""Whether what subscribers heard is what the independent calculation makes of the readings: all of it, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.oracle import Answer, Change, answer_to, read_city
from deploy.waiting import until
from tests.support.heard import Happened, Heard
from tests.support.storm_city import RANGES

MOST_TOLD: Final = 5
LOOK_S: Final = 0.5


async def calculated(heard: Heard, seeds: Path) -> Answer:
    """The answer to the readings that were heard, which must be all of them."""
    await heard.to_end()
    return await asyncio.to_thread(answer_to, heard.log, read_city(seeds), RANGES, None)


async def until_exact(heard: Heard, answer: Answer, seconds: float) -> None:
    """Wait until nothing is wrong any more, or fail saying what is."""
    wrong: list[str] = []

    async def nothing_is_wrong() -> bool:
        await heard.to_end()
        wrong[:] = complaints(heard, answer)
        return not wrong

    assert await until(nothing_is_wrong, seconds, LOOK_S), f"after {seconds:g} s:\n" + "\n".join(wrong)


def complaints(heard: Heard, answer: Answer) -> list[str]:
    """What is wrong, in words; nothing, if all is well."""
    assert answer.windows and answer.alerts and answer.refused, "the calculation must have something to say"
    found = [f"twice, and not the same: {each}" for each in heard.torn[:MOST_TOLD]]
    found += [f"twice: {n} of {k}" for k, n in sorted(heard.repeats.items())]
    found += _differences("window", heard.found.windows, answer.windows)
    alerts = heard.found.alerts()
    found += [f"alert {alert_id}: {each.complaint}" for alert_id, each in alerts.items() if each.complaint]
    found += _differences("alert", {alert_id: each.changes for alert_id, each in alerts.items()}, answer.alerts)
    lives = {alert_id: list(_happened(changes)) for alert_id, changes in answer.alerts.items()}
    told = {alert_id: [by_step[step] for step in sorted(by_step)] for alert_id, by_step in heard.events.items()}
    found += _differences("events of", told, lives)
    return found + list(_letters(heard, answer))


def _differences(what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[str]:
    missing = sorted(wanted.keys() - found.keys())
    extra = sorted(found.keys() - wanted.keys())
    other = sorted(key for key in wanted.keys() & found.keys() if found[key] != wanted[key])
    for how, keys in (("missing", missing), ("not wanted", extra), ("different", other)):
        if keys:
            told = "".join(f"\n    {key}: {found.get(key)}, not {wanted.get(key)}" for key in keys[:MOST_TOLD])
            yield f"{what}: {len(keys)} {how}{told}"


def _happened(changes: Iterable[Change]) -> Iterator[Happened]:
    for change in changes:
        yield Happened(change.transition, change.level, change.at_ms, change.value, change.threshold)


def _letters(heard: Heard, answer: Answer) -> Iterator[str]:
    reasons = Counter(letter.reason for letter in heard.letters.values())
    if reasons != answer.refused:
        yield f"dead letters: {dict(reasons)}, not {dict(answer.refused)}"
    altered = [place for place, letter in heard.letters.items() if heard.received.get(place) != letter.value]
    if altered:
        yield f"dead letters: {len(altered)} are not what was received, first {altered[0]}"
