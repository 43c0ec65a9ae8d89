"""The table of topics beside the cluster, for `urbanhub topics list`."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from streams.contract.times import DAY_MS
from streams.contract.topics import TOPICS, Topic
from streams.kafka import TopicDifference


def rows_of(differences: list[TopicDifference], partitions: int) -> list[dict[str, Any]]:
    """Each topic as plain values; `differs` is empty where the cluster fits the table."""
    rows = []
    for difference in differences:
        topic = TOPICS[difference.topic]
        rows.append(
            {
                "topic": topic.name,
                "key": topic.key,
                "value": topic.model.__name__ if topic.model else "bytes",
                "written_by": topic.written_by,
                "partitions": topic.partitions(partitions),
                "kept": _kept(topic),
                "public": topic.public,
                "differs": _differs(difference),
            }
        )
    return rows


def table_of(differences: list[TopicDifference], partitions: int) -> Table:
    """The same for people."""
    table = Table(box=None, padding=(0, 2))
    for head in ("topic", "key", "value", "partitions", "kept", "written by", "on the cluster"):
        table.add_column(head, overflow="fold")
    for row in rows_of(differences, partitions):
        state = f"[red]{row['differs']}[/]" if row["differs"] else "[green]fits[/]"
        table.add_row(
            row["topic"], row["key"], row["value"], str(row["partitions"]), row["kept"], row["written_by"], state
        )
    return table


def _kept(topic: Topic) -> str:
    return "compacted" if topic.compacted else f"{topic.retention_ms // DAY_MS} days"


def _differs(difference: TopicDifference) -> str:
    if not difference.exists:
        return "missing"
    return "; ".join(part for part in (difference.partitions, difference.settings) if part)
