"""The zones stage: what partitions of readings tell of their zones' sensors in, alert events of zone rules out.

The sensors of a zone lie in different partitions, so what a zone comes to is known only where all of them are heard. Each
domain's zones are apart (`zone_domain`): what is told comes to its turn in the order of arrival (`arrival_order`), fills
the zones' windows and closes them (`zone_windows`), and is judged by the rules (`zone_rules`, `levels`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from streams.contract.alerts import Bilingual
from streams.contract.readings import Domain
from streams.contract.rejections import from_validation
from streams.contract.topics import REJECTED, ZONE_INPUTS, readings_topic
from streams.contract.zone_inputs import ZoneInput
from streams.engine import snapshot
from streams.engine.alert_events import send_changed, send_event, zone_event
from streams.engine.dead_letter import dead_letter
from streams.engine.event_partitions import EventPartitions
from streams.engine.outputs import Outputs
from streams.engine.records import Record
from streams.engine.zone_domain import ZoneDomain
from streams.engine.zone_rules import ZoneRule

NAME: Final = "zones"


class ZonesStage:
    """State of one partition of `hub.zone-inputs`.

    Args:
        rules: each domain's rules on zones.
        zone_names: names of zones by id.
        partition: which one.
        events: partitions of alert events.
    """

    name: Final = NAME

    def __init__(
        self,
        rules: Mapping[Domain, Sequence[ZoneRule]],
        zone_names: Mapping[str, Bilingual],
        partition: int,
        events: EventPartitions,
    ) -> None:
        self.partition, self._zone_names, self._events = partition, zone_names, events
        self._domains = {domain: ZoneDomain(mine) for domain, mine in rules.items() if mine}
        self._domain_of = {readings_topic(domain): kept for domain, kept in self._domains.items()}
        self.applied = -1
        self.out = Outputs()

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Sensors' windows by domain and what became of them."""
        return Counter(
            {(domain, outcome): n for domain, kept in self._domains.items() for outcome, n in kept.counts.items()}
        )

    def step(self, records: Sequence[Record]) -> None:
        """Apply records in offset order; what is to be sent gathers in `out`."""
        for record in records:
            if record.offset > self.applied:
                self._apply(record)
                self.applied = record.offset

    def _apply(self, record: Record) -> None:
        try:
            told = ZoneInput.model_validate_json(record.value or b"")
        except ValidationError as e:
            self.out.add(REJECTED, 0, dead_letter(record, from_validation(e), ZONE_INPUTS, self.partition))
            return
        domain = self._domain_of.get(told.topic)
        if domain is None:
            return  # a domain that had zone rules when this was told
        for change in domain.hear(told):
            event = zone_event(change, self._zone_names)
            send_event(self.out, event, self._events, change.finding.rule.rule.covers)

    def tick(self, now_ms: int) -> None:
        """Nothing of it is sent by the clock."""

    def caught_up(self, at_ms: int) -> None:
        """What it waits for is told by others."""

    def release_idle(self, now_ms: int) -> bool:
        """An idle partition of readings says so itself."""
        return False

    def resume_offset(self) -> int:
        """Where a restart must read from."""
        return self.applied + 1

    def snapshot(self) -> bytes:
        """The state, whole."""
        domains = {domain: kept.state() for domain, kept in self._domains.items()}
        return snapshot.pack(NAME, {"applied": self.applied, "domains": domains})

    def restore(self, kept: bytes) -> None:
        """Take over a snapshot's state; a domain that has no zone rule any more is left behind, and its alerts end.

        Raises:
            StateRefused: the snapshot does not fit.
        """
        state = snapshot.unpack(NAME, kept)
        self.applied = state["applied"]
        for domain, mine in state["domains"].items():
            for exercise, changed in self._domains.get(domain, ZoneDomain([])).load(mine):
                send_changed(self.out, changed, exercise, self._events, [changed.scope_id])
