"""The sources' commands: `replay` plays recorded records, `connect` reads live sources. Thin: what they do lies beside."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from streams.errors import WrongInput

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
PANEL = "Sources"


@app.command(rich_help_panel=PANEL)
def replay(
    source: Annotated[
        str | None, typer.Argument(metavar="SCENARIO|FILE", help="A scenario of the seeds, or an NDJSON or CSV file.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="Times faster than it was; 0 = as fast as possible; default: the scenario's."),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end, each lap a new exercise.")] = False,
    rebase: Annotated[bool, typer.Option("--rebase", help="Move the first record's time to now.")] = False,
    real: Annotated[bool, typer.Option("--real", help="As reality, in no exercise.")] = False,
    exercise: Annotated[
        str | None, typer.Option(help="Call the exercise so; one of that name that was cut goes on.", metavar="ID")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest one that was cut, if any.")] = False,
    topic: Annotated[str | None, typer.Option(help="For records that do not say theirs.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End at the first wrong record.")] = False,
    rejected: Annotated[
        str | None, typer.Option(help="Send dead letters of this reason again instead.", metavar="REASON")
    ] = None,
) -> None:
    """Play a scenario or a file as an exercise, or send dead letters again.

    A file is NDJSON or CSV, also .gz, in the contract's names (a CSV's header: sensor_id, observed_at, measures …;
    nested ones as location.lat). Ctrl-C keeps how far it has come: --resume goes on there.
    """
    from connectors.replay import command

    if rejected is not None:
        given = {
            "SOURCE": source is not None,
            "--speed": speed is not None,
            "--exercise": exercise is not None,
            "--loop": loop,
            "--rebase": rebase,
            "--real": real,
            "--resume": resume,
            "--strict": strict,
        }
        if beside := [name for name, is_given in given.items() if is_given]:
            raise WrongInput("stands beside --rejected", field=", ".join(beside), fix="Leave one of them out")
        raise typer.Exit(asyncio.run(command.resend_rejected(rejected, topic)))
    if source is None:
        raise WrongInput("is missing", field="SOURCE", fix="Name a scenario or a file, or --rejected REASON")
    wishes: dict[str, Any] = {"loop": loop, "rebase": rebase, "real": real, "strict": strict}
    raise typer.Exit(asyncio.run(command.play(source, speed, wishes, exercise=exercise, resume=resume, topic=topic)))


@app.command(rich_help_panel=PANEL)
def connect(
    what: Annotated[str, typer.Argument(metavar="list|test|all|NAME", help="What to do, or the source to read.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The source that test tries.")] = None,
) -> None:
    """Read live sources: list them, test one, run one by its NAME, or run all that are enabled.

    test asks once and shows what would be published, without a broker. A source's settings stand in list.
    """
    from rich.console import Console

    from connectors import live

    if (what == "test") != (name is not None):
        raise WrongInput(
            "is missing" if name is None else "stands only beside test",
            field="NAME",
            value=name,
            fix="As in: urbanhub connect test usgs",
        )
    if what == "list":
        live.print_list(Console())
        return
    if name is not None:
        raise typer.Exit(asyncio.run(live.try_one(name, Console())))
    raise typer.Exit(asyncio.run(live.run(live.enabled() if what == "all" else [what])))
