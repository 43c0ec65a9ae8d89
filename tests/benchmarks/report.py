"""Rows as a table for people and as JSON lines for programs; ratios and targets.

A JSON line begins with `case, engine, readings_per_s, cpu_s_per_million, rss_mb, correct`. What a case does not measure is
null. `cpu_s_per_million` is of a process's whole life; `work_cpu_s_per_million` leaves its start out. Further fields say
more: `wrong` (why not correct), `failed` (why there are no figures), `runs`, `broker_share` and `others_share` (their part
of the machine's CPU while the engine ran, 0 to 1), `latency_p99_ms`, `restore_s` and so on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.case import Case, Target
from tests.benchmarks.engines.engine import Ran

QUIET: Final = 0.05
"""A share of the machine that others may take without a word."""
FIELDS: Final = ("readings_per_s", "cpu_s_per_million", "rss_mb", "correct")


@dataclass
class Row:
    """One line of the table."""

    case: str
    """`w2`, or with its variant `w2/500-sensors`."""
    engine: str
    readings_per_s: float | None = None
    cpu_s_per_million: float | None = None
    rss_mb: float | None = None
    correct: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        """As its JSON line."""
        named = {name: getattr(self, name) for name in ("case", "engine", *FIELDS)}
        return named | self.more

    @classmethod
    def of_line(cls, line: dict[str, Any]) -> Row:
        """A row out of its JSON line."""
        rest = dict(line)
        named = {name: rest.pop(name) for name in ("case", "engine", *FIELDS)}
        return cls(**named, more=rest)


def failed(case: str, engine: str, why: str) -> Row:
    """The row of an engine that gave no figures."""
    return Row(case, engine, more={"failed": why})


def median_row(case: str, engine: str, runs: list[Ran]) -> Row:
    """The row of some runs: the median of each figure, right only if every run was."""
    wrong = next((run.wrong for run in runs if run.wrong), None)
    more: dict[str, Any] = {"records": runs[0].records, "runs": [round(run.readings_per_s) for run in runs]}
    for name in runs[0].more:
        numbers = [run.more[name] for run in runs]
        more[name] = round(median(numbers), 3)
    if wrong:
        more["wrong"] = wrong
    return Row(
        case,
        engine,
        readings_per_s=round(median(run.readings_per_s for run in runs)),
        cpu_s_per_million=round(median(run.cpu_s_per_million for run in runs), 3),
        rss_mb=round(median(run.rss_mb for run in runs)),
        correct=wrong is None,
        more=more,
    )


def append(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to a file of JSON lines."""
    with path.open("a") as file:
        file.writelines(json.dumps(row.line(), ensure_ascii=False) + "\n" for row in rows)


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines; none where it is not there."""
    if not path.exists():
        return []
    return [Row.of_line(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]


def ratio(a: Row, b: Row, figure: str) -> float | None:
    """How much better or worse a is than b; None where one of them has no such figure."""
    of, to = a.line().get(figure), b.line().get(figure)
    return None if of is None or not to else of / to


def verdicts(case: Case, rows: list[Row]) -> list[str]:
    """What each target of a case asks, what there is, and whether that is enough; one line each."""
    by_place = {(row.case, row.engine): row for row in rows}
    return [_verdict(case, target, by_place) for target in case.targets]


def _verdict(case: Case, target: Target, rows: dict[tuple[str, str], Row]) -> str:
    place = f"{case.name}/{target.of}" if target.of else case.name
    asked = [f"at least {target.at_least:g}"] if target.at_least is not None else []
    asked += [f"at most {target.at_most:g}"] if target.at_most is not None else []
    what = f"{place} hub {target.figure}" + (f", ratio to {target.against}" if target.against else "")
    row = rows.get((place, "hub"))
    value = None if row is None else row.line().get(target.figure)
    if target.against is not None and row is not None:
        other = rows.get((place, target.against)) or rows.get((f"{case.name}/{target.against}", "hub"))
        if target.against == case.name:
            other = rows.get((case.name, "hub"))
        value = None if other is None else ratio(row, other, target.figure)
        if value is not None and other is not None and not other.correct:
            what += " (whose output is wrong)"
    if value is None or row is None:
        return f"not measured  {what}: {' and '.join(asked)}"
    kept = (target.at_least is None or value >= target.at_least) and (target.at_most is None or value <= target.at_most)
    right = "" if row.correct else ", and the hub's output is wrong"
    return f"{'met   ' if kept and row.correct else 'MISSED'}  {what}: {value:.4g}, asked {' and '.join(asked)}{right}"


def show(console: Console, rows: list[Row]) -> None:
    """Print the table, and below it what is wrong, what failed and what disturbed."""
    table = Table("case", "engine", box=None, pad_edge=False)
    for name in ("readings/s", "CPU-s per million", "RSS MB", "correct", "broker's CPU", "others' CPU"):
        table.add_column(name, justify="right")
    table.add_column("besides")
    for row in rows:
        figures = (row.readings_per_s, row.cpu_s_per_million, row.rss_mb)
        told = ["–" if figure is None else f"{figure:,.3g}" if figure < 100 else f"{figure:,.0f}" for figure in figures]
        shares = [row.more.get("broker_share"), row.more.get("others_share")]
        said = "failed" if "failed" in row.more else "yes" if row.correct else "NO"
        table.add_row(
            row.case, row.engine, *told, said, *("–" if s is None else f"{s:.0%}" for s in shares), _besides(row)
        )
    console.print(table)
    for row in rows:
        why = row.more.get("failed") or row.more.get("wrong")
        if why:
            console.print(f"{row.case} {row.engine}: {why}", markup=False, highlight=False)
    disturbed = [f"{row.case} {row.engine}" for row in rows if (row.more.get("others_share") or 0) > QUIET]
    if disturbed:
        console.print(
            f"Other programs took more than {QUIET:.0%} of the machine: measure again for {', '.join(disturbed)}."
        )


def _besides(row: Row) -> str:
    known = {"broker_share", "others_share", "failed", "wrong", "runs", "records"}
    told = [f"{name} {value}" for name, value in row.more.items() if name not in known]
    if len(row.more.get("runs", [])) > 1:
        told.insert(0, "runs " + ", ".join(f"{n:,}" for n in row.more["runs"]))
    return "; ".join(told)
