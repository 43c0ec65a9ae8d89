"""Zones' windows of one domain in reality or in one exercise: filled by their sensors' windows, closed by all partitions.

A window of a zone closes when every partition that has begun has passed its end plus the greatest publication delay of the
sensors that the rule reads there. A partition that never had a reading of this timeline holds up nothing. What has been
passed once stays passed; a sensor's window that comes after its zone's has closed is late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

from streams.contract.times import to_ms
from streams.contract.zone_inputs import ZonePane, ZonePanes
from streams.engine.changed_seeds import RULE_GONE, ZONE_GONE, CoverChanged, Withdrawn
from streams.engine.levels import Change, Judged, LevelState
from streams.engine.refit import Refit, kept_of
from streams.engine.watermark import NEVER_MS
from streams.engine.zone_rules import ZoneRule, value_of

MOST_OPEN: Final = 50_000
"""Open windows, of a few hundred bytes for each sensor in them. Beyond it the oldest are closed without waiting longer."""


class ZoneFinding(NamedTuple):
    """A transition of a rule for a zone."""

    rule: ZoneRule
    zone: str
    change: Change
    sensors: list[str]
    """Those that had a window, by id."""


class ZoneWindows:
    """Open windows of the zones, and how the rules stand.

    Args:
        rules: of one domain.
        most: how many windows may be open.
    """

    def __init__(self, rules: Sequence[ZoneRule], most: int = MOST_OPEN) -> None:
        self._rules, self._most = rules, most
        self._readers: dict[tuple[str, int | None], list[int]] = {}
        for number, rule in enumerate(rules):
            self._readers.setdefault((rule.when.measure, rule.when.window_s), []).append(number)
        self._marks: dict[int, int] = {}
        """Per partition that has begun: what it has passed, epoch ms."""
        self._began: dict[int, int] = {}
        """Per partition that holds this timeline: the offset at which it began it."""
        self._passed_ms = NEVER_MS
        self._open: dict[tuple[int, str, int], dict[str, ZonePane]] = {}
        """By number of the rule, zone and start."""
        self._dues: list[tuple[int, int, str, int]] = []
        """A heap of (moment at which it closes, number of the rule, zone, start)."""
        self._standing: dict[tuple[int, str], LevelState] = {}
        self.unawaited = 0
        """Windows closed before everyone had passed them; whoever counts them takes them from here."""

    @property
    def is_dropped(self) -> bool:
        """Whether no partition holds this timeline any more."""
        return not self._began

    # -- in ---------------------------------------------------------------------------------------------------------

    def take(self, panes: ZonePanes) -> tuple[int, int]:
        """Put sensors' windows into their zone's; how many entered one, and how many came late for one."""
        taken, late = set[str](), set[str]()
        start_ms = to_ms(panes.start)
        for number in self._readers.get((panes.measure, panes.window_s), ()):
            watched = self._rules[number].zones.get(panes.zone)
            mine = [pane for pane in panes.sensors if watched is not None and pane.sensor_id in watched.sensors]
            if watched is None or not mine:
                continue
            due_ms = start_ms + self._rules[number].window_ms + watched.delay_ms
            if due_ms <= self._passed_ms:
                late.update(pane.sensor_id for pane in mine)
                continue
            key = (number, panes.zone, start_ms)
            if key not in self._open:
                self._open[key] = {}
                heappush(self._dues, (due_ms, *key))
            self._open[key].update((pane.sensor_id, pane) for pane in mine)
            taken.update(pane.sensor_id for pane in mine)
        return len(taken), len(late)

    def mark(self, partition: int, began: int, watermark_ms: int) -> None:
        """A partition has passed this; it has begun anew where it names another beginning."""
        anew = self._began.get(partition) != began
        self._began[partition] = began
        self._marks[partition] = watermark_ms if anew else max(self._marks[partition], watermark_ms)
        self._passed_ms = max(self._passed_ms, min(self._marks.values()))

    def drop(self, partition: int, began: int) -> None:
        """A partition holds this timeline no more; what it had passed counts on."""
        if self._began.get(partition) == began:
            del self._began[partition]

    # -- out --------------------------------------------------------------------------------------------------------

    def due(self) -> Iterator[ZoneFinding]:
        """Close what everyone has passed, each zone's windows in the order of time."""
        while self._dues and (self._dues[0][0] <= self._passed_ms or len(self._dues) > self._most):
            due_ms, number, zone, start_ms = heappop(self._dues)
            self.unawaited += due_ms > self._passed_ms
            self._passed_ms = max(self._passed_ms, due_ms)
            panes = self._open.pop((number, zone, start_ms))
            change = self._judge(number, zone, start_ms, list(panes.values()))
            if change is not None:
                yield ZoneFinding(self._rules[number], zone, change, sorted(panes))

    def _judge(self, number: int, zone: str, start_ms: int, panes: list[ZonePane]) -> Change | None:
        rule = self._rules[number]
        state = self._standing.pop((number, zone), None) or LevelState()
        judged = Judged(value_of(rule, panes), start_ms, start_ms + rule.window_ms)
        gap_ms = rule.zones[zone].gap_ms
        change = state.judge(rule.thresholds, judged, below=rule.below, tolerated_gap_ms=gap_ms)
        if not state.is_calm:
            self._standing[number, zone] = state
        return change

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot: rules by their ids."""
        ids = [rule.rule.rule_id for rule in self._rules]
        return {
            "marks": self._marks,
            "began": self._began,
            "passed_ms": self._passed_ms,
            "open": [
                [ids[number], zone, start_ms, [list(pane.model_dump().values()) for pane in panes.values()]]
                for (number, zone, start_ms), panes in self._open.items()
            ],
            "standing": [
                [ids[number], zone, state.state(), self._rules[number].thresholds]
                for (number, zone), state in self._standing.items()
            ],
            **kept_of(rule.rule for rule in self._rules),
        }

    def load(self, state: dict[str, Any]) -> list[Withdrawn | CoverChanged]:
        """From a snapshot; gives the ends of alerts that nothing judges any more, and those that cover others than before.

        An open window of a rule or a zone that is gone, or of a rule that watches something else now, is dropped.
        """
        self._marks, self._began, self._passed_ms = state["marks"], state["began"], state["passed_ms"]
        numbers = {rule.rule.rule_id: number for number, rule in enumerate(self._rules)}
        refit = Refit(state, self._passed_ms)
        for rule_id, zone, start_ms, rows in state["open"]:
            number = numbers.get(rule_id)
            if number is not None and refit.is_same(self._rules[number].rule):
                self._reopen(number, zone, start_ms, rows)
        for rule_id, zone, kept, thresholds in state["standing"]:
            level, number = LevelState(*kept), numbers.get(rule_id)
            if number is None or zone not in self._rules[number].zones:
                refit.drop(level, rule_id, zone, RULE_GONE if number is None else ZONE_GONE)
                continue
            rule = self._rules[number]
            refit.fit(level, rule.rule, zone, thresholds, rule.thresholds)
            self._standing[number, zone] = level
        return refit.changed

    def _reopen(self, number: int, zone: str, start_ms: int, rows: list[list[Any]]) -> None:
        rule = self._rules[number]
        watched = rule.zones.get(zone)
        panes = {row[0]: _pane(row) for row in rows if watched is not None and row[0] in watched.sensors}
        if watched is not None and panes:
            self._open[number, zone, start_ms] = panes
            heappush(self._dues, (start_ms + rule.window_ms + watched.delay_ms, number, zone, start_ms))


def _pane(row: list[Any]) -> ZonePane:
    return ZonePane(**dict(zip(ZonePane.model_fields, row, strict=True)))
