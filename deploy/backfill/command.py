"""`urbanhub backfill` as a command: which files, where to go on, what a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from connectors.replay.progress import display
from connectors.stopping import stop_signals
from deploy.backfill.backfill import Backfill
from deploy.backfill.kept import Kept, Progress
from streams import logs, settings
from streams.clock import SYSTEM_CLOCK
from streams.contract.topics import READING_TOPICS
from streams.errors import WrongInput


async def run(files: Sequence[Path], topic: str | None) -> int:
    """Publish the windows of these files; returns the exit code: 0 when done, 130 or 143 when stopped before.

    Raises:
        WrongInput: a file is not there or holds no reading, or the topic is none of readings.
        WrongSeed: the city's data is wrong.
        Unavailable: the broker does not answer.
        Occupied: another process does the same now.
    """
    if topic is not None and topic not in READING_TOPICS:
        raise WrongInput("takes no readings", field="--topic", value=topic, fix=f"Use {', '.join(READING_TOPICS)}")
    for path in files:
        if not path.is_file():
            raise WrongInput("is no file", field="FILE", value=path, fix="Name NDJSON or CSV files, also .gz")
    known = settings.load()
    logs.configure(process="backfill", form=known.log_format, level=known.log_level)
    kept = Kept(known.data_dir, files, topic, known.partitions)
    begun_s = SYSTEM_CLOCK.monotonic_s()
    with kept.held() as progress, stop_signals() as stop, display(SYSTEM_CLOCK, "backfill_advanced") as shown:
        ended = await Backfill(kept, progress, known, SYSTEM_CLOCK, stop, shown).run(topic)
        if ended:
            kept.forget()
    typer.echo(_summary(progress, SYSTEM_CLOCK.monotonic_s() - begun_s, ended=ended))
    return 0 if ended else stop.exit_code


def _summary(progress: Progress, seconds: float, *, ended: bool) -> str:
    if not ended:
        return "stopped before the end; the same command goes on"
    values, refused = progress.total("values"), progress.total("refused")
    parts = [f"{values['windowed']:,} values in windows after {seconds:.1f} s"]
    parts += [f"{values[name]:,} {name.replace('_', ' ')}" for name in ("duplicate", "set_aside") if values[name]]
    parts += [f"{n:,} records refused: {reason}" for reason, n in sorted(refused.items())]
    if wrong := sum(laid.wrong for laid in progress.laid):
        parts.append(f"{wrong:,} records that are no history")
    return ", ".join(parts)
