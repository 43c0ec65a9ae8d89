"""What the cores counted, as metrics of this process.

A core's counts are part of its state and go on across restarts and owners; a process's counters begin at nothing. So
each partition's counts are told as what has been added since this worker took it over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

from streams import metrics
from streams.contract.topics import domain_of
from streams.engine.alerts_stage import AlertsStage
from streams.engine.readings_stage import ReadingsStage
from streams.engine.watermark import NEVER_MS
from streams.engine.zones_stage import ZonesStage
from streams.worker.checkpoints import Owner
from streams.worker.stages import Core
from streams.worker.transport import FetchState

K = TypeVar("K", bound=Hashable)


class Figures:
    """The figures of one stage's partition."""

    def __init__(self, owner: Owner, core: Core) -> None:
        self._owner, self._core = owner, core
        self._totals: Counter[tuple[str, str]] = Counter()
        self._received = 0
        self._refused: Counter[tuple[str, str]] = Counter()
        self._zones: Counter[tuple[str, str]] = Counter()
        self._unknown_fields = 0

    def begin(self) -> None:
        """What the core has counted so far was told by the worker that applied it first."""
        if isinstance(self._core, ReadingsStage):
            accounts = self._core.accounts
            self._totals, self._refused = Counter(accounts.totals), Counter(accounts.refused)
            self._unknown_fields, self._received = accounts.unknown_fields, accounts.received
        elif isinstance(self._core, ZonesStage):
            self._zones = self._core.counts
        elif isinstance(self._core, AlertsStage):
            self._core.transitions.clear()

    def tell(self, state: FetchState | None) -> None:
        """Bring the metrics up to date."""
        owner, core = self._owner, self._core
        if state is not None:
            behind = 0 if state.position >= state.stable_end else state.stable_end - core.applied - 1
            metrics.LAG.labels(*map(str, owner)).set(max(behind, 0))
        if isinstance(core, ReadingsStage):
            self._tell_readings(core)
        elif isinstance(core, ZonesStage):
            for (domain, outcome), n in added(core.counts, self._zones):
                metrics.ZONE_WINDOWS.labels(domain, outcome).inc(n)
        elif isinstance(core, AlertsStage):
            for rule_id, transition in core.transitions:
                metrics.ALERT_STATES.labels(rule_id, transition).inc()
            core.transitions.clear()

    def _tell_readings(self, core: ReadingsStage) -> None:
        domain, accounts = domain_of(self._owner.topic), core.accounts
        with metrics.TOGETHER:
            metrics.RECEIVED.labels(domain).inc(accounts.received - self._received)
            for (outcome, source), n in added(accounts.totals, self._totals):
                metrics.VALUES.labels(domain, outcome, source).inc(n)
        self._received = accounts.received
        for (_, reason), n in added(accounts.refused, self._refused):
            metrics.REJECTED.labels(self._owner.topic, reason).inc(n)
        metrics.UNKNOWN_FIELDS.labels(self._owner.topic).inc(accounts.unknown_fields - self._unknown_fields)
        self._unknown_fields = accounts.unknown_fields
        watermark_ms = core.exercises.real.watermark.at_ms
        if watermark_ms != NEVER_MS:
            metrics.WATERMARK.labels(self._owner.topic, str(self._owner.partition)).set(watermark_ms / 1000)

    def end(self) -> None:
        """The partition is another worker's: it has no lag here."""
        metrics.LAG.remove(*map(str, self._owner))


def added(now: Counter[K], told: Counter[K]) -> list[tuple[K, int]]:
    """What has been added since it was told, which it then is; a key that is gone from `now` is forgotten."""
    more = [(key, n - told[key]) for key, n in now.items() if n > told[key]]
    told.clear()
    told.update(now)
    return more
