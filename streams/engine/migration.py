"""A state of an older layout as one of today's: what it did not hold is said to be unknown, never guessed.

3 → 4   levels say by what they were judged, bulletins when they were issued, accounts how much was received;
            minutes are kept by which a rise is judged
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

OLDEST: Final = 3
"""An older one is refused."""


def migrated(layout: int, stage: str, state: dict[str, Any]) -> dict[str, Any]:
    """The state as this program keeps it.

    Args:
        layout: the one that it was written in, not older than `OLDEST`.
        stage: whose it is, as it was packed.
        state: as it was packed; changed in place.
    """
    if layout < 4:
        _say_by_what(stage.partition(":")[0], state)
    return state


def _say_by_what(stage: str, state: dict[str, Any]) -> None:
    if stage == "readings":
        accounts = state["accounts"]
        accounts["received"] = sum(n for *_, n in accounts["values"])
        totals: Counter[tuple[str, str]] = Counter()
        for _, outcome, owner, n in accounts["values"]:
            totals[outcome, owner] += n
        accounts["totals"] = [[*key, n] for key, n in totals.items()]
        for timeline in state["timelines"]:
            _unknown(timeline["judging"])
            timeline["judging"]["rising"] = None
    elif stage == "zones":
        for domain in state["domains"].values():
            for _, windows in domain["timelines"]:
                _unknown(windows)
    elif stage == "bulletins":
        state["rules"] = {}
        for known in state["known"].values():
            known.append(0)


def _unknown(levels: dict[str, Any]) -> None:
    levels["watched"] = {}
    for row in levels["standing"]:
        row.append(None)
