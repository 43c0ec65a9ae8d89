"""`urbanhub connect`: lists the live sources, tries one, runs one or all."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Final

from rich.console import Console
from rich.table import Table

from connectors.catalogue import CATALOGUE
from connectors.frame.connector import Connector, settings_of
from connectors.frame.runner import Runner
from connectors.frame.upstream import Upstream
from connectors.stopping import Stop, stop_signals
from streams import logs, metrics, settings
from streams.clock import SYSTEM_CLOCK
from streams.contract.sensors import City
from streams.errors import WrongInput
from streams.registry import read_model, read_toml
from streams.settings import Settings

TOLD_RECORDS: Final = 10


def print_list(console: Console) -> None:
    """Every source, and what it can be told.

    Raises:
        WrongSetting: a source's settings are wrong.
    """
    table = Table("Source", "Brings", "Into", box=None, pad_edge=False)
    options = Table("Setting", "Now", "Meaning", box=None, pad_edge=False)
    for name, connector in CATALOGUE.items():
        table.add_row(name, connector.says, connector.topic)
        for variable, now, meaning in settings_of(connector):
            options.add_row(variable, now, meaning)
    console.print(table)
    console.print()
    console.print(options)


async def try_one(name: str, console: Console) -> int:
    """Ask a source once and show what it would publish, without a broker; returns the exit code.

    Raises:
        WrongInput: there is no such source.
        SourceFailed: it does not answer, or not with what it should.
    """
    connector = _made(name, settings.load())
    with stop_signals() as stop:
        async with Upstream(SYSTEM_CLOCK) as upstream:
            asking = await stop.grants(connector.poll(upstream))
    if asking.cancelled():
        return stop.exit_code
    polled = asking.result()
    console.print(f"{name} answers; {len(polled.records)} records for {connector.topic}", highlight=False)
    for record in polled.records[-TOLD_RECORDS:]:
        console.print(record.model_dump_json(exclude_none=True), highlight=False, soft_wrap=True, markup=False)
    for complaint in polled.complaints:
        console.print(f"doubtful: {complaint}", highlight=False, markup=False)
    return 0


async def run(names: list[str]) -> int:
    """Run these sources until asked to end; returns the exit code.

    Raises:
        WrongInput: there is no such source, or none is enabled.
        Unavailable: no broker answers.
        Occupied: another process runs one of them.
    """
    known = settings.load()
    connectors = [_made(name, known) for name in names]
    logs.configure(process="connect", form=known.log_format, level=known.log_level)
    with stop_signals() as stop:
        async with AsyncExitStack() as stack:
            runners = {}
            for connector in connectors:
                upstream = await stack.enter_async_context(Upstream(SYSTEM_CLOCK))
                runners[connector.name] = Runner(
                    known, connector, upstream, stop=stop, clock=SYSTEM_CLOCK, chance=random.Random()
                )
            if known.metrics_port:
                metrics.serve(known.metrics_host, known.metrics_port, lambda: not_ready(runners), lambda: told(runners))
            await _all(runners, stop)
    return stop.exit_code


def enabled() -> list[str]:
    """The sources that `connect all` runs.

    Raises:
        WrongInput: none is enabled.
        WrongSetting: a source's settings are wrong.
    """
    names = [name for name, connector in CATALOGUE.items() if connector.settings_model.load().enabled]
    if not names:
        raise WrongInput("no source is enabled", field="all", fix="See urbanhub connect list")
    return names


def not_ready(runners: dict[str, Runner]) -> str | None:
    """Which sources are down or were not asked yet, and why; None when all can be heard."""
    bad = [f"{n}: {r.seen.health}: {r.seen.why}" for n, r in runners.items() if r.seen.health in ("starting", "down")]
    return "; ".join(bad) or None


def told(runners: dict[str, Runner]) -> str:
    """How each source is."""
    return "\n".join(f"{n}: {r.seen.health}" + (f": {r.seen.why}" if r.seen.why else "") for n, r in runners.items())


async def _all(runners: dict[str, Runner], stop: Stop) -> None:
    """Run them side by side; the first that can't go on ends all, and its reason is told."""
    tasks = [asyncio.create_task(runner.run(), name=name) for name, runner in runners.items()]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _made(name: str, known: Settings) -> Connector:
    connector = CATALOGUE.get(name)
    if connector is None:
        raise WrongInput(
            "there is no such source",
            field="NAME",
            value=name,
            fix=f"Use one of {', '.join(CATALOGUE)}, or list or all",
        )
    path = known.seeds / "city.toml"
    city = read_model(path, City, read_toml(path), "city")
    return connector(connector.settings_model.load(), city, SYSTEM_CLOCK)
