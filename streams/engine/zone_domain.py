"""One domain's zones in one partition: what its readings' partitions tell, each thing once, applied in order of arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from streams.contract.times import to_ms
from streams.contract.zone_inputs import ZoneInput
from streams.engine.arrival_order import ArrivalOrder
from streams.engine.changed_seeds import CoverChanged, Withdrawn
from streams.engine.watermark import NEVER_MS
from streams.engine.zone_rules import ZoneRule
from streams.engine.zone_windows import ZoneFinding, ZoneWindows

REMEMBERED_DROPS: Final = 64
"""Per partition: exercises that it has dropped and that a repeat must not bring back; it holds eight at a time."""


@dataclass(slots=True)
class _Heard:
    """What one partition has told of one timeline."""

    began: int
    passed_ms: int = NEVER_MS
    """By its readings: everything that became final up to here has been told."""
    dropped: bool = False


class ZoneChange(NamedTuple):
    """A finding, whose it is, and when what caused it arrived."""

    exercise: str | None
    finding: ZoneFinding
    arrived_ms: int


class ZoneDomain:
    """The zones of one domain.

    Args:
        rules: its rules on zones.
    """

    def __init__(self, rules: Sequence[ZoneRule]) -> None:
        self._rules = rules
        self._order = ArrivalOrder()
        self._heard: dict[tuple[int, str | None], _Heard] = {}
        """By partition and exercise, in the order in which they were first heard of."""
        self._timelines: dict[str | None, ZoneWindows] = {}
        self.counts: Counter[str] = Counter()
        """Sensors' windows by what became of them: `taken`, `zone_late`, `repeated`; beside them what was `unawaited`."""

    def hear(self, told: ZoneInput) -> Iterator[ZoneChange]:
        """Take in what a partition tells; gives what comes of everything whose turn it is now."""
        self._order.read(told)
        if self._is_news(told):
            self._order.add(told)
        elif told.panes is not None:
            self.counts["repeated"] += len(told.panes.sensors)
        for each in self._order.due():
            yield from self._apply(each)
        self._count_unawaited(self._order)

    def _is_news(self, told: ZoneInput) -> bool:
        """Whether it was not told before: a partition that goes on from its checkpoint tells again what came after it."""
        if told.watermark is None and told.exercise is None:
            return False  # it says only how far the partition has been read
        key = (told.partition, told.exercise)
        heard = self._heard.get(key)
        if heard is None or told.began > heard.began:
            self._heard.pop(key, None)
            heard = self._heard[key] = _Heard(told.began)
        elif told.began < heard.began or heard.dropped:
            return False
        if told.watermark is None:
            heard.dropped = True
            self._forget_drops(told.partition)
            return True
        passed_ms = to_ms(told.watermark)
        if told.idle:
            return True  # told by the clock, with the checkpoint: never again
        if passed_ms <= heard.passed_ms:
            return False
        if told.panes is None:
            heard.passed_ms = passed_ms
        return True

    def _forget_drops(self, partition: int) -> None:
        dropped = [key for key, heard in self._heard.items() if key[0] == partition and heard.dropped]
        for key in dropped[:-REMEMBERED_DROPS]:
            del self._heard[key]

    def _apply(self, told: ZoneInput) -> Iterator[ZoneChange]:
        windows = self._timelines.get(told.exercise)
        if told.watermark is None:
            if windows is not None:
                windows.drop(told.partition, told.began)
                if windows.is_dropped:
                    del self._timelines[told.exercise]
            return
        if windows is None:
            windows = self._timelines[told.exercise] = ZoneWindows(self._rules)
        if told.panes is None:
            windows.mark(told.partition, told.began, to_ms(told.watermark))
        else:
            taken, late = windows.take(told.panes)
            self.counts += Counter(taken=taken, zone_late=late)
        for finding in windows.due():
            yield ZoneChange(told.exercise, finding, to_ms(told.arrived_at))
        self._count_unawaited(windows)

    def _count_unawaited(self, where: ArrivalOrder | ZoneWindows) -> None:
        if where.unawaited:
            self.counts["unawaited"] += where.unawaited
            where.unawaited = 0

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "order": self._order.state(),
            "heard": [[*key, heard.began, heard.passed_ms, heard.dropped] for key, heard in self._heard.items()],
            "timelines": [[exercise, windows.state()] for exercise, windows in self._timelines.items()],
            "counts": dict(self.counts),
        }

    def load(self, state: dict[str, Any]) -> list[tuple[str | None, Withdrawn | CoverChanged]]:
        """From a snapshot; gives what changed rules make of standing alerts, each with its exercise."""
        changed: list[tuple[str | None, Withdrawn | CoverChanged]] = []
        self._order.load(state["order"])
        for partition, exercise, *heard in state["heard"]:
            self._heard[partition, exercise] = _Heard(*heard)
        for exercise, kept in state["timelines"]:
            windows = self._timelines[exercise] = ZoneWindows(self._rules)
            changed += [(exercise, each) for each in windows.load(kept)]
        self.counts = Counter(state["counts"])
        return changed
