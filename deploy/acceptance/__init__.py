"""`up --check`: does the hub do what its scenario promises, from the first record to InfluxDB?

The scenario is played as a new exercise, as fast as it goes, through the hub's own command; what comes of it is read as any
subscriber and any data user reads it, and compared with two things: what the scenario's file promises, each with its
reason, and what the independent calculation (`deploy.oracle`) says of the same records.

    recorded   its records as they come to stand in the log
    sheet      the promises, each failed until it was checked and held
    counts, lives, windows, reality   the promises by kind: opened, then settled
    listener   follows the hub's topics, knows when all is worked through and stored
    found      what was heard of the exercise
    accounts   what the worker says became of values
    flux       what InfluxDB holds
"""

from __future__ import annotations

import asyncio
from typing import Final

from rich.console import Console

from deploy.acceptance.accounts import accounts
from deploy.acceptance.counts import Counts
from deploy.acceptance.found import Found
from deploy.acceptance.listener import Listener
from deploy.acceptance.lives import Lives
from deploy.acceptance.reality import Reality
from deploy.acceptance.recorded import recorded
from deploy.acceptance.sheet import Sheet, console
from deploy.acceptance.windows import Windows
from deploy.influx import InfluxAccess
from deploy.oracle import answer_to, read_city
from deploy.processes import HubProcess
from deploy.promises import read_scenario
from deploy.supervisor import last_words
from streams import registry, rulebook
from streams.clock import SYSTEM_CLOCK
from streams.contract.readings import MEASURES, READINGS
from streams.contract.times import compact_ms
from streams.errors import HubError, Unavailable, WrongInput
from streams.settings import Settings

RANGES: Final[dict[str, dict[str, tuple[float, float]]]] = {
    domain: {name: (m.low, m.high) for (of, name), m in MEASURES.items() if of == domain} for domain in READINGS
}
"""The plausible range of each measure, which the contract's models state."""
AT_ONCE: Final = "0"
"""The speed of a replay that does not keep the scenario's pace."""


async def run(settings: Settings, *, scenario: str | None, speed: float | None = None) -> int:
    """Check a running hub; prints a table and, last, `N passed, N failed`.

    Args:
        settings: of the hub: its Kafka, its InfluxDB, its seeds.
        scenario: which one is played.
        speed: how many times faster than it was; None = as fast as possible.

    Returns:
        The exit code: 0 only if every promise was checked and held.

    Raises:
        WrongInput: no scenario is named, or its records are wrong.
        WrongSeed: the scenario's file or the city's data is wrong.
    """
    access = InfluxAccess.of_settings(settings)
    if scenario is None or access is None:
        raise WrongInput("a check needs a scenario and an InfluxDB", field="--check", fix="Name both")
    shown = console()
    city = registry.load(settings.seeds)
    rules = rulebook.load(settings.seeds)
    promised = read_scenario(settings.seeds, scenario, city)
    exercise = f"{scenario}-{compact_ms(SYSTEM_CLOCK.now_ms())}"
    sent = await asyncio.to_thread(recorded, settings, scenario, exercise)
    shown.print(f"check: calculating what {len(sent.log):,} records of {scenario} must bring about")
    answer = await asyncio.to_thread(answer_to, sent.log, read_city(settings.seeds), RANGES, exercise)

    sheet = Sheet()
    counts = Counts(sheet, promised.expects, answer)
    lives = Lives(sheet, promised.expects, answer, city.city.time_zone)
    windows = Windows(sheet, promised, answer)
    reality = Reality(sheet, city, rules)
    found = Found(exercise, sent.raw)
    try:
        async with Listener(settings, found) as listener:
            await reality.send(settings, SYSTEM_CLOCK)
            shown.print(f"check: playing it as {exercise}")
            await _play(settings, access, scenario, exercise, speed)
            shown.print("check: waiting until it is worked through")
            try:
                last = await listener.worked_through()
                counts.settle_accounts(await accounts(settings, exercise, last))
            finally:
                counts.settle_topics(found)
                lives.settle(found.alerts())
                windows.settle_kafka(found.windows)
            shown.print("check: waiting until InfluxDB has it")
            await listener.stored()
        await windows.settle_influx(access, city, exercise)
        await reality.settle(access)
    except HubError as e:
        shown.print(f"check: {e}", style="bold red", markup=False)
    return _told(shown, sheet, settings)


async def _play(settings: Settings, access: InfluxAccess, scenario: str, exercise: str, speed: float | None) -> None:
    """Play the scenario by the hub's own command, to its end.

    Raises:
        Unavailable: it did not come to its end.
    """
    pace = AT_ONCE if speed is None else f"{speed:g}"
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap,
        "URBANHUB_DATA_DIR": str(settings.data_dir),
        "URBANHUB_SEEDS": str(settings.seeds),
        **access.environment(),
    }
    arguments = ("replay", scenario, "--exercise", exercise, "--speed", pace)
    replay = HubProcess(*arguments, data_dir=settings.data_dir, env=env, awaited=False)
    await replay.start()
    try:
        code = await replay.child.ended()
    finally:
        await replay.stop()
    if code:
        raise Unavailable(
            f"the replay ended with {code}: {last_words(replay.child)}",
            field="--check",
            fix=f"Read {replay.child.log}",
        )


def _told(shown: Console, sheet: Sheet, settings: Settings) -> int:
    shown.print(sheet.table())
    if sheet.failed:
        shown.print(f"what was checked is kept in {settings.data_dir}", soft_wrap=True, markup=False)
    shown.print(sheet.verdict)
    return 1 if sheet.failed else 0
