"""`urbanhub rules`: what a person asks of rules before they hold, and of alerts after. Thin: what it does lies beside."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.cli import AsJson, begin_looking, console
from streams.errors import WrongInput

if TYPE_CHECKING:
    from streams.contract.readings import Domain

app = typer.Typer(no_args_is_help=True, help="Test a city's rules, explain their alerts, try changed ones.")
Lang = Annotated[Literal["ko", "en"], typer.Option("--lang", help="The language of what is told.")]


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


@app.command()
def explain(
    alert_id: Annotated[str, typer.Argument(help="An alert's id, as the Situation Room and the topic alerts show it.")],
    lang: Lang = "ko",
    as_json: AsJson = False,
) -> None:
    """Tell from the log why an alert was raised and what became of it: values, thresholds, durations, the law."""
    from deploy.rules.explain import explain as explained
    from deploy.rules.explanation_shown import Page

    found = asyncio.run(explained(begin_looking("rules"), alert_id))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        Page(console(), lang).show(found)


@app.command("dry-run")
def dry_run(
    file: Annotated[Path, typer.Argument(help="In place of the city's file of rules of this name, or beside them.")],
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h, 3d.")] = "24h",
    domain: Annotated[str | None, typer.Option(help="Only rules of air-quality, traffic or disaster.")] = None,
    lang: Lang = "ko",
    as_json: AsJson = False,
) -> None:
    """Try changed rules on what Kafka retains: which alerts would be new, gone, earlier, later; publishes nothing."""
    from connectors.replay.progress import display
    from deploy.rules.differences_shown import print_comparison
    from deploy.rules.dry_run import Asked
    from deploy.rules.dry_run import dry_run as compared
    from streams.clock import SYSTEM_CLOCK

    asked = Asked(_rule_file(file), _seconds(since), _domain(domain))
    shown = display(SYSTEM_CLOCK, "dry_run_advanced")
    found = asyncio.run(compared(begin_looking("rules"), asked, shown, SYSTEM_CLOCK))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_comparison(found, console(), lang)


def _domain(text: str | None) -> Domain | None:
    from streams.contract.readings import READINGS

    if text is None:
        return None
    for domain in READINGS:
        if domain == text:
            return domain
    raise WrongInput("is not known", field="--domain", value=text, fix=f"One of {', '.join(READINGS)}")


def _rule_file(file: Path) -> Path:
    from streams.rulebook import OF_TESTS

    if not file.is_file() or file.name.endswith(OF_TESTS):
        raise WrongInput("is no file of rules", field="FILE", value=file, fix="Name one as seeds/rules/rain.toml is")
    return file


def _seconds(text: str) -> int:
    from deploy.rules.series import UNITS_S

    said = re.fullmatch(r"([1-9]\d{0,3})([mhd])", text)
    if said is None:
        raise WrongInput("is no duration", field="--since", value=text, fix="Write it as 90m, 24h or 3d")
    return int(said[1]) * UNITS_S[said[2]]
