"""`tests/bench`: measures cases, prints a table, writes JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError
from rich.console import Console

from streams.errors import HubError
from tests.benchmarks import catch_up, latency, report, restore, throughput
from tests.benchmarks.case import Case, WrongCase, cases
from tests.benchmarks.engines.engine import Engine, Failed
from tests.benchmarks.engines.table import ENGINES
from tests.benchmarks.report import Row

KINDS: Final = {
    "throughput": throughput.measure,
    "restore": restore.measure,
    "catch_up": catch_up.measure,
    "latency": latency.measure,
}


def _parser(known: dict[str, Case]) -> argparse.ArgumentParser:
    told = ["cases:"] + [f"  {case.name:<12} {case.title} ({', '.join(case.engines)})" for case in known.values()]
    told += ["", "engines, and what each needs besides this project:"]
    told += [f"  {engine.name:<12} {engine.needs}" for engine in ENGINES.values()]
    told += [
        "",
        "Every case has a broker of its own on this machine's loopback address. Figures are ratios of one run on one",
        "machine: leave it alone meanwhile. A row whose engine failed says why, and the others go on.",
    ]
    parser = argparse.ArgumentParser(
        "tests/bench",
        description="Measures how fast the hub is, beside its peers; prints a table.",
        epilog="\n".join(told),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", nargs="*", help="which cases (all)")
    parser.add_argument("--engine", nargs="+", action="extend", default=[], metavar="NAME", help="only these engines")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add a JSON line for each row")
    parser.add_argument("--resume", action="store_true", help="leave out cases whose rows stand in --json FILE already")
    parser.add_argument("--readings", type=int, metavar="N", help="fewer readings, to try it; the rows say how many")
    parser.add_argument("--repeats", type=int, metavar="N", help="another number of rounds")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="keep logs here; a temporary folder otherwise")
    return parser


def _chosen(parser: argparse.ArgumentParser, known: dict[str, Case], given: argparse.Namespace) -> list[Case]:
    names = [name.lower() for name in given.case]
    names += [name.lower() for name in given.engine if name.lower() in known]  # `--engine hub w1`
    given.engine = [name for name in given.engine if name.lower() not in known]
    for kind, those, all_of in (("case", names, known), ("engine", given.engine, ENGINES)):
        wrong = [name for name in those if name not in all_of]
        if wrong:
            parser.error(f"there is no {kind} {', '.join(wrong)}; there are {', '.join(all_of)}")
    if given.resume and given.json is None:
        parser.error("--resume needs --json FILE")
    return [known[name].scaled(given.readings, given.repeats) for name in names or known]


async def _engines(case: Case, only: list[str]) -> tuple[list[Engine], list[Row]]:
    """The engines of a case that can run here, and a row for each that can't."""
    ready, lacking = [], []
    for name in case.engines:
        if only and name not in only:
            continue
        engine = ENGINES[name]
        try:
            why = engine.missing()
            if why is None:
                await engine.prepare()
                ready.append(engine)
                continue
        except Failed as e:
            why = str(e)
        lacking.append(report.failed(case.name, name, why))
    return ready, lacking


async def _measured(case: Case, only: list[str], folder: Path, console: Console) -> list[Row]:
    engines, rows = await _engines(case, only)
    if not engines:
        return rows
    own = folder / case.name
    own.mkdir(parents=True)
    try:
        measured = await KINDS[case.kind](
            case,
            engines,
            own,
            lambda said: console.print(said, markup=False, highlight=False, style="dim", soft_wrap=True),
        )
    except (Failed, HubError, KafkaError, OSError, TimeoutError) as e:
        measured = [report.failed(case.name, engine.name, f"{type(e).__name__}: {e}") for engine in engines]
    return measured + rows


async def _main(given: argparse.Namespace, chosen: list[Case], console: Console, folder: Path) -> int:
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, main.cancel)
    there = report.read(given.json) if given.resume else []
    rows: list[Row] = []
    for case in chosen:
        mine = [row for row in there if row.case.split("/")[0] == case.name and "failed" not in row.more]
        if {row.engine for row in mine} >= {name for name in case.engines if not given.engine or name in given.engine}:
            rows += mine
            continue
        console.print(f"{case.name}: {case.title}", markup=False, highlight=False, soft_wrap=True)
        new = await _measured(case, given.engine, folder, console)
        if given.json is not None:
            report.append(given.json, new)
        rows += new
    console.print()
    report.show(console, rows)
    console.print()
    for case in chosen:
        for verdict in report.verdicts(case, rows):
            console.print(verdict, markup=False, highlight=False, soft_wrap=True)
    return 0 if all(row.correct for row in rows if row.engine == "hub") else 1


def main() -> int:
    """Run the command; 0 when every row of the hub is correct."""
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # a new broker refuses a little at first; clients try again
    console = Console(width=None if sys.stdout.isatty() else 180)
    try:
        known = cases()
    except WrongCase as e:
        console.print(str(e), markup=False)
        return 2
    parser = _parser(known)
    given = parser.parse_args()
    chosen = _chosen(parser, known, given)
    try:
        if given.work is not None:
            return asyncio.run(_main(given, chosen, console, given.work))
        with tempfile.TemporaryDirectory(prefix="urbanhub-bench-") as folder:
            return asyncio.run(_main(given, chosen, console, Path(folder)))
    except asyncio.CancelledError:
        console.print("stopped; the cases that were done stand in --json FILE", markup=False)
        return 130


if __name__ == "__main__":
    sys.exit(main())
