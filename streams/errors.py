"""Every error of the hub that a person is told, as one tree.

    HubError                  what happened, which field and value, what to do; exit code 1
    ├── WrongSetting          a setting, option or file of settings is wrong (exit 78)
    ├── WrongSeed             a file of the city's data is wrong (exit 78)
    ├── WrongInput            an argument or a file given to a command is wrong (exit 64)
    ├── Unavailable           something that the hub needs does not answer (exit 69)
    ├── Occupied              a port or a data folder is in use by somebody else (exit 75)
    ├── NoRoom                the disk is full or may not be written (exit 74)
    └── StateRefused          a checkpoint or topic does not fit this program (exit 70)

Exit codes follow sysexits.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

SHOWN_CHARACTERS = 80
"""A value is shown to a person up to this many characters: enough to recognise it, too few to flood a screen."""


def shown(value: object) -> str:
    """The value as a person is shown it: one line, cut at `SHOWN_CHARACTERS` characters."""
    text = str(value).replace("\n", "\\n")
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


class HubError(Exception):
    """Something that a person is told in one message.

    Args:
        what: what happened, one sentence without its final full stop.
        field: the setting, option, field or place concerned.
        value: its value; shown cut, never a secret.
        fix: what to do, as an imperative sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, field: str = "", value: Any = None, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.field, self.value, self.fix = what, field, value, fix

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        value = "" if self.value is None else f" (got {shown(self.value)!r})"
        fix = f". {self.fix}" if self.fix else ""
        return f"{place}{self.what}{value}{fix}"


class WrongSetting(HubError):
    """A setting, an option or the file of settings is wrong."""

    exit_code = 78


class WrongSeed(HubError):
    """A file of the city's data (registry, zones, rules, scenarios) is wrong."""

    exit_code = 78
    parts: Sequence[WrongSeed] = ()
    """Where it tells of several things: each of them."""


class WrongInput(HubError):
    """An argument or a file given to a command is wrong."""

    exit_code = 64


class Unavailable(HubError):
    """Something that the hub needs does not answer."""

    exit_code = 69


class Occupied(HubError):
    """A port or a data folder is in use by somebody else."""

    exit_code = 75


class NoRoom(HubError):
    """The disk is full, or a folder may not be written."""

    exit_code = 74


class StateRefused(HubError):
    """Kept state does not fit this program; going on would be silently wrong."""

    exit_code = 70


class Misfit(ValueError):
    """A part of an entry does not fit the rest; told as `WrongSeed`, where file and line are known.

    Args:
        what: what does not fit, one clause.
        at: keys and numbers that lead to it from the model that says so; empty = the whole of it.
        value: its value.
        fix: what to do, as an imperative sentence.
    """

    def __init__(self, what: str, *, at: tuple[str | int, ...] = (), value: Any = None, fix: str = "Mend it") -> None:
        super().__init__(f"{what}; {fix[0].lower()}{fix[1:]}")
        self.what, self.at, self.value, self.fix = what, at, value, fix
