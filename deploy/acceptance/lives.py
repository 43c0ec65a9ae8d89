"""Alerts: every one with its whole life, none beside them, and the hours by which people must have been told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from deploy.acceptance.found import FoundAlert
from deploy.acceptance.sheet import Row, Sheet
from deploy.oracle import Answer, Change
from deploy.promises import Deadline, Expects, PromisedAlert
from streams.contract.times import to_ms


class Step(NamedTuple):
    """What a promise says of a transition."""

    transition: str
    level: str | None
    at_ms: int


class Lives:
    """The rows of alerts.

    Args:
        sheet: where they stand.
        expects: what the scenario promises.
        answer: what was calculated.
        time_zone: the city's, in which people read the sheet.
    """

    def __init__(self, sheet: Sheet, expects: Expects, answer: Answer, time_zone: str) -> None:
        self._calculated, self._zone = answer.alerts, ZoneInfo(time_zone)
        self._alerts = expects.alerts
        self._rows: list[Row] = []
        calculated = matched(expects.alerts, answer.alerts)
        for alert, alert_id in zip(expects.alerts, calculated, strict=True):
            told = self._told(alert.onset_ms, [Step(s.transition, s.level, to_ms(s.at)) for s in alert.states])
            changes = None if alert_id is None else answer.alerts[alert_id]
            self._rows.append(sheet.open(f"alert {alert.rule_id}, {alert.scope}", told, self._life(changes)))
        self._others = sheet.open("alerts that nobody promised", "none", _listed(calculated, answer.alerts))
        states = sum(map(len, answer.alerts.values()))
        self._states = sheet.open("alert states with value, threshold and sequence", "", f"{states:,} states")
        self._deadlines: list[tuple[Row, Deadline]] = []
        for deadline in expects.deadlines:
            rules = " or ".join(deadline.rule_ids)
            before = f"before {self._moment(to_ms(deadline.before))}"
            self._deadlines.append((sheet.open(f"{deadline.zone} is named by {rules}", before), deadline))

    def settle(self, found: Mapping[str, FoundAlert]) -> None:
        """What subscribers hold."""
        ids = matched(self._alerts, found)
        for row, alert_id in zip(self._rows, ids, strict=True):
            told = self._life(None if alert_id is None else found[alert_id].changes)
            row.settle(told, passed=row.promised == row.calculated == told)
        others = _listed(ids, found)
        self._others.settle(others, passed=self._others.promised == self._others.calculated == others)
        wrong = [alert_id for alert_id in {*found, *self._calculated} if self._differs(alert_id, found.get(alert_id))]
        n = sum(len(alert.changes) for alert in found.values())
        self._states.settle(self._complaint(wrong, found) or f"{n:,} states, equal", passed=bool(found) and not wrong)
        for row, deadline in self._deadlines:
            self._settle_deadline(row, deadline, found)

    def _settle_deadline(self, row: Row, deadline: Deadline, found: Mapping[str, FoundAlert]) -> None:
        named = [
            alert.changes[0]
            for alert in found.values()
            if alert.changes[0].rule_id in deadline.rule_ids and deadline.zone in (alert.zone, *alert.area)
        ]
        first = min(named, key=lambda change: change.at_ms, default=None)
        if first is None:
            row.settle("never", passed=False)
            return
        told = f"{first.level} by {first.rule_id} at {self._moment(first.at_ms)}"
        row.settle(told, passed=first.at_ms < to_ms(deadline.before))

    def _differs(self, alert_id: str, alert: FoundAlert | None) -> bool:
        return alert is None or bool(alert.complaint) or alert.changes != self._calculated.get(alert_id)

    def _complaint(self, wrong: Sequence[str], found: Mapping[str, FoundAlert]) -> str:
        if not wrong:
            return ""
        alert = found.get(min(wrong))
        why = "is missing" if alert is None else alert.complaint or "differs"
        return f"{len(wrong)} differ; {min(wrong)} {why}"

    def _life(self, changes: Sequence[Change] | None) -> str:
        return "no such alert" if changes is None else self._told(changes[0].onset_ms, _steps(changes))

    def _told(self, onset_ms: int, steps: Sequence[Step]) -> str:
        """A life in words; two lives are the same where their words are."""
        lines = [f"{s.level or s.transition} {self._moment(s.at_ms)}" + _marked(s) for s in steps]
        if steps[0].at_ms != onset_ms:
            lines.insert(0, f"onset {self._moment(onset_ms)}")
        return "\n".join(lines)

    def _moment(self, instant_ms: int) -> str:
        """An instant as the city's people read it; whole minutes without seconds, no part of a second dropped."""
        at = dt.datetime.fromtimestamp(instant_ms // 1000, self._zone)
        text = at.strftime("%m-%d %H:%M:%S")
        rest = f".{instant_ms % 1000:03d}" if instant_ms % 1000 else ""
        return text.removesuffix(":00") if not rest else text + rest


def _steps(changes: Sequence[Change]) -> list[Step]:
    return [Step(c.transition, c.level, c.at_ms) for c in changes]


def _marked(step: Step) -> str:
    return {"stepped_up": " ↑", "stepped_down": " ↓", "revised": " ="}.get(step.transition, "")


def matched(promised: Sequence[PromisedAlert], alerts: Mapping[str, object]) -> list[str | None]:
    """The id of each promised alert among `alerts`: its own, else that of one of its rule and scope at another time."""
    exact = [next((i for i in alert.ids if i in alerts), None) for alert in promised]
    free = sorted(set(alerts) - set(exact))
    for n, alert in enumerate(promised):
        if exact[n] is None:
            near = next((i for i in free if i.startswith(f"{alert.rule_id}:{alert.scope}:")), None)
            if near is not None:
                exact[n] = near
                free.remove(near)
    return exact


def _listed(ids: Sequence[str | None], alerts: Mapping[str, object]) -> str:
    return ", ".join(sorted(set(alerts) - set(ids))) or "none"
