"""What became of every value: received = windowed + late + duplicate + rejected + forwarded + set aside.

Counted in values; an unreadable record counts as one. What is received is counted as it comes out of decoding, its fates
each where it is decided: that both come to the same is checked, not made so. The counts are part of the state, so that
they survive a restart as the results do, and are exact at any checkpoint.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np

from streams.engine.columns import Columns
from streams.engine.instants import Ints

OUTCOMES: Final = ("windowed", "duplicate", "late", "set_aside", "forwarded", "rejected")
UNKNOWN_OWNER: Final = "unknown"
NO_PLACE: Final = "*"
"""Stands for exercises that found no place here; none has this name."""
MOST_STRANGERS: Final = 64
"""Anybody can name an exercise: without a bound, their names alone would fill the memory."""


class Accounts:
    """Counts by (exercise, outcome, owner); refused records by (exercise, reason).

    Beside them, of reality and of every exercise, also of those that are forgotten: what was `received`, and its fates as
    `totals` by (outcome, owner).
    """

    def __init__(self, owners: list[str]) -> None:
        self._owners = owners
        self.values: Counter[tuple[str, str, str]] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.unknown_fields = 0
        self.received = 0
        self.totals: Counter[tuple[str, str]] = Counter()

    def receive(self, columns: Columns) -> None:
        """A chunk has been read; whatever becomes of it."""
        self.received += len(columns.rejected) + sum(len(rows) for _, rows, _ in columns.values)

    def count(self, exercise: str | None, outcome: str, owner: Ints, weights: Ints | None = None) -> None:
        """Add values, told by the number of their sensor's owner; `weights` where a row stands for several."""
        per_owner = np.bincount(owner, weights, minlength=1)
        for i in np.flatnonzero(per_owner).tolist():
            self.values[exercise or "", outcome, self._owners[i]] += int(per_owner[i])
            self.totals[outcome, self._owners[i]] += int(per_owner[i])

    def refuse(self, exercise: str | None, reason: str, owner: str, values: int = 1) -> None:
        """One record is refused; `values` is how many it held, 1 where it cannot be read."""
        self.refused[exercise or "", reason] += 1
        self.values[exercise or "", "rejected", owner] += values
        self.totals["rejected", owner] += values

    def forget(self, exercise: str) -> None:
        """Drop what the state of a dropped exercise came to; what never reached a state (forwarded, unknown) stays."""
        self.values = Counter({k: n for k, n in self.values.items() if k[0] != exercise or _is_stateless(k)})
        self.refused = Counter({k: n for k, n in self.refused.items() if k[0] != exercise or k[1] not in _OF_A_STATE})

    def bound(self) -> None:
        """Of exercises whose records reached no state here, keep the newest only."""
        names = list(dict.fromkeys(k[0] for k in self.values if k[0] and _is_stateless(k)))
        if old := set(names[:-MOST_STRANGERS]):
            self.values = Counter({k: n for k, n in self.values.items() if k[0] not in old or not _is_stateless(k)})
            self.refused = Counter({k: n for k, n in self.refused.items() if k[0] not in old or k[1] in _OF_A_STATE})

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "values": [[*key, n] for key, n in self.values.items()],
            "refused": [[*key, n] for key, n in self.refused.items()],
            "unknown_fields": self.unknown_fields,
            "received": self.received,
            "totals": [[*key, n] for key, n in self.totals.items()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """From a snapshot."""
        self.values = Counter({(e, o, w): n for e, o, w, n in state["values"]})
        self.refused = Counter({(e, r): n for e, r, n in state["refused"]})
        self.unknown_fields, self.received = state["unknown_fields"], state["received"]
        self.totals = Counter({(o, w): n for o, w, n in state["totals"]})


_OF_A_STATE: Final = frozenset({"late", "future", "bad_time"})
"""Reasons that only a state can give of a record whose sensor is known and whose exercise is named."""


def _is_stateless(key: tuple[str, str, str]) -> bool:
    return key[1] == "forwarded" or key[2] == UNKNOWN_OWNER
