"""The compose file as the compose specification's own validator reads it."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
SECRET = re.compile(r"\$\{(\w+):\?[^}]*\}")


class Refused(Exception):
    """The validator's words on what is wrong."""


@functools.cache
def validator() -> str:
    """Its path; built first where it is not in the cache (a minute)."""
    built = subprocess.run(
        [Path(__file__).parent / "compose-spec"], capture_output=True, text=True, timeout=600, check=False
    )
    assert built.returncode == 0, built.stderr[-2000:]
    return built.stdout.strip()


def with_secrets(text: str) -> str:
    """The file as one who has set every secret has it: `secret-<NAME>`.

    The validator's command takes no variable from its environment; defaults it puts in by itself.
    """
    return SECRET.sub(lambda match: f"secret-{match[1]}", text)


def model(folder: Path, text: str) -> dict[str, Any]:
    """The compose file as it is understood, lying in `folder`.

    Raises:
        Refused: it is not valid.
    """
    (folder / "compose.yaml").write_text(text, encoding="utf-8")
    said = subprocess.run(
        [validator(), "--format", "json", "--no-path-resolution", "compose.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if said.returncode != 0:
        raise Refused(said.stderr)
    understood: dict[str, Any] = json.loads(said.stdout)
    return understood
