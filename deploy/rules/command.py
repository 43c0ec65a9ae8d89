"""`urbanhub rules`: what a person asks of rules before they hold. Thin: what it does lies beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Test a city's rules, without a hub.")


@app.command("test")
def rules_test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE…]", help="Files of rules or of their tests; all of the city's without."),
    ] = None,
) -> None:
    """Run rules against the tests beside them (rain.test.toml beside rain.toml); ends with 1 where one fails."""
    from deploy.rules.run import run
    from streams import settings

    raise typer.Exit(run(settings.load().seeds, files or []))
