"""From what a person chose on the command line to a hub that runs."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy.hub import Hub, Wishes
from deploy.progress import Display
from streams import settings
from streams.errors import HubError

CHECKED: Final = "typhoon"


def run(
    *, scenario: str | None, speed: float | None, port: int | None, browser: bool, data_dir: Path | None, check: bool
) -> int:
    """Run a hub until it is told to end; returns the exit code.

    Raises:
        HubError: a setting is wrong, or something could not be started.
    """
    # The supervisor tells of a broker that is away, once; the client would tell at every attempt.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    given = settings.load(data_dir=data_dir and data_dir.resolve(), room_port=port)
    wishes = Wishes(
        scenario=(scenario or CHECKED) if check else scenario,
        speed=speed,
        port_chosen="room_port" in given.model_fields_set,
        browser=browser and not check,
        check=check,
    )
    console = Console(highlight=False)
    if not check or data_dir is not None:
        return asyncio.run(Hub(given, wishes, Display(console)).run())
    folder = Path(tempfile.mkdtemp(prefix="urbanhub-check-"))
    try:
        code = asyncio.run(Hub(given.model_copy(update={"data_dir": folder}), wishes, Display(console)).run())
    except HubError:
        console.print(f"its logs are kept in {folder}", soft_wrap=True)
        raise
    if code == 0:
        shutil.rmtree(folder)
    return code
