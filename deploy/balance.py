"""Whether what was received is what became of it, per domain, by the metrics of processes.

received = windowed + late + duplicate + rejected + forwarded + set aside, in values. A process counts what it receives
apart from what becomes of it, so a value that got lost between them shows here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.metrics_core import Metric
from rich.table import Column, Table

RECEIVED: Final = "urbanhub_received_values"
FATES: Final = "urbanhub_values"
OUTCOMES: Final = ("windowed", "late", "duplicate", "rejected", "forwarded", "set_aside")


@dataclass(slots=True)
class Balance:
    """One domain's values since the processes have started."""

    received: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    """By outcome."""

    @property
    def missing(self) -> int:
        """How many of the received have no fate; negative where fates have no reading."""
        return self.received - self.fates.total()

    @property
    def says(self) -> str:
        """In words."""
        if self.missing == 0:
            return "balances"
        return f"{self.missing:,} without a fate" if self.missing > 0 else f"{-self.missing:,} fates too many"


def balances_of(families: Iterable[Metric]) -> dict[str, Balance]:
    """By domain, of one process's metrics; nothing of a process that receives no readings."""
    found: dict[str, Balance] = {}
    for family in families:
        for sample in family.samples if family.name in (RECEIVED, FATES) else ():
            if sample.name.endswith("_created"):
                continue
            domain = found.setdefault(sample.labels["domain"], Balance())
            if family.name == RECEIVED:
                domain.received += int(sample.value)
            else:
                domain.fates[sample.labels["outcome"]] += int(sample.value)
    return found


def together(several: Iterable[dict[str, Balance]]) -> dict[str, Balance]:
    """Those of several processes as one: each balances by itself, so they do together."""
    found: dict[str, Balance] = {}
    for balances in several:
        for domain, one in balances.items():
            mine = found.setdefault(domain, Balance())
            mine.received += one.received
            mine.fates += one.fates
    return found


def balance_table(balances: dict[str, Balance]) -> Table:
    """A column for each domain, so that it fits the narrowest terminal."""
    domains = sorted(balances.items())
    table = Table("values", *(Column(domain, justify="right") for domain, _ in domains), box=None, padding=(0, 2))
    table.add_row("received", *(f"{one.received:,}" for _, one in domains))
    for outcome in OUTCOMES:
        table.add_row(outcome.replace("_", " "), *(f"{one.fates[outcome]:,}" for _, one in domains))
    table.add_row("", *(one.says if one.missing == 0 else f"[red]{one.says}[/]" for _, one in domains))
    return table
