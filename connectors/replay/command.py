"""`urbanhub replay`: chooses the run, plays it, says what became of it."""

from __future__ import annotations

from typing import Final, get_args

import typer

from connectors.replay.player import Played, Player, Wishes
from connectors.replay.progress import display
from connectors.replay.recording import PLAYED_TOPICS, Recording, find_recording
from connectors.replay.rejected import resend
from connectors.replay.state import ReplayState, ReplayStates
from connectors.stopping import stop_signals
from streams import logs, metrics, settings
from streams.clock import SYSTEM_CLOCK
from streams.contract.rejections import REASONS, Reason
from streams.errors import WrongInput

FASTEST: Final = 1_000_000.0
"""Eleven days in a second: beyond it every wait is shorter than a clock can tell, which is 0."""


async def play(
    source: str, speed: float | None, wishes: dict[str, bool], *, exercise: str | None, resume: bool, topic: str | None
) -> int:
    """Play a scenario or a file; returns the exit code: 0 at its end, 130 or 143 when it was stopped before."""
    known = settings.load()
    _check_topic(topic)
    if wishes["real"] and exercise is not None:
        raise WrongInput("stands beside --real", field="--exercise", value=exercise, fix="Leave one of them out")
    if speed is not None and not 0 <= speed <= FASTEST:
        raise WrongInput(
            "is no speed", field="--speed", value=speed, fix=f"Use 0 (as fast as possible) to {FASTEST:,.0f}"
        )
    recording = find_recording(source, known.seeds, topic)
    states = ReplayStates(known.data_dir, SYSTEM_CLOCK)
    wanted = Wishes(recording.speed if speed is None else speed, **wishes)
    state = _chosen(states, recording, wanted, exercise=exercise, resume=resume)
    with stop_signals() as stop, display(SYSTEM_CLOCK) as shown:
        logs.configure(process="replay", form=known.log_format, level=known.log_level)
        if known.metrics_port:
            metrics.serve(known.metrics_host, known.metrics_port, lambda: None)
        played = await Player(known, states, recording, wanted, clock=SYSTEM_CLOCK, stop=stop, shown=shown).play(state)
    typer.echo(_summary(played, recording))
    return 0 if played.finished and not wanted.loop else stop.exit_code


async def resend_rejected(reason: str, topic: str | None) -> int:
    """Send dead letters again; returns the exit code."""
    if reason not in REASONS:
        raise WrongInput(
            "is no reason", field="--rejected", value=reason, fix=f"Use one of {', '.join(get_args(Reason))}"
        )
    _check_topic(topic)
    known = settings.load()
    logs.configure(process="replay", form=known.log_format, level=known.log_level)
    with stop_signals() as stop:
        resent = await resend(known, reason, topic, stop)
    parts = [f"{resent.sent:,} dead letters of {reason} sent again", f"{resent.sent_before:,} had been before"]
    if reason == "unknown_sensor":
        parts.append(f"{resent.still_unknown:,} name a sensor that is still not registered")
    typer.echo(", ".join(parts))
    return stop.exit_code


def _chosen(
    states: ReplayStates, recording: Recording, wishes: Wishes, *, exercise: str | None, resume: bool
) -> ReplayState:
    found = states.newest_unfinished(recording, real=wishes.real) if resume and exercise is None else None
    if exercise is not None:
        found = states.of(exercise)
    if found is None:
        return states.new(recording, real=wishes.real, rebase=wishes.rebase, exercise=exercise)
    if not found.is_of(recording) or found.real:
        raise WrongInput(
            "plays another file, or the file was changed",
            field="--exercise",
            value=found.source,
            fix="Give it another name",
        )
    if found.finished:
        raise WrongInput("has come to its end", field="--exercise", value=found.exercise, fix="Give it another name")
    return found


def _check_topic(topic: str | None) -> None:
    if topic is not None and topic not in PLAYED_TOPICS:
        raise WrongInput(
            "is none of the hub's inputs", field="--topic", value=topic, fix=f"Use {', '.join(PLAYED_TOPICS)}"
        )


def _summary(played: Played, recording: Recording) -> str:
    parts = [f"{played.run}: {played.sent:,} records sent in {played.seconds:.1f} s"]
    if played.laps > 1:
        parts.append(f"{played.laps} laps")
    if played.wrong:
        parts.append(f"{played.wrong:,} wrong ones skipped")
    if played.refused:
        parts.append(f"{played.refused:,} refused by the broker")
    if not played.finished:
        parts.append(f"stopped before the end of {recording.path.name}; --resume goes on")
    return ", ".join(parts)
