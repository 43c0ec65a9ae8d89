"""The sheet of promises: each opened before anything is played, so that what is never checked counts as failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOT_CHECKED: Final = "not checked"
WIDTH: Final = 140
"""Where the table is not shown on a terminal but kept in a file or a log."""


@dataclass(slots=True)
class Row:
    """One promise.

    Args:
        what: what is promised.
        promised: what the scenario's file says.
        calculated: what the independent calculation says.
    """

    what: str
    promised: str = ""
    calculated: str = ""
    found: str = NOT_CHECKED
    passed: bool = False

    def settle(self, found: str, *, passed: bool) -> None:
        """What was found, and whether it is what was promised and calculated."""
        self.found, self.passed = found, passed

    def settle_count(self, promised: int, calculated: int, found: int) -> None:
        """A count holds where all three are one."""
        self.settle(f"{found:,}", passed=promised == calculated == found)


class Sheet:
    """All promises of one check, in the order in which they are shown."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def open(self, what: str, promised: str = "", calculated: str = "") -> Row:
        """A promise that is still to be checked."""
        row = Row(what, promised, calculated)
        self.rows.append(row)
        return row

    @property
    def failed(self) -> int:
        """How many did not hold or were not checked."""
        return sum(not row.passed for row in self.rows)

    @property
    def verdict(self) -> str:
        """The check's last line."""
        return f"{len(self.rows) - self.failed} passed, {self.failed} failed"

    def table(self) -> Table:
        """All rows, for people."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("")
        for name in ("promise", "promised", "calculated", "found"):
            table.add_column(name, overflow="fold")
        for row in self.rows:
            mark = Text("passed", style="green") if row.passed else Text("FAILED", style="bold red")
            table.add_row(mark, *map(Text, (row.what, row.promised, row.calculated, row.found)))
        return table


def console() -> Console:
    """Where the check is shown: as wide as its terminal, or wide enough for a log."""
    shown = Console(highlight=False)
    return shown if shown.is_terminal else Console(highlight=False, width=WIDTH)
