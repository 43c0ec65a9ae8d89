"""The flow's commands: one process each, and what is looked at from outside. Thin: what they do lies beside."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Annotated, Any

import typer
from rich.console import Console

from streams import logs, settings
from streams.errors import WrongInput

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
topics_app = typer.Typer(no_args_is_help=True, help="Create, mend and compare the hub's topics.")
sensors_app = typer.Typer(no_args_is_help=True, help="The city's sensors.")
FLOW, LOOK = "The flow, a process each", "Looking at it"
app.add_typer(topics_app, name="topics", rich_help_panel=LOOK)
app.add_typer(sensors_app, name="sensors", rich_help_panel=LOOK)
FILE_WIDTH = 160
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def _begin(process: str) -> settings.Settings:
    found = settings.load()
    logs.configure(process=process, form=found.log_format, level=found.log_level)
    return found


def begin_looking(command: str) -> settings.Settings:
    """For what answers once and ends: a broker that is away is told by its one message, not by the client's as well."""
    found = _begin(command)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return found


def console() -> Console:
    """As wide as its terminal, or wide enough for a file."""
    shown = Console(highlight=False)
    return shown if shown.is_terminal else Console(highlight=False, width=FILE_WIDTH)


@app.command(rich_help_panel=FLOW)
def worker() -> None:
    """Carry the stages: readings, bulletins, commands, alerts. More workers share the partitions."""
    from streams.worker.app import run

    asyncio.run(run(_begin("worker")))


@app.command(rich_help_panel=FLOW)
def sink() -> None:
    """Store windows and alert states in InfluxDB, as fast as it takes them."""
    from streams.sink.app import run

    asyncio.run(run(_begin("sink")))


@app.command(rich_help_panel=FLOW)
def room() -> None:
    """Serve the Situation Room."""
    from streams.room.app import run

    run(_begin("room"))


@topics_app.command("apply")
def topics_apply() -> None:
    """Create what is missing and mend what differs; a number of partitions is never changed."""
    from streams.kafka import apply_topics

    changed = asyncio.run(apply_topics(begin_looking("topics")))
    for difference in changed:
        typer.echo(f"{difference.topic}: {'mended: ' + difference.settings if difference.exists else 'created'}")
    typer.echo(f"{len(changed)} topics changed" if changed else "all topics are as they must be")


@topics_app.command("list")
def topics_list(as_json: AsJson = False) -> None:
    """Compare the table of topics with the cluster; ends with 1 where they differ."""
    from streams.kafka import compare_topics
    from streams.topics_shown import rows_of, table_of

    found = begin_looking("topics")
    differences = asyncio.run(compare_topics(found))
    if as_json:
        typer.echo(json.dumps(rows_of(differences, found.partitions), ensure_ascii=False, indent=2))
    else:
        console().print(table_of(differences, found.partitions))
    raise typer.Exit(0 if all(d.fits for d in differences) else 1)


@app.command(rich_help_panel=LOOK)
def schema(
    topic: Annotated[str | None, typer.Argument(help="One topic's JSON Schema; all of them without.")] = None,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="The AsyncAPI 3 document instead.")] = False,
) -> None:
    """Print what travels: a JSON Schema per topic, or the AsyncAPI 3 document; both made from the models."""
    from streams.contract import schemas

    if asyncapi:
        found: Any = schemas.asyncapi()
    else:
        found = schemas.json_schemas()
        if topic is not None:
            if topic not in found:
                raise WrongInput(
                    "no such topic has a schema", field="TOPIC", value=topic, fix=f"One of {', '.join(found)}"
                )
            found = found[topic]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@app.command(rich_help_panel=LOOK)
def check() -> None:
    """Read all settings and the city's data, and name everything that is wrong with its place."""
    from streams import registry, rule_watch

    found = settings.load()
    known, judging = registry.load(found.seeds), rule_watch.read(found.seeds)
    typer.echo(
        f"settings  fine ({settings.config_path()} {'read' if settings.config_path().is_file() else 'not there'})"
    )
    typer.echo(f"seeds     {found.seeds}: {known.city.name.en}")
    typer.echo(f"          {len(known.sensors)} sensors, {len(known.zones)} zones, {len(known.owners)} owners")
    typer.echo(f"          {len(judging.rules)} rules, {len(judging.periods)} periods of maintenance")


@app.command(rich_help_panel=LOOK)
def tap(
    topic: Annotated[str, typer.Argument(help="A topic of the hub.")],
    key: Annotated[str | None, typer.Option(help="Only records with this key (a sensor's or an alert's id).")] = None,
    begin: Annotated[bool, typer.Option("--from-beginning", help="From the oldest record kept.")] = False,
    count: Annotated[int | None, typer.Option("-n", "--count", help="End after so many.", min=1)] = None,
) -> None:
    """Print what travels through a topic, one JSON object a line, until Ctrl-C."""
    from streams.tap import follow

    asyncio.run(follow(begin_looking("tap"), topic, key=key, from_beginning=begin, count=count, write=typer.echo))


@sensors_app.command("list")
def sensors_list(
    domain: Annotated[str | None, typer.Option(help="air-quality, traffic or disaster.")] = None,
    zone: Annotated[str | None, typer.Option(help="Only of this zone.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the registry's sensors."""
    from rich.table import Table

    from streams import registry
    from streams.contract.readings import READINGS

    known = registry.load(settings.load().seeds)
    for option, value, choices in (("--domain", domain, READINGS), ("--zone", zone, known.zones)):
        if value is not None and value not in choices:
            raise WrongInput("is not known", field=option, value=value, fix=f"One of {', '.join(choices)}")
    found = [
        sensor
        for _, sensor in sorted(known.sensors.items())
        if domain in (None, sensor.domain) and zone in (None, sensor.zone)
    ]
    if as_json:
        typer.echo(json.dumps([s.model_dump(mode="json") for s in found], ensure_ascii=False, indent=2))
        return
    table = Table(box=None, padding=(0, 2))
    for head in ("sensor_id", "name", "domain", "kind", "zone", "owner", "measures"):
        table.add_column(head, no_wrap=head == "sensor_id", overflow="fold")
    for s in found:
        table.add_row(s.sensor_id, s.name.ko, s.domain, s.kind, s.zone, s.owner, ", ".join(s.measures))
    console().print(table)
