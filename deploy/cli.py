"""The command `urbanhub`: `up`, `status`, and the commands of the flow and of its sources, joined.

One error is one message and one exit code; a traceback is a bug.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.cli import PANEL
from connectors.cli import app as sources
from deploy.rules.command import app as rules
from streams.cli import LOOK
from streams.cli import app as flow
from streams.errors import HubError, NoRoom, Unavailable

DEFAULT_SCENARIO: Final = "typhoon"
LOOKING: Final = ("rules", "tap", "topics")
"""Commands that ask a hub and write nothing to it but its topics' settings."""

app = typer.Typer(
    name="urbanhub",
    help="Event-streaming hub for a city's sensors, with its live Situation Room.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(flow)
app.add_typer(sources)
app.add_typer(rules, name="rules", rich_help_panel=LOOK)


@app.callback()
def _everywhere(
    context: typer.Context,
    seeds: Annotated[
        Path | None, typer.Option(help="The folder that makes this hub a city's.", envvar="URBANHUB_SEEDS")
    ] = None,
) -> None:
    if seeds is not None:
        os.environ["URBANHUB_SEEDS"] = str(seeds.resolve())
    if context.invoked_subcommand in LOOKING:
        _look_at_the_running_hub()


def _look_at_the_running_hub() -> None:
    """Where no Kafka is named: that of the hub that runs on the data folder, if one does."""
    from deploy.data_dir import read_status
    from streams import settings

    with suppress(HubError):  # the command itself tells what is wrong
        found = settings.load()
        running = None if found.kafka_bootstrap_servers else read_status(found.data_dir)
        if running is not None and running["kafka"]["bootstrap"]:
            os.environ["KAFKA_BOOTSTRAP_SERVERS"] = running["kafka"]["bootstrap"]


@app.command(rich_help_panel="The whole hub")
def up(
    scenario: Annotated[
        str, typer.Option(help="The scenario to play as an exercise, or none.", metavar="NAME|none")
    ] = DEFAULT_SCENARIO,
    speed: Annotated[
        float | None,
        typer.Option(help="How many times faster than it was; default: the scenario's own.", min=0.01, max=100_000),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The Situation Room's port; default: 8600 or the next free one.", min=1, max=65_535),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where everything is kept; default: ~/.local/share/urbanhub.", file_okay=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Play the scenario fast in a folder of its own, check its promises, end.")
    ] = False,
) -> None:
    """Start Kafka, InfluxDB, the flow and the Situation Room; Ctrl-C stops everything.

    KAFKA_BOOTSTRAP_SERVERS uses an existing Kafka instead, INFLUX_URL and INFLUX_TOKEN an existing InfluxDB 2.
    Started again it goes on with what it has: history is kept, and a scenario that was cut continues.
    """
    from deploy import starting

    raise typer.Exit(
        starting.run(
            scenario=None if scenario == "none" else scenario,
            speed=speed,
            port=port,
            browser=browser,
            data_dir=data_dir,
            check=check,
        )
    )


@app.command(rich_help_panel="The whole hub")
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: every address in use, with the token.")
    ] = False,
    data_dir: Annotated[Path | None, typer.Option(help="That of the hub that is asked about.", file_okay=False)] = None,
) -> None:
    """Show what runs, where, and how it is."""
    from rich.console import Console

    from deploy.data_dir import read_status
    from deploy.status import print_status
    from streams import settings

    folder = settings.load(data_dir=data_dir and data_dir.resolve()).data_dir
    found = read_status(folder)
    if found is None:
        raise Unavailable("no hub runs on this data folder", field="--data-dir", value=folder, fix="Start ./deploy/up")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print_status(found, Console())


@app.command(rich_help_panel=PANEL)
def backfill(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="NDJSON or CSV files of readings, also .gz.")],
    topic: Annotated[str | None, typer.Option(help="For readings that do not say theirs.")] = None,
) -> None:
    """Publish the final windows of history at full speed; raises no alert and leaves what is live alone.

    Takes what `replay` takes, in any order, older than 24 hours; a window that InfluxDB has already is replaced by that of
    the files, so they must hold all that a sensor measured in their time. Files that follow one another belong in one run.
    Ctrl-C keeps how far it has come: the same command goes on there.
    """
    from deploy.backfill import command

    raise typer.Exit(asyncio.run(command.run(files, topic)))


def main() -> None:
    """Run the command; every error that a person can mend is one message on standard error."""
    try:
        app()
    except HubError as e:
        _end(e)
    except OSError as e:
        if e.errno != errno.ENOSPC:
            raise
        _end(NoRoom("the disk is full", field=str(e.filename or "disk"), fix="Make room and start again"))
    except KeyboardInterrupt:
        sys.exit(130)


def _end(error: HubError) -> None:
    print(f"urbanhub: {error}", file=sys.stderr)  # noqa: T201 -- the one place where a person is told
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
