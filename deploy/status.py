"""`urbanhub status`: what runs, where, and how it is, at a glance."""

from __future__ import annotations

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from deploy.balance import Balance, balance_table, balances_of, together
from deploy.child import memory_mib

ANSWER_S: Final = 3.0
SHOWN: Final = {
    "urbanhub_values": "values",
    "urbanhub_rejected_records": "refused records",
    "urbanhub_lag_records": "behind",
    "urbanhub_alert_states": "alert states",
    "urbanhub_sink_points": "points",
    "urbanhub_sink_retries": "retries",
    "urbanhub_room_clients": "browsers",
    "urbanhub_published_records": "published",
}
"""Metrics summed over their labels, and how a person is told of them; `values` are split by outcome."""
OLDER_RULES: Final = "urbanhub_rules_older"
"""Not 0 where the rule files as they stand are refused, which the log of the process gives its reason for."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one process answers now, and what it has counted; a count of 0 is left out."""

    ready: str
    counts: dict[str, float]
    balances: dict[str, Balance]
    """By domain, of one that receives readings."""


def print_status(status: dict[str, Any], console: Console) -> None:
    """Print the status as tables."""
    places = Table.grid(padding=(0, 2))
    influx = status["influx"] or {"url": "none", "state": "none", "note": None}
    places.add_row("Situation Room", status["room"]["url"])
    places.add_row("Kafka", status["kafka"]["bootstrap"])
    places.add_row("InfluxDB", f"{influx['url']}  {influx['state']}")
    if influx["note"]:
        places.add_row("", influx["note"]["en"])
    places.add_row("data", status["data_dir"])
    console.print(places, soft_wrap=True)
    names = list(status["restarts"])
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        healths = dict(zip(names, pool.map(lambda name: asked(status["metrics"].get(name)), names), strict=True))
    console.print(_processes(status, healths))
    if balances := together(health.balances for health in healths.values()):
        console.print(balance_table(balances))


def _processes(status: dict[str, Any], healths: dict[str, Health]) -> Table:
    table = Table("process", "state", "pid", "MiB", "restarts", "since its start", box=None, padding=(0, 2))
    for name in healths:
        pid = status["pids"].get(name)
        health = healths[name]
        if name in status["finished"]:
            state = "finished"
        elif pid is None:
            state = "[red]down[/]"
        else:
            state = "[green]ready[/]" if health.ready == "ready" else f"[yellow]{health.ready}[/]"
        counts = ", ".join(f"{value:,.0f} {what}" for what, value in health.counts.items())
        table.add_row(
            name, state, str(pid or ""), str(memory_mib(pid) or ""), str(status["restarts"][name] or ""), counts
        )
    return table


def asked(metrics_url: str | None) -> Health:
    """How a process answers; one without an address is taken to be ready while it runs."""
    if metrics_url is None:
        return Health("ready", {}, {})
    base = metrics_url.removesuffix("/metrics")
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=ANSWER_S):
            pass
    except OSError as e:
        return Health(f"no answer ({e})", {}, {})
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=ANSWER_S):
            ready = "ready"
    except urllib.error.HTTPError as e:
        ready = e.read(200).decode(errors="replace").strip() or "not ready"
    except OSError as e:
        ready = f"no answer ({e})"
    families = _families(metrics_url)
    if ready == "ready" and _judges_by_older_rules(families):
        ready = "ready, older rules"
    return Health(ready, _counts(families), balances_of(families))


def _judges_by_older_rules(families: list[Metric]) -> bool:
    return any(sample.value for family in families if family.name == OLDER_RULES for sample in family.samples)


def _families(metrics_url: str) -> list[Metric]:
    try:
        with urllib.request.urlopen(metrics_url, timeout=ANSWER_S) as answer:
            return list(text_string_to_metric_families(answer.read().decode()))
    except OSError:
        return []


def _counts(families: list[Metric]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for family in families:
        what = SHOWN.get(family.name)
        if what is None:
            continue
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                shown = sample.labels.get("outcome", what).replace("_", " ")
                counts[shown] = counts.get(shown, 0.0) + sample.value
    return {what: count for what, count in counts.items() if count}
