"""Counts: what became of every value, and why records were refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.acceptance.found import Found
from deploy.acceptance.sheet import Row, Sheet
from deploy.oracle import Answer
from deploy.promises import Expects

COUNTED: Final = ("windowed", "duplicate", "late", "set_aside")
"""Outcomes that the worker counts; rejected values are counted in the topic that they went to."""


class Counts:
    """The rows of counts.

    Args:
        sheet: where they stand.
        expects: what the scenario promises.
        answer: what was calculated.
    """

    def __init__(self, sheet: Sheet, expects: Expects, answer: Answer) -> None:
        self._promised_values: dict[str, int] = dict(expects.values.items())
        self._promised_refusals: dict[str, int] = dict(expects.rejected.items())
        self._answer = answer
        self._values: dict[str, Row] = {}
        for outcome in (*COUNTED, "rejected"):
            promised, calculated = self._promised_values[outcome], answer.values[outcome]
            self._values[outcome] = sheet.open(f"values {_words(outcome)}", f"{promised:,}", f"{calculated:,}")
        windowed = answer.values["windowed"]
        self._summed = sheet.open(
            "values in all 60 s windows", f"{self._promised_values['windowed']:,}", f"{windowed:,}"
        )
        self._refused: dict[str, Row] = {}
        for reason in sorted({*self._promised_refusals, *answer.refused}):
            promised, calculated = self._promised_refusals.get(reason, 0), answer.refused[reason]
            self._refused[reason] = sheet.open(f"records rejected: {reason}", f"{promised:,}", f"{calculated:,}")
        self._others = sheet.open("records rejected for another reason", "none")

    def settle_accounts(self, counted: Mapping[str, int]) -> None:
        """What the worker says became of values."""
        for outcome in COUNTED:
            self._settle(self._values[outcome], self._promised_values, self._answer.values, outcome, counted)

    def settle_topics(self, found: Found) -> None:
        """What stands in the topics of windows and of rejected records."""
        promised, calculated = self._promised_values, self._answer.values
        self._settle(self._values["rejected"], promised, calculated, "rejected", {"rejected": found.rejected_values})
        self._settle(self._summed, promised, calculated, "windowed", {"windowed": found.windowed})
        for reason, row in self._refused.items():
            self._settle(row, self._promised_refusals, self._answer.refused, reason, found.refused)
        others = {reason: n for reason, n in found.refused.items() if reason not in self._refused}
        self._others.settle(", ".join(f"{n} {reason}" for reason, n in others.items()) or "none", passed=not others)

    @staticmethod
    def _settle(
        row: Row,
        promised: Mapping[str, int],
        calculated: Mapping[str, int],
        name: str,
        found: Mapping[str, int],
    ) -> None:
        n = found.get(name, 0)
        row.settle(f"{n:,}", passed=promised.get(name, 0) == calculated.get(name, 0) == n)


def _words(name: str) -> str:
    return name.replace("_", " ")
