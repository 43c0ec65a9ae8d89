"""How a test writes what a sensor says: `149 for 2h, nothing for 30m, 155 suspect for 1h, 2 to 3 for 1h`.

That is of the rule's measure; of several measures it is a table: `{ pm10_ugm3 = "149 for 2h", o3_ppm = "0.1 for 2h" }`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple, get_args

from pydantic import BeforeValidator

from streams.contract.readings import Quality
from streams.errors import Misfit

UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
EXAMPLE: Final = "149 for 2h, nothing for 30m, 155 suspect for 1h, 2 to 3 for 1h"
OF_THE_RULE: Final = ""
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_STRETCH: Final = re.compile(
    rf"(?:nothing|(?P<first>{_NUMBER})(?: to (?P<last>{_NUMBER}))?(?: (?P<quality>{'|'.join(get_args(Quality))}))?)"
    r" for (?P<length>(?:\d+[smhd])+)"
)
_CLOCK: Final = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


class Stretch(NamedTuple):
    """What a sensor says over some time."""

    first: float | None
    """None where it says nothing."""
    last: float | None
    """What `first` has come to at the end, in equal steps; the same where it stays."""
    quality: str | None
    length_s: int


def _seconds(text: Any) -> int:
    """`1h30m` as seconds."""
    if not isinstance(text, str) or not re.fullmatch(r"(?:\d+[smhd])+", text):
        raise Misfit("is no length of time", value=text, fix="Write for example 10m, 2h or 1h30m")
    return sum(int(n) * UNITS_S[unit] for n, unit in re.findall(r"(\d+)([smhd])", text))


def _of_the_day(text: Any) -> int:
    """`26:30` as seconds since the first day's midnight."""
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        fix = "Write HH:MM or HH:MM:SS since the first day's midnight; the hours go on beyond 24"
        raise Misfit("is no time of the test", value=text, fix=fix)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _stretches(text: Any) -> list[Stretch]:
    if not isinstance(text, str):
        raise Misfit("is no text", value=text, fix=f"Write for example '{EXAMPLE}'")
    found = []
    for part in text.split(","):
        said = _STRETCH.fullmatch(" ".join(part.split()))
        if said is None:
            raise Misfit("is no VALUE for LENGTH", value=part.strip(), fix=f"Write for example '{EXAMPLE}'")
        first = None if said["first"] is None else float(said["first"])
        last = first if said["last"] is None else float(said["last"])
        found.append(Stretch(first, last, said["quality"], _seconds(said["length"])))
    return found


def _by_measure(said: Any) -> dict[str, list[Stretch]]:
    if not isinstance(said, dict):
        return {OF_THE_RULE: _stretches(said)}
    found = {}
    for measure, text in said.items():
        try:
            found[measure] = _stretches(text)
        except Misfit as e:
            raise Misfit(e.what, at=(measure,), value=e.value, fix=e.fix) from None
    return found


Seconds = Annotated[int, BeforeValidator(_seconds)]
Moment = Annotated[int, BeforeValidator(_of_the_day)]
"""Seconds since the midnight at which a test begins."""
Series = Annotated[list[Stretch], BeforeValidator(_stretches)]
SensorSeries = Annotated[dict[str, list[Stretch]], BeforeValidator(_by_measure)]
"""By measure; under `OF_THE_RULE` what is said of the measure that the rule watches."""


class Said(NamedTuple):
    """One value of a series."""

    begin_s: int
    """From here on it holds; seconds since the test's midnight."""
    value: float
    quality: str | None


def values_of(series: list[Stretch], step_s: int) -> Iterator[Said]:
    """The values of a series, one for each step of time.

    Raises:
        Misfit: a stretch is no whole number of steps.
    """
    begin_s = 0
    for stretch in series:
        steps, rest = divmod(stretch.length_s, step_s)
        if rest or not steps:
            what = f"a stretch of {stretch.length_s} s is no whole number of steps of {step_s} s"
            raise Misfit(what, fix="Make it one, or give `every` a shorter step")
        if stretch.first is not None and stretch.last is not None:
            rise = (stretch.last - stretch.first) / max(1, steps - 1)
            for n in range(steps):
                yield Said(begin_s + n * step_s, round(stretch.first + n * rise, 6), stretch.quality)
        begin_s += stretch.length_s


def clock_of(at_s: float) -> str:
    """Seconds since the test's midnight as a test writes them."""
    minutes, seconds = divmod(at_s, 60)
    rest = f":{seconds:06.3f}".removesuffix(".000") if seconds else ""
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}{rest}"
